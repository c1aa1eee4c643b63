"""The night: ask all sources, store what came, build, check, publish, alert. One readable list.

Every step can be killed and run again: bytes are kept before they are parsed, records are stored before a page counts as
read, the build publishes a whole mart or none, and an alert is sent once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine

from ingest.alerts import Outcome, Sent, send_alerts
from ingest.build import Built, run_build
from ingest.fetch import Fetcher
from ingest.gathering import Gathered, find_window, gather
from ingest.health import list_warnings
from ingest.marks import Mark, load_marks
from ingest.plan import Planned, plan_source
from ingest.registry import list_missing, pick_sources
from ingest.replay import replay_sources
from ingest.snapshot import Snapshots
from ingest.source import Source, Window
from ingest.source_client import SourceClient
from ingest.source_runs import record_source_runs
from kb.errors import BadInput
from kb.ledger import hold_lock, open_ledger
from kb.ledger_write import record_run
from kb.notify import Notify, stay_silent
from kb.settings import Home, read_number


@dataclass
class Night:
    """What a nightly run did: each source's share, those left out and why, what to look at, the build, the alerts."""

    gathered: list[Gathered] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    built: Built | None = None
    alerts: list[Sent] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0 all well, 1 nothing came from anywhere, 2 some source failed or dried up, or an alert could not be sent."""
        failed = [g for g in self.gathered if g.failed]
        if self.gathered and len(failed) == len(self.gathered) and not any(g.captures for g in self.gathered):
            return 1
        unsent = [a for a in self.alerts if a.outcome is Outcome.FAILED]
        return 2 if failed or self.warnings or unsent else 0


def run_night(
    home: Home, *, only: Sequence[str] = (), also: Sequence[str] = (), since: datetime | None = None, replay: bool = False,
    notify: Notify = stay_silent,
) -> Night:  # fmt: skip
    """Ask the sources, all or those of `only`, and the optional ones of `also`; then build and alert.

    With `replay` their kept bytes are parsed again instead.

    `since` (aware UTC) asks from there on instead of from where each source was read to. A source that lacks a secret is
    left out. Raises BadInput for an unknown source, WhyfellError when another process writes to the home.
    """
    sources = pick_sources(only, also)
    night, begun = Night(), home.ledger.exists()
    with hold_lock(home, "nightly"):
        engine = open_ledger(home, create=True)
        if replay:
            night.gathered = replay_sources(engine, Snapshots(home.snapshots), sources, since, notify)
        else:
            night.gathered = ask_jobs(home, engine, find_jobs(engine, sources, since, night.left_out), notify)
        night.warnings = list_warnings(engine, sources, night.gathered, datetime.now(UTC))
        Snapshots(home.snapshots).forget(read_number("WHYFELL_KEEP_DAYS"), datetime.now(UTC))
        engine.dispose()
    # Without a mart a build was cut short before, unless this is the first night of all and it brought nothing.
    if any(g.new for g in night.gathered) or (begun and not home.mart.exists()):
        night.built = run_build(home, notify=notify)
    if home.mart.exists():
        engine = open_ledger(home)
        night.alerts = send_alerts(home, engine, notify)
        engine.dispose()
    return night


def find_jobs(
    engine: Engine, sources: Sequence[Source], since: datetime | None, left_out: dict[str, str]
) -> list[tuple[Source, Window]]:
    """Each source with the window to ask for; those that lack a secret go to `left_out` with what they need."""
    until = datetime.now(UTC)
    marks = load_marks(engine)
    missing = {s.name: list_missing(s) for s in sources}
    left_out.update({name: f"needs {', '.join(names)}" for name, names in missing.items() if names})
    return [(s, find_window(s, marks, since, until)) for s in sources if not missing[s.name]]


def ask_jobs(home: Home, engine: Engine, jobs: list[tuple[Source, Window]], notify: Notify) -> list[Gathered]:
    """What each source brought for its window; the run and each source's share of it are recorded."""
    started_at = datetime.now(UTC)
    fetcher = Fetcher()
    snapshots = Snapshots(home.snapshots)

    def make_client(source: Source, marks: dict[str, Mark]) -> SourceClient:
        return SourceClient(source, fetcher, snapshots, marks)

    gathered = gather(engine, jobs, make_client, notify)
    fetcher.close()
    new, failed = sum(g.new for g in gathered), [g.source.name for g in gathered if g.failed]
    outcome = f"{new} new rows from {len(gathered)} sources" + (f"; failed: {', '.join(failed)}" if failed else "")
    record_source_runs(engine, record_run(engine, "nightly", started_at, outcome), gathered)
    return gathered


def plan_night(
    home: Home, *, only: Sequence[str] = (), also: Sequence[str] = (), since: datetime | None = None
) -> list[Planned]:
    """What a run would ask for, source by source, asking nobody and writing nothing."""
    marks: dict[tuple[str, str], Mark] = {}
    if home.ledger.exists():
        engine = open_ledger(home)
        marks = load_marks(engine)
        engine.dispose()
    until = datetime.now(UTC)
    return [plan_source(s, find_window(s, marks, since, until)) for s in pick_sources(only, also)]


def read_since(text: str | None) -> datetime | None:
    """The instant that a day or instant in UTC names. Raises BadInput for anything else, or one to come."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(f"--since {text!r}", "not a day or instant", "Write it like 2026-01-30.") from None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    if at > datetime.now(UTC):
        raise BadInput(f"--since {text}", "that is to come", "Name a past day.")
    return at


def describe_night(night: Night) -> dict[str, Any]:
    """The night as one JSON object."""
    return {
        "sources": [
            {
                "source": g.source.name, "since": g.window.since, "until": g.window.until, "captures": g.captures,
                "unchanged": g.unchanged, "bytes": g.size, "records": g.records, "new": g.new, "skipped": g.skipped,
                "errors": g.errors,
            }
            for g in night.gathered
        ],
        "left_out": night.left_out, "warnings": night.warnings, "published": night.built and night.built.path.name,
        "alerts": [vars(a) for a in night.alerts],
    }  # fmt: skip
