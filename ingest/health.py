"""How the sources are: last success, gaps, what dried up. Reads the marks and the run record, writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine

from ingest.gathering import Gathered
from ingest.marks import WHOLE, Mark, load_marks
from ingest.registry import list_missing, list_sources
from ingest.source import Source
from ingest.source_runs import SourceRun, load_source_runs
from kb.ledger import open_ledger
from kb.settings import Home

WATCHED = timedelta(days=7)  # the stretch over which rows are counted: it holds five working days, whatever the weekday
WORKING_DAYS = 5
TOO_MANY = 5  # times the most that is usual
PAGE_SILENT = timedelta(days=21)  # a page that has not changed for so long, though it should change daily


@dataclass(frozen=True)
class Health:
    """How one source is; `gaps` are (from, to).

    `state` is ok, failing, "some pages fail", dry, what it needs, optional or never run.
    """

    source: Source
    state: str
    succeeded_at: datetime | None
    read_until: datetime | None
    rows: int
    failures: int = 0
    error: str = ""
    gaps: list[tuple[datetime, datetime]] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)

    def describe(self) -> dict[str, Any]:
        """The same with the declaration, ready for JSON."""
        s = self.source
        return {
            "source": s.name, "publisher": s.publisher, "address": s.address, "licence": s.licence,
            "cadence_hours": s.cadence / timedelta(hours=1), "requests_a_second": s.rate, "rows_a_day": s.rows_a_day,
            "parser_version": s.parser_version, "verified": str(s.verified), "needs": s.needs, "state": self.state,
            "last_success": self.succeeded_at, "read_until": self.read_until, "rows_in_7_days": self.rows,
            "failures": self.failures, "error": self.error, "gaps": self.gaps, "silent_pages": self.silent,
        }  # fmt: skip


def list_health(home: Home) -> list[Health]:
    """How each declared source is, by name; a home without a ledger has run none."""
    marks: dict[tuple[str, str], Mark] = {}
    runs: list[SourceRun] = []
    if home.ledger.exists():
        engine = open_ledger(home)
        marks, runs = load_marks(engine), load_source_runs(engine)
        engine.dispose()
    now = datetime.now(UTC)
    return [_judge(s, marks, [r for r in runs if r.source == s.name], now) for s in list_sources()]


def _judge(source: Source, marks: dict[tuple[str, str], Mark], runs: list[SourceRun], now: datetime) -> Health:
    mark = marks.get((source.name, WHOLE))
    rows = count_rows(runs, now)
    return Health(
        source, _name_state(source, mark, runs, now), mark and mark.succeeded_at, mark and mark.read_until, rows,
        mark.failures if mark else 0, mark.error if mark else "", find_gaps(runs), list_silent(source, marks, now),
    )  # fmt: skip


def _name_state(source: Source, mark: Mark | None, runs: list[SourceRun], now: datetime) -> str:
    if list_missing(source):
        return f"needs {', '.join(list_missing(source))}"
    if mark is None:
        return "optional" if source.optional else "never run"
    if mark.failures:
        return "failing"
    if is_dry(source, runs, now):
        return "dry"
    return "some pages fail" if mark.error else "ok"


def count_rows(runs: Sequence[SourceRun], now: datetime) -> int:
    """Rows new to the ledger in the last seven days."""
    return sum(r.new for r in runs if r.started_at > now - WATCHED)


def is_dry(source: Source, runs: Sequence[SourceRun], now: datetime) -> bool:
    """Whether a source that has been asked for more than a week brought less than half of the fewest rows it declares."""
    if not runs or runs[0].started_at > now - WATCHED:
        return False
    return count_rows(runs, now) < source.rows_a_day[0] * WORKING_DAYS / 2


def find_gaps(runs: Sequence[SourceRun]) -> list[tuple[datetime, datetime]]:
    """Stretches between the first and the last run that no run covered, failing in less than half (aware UTC)."""
    covered = sorted((r.since_at, r.until_at) for r in runs if r.captures + r.unchanged > r.failed)
    gaps = []
    reached = covered[0][1] if covered else None
    for since, until in covered[1:]:
        if reached is not None and since > reached:
            gaps.append((reached, since))
        reached = until if reached is None else max(reached, until)
    return gaps


def list_silent(source: Source, marks: dict[tuple[str, str], Mark], now: datetime) -> list[str]:
    """Pages that answered this week as they did three weeks ago: feeds that moved or died."""
    if source.reach is None:
        return []
    pages = [m for (name, page), m in marks.items() if name == source.name and page != WHOLE]
    answered = [m for m in pages if m.succeeded_at and m.succeeded_at > now - WATCHED]
    return sorted(m.page for m in answered if m.changed_at and m.changed_at < now - PAGE_SILENT)


def list_warnings(engine: Engine, sources: Sequence[Source], gathered: Sequence[Gathered], now: datetime) -> list[str]:
    """What a person should look at after a night: sources that dried up, flooded, gave nothing readable, or silent pages."""
    runs = load_source_runs(engine, now - 5 * WATCHED)
    marks = load_marks(engine)
    by_name = {g.source.name: g for g in gathered}
    said = []
    for source in sources:
        own = [r for r in runs if r.source == source.name]
        if is_dry(source, own, now):
            said.append(
                f"{source.name} dried up: {count_rows(own, now):,} new rows in seven days, "
                f"at least {source.rows_a_day[0] * WORKING_DAYS:,} expected. Has its address or format changed?"
            )
        said.extend(_warn_of_night(source, by_name.get(source.name)))
        silent = list_silent(source, marks, now)
        if silent:
            said.append(f"{source.name}: no change for three weeks at {', '.join(silent)}.")
    return said


def _warn_of_night(source: Source, g: Gathered | None) -> list[str]:
    if g is None:
        return []
    said = []
    days = max(1.0, (g.window.until - g.window.since) / timedelta(days=1))
    if g.captures and not g.records and not g.errors and source.rows_a_day[0]:
        said.append(f"{source.name}: {g.captures} pages came and gave no row. Has its format changed?")
    if g.new > TOO_MANY * source.rows_a_day[1] * days:
        most = source.rows_a_day[1]
        said.append(f"{source.name}: {g.new:,} new rows for {days:.0f} days, at most {most:,} a day expected.")
    return said
