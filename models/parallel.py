"""Reading many documents on all cores: worker processes with a tagger each, results in order, memory flat."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import chain, islice
from multiprocessing import get_context
from typing import Any

from kb.records import Reading
from kb.settings import read_number
from models.tagger import Tagger

BATCH = 4_000  # items a task: large enough to hide the passing to and fro, small enough for a moving bar
FEW = 20_000  # below this, starting further processes costs more than they save
WAITING = 2  # tasks in flight for each worker

Finish = Callable[[Sequence[Any], list[Reading]], Any]
_tagger: Tagger | None = None  # one per worker process, loaded once


def list_readings(_items: Sequence[Any], readings: list[Reading]) -> list[Reading]:
    """The readings as they are: what `read_all` gives unless told otherwise."""
    return readings


def cut_batches(items: Iterable[Any], size: int = 0) -> Iterator[list[Any]]:
    """The items in lists of `size` (0: BATCH), the last shorter."""
    source = iter(items)
    while batch := list(islice(source, size or BATCH)):
        yield batch


def read_all(
    tagger: Tagger, batches: Iterable[list[Any]], finish: Finish = list_readings, *, least_confidence: float = 0.0
) -> Iterator[Any]:
    """What `finish(items, readings)` makes of each batch, in order; it runs in the workers and must be importable.

    Batches are read in this process while they are few, else by as many processes as `WHYFELL_WORKERS` says (0: cores).
    """
    workers = read_number("WHYFELL_WORKERS") or os.cpu_count() or 1
    source = iter(batches)
    first, count = [], 0
    while count < FEW and (batch := next(source, None)):
        first.append(batch)
        count += len(batch)
    if count < FEW or workers == 1:
        for batch in chain(first, source):
            yield finish(batch, _read_with(tagger, batch, least_confidence))
        return
    # One thread a worker: numpy's own threads would fight over the cores that the workers already fill.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_load_tagger) as pool:
        queue = []
        for batch in chain(first, source):
            queue.append(pool.submit(_read_batch, batch, finish, least_confidence))
            if len(queue) >= WAITING * workers:
                yield queue.pop(0).result()
        for future in queue:
            yield future.result()


def _load_tagger() -> None:
    global _tagger  # noqa: PLW0603 a worker process has one tagger
    _tagger = Tagger.load()


def _read_batch(batch: list[Any], finish: Finish, least_confidence: float) -> Any:
    assert _tagger is not None
    return finish(batch, _read_with(_tagger, batch, least_confidence))


def _read_with(tagger: Tagger, batch: Sequence[Sequence[str]], least_confidence: float) -> list[Reading]:
    """Readings of items that may carry more than id, title and summary."""
    return tagger.read([(item[0], item[1], item[2]) for item in batch], least_confidence=least_confidence)
