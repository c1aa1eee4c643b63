"""Reading documents: what has no reading by the present model is tagged, in batches over all cores.

Each batch is one transaction, so an interrupted run goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlalchemy import Engine, text

from kb.ledger_tables import ReadingRow, TriggerRow
from kb.ledger_write import append_rows
from kb.records import Reading
from models.parallel import BATCH, read_all
from models.tagger import Item, Tagger


def read_new_documents(engine: Engine, tagger: Tagger, notify: Callable[[str, int, int], None]) -> int:
    """How many documents were read: all those without a reading by this model. The rows go to the ledger."""
    total = count_unread(engine, tagger.model)
    done = 0
    notify("reading documents", 0, total)
    for readings in read_all(tagger, _list_batches(engine, tagger.model)):
        _store(engine, tagger.model, readings)
        done += len(readings)
        notify("reading documents", done, total)
    return done


_NEW = "FROM document d WHERE NOT EXISTS (SELECT 1 FROM reading r WHERE r.document_id = d.document_id AND r.model = :model)"


def count_unread(engine: Engine, model: str) -> int:
    """How many documents of the ledger have no reading by this model."""
    with engine.connect() as connection:
        return int(connection.execute(text(f"SELECT count(*) {_NEW}"), {"model": model}).scalar() or 0)


def _list_batches(engine: Engine, model: str) -> Iterator[list[Item]]:
    """New documents in batches by id; each query starts after the last id, so that writing in between is harmless."""
    query = text(
        f"SELECT d.document_id, d.title, d.summary {_NEW} AND d.document_id > :after ORDER BY d.document_id LIMIT {BATCH}"
    )
    after = ""
    while True:
        with engine.connect() as connection:
            rows = connection.execute(query, {"model": model, "after": after}).all()
        if not rows:
            return
        yield [(r[0], r[1], r[2]) for r in rows]
        after = rows[-1][0]


def _store(engine: Engine, model: str, readings: list[Reading]) -> None:
    with engine.begin() as connection:
        append_rows(connection, TriggerRow, _trigger_rows(readings, model))
        append_rows(connection, ReadingRow, _reading_rows(readings, model))


def _reading_rows(readings: list[Reading], model: str) -> Iterator[dict[str, object]]:
    for r in readings:
        yield {
            "document_id": r.document_id, "model": model, "wrap": int(r.wrap), "risk": r.risk,
            "stated_cause": r.stated_cause, "direction": r.direction,
            "weekday": -1 if r.weekday is None else r.weekday, "ahead": int(r.ahead),
        }  # fmt: skip


def _trigger_rows(readings: list[Reading], model: str) -> Iterator[dict[str, object]]:
    for r in readings:
        for rank, tag in enumerate(r.types):
            yield {"document_id": r.document_id, "model": model, "rank": rank, "type": tag.type, "score": tag.score}
