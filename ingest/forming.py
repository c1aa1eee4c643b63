"""Forming events out of the ledger's triggers, from the newest point up to which nothing has changed.

A full pass over a million documents takes minutes; a night adds a few thousand. So the memory of the former is kept at
some instants before the newest document, with a count and a sum that tell whether the triggers before it are still those
it has seen. Late rows, reviews and other models are met by going on from an earlier instant, or from the beginning.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine, text

from kb.ledger_tables import EventCheckpointRow, EventDocumentRow, EventRow
from kb.ledger_write import append_rows
from models.event_state import load_former, save_former
from models.events import EventFormer, OpenEvent, TaggedDocument

KEPT_BEFORE = (timedelta(days=30), timedelta(days=8), timedelta(days=3), timedelta(days=1))  # the newest document
START = datetime(1, 1, 1, tzinfo=UTC)
KEPT = 31  # newest memories, about a month of nights
_CLEAR = (
    "DELETE FROM event_document WHERE document_id IN (SELECT document_id FROM document WHERE public_hi >= :start)",
    "DELETE FROM event WHERE public_hi >= :start",
    "DELETE FROM event_checkpoint WHERE model <> :model OR before > :start",
    "DELETE FROM event_checkpoint WHERE before NOT IN (SELECT before FROM event_checkpoint ORDER BY before DESC LIMIT :kept)",
)
_TRIGGERS = "FROM trigger t JOIN document d USING (document_id) WHERE t.model = :model"


@dataclass(frozen=True)
class Checkpoint:
    """The former's memory of all triggers public before an instant (aware UTC); `seen` and `total` tell them again."""

    before: datetime
    seen: int
    total: int
    state: bytes | None = None


BEGINNING = Checkpoint(START, 0, 0)


def store_events(engine: Engine, model: str) -> int:
    """How many events the ledger holds after the triggers of this model were formed into events, in one transaction."""
    with engine.begin() as connection:
        start = find_checkpoint(connection, model)
        former = EventFormer() if start.state is None else load_former(start.state)
        kept = list(_form(connection, model, start, former))
        _replace_from(connection, model, start.before)
        append_rows(connection, EventRow, (_event_row(e) for e in former.founded))
        append_rows(connection, EventDocumentRow, _link_rows([*former.carried, *former.founded]))
        append_rows(connection, EventCheckpointRow, (_checkpoint_row(model, c) for c in kept))
        return int(connection.execute(text("SELECT count(*) FROM event")).scalar() or 0)


def find_checkpoint(connection: Connection, model: str) -> Checkpoint:
    """The newest kept memory whose triggers are still in the ledger as they were; else the beginning of all."""
    query = text("SELECT before, seen, total, state FROM event_checkpoint WHERE model = :model ORDER BY before DESC")
    for before, seen, total, state in connection.execute(query, {"model": model}).all():
        counted = text(f"SELECT count(*), coalesce(sum(t.rowid), 0) {_TRIGGERS} AND d.public_hi < :before")
        if tuple(connection.execute(counted, {"model": model, "before": before}).one()) == (seen, total):
            return Checkpoint(_read_instant(before), seen, total, state)
    return BEGINNING


def _form(connection: Connection, model: str, start: Checkpoint, former: EventFormer) -> Iterator[Checkpoint]:
    """Place all triggers from `start` on; the memories to be kept on the way."""
    newest = connection.execute(text(f"SELECT max(d.public_hi) {_TRIGGERS}"), {"model": model}).scalar()
    if newest is None:
        return
    wanted = [at for b in KEPT_BEFORE if (at := _read_instant(newest) - b) > start.before]
    seen, total = start.seen, start.total
    for rowid, doc in _list_tagged(connection, model, start.before):
        while wanted and doc.public_hi >= wanted[0]:
            before = wanted.pop(0)
            yield Checkpoint(before, seen, total, save_former(former, before))
        former.place(doc)
        seen, total = seen + 1, total + rowid


def _list_tagged(connection: Connection, model: str, start: datetime) -> Iterator[tuple[int, TaggedDocument]]:
    query = text(
        f"SELECT t.rowid, t.document_id, t.type, d.title, d.public_hi {_TRIGGERS} AND d.public_hi >= :start "
        "ORDER BY d.public_hi, t.document_id, t.rank"
    )
    for rowid, document_id, type_, title, public_hi in connection.execute(
        query, {"model": model, "start": _write(start)}
    ):
        yield rowid, TaggedDocument(document_id, type_, title, _read_instant(public_hi))


def _replace_from(connection: Connection, model: str, start: datetime) -> None:
    """Take away what was formed from `start` on, and the memories that are of no more use."""
    given = {"start": _write(start), "model": model, "kept": KEPT}
    if start == START:
        connection.execute(text("DELETE FROM event_document"))
    for statement in _CLEAR:
        connection.execute(text(statement), {k: v for k, v in given.items() if f":{k}" in statement})


def _write(at: datetime) -> str:
    """An instant as the ledger's text, which sorts by time."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds") if at > START else ""


def _read_instant(stored: str) -> datetime:
    return datetime.fromisoformat(stored).replace(tzinfo=UTC)


def _event_row(event: OpenEvent) -> dict[str, object]:
    naive = event.public_hi.astimezone(UTC).replace(tzinfo=None)
    return {"event_id": event.event_id, "type": event.type, "title": event.title, "public_hi": naive}


def _link_rows(events: list[OpenEvent]) -> Iterator[dict[str, object]]:
    for event in events:
        for link in event.links:
            yield {"event_id": event.event_id, "document_id": link.document_id, "novelty": link.novelty}


def _checkpoint_row(model: str, kept: Checkpoint) -> dict[str, object]:
    naive = kept.before.astimezone(UTC).replace(tzinfo=None)
    return {"model": model, "before": naive, "seen": kept.seen, "total": kept.total, "state": kept.state}
