"""What each source brought in each run: the ledger's table `source_run`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine
from sqlmodel import SQLModel

from ingest.gathering import Gathered
from kb.ledger_tables import SourceRunRow

SHOWN_ERRORS = 3  # sentences kept a source and run


@dataclass(frozen=True)
class SourceRun:
    """One row of `source_run`; instants are aware UTC, `size` is in bytes."""

    source: str
    started_at: datetime
    finished_at: datetime
    since_at: datetime
    until_at: datetime
    captures: int
    unchanged: int
    size: int
    records: int
    new: int
    skipped: int
    failed: int
    outcome: str


INSTANTS = ("started_at", "finished_at", "since_at", "until_at")


def record_source_runs(engine: Engine, run_id: str, gathered: Sequence[Gathered]) -> None:
    """Add one row a source to the run record, in one transaction."""
    rows = [
        {
            "run_id": run_id, "source": g.source.name, "started_at": _naive(g.started_at),
            "finished_at": _naive(g.finished_at), "since_at": _naive(g.window.since), "until_at": _naive(g.window.until),
            "captures": g.captures, "unchanged": g.unchanged, "size": g.size, "records": g.records, "new": g.new,
            "skipped": sum(g.skipped.values()), "failed": len(g.errors), "outcome": " ".join(g.errors[:SHOWN_ERRORS]) or "ok",
        }
        for g in gathered
    ]  # fmt: skip
    if rows:
        with engine.begin() as connection:
            connection.execute(_table().insert(), rows)


def load_source_runs(engine: Engine, since: datetime | None = None) -> list[SourceRun]:
    """The runs of all sources, the earliest first; with `since` those that started from then on."""
    query = _table().select().order_by(_table().c.started_at)
    if since is not None:
        query = query.where(_table().c.started_at >= _naive(since))
    with engine.connect() as connection:
        rows = [dict(r._mapping) for r in connection.execute(query)]
    for row in rows:
        row.update({c: row[c].replace(tzinfo=UTC) for c in INSTANTS})
        del row["run_id"]
    return [SourceRun(**row) for row in rows]


def _table():  # noqa: ANN202 sqlalchemy's own type
    return SQLModel.metadata.tables[str(SourceRunRow.__tablename__)]


def _naive(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(tzinfo=None)
