"""Writing rows to the ledger in bulk: many rows a statement, idempotent, each call one transaction.

Core `insert` runs at about 100,000 rows a second where one ORM object a row manages 8,000.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import Engine, Table, text
from sqlalchemy.dialects.sqlite import insert
from sqlmodel import SQLModel

from kb.ledger_tables import (
    BarRow,
    BreadthRow,
    DocumentRow,
    FundingRow,
    LiquidationRow,
    OpenInterestRow,
    ReleaseRow,
    RunRow,
)  # fmt: skip
from kb.records import Bar, Breadth, Document, Funding, Liquidation, OpenInterest, Release, hash_id

Record = TypeVar("Record", Document, Bar, Release, Liquidation, Funding, OpenInterest, Breadth)
TABLES: dict[type[Any], type[SQLModel]] = {
    Document: DocumentRow, Bar: BarRow, Release: ReleaseRow, Liquidation: LiquidationRow,
    Funding: FundingRow, OpenInterest: OpenInterestRow, Breadth: BreadthRow,
}  # fmt: skip
# A later row with equal values is the same fact, not a revision: these are the values compared.
VALUES = {
    "bar": ("open", "high", "low", "close", "volume"),
    "release": ("actual", "consensus", "previous"),  # when it was announced is kept as first told
    "liquidation": ("long_usd", "short_usd", "method", "public_at"),
    "funding": ("rate",),
    "open_interest": ("usd",),
    "breadth": ("above_20", "above_50", "above_200"),
}


def store_records(engine: Engine, records: Sequence[Record], recorded_at: datetime) -> int:
    """How many of the records were new. A document is kept once by id; a figure whose value changed is a new row.

    Of several rows for one figure in one call the last counts.

    One transaction: an interrupted call leaves nothing behind. `recorded_at` is an aware UTC instant.
    """
    if not records:
        return 0
    table = _table(TABLES[type(records[0])])
    names = [f.name for f in fields(records[0])]
    rows = [{n: _to_ledger(getattr(r, n)) for n in names} for r in records]
    stamp = _to_ledger(recorded_at)
    for row in rows:
        row["recorded_at"] = stamp
    with engine.begin() as connection:
        if table.name == "document":
            return connection.execute(insert(table).on_conflict_do_nothing(), rows).rowcount
        return _store_revisions(connection, table, rows)


def _table(model: type[SQLModel]) -> Table:
    return model.metadata.tables[str(model.__tablename__)]


def _to_ledger(value: Any) -> Any:
    return value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) else value


def _store_revisions(connection: Any, table: Table, rows: list[dict[str, Any]]) -> int:
    columns = [c.name for c in table.columns]
    key = [c.name for c in table.primary_key if c.name != "recorded_at"]
    connection.execute(text(f"CREATE TEMP TABLE staged AS SELECT * FROM {table.name} WHERE false"))  # noqa: S608 our own table names
    staged = Table("staged", table.metadata.__class__(), *[c._copy() for c in table.columns], prefixes=["TEMP"])
    connection.execute(staged.insert(), rows)
    same = " AND ".join(f"l.{c} = s.{c}" for c in key)
    equal = " AND ".join(f"l.{c} IS s.{c}" for c in VALUES[table.name])
    # Cases ship with the program and may be corrected; what a user imported is only ever added to.
    conflict = "REPLACE" if rows[0]["origin"] == "case" else "IGNORE"
    statement = f"""
        INSERT OR {conflict} INTO {table.name} ({", ".join(columns)})
        SELECT {", ".join("s." + c for c in columns)} FROM staged s
        WHERE s.rowid IN (SELECT max(rowid) FROM staged GROUP BY {", ".join(key)})
          AND NOT EXISTS (
            SELECT 1 FROM {table.name} l WHERE {same} AND {equal} AND l.origin = s.origin
              AND l.recorded_at = (SELECT max(n.recorded_at) FROM {table.name} n
                                   WHERE n.origin = s.origin AND {" AND ".join(f"n.{c} = s.{c}" for c in key)}))"""  # noqa: S608 our own names
    written: int = connection.execute(text(statement)).rowcount
    connection.execute(text("DROP TABLE staged"))
    return written


def record_run(engine: Engine, command: str, started_at: datetime, outcome: str) -> str:
    """The id of a new row in `run` that says what a command did."""
    finished_at = datetime.now(UTC)
    run_id = hash_id(command, started_at.isoformat(), finished_at.isoformat())
    row = {
        "run_id": run_id, "command": command, "outcome": outcome,
        "started_at": _to_ledger(started_at), "finished_at": _to_ledger(finished_at),
    }  # fmt: skip
    with engine.begin() as connection:
        connection.execute(_table(RunRow).insert(), [row])
    return run_id


def append_rows(connection: Any, model: type[SQLModel], rows: Iterable[dict[str, Any]], size: int = 20_000) -> None:
    """Insert rows within the caller's transaction, passing over those already there."""
    statement = insert(_table(model)).on_conflict_do_nothing()
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) >= size:
            connection.execute(statement, batch)
            batch.clear()
    if batch:
        connection.execute(statement, batch)
