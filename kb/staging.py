"""Staging: the ledger's rows as tables that the SQL steps read.

Ledger rows travel as Arrow through ADBC, without pyarrow. ADBC infers a column's type from the first rows, so NULLs are
sent as a stand-in value and turned back on arrival.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from kb.settings import Home

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NO_NUMBER = -1e308  # stands for NULL in numeric columns on the way from SQLite
# Columns of the ledger's tables by kind: text, real, whole, day, instant.
LEDGER: dict[str, dict[str, str]] = {
    "document": {
        "document_id": "text", "source": "text", "title": "text", "summary": "text", "url": "text", "happened_at": "instant",
        "public_lo": "instant", "public_hi": "instant", "precision": "text", "origin": "text",
    },
    "bar": {
        "symbol": "text", "session": "day", "source": "text", "recorded_at": "instant", "open": "real", "high": "real",
        "low": "real", "close": "real", "volume": "real", "origin": "text",
    },
    "release": {
        "indicator": "text", "period": "text", "released_at": "instant", "source": "text", "status": "text",
        "recorded_at": "instant", "actual": "real", "consensus": "real", "previous": "real", "public_at": "instant",
        "origin": "text",
    },
    "liquidation": {
        "asset": "text", "at": "instant", "venue": "text", "source": "text", "hours": "real", "recorded_at": "instant",
        "method": "text", "public_at": "instant", "long_usd": "real", "short_usd": "real", "origin": "text",
    },
    "funding": {
        "asset": "text", "at": "instant", "venue": "text", "source": "text", "recorded_at": "instant", "rate": "real",
        "origin": "text",
    },
    "open_interest": {
        "asset": "text", "at": "instant", "venue": "text", "source": "text", "recorded_at": "instant", "usd": "real",
        "origin": "text",
    },
    "breadth": {
        "session": "day", "source": "text", "recorded_at": "instant", "above_20": "real", "above_50": "real",
        "above_200": "real", "origin": "text",
    },
    "reading": {
        "document_id": "text", "model": "text", "wrap": "whole", "risk": "whole", "stated_cause": "text",
        "direction": "whole", "weekday": "whole", "ahead": "whole",
    },
    "trigger": {"document_id": "text", "model": "text", "rank": "whole", "type": "text", "score": "real"},
    "review": {
        "review_id": "text", "reviewed_at": "instant", "who": "text", "action": "text", "document_id": "text",
        "market": "text", "session": "day", "types": "text", "machine": "text", "why": "text",
    },
    "event": {"event_id": "text", "type": "text", "title": "text", "public_hi": "instant"},
    "event_document": {"event_id": "text", "document_id": "text", "novelty": "real"},
}  # fmt: skip
ARRIVE = {
    "text": "{c}", "real": "nullif({c}, -1e308)", "whole": "CAST({c} AS INTEGER)",
    "day": "CAST(nullif({c}, '') AS DATE)", "instant": "timezone('UTC', CAST(nullif({c}, '') AS TIMESTAMP))",
}  # fmt: skip
TYPES = {"text": "VARCHAR", "real": "DOUBLE", "whole": "INTEGER", "day": "DATE", "instant": "TIMESTAMPTZ"}


def stage_ledger(connection: DuckDBPyConnection, home: Home, model: str, tables: Iterable[str] = tuple(LEDGER)) -> None:
    """Make `staged_<table>` for these ledger tables; of readings and triggers only those of the named model."""
    import adbc_driver_sqlite.dbapi as adbc

    with adbc.connect(str(home.ledger)) as ledger, ledger.cursor() as cursor:
        for table in tables:
            columns = LEDGER[table]
            # ADBC binds parameters only with pyarrow; the name of a model is our own, of letters, digits and hyphens.
            where = f"WHERE model = '{model}'" if "model" in columns else ""
            sent = ", ".join(_send(c, kind) for c, kind in columns.items())
            cursor.execute(f'SELECT {sent} FROM "{table}" {where}')  # noqa: S608 our own names
            _receive(connection, table, columns, cursor)


def _send(column: str, kind: str) -> str:
    if kind == "real":
        return f'coalesce(CAST("{column}" AS REAL), {NO_NUMBER}) AS "{column}"'
    stand_in = "0" if kind == "whole" else "''"
    return f'coalesce("{column}", {stand_in}) AS "{column}"'


def _receive(connection: DuckDBPyConnection, table: str, columns: dict[str, str], cursor: Any) -> None:
    stream = cursor.fetch_arrow()
    connection.register("arriving", stream)
    arrived = ", ".join(f'{ARRIVE[kind].format(c=chr(34) + c + chr(34))} AS "{c}"' for c, kind in columns.items())
    declared = ", ".join(f'"{c}" {TYPES[kind]}' for c, kind in columns.items())
    connection.execute(f"CREATE TABLE staged_{table} ({declared})")
    connection.execute(f"INSERT INTO staged_{table} SELECT {arrived} FROM arriving")  # noqa: S608 our own names
    connection.unregister("arriving")
