"""What one day's answer needs, fetched on the spot: `whyfell DATE --fetch`."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from ingest.build import run_build
from ingest.gathering import Gathered
from ingest.nightly import ask_jobs
from ingest.registry import list_missing, list_sources
from ingest.source import Source, Window
from kb.ledger import hold_lock, open_ledger
from kb.notify import Notify, stay_silent
from kb.settings import Home

AFTER = timedelta(days=7)  # what followed a fall belongs to its answer: five sessions
NEAR = timedelta(days=2)  # fetched up to so shortly before is fresh enough


def find_day_windows(day: date, now: datetime) -> list[tuple[Source, Window]]:
    """The sources that can look back to the day, each with the stretch that an answer about it reads."""
    start = datetime.combine(day, time(), UTC)
    jobs = []
    for source in list_sources():
        if source.lookback is None or list_missing(source) or source.optional:
            continue
        window = Window(start - source.lookback, min(start + AFTER, now))
        if source.reach is None or window.since >= now - source.reach - NEAR:
            jobs.append((source, window))
    return jobs


def fetch_day(home: Home, day: date, notify: Notify = stay_silent) -> list[Gathered]:
    """What each source brought for an answer about the day; it is in the mart. A source that fails is in its errors."""
    with hold_lock(home, "nightly"):
        engine = open_ledger(home, create=True)
        gathered = ask_jobs(home, engine, find_day_windows(day, datetime.now(UTC)), notify)
        engine.dispose()
    if any(g.new for g in gathered) or not home.mart.exists():
        run_build(home, notify=notify)
    return gathered
