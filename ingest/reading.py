"""Reading documents: what has no reading by the present model is tagged, in batches over all cores.

Each batch is one transaction, so an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context

from sqlalchemy import Engine, text

from kb.ledger import ReadingRow, TriggerRow
from kb.ledger_write import append_rows
from kb.records import Reading
from kb.settings import read_number
from models.tagger import Tagger

BATCH = 4_000  # documents a task: large enough to hide the passing to and fro, small enough for a moving bar
FEW = 20_000  # below this, starting further processes costs more than they save
Item = tuple[str, str, str]
_tagger: Tagger | None = None  # one per worker process, loaded once


def read_new_documents(engine: Engine, tagger: Tagger, notify: Callable[[str, int, int], None]) -> int:
    """How many documents were read: all those without a reading by this model. The rows go to the ledger."""
    total = count_unread(engine, tagger.model)
    done = 0
    notify("reading documents", 0, total)
    with _open_reader(tagger, total) as read_batches:
        for readings in read_batches(_list_batches(engine, tagger.model)):
            _store(engine, tagger.model, readings)
            done += len(readings)
            notify("reading documents", done, total)
    return done


@contextmanager
def _open_reader(tagger: Tagger, total: int) -> Iterator[Callable[[Iterator[list[Item]]], Iterator[list[Reading]]]]:
    workers = read_number("WHYFELL_WORKERS") or os.cpu_count() or 1
    if total < FEW or workers == 1:
        yield lambda batches: map(tagger.read, batches)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_load_tagger) as pool:
        yield lambda batches: _map_bounded(pool, batches, 2 * workers)


def _map_bounded(pool: ProcessPoolExecutor, batches: Iterator[list[Item]], waiting: int) -> Iterator[list[Reading]]:
    """Results in order, with at most `waiting` batches in flight, so that memory stays flat."""
    queue = []
    for batch in batches:
        queue.append(pool.submit(_read_batch, batch))
        if len(queue) >= waiting:
            yield queue.pop(0).result()
    for future in queue:
        yield future.result()


def _load_tagger() -> None:
    global _tagger  # noqa: PLW0603 a worker process has one tagger
    _tagger = Tagger.load()


def _read_batch(batch: Sequence[Item]) -> list[Reading]:
    if _tagger is None:
        _load_tagger()
    assert _tagger is not None
    return _tagger.read(batch)


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
