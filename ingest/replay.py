"""Replay: the kept bytes of sources parsed again, without a network, by the parsers as they are now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

from sqlalchemy import Engine

from ingest.gathering import BATCH, Batch, Gathered, parse_capture, store_batch
from ingest.snapshot import Snapshots
from ingest.source import Record, Source, Window
from kb.errors import Unreadable
from kb.notify import Notify, stay_silent


def replay_sources(
    engine: Engine,
    snapshots: Snapshots,
    sources: Sequence[Source],
    since: datetime | None,
    notify: Notify = stay_silent,
) -> list[Gathered]:
    """What the kept bytes of each source give; records carry the instant at which their bytes came in.

    So a ledger that was lost is filled again as it was, and a parser that has learnt something adds what it now reads.
    """
    return [_replay(engine, snapshots, source, since, notify) for source in sources]


def _replay(engine: Engine, snapshots: Snapshots, source: Source, since: datetime | None, notify: Notify) -> Gathered:
    now = datetime.now(UTC)
    first = since.date() if since else date.min
    gathered = Gathered(source, Window(since or datetime(1970, 1, 1, tzinfo=UTC), now), now, now)
    total = len(snapshots.list_places(source.name, first))
    held: list[tuple[datetime, Record]] = []
    for capture in snapshots.replay(source.name, first):
        if isinstance(capture, Unreadable):
            gathered.errors.append(str(capture))
            continue
        gathered.captures += 1
        gathered.size += len(capture.body)
        held.extend(parse_capture(source, capture, gathered))
        if len(held) >= BATCH:
            store_batch(engine, Batch(gathered, held, []))
            held = []
        notify(f"replay {source.name}", gathered.captures, total)
    store_batch(engine, Batch(gathered, held, []))
    gathered.finished_at = datetime.now(UTC)
    return gathered
