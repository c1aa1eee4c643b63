"""Gathering: all sources side by side, each page parsed as it comes, its records stored by the one writer.

One thread a source fetches and parses; the calling thread alone writes to the ledger. Whatever a source does, an
exception of our own parser included, the others go on.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from queue import Queue

from sqlalchemy import Engine

from ingest.marks import WHOLE, Mark, load_marks, save_marks
from ingest.source import Capture, Record, Skipped, Source, Window
from ingest.source_client import SourceClient
from kb.errors import Unreadable, WhyfellError
from kb.ledger_write import store_records
from kb.notify import Notify, stay_silent

BATCH = 2_000  # records handed to the writer at once
AT_ONCE = 8  # sources
SHOWN_SKIPS = 5  # reasons kept a source; every item stays in the kept bytes


@dataclass
class Gathered:
    """What one source brought: counts, and the sentences about what failed or was set aside."""

    source: Source
    window: Window
    started_at: datetime
    finished_at: datetime
    captures: int = 0
    unchanged: int = 0
    size: int = 0
    records: int = 0
    new: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether anything of it did not come."""
        return bool(self.errors)

    @property
    def covered(self) -> bool:
        """Whether the window counts as read: all came, or, of pages that stand each for itself, more than failed."""
        return not self.errors or (self.source.reach is not None and self.captures + self.unchanged > len(self.errors))

    def skip(self, item: Skipped) -> None:
        """Count an item set aside by its reason."""
        self.skipped[item.reason] = self.skipped.get(item.reason, 0) + 1


@dataclass
class Batch:
    """Records and marks of one source for the writer; `last` when nothing more will come."""

    gathered: Gathered
    records: list[tuple[datetime, Record]]
    marks: list[Mark]
    last: bool = False


MakeClient = Callable[[Source, dict[str, Mark]], SourceClient]


def find_window(source: Source, marks: dict[tuple[str, str], Mark], since: datetime | None, until: datetime) -> Window:
    """What to ask of a source: from where it was read to, less its lag for late rows, as far as the publisher goes back."""
    mark = marks.get((source.name, WHOLE))
    start = since or ((mark.read_until if mark and mark.read_until else until) - source.lag)
    if source.reach is not None:
        start = max(start, until - source.reach)
    return Window(start, until)


def gather(
    engine: Engine, jobs: Sequence[tuple[Source, Window]], make_client: MakeClient, notify: Notify = stay_silent
) -> list[Gathered]:
    """What each source brought, in the order given; its records and marks are in the ledger."""
    marks = load_marks(engine)
    queue: Queue[Batch] = Queue(maxsize=32)
    done: dict[str, Gathered] = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for source, window in jobs:
            own = {page: m for (name, page), m in marks.items() if name == source.name}
            pool.submit(_gather_source, source, window, make_client(source, own), queue)
        while len(done) < len(jobs):
            notify("sources", len(done), len(jobs))
            batch = queue.get()
            store_batch(engine, batch)
            if batch.last:
                _close(engine, batch.gathered, marks)
                done[batch.gathered.source.name] = batch.gathered
    notify("sources", len(jobs), len(jobs))
    return [done[source.name] for source, _ in jobs]


def _gather_source(source: Source, window: Window, client: SourceClient, queue: Queue[Batch]) -> None:
    now = datetime.now(UTC)
    gathered = Gathered(source, window, now, now)
    held: list[tuple[datetime, Record]] = []
    marks: list[Mark] = []
    try:
        for capture in source.fetch(client, window):
            held.extend(parse_capture(source, capture, gathered))
            marks.extend(client.take_mark(capture.name))
            if len(held) >= BATCH:
                queue.put(Batch(gathered, held, marks))
                held, marks = [], []
    except WhyfellError as error:
        if str(error) not in client.errors:
            gathered.errors.append(str(error))
    except Exception as error:
        gathered.errors.append(_say_fault(source, error))
    gathered.captures, gathered.unchanged, gathered.size = client.captures, client.unchanged, client.size
    gathered.errors.extend(client.errors)
    for item in client.given_up:
        gathered.skip(item)
    gathered.finished_at = datetime.now(UTC)
    queue.put(Batch(gathered, held, [*marks, *client.take_marks()], last=True))


def _say_fault(source: Source, error: Exception) -> str:
    where = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"Source {source.name}: a fault of ours, {type(error).__name__}: {error} ({where.name}, line {where.lineno})."
    )


def parse_capture(source: Source, capture: Capture, gathered: Gathered) -> list[tuple[datetime, Record]]:
    """The records of one capture with the instant they came in; what was set aside or is unreadable is counted."""
    found: list[tuple[datetime, Record]] = []
    try:
        for item in source.parse(capture):
            if isinstance(item, Skipped):
                gathered.skip(item)
            else:
                found.append((capture.fetched_at, item))
    except Unreadable as error:
        gathered.errors.append(f"{source.name}, {capture.name}: {error}")
    except Exception as error:
        gathered.errors.append(f"{capture.name}: {_say_fault(source, error)}")
    return found


def store_batch(engine: Engine, batch: Batch) -> None:
    """Store the records, each with the instant its capture came in, then the marks: killed between, it is simply redone."""
    groups: dict[tuple[type, datetime], list[Record]] = {}
    for at, record in batch.records:
        groups.setdefault((type(record), at), []).append(record)
    for (_, at), records in sorted(groups.items(), key=lambda g: g[0][1]):
        batch.gathered.records += len(records)
        batch.gathered.new += store_records(engine, records, at)
    save_marks(engine, batch.marks)


def _close(engine: Engine, gathered: Gathered, marks: dict[tuple[str, str], Mark]) -> None:
    """Move the source's own mark: forward when all of its window came, and never over a stretch that was not asked for."""
    name, window, at = gathered.source.name, gathered.window, gathered.finished_at
    mark = marks.get((name, WHOLE)) or Mark(name, WHOLE, at)
    if not gathered.covered:
        save_marks(engine, [mark.fail(at, gathered.errors[0])])
        return
    read_until, error = mark.read_until, gathered.errors[0] if gathered.errors else ""
    reached = read_until is None or window.since <= read_until or gathered.source.reach is not None
    if reached and (read_until is None or window.until > read_until):
        read_until = window.until
    changed_at = at if gathered.new else mark.changed_at
    save_marks(engine, [Mark(name, WHOLE, at, read_until, succeeded_at=at, changed_at=changed_at, error=error)])


def list_skips(gathered: Iterable[Gathered]) -> list[str]:
    """Sentences about the items set aside, the most frequent reasons of each source first."""
    said = []
    for g in gathered:
        for reason, n in sorted(g.skipped.items(), key=lambda item: -item[1])[:SHOWN_SKIPS]:
            said.append(f"{g.source.name}: {n:,} set aside: {reason}")
    return said
