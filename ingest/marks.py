"""How far each source and each of its pages has been read: the ledger's table `capture_mark`."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import Engine
from sqlalchemy.dialects.sqlite import insert
from sqlmodel import SQLModel

from ingest.fetch import Validators
from kb.ledger_tables import CaptureMarkRow

WHOLE = ""  # the page name of a source's own mark


@dataclass(frozen=True)
class Mark:
    """The state of one page, or of a whole source (page ""). Instants are aware UTC; `failures` in a row."""

    source: str
    page: str
    attempted_at: datetime
    read_until: datetime | None = None
    etag: str = ""
    last_modified: str = ""
    snapshot: str = ""
    succeeded_at: datetime | None = None
    changed_at: datetime | None = None
    failures: int = 0
    error: str = ""

    @property
    def validators(self) -> Validators:
        """What the server gave to ask whether the page has changed."""
        return Validators(self.etag, self.last_modified)

    def fail(self, at: datetime, error: str) -> Mark:
        """The mark after an attempt that failed."""
        return replace(self, attempted_at=at, failures=self.failures + 1, error=error)

    def succeed(self, at: datetime, validators: Validators, snapshot: str) -> Mark:
        """The mark after an answer whose bytes lie at `snapshot`."""
        changed = self.changed_at if snapshot.rpartition("/")[2] == self.snapshot.rpartition("/")[2] else at
        return replace(
            self, attempted_at=at, succeeded_at=at, changed_at=changed, failures=0, error="", snapshot=snapshot,
            etag=validators.etag, last_modified=validators.last_modified,
        )  # fmt: skip


INSTANTS = ("attempted_at", "read_until", "succeeded_at", "changed_at")


def load_marks(engine: Engine, source: str | None = None) -> dict[tuple[str, str], Mark]:
    """The marks of one source, or of all, by (source, page)."""
    table = SQLModel.metadata.tables[str(CaptureMarkRow.__tablename__)]
    query = table.select() if source is None else table.select().where(table.c.source == source)
    with engine.connect() as connection:
        rows = [dict(r._mapping) for r in connection.execute(query)]
    for row in rows:
        row.update({c: row[c] and row[c].replace(tzinfo=UTC) for c in INSTANTS})
    return {(r["source"], r["page"]): Mark(**r) for r in rows}


def save_marks(engine: Engine, marks: list[Mark]) -> None:
    """Write marks over those before, in one transaction."""
    if not marks:
        return
    table = SQLModel.metadata.tables[str(CaptureMarkRow.__tablename__)]
    rows = [asdict(m) for m in marks]
    for row in rows:
        row.update({c: row[c] and row[c].astimezone(UTC).replace(tzinfo=None) for c in INSTANTS})
    statement = insert(table)
    changed = {c.name: statement.excluded[c.name] for c in table.columns if not c.primary_key}
    with engine.begin() as connection:
        connection.execute(statement.on_conflict_do_update(index_elements=["source", "page"], set_=changed), rows)
