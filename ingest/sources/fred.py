"""FRED and its archive ALFRED: scheduled figures with every vintage, so that the first print is known from revisions.

Asks for all vintages of the observations of the last fifteen months before the window. The day on which a vintage begins is
that of the release; the hour is the publisher's rule in series.toml. What was to come and never did is in there too.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

from ingest.source import Capture, Client, Page, Parsed, Skipped, Source, Verified, Window
from ingest.vintages import Level, Print, Transform, list_prints
from kb.cases import bracket_day
from kb.errors import Unreadable
from kb.records import Release, ReleaseStatus

ADDRESS = "https://api.stlouisfed.org/fred/series/observations"
NEW_YORK = ZoneInfo("America/New_York")
PER_PAGE = 100_000  # the interface's most
BEFORE = timedelta(days=460)  # fifteen months: a change over twelve needs the level of a year ago
# Counted from a period's first day. A later "first" vintage only means that the archive began after the true one.
LATEST_FIRST = timedelta(days=200)
EARLIEST, LATEST = "1776-07-04", "9999-12-31"  # the interface's bounds of real time: all vintages


@cache
def _read_list() -> dict[str, Any]:
    return tomllib.loads(resources.files("ingest.sources").joinpath("series.toml").read_text("utf-8"))


def fetch(client: Client, window: Window) -> Iterator[Capture]:
    """All vintages of each series' observations from fifteen months before the window on."""
    yield from client.each(_list_pages(window))


def _list_pages(window: Window) -> Iterator[Page]:
    start = (window.since - BEFORE).date().replace(day=1)
    for name, series in _read_list()["series"].items():
        params = {
            "series_id": series["fred"], "file_type": "json", "observation_start": start.isoformat(),
            "observation_end": f"{window.until:%Y-%m-%d}", "realtime_start": EARLIEST, "realtime_end": LATEST,
            "limit": str(PER_PAGE),
        }  # fmt: skip
        yield Page(name, ADDRESS, params=params, secrets={"api_key": "FRED_API_KEY"})


def parse(capture: Capture) -> Parsed:
    """First prints, revisions and cancelled figures of one series, named by the page.

    The earliest period whose every value was valid from before the pages' first day may have older vintages; those of
    which the level compared with is missing give nothing.
    """
    series = _read_list()["series"].get(capture.name)
    if series is None:
        yield Skipped("a series that is not listed", capture.name)
        return
    levels: list[Level] = []
    for row in _read_rows(capture):
        level = _read_level(row)
        if isinstance(level, Skipped):
            yield level
        else:
            levels.append(level)
    transform = Transform(series["transform"], series.get("scale", 1.0), series.get("decimals", 1))
    for found in list_prints(levels, transform):
        yield _make_release(capture.name, series, found)
    yield from _tell_missing(capture.name, series, levels)


def _read_rows(capture: Capture) -> list[Any]:
    try:
        told = json.loads(capture.body)
    except ValueError as error:
        raise Unreadable(f"FRED page {capture.name}", f"not JSON: {error}", "Fetch it again.") from error
    rows = told.get("observations") if isinstance(told, dict) else None
    if not isinstance(rows, list):
        said = told.get("error_message") if isinstance(told, dict) else None
        raise Unreadable(f"FRED page {capture.name}", str(said or "no observations"), "See your key, FRED_API_KEY.")
    if isinstance(told.get("count"), int) and told["count"] > len(rows):
        raise Unreadable(f"FRED page {capture.name}", f"{len(rows)} of {told['count']} rows", "Ask for less at a time.")
    return rows


def _read_level(row: Any) -> Level | Skipped:
    try:
        days = [date.fromisoformat(row[k]) for k in ("date", "realtime_start", "realtime_end")]
        value = None if row["value"] == "." else float(row["value"])
    except (KeyError, TypeError, ValueError) as error:
        return Skipped(f"an observation without day or value: {type(error).__name__}", str(row)[:80])
    return Level(*days, value)


def _make_release(name: str, series: dict[str, Any], found: Print) -> Release:
    at = datetime.combine(found.day, time.fromisoformat(series["hour"]), NEW_YORK).astimezone(UTC)
    timely = found.first and found.day - found.period <= LATEST_FIRST
    status = ReleaseStatus.FIRST if timely else ReleaseStatus.REVISION
    period = _write_period(found.period, series)
    return Release(name, period, at, "FRED", found.actual, previous=found.previous, status=status)


def _write_period(period: date, series: dict[str, Any]) -> str:
    if series.get("period") == "day":
        return period.isoformat()
    if series.get("period") == "quarter":
        return f"{period.year}-Q{(period.month + 2) // 3}"
    return f"{period:%Y-%m}"


def _tell_missing(name: str, series: dict[str, Any], levels: list[Level]) -> Iterator[Release | Skipped]:
    """Periods within those of the page that have no value: cancelled where that is on record, else set aside."""
    periods = {_write_period(x.period, series) for x in levels}
    missing = periods - {_write_period(x.period, series) for x in levels if x.value is not None}
    for fact in _read_list()["never_published"]:
        period = fact["period"]
        if name in fact["indicators"] and periods and min(periods) <= period <= max(periods):
            if period in missing or period not in periods:
                told_at, status = bracket_day(fact["told_on"])[1], ReleaseStatus.CANCELLED
                yield Release(name, period, fact["planned_at"], "FRED", None, status=status, public_at=told_at)
            missing.discard(period)
    for period in sorted(missing):
        yield Skipped("a period without a value", f"{name} {period}")


SOURCES = (
    Source(
        name="fred", publisher="Federal Reserve Bank of St. Louis", address="https://fred.stlouisfed.org",
        licence="FRED terms of use: free with a key; some series have owners of their own, named on their pages",
        cadence=timedelta(days=1), rate=1.5, rows_a_day=(0, 400), parser_version=1, verified=Verified.CAPTURE,
        fetch=fetch, parse=parse, needs=("FRED_API_KEY",), lookback=timedelta(days=30), api=True,
    ),
)  # fmt: skip
