"""The calendar of the Bureau of Labor Statistics: which figures are to come, and when to the minute.

A release that is announced is a row of status `scheduled`, public from when we read of it. The calendar names no period;
the figure of the month before is meant (series.toml), which a delayed release can belie: its period is then that of the rule.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources
from typing import Any

from ingest.source import Capture, Client, Page, Parsed, Skipped, Source, Verified, Window
from ingest.vintages import go_back
from kb.errors import Unreadable
from kb.records import Release, ReleaseStatus

ADDRESS = "https://www.bls.gov/schedule/news_release/bls.ics"


@cache
def _read_calendar() -> dict[str, Any]:
    text = resources.files("ingest.sources").joinpath("series.toml").read_text("utf-8")
    calendar: dict[str, Any] = tomllib.loads(text)["calendar"]
    return calendar


def fetch(client: Client, _window: Window) -> Iterator[Capture]:
    """The calendar, if it has changed."""
    yield from client.each([Page("calendar", ADDRESS)])


def parse(capture: Capture) -> Parsed:
    """One scheduled figure for each entry to come of a release in series.toml; entries of the past say nothing new."""
    from icalendar import Calendar

    try:
        calendar = Calendar.from_ical(capture.body)
    except (ValueError, IndexError, KeyError) as error:
        raise Unreadable("Calendar of the BLS", f"not an iCalendar file: {error}", "Look at its address.") from error
    for entry in calendar.walk("VEVENT"):
        title = str(entry.get("summary", ""))
        listed = _read_calendar().get(title)
        if listed is None:
            yield Skipped("a release that is not listed", title)
            continue
        at = _read_start(entry)
        if at is None:
            yield Skipped("an entry without an hour", title)
        elif at > capture.fetched_at:
            period = go_back(at.date().replace(day=1), listed["months_before"])
            for name in listed["indicators"]:
                yield Release(
                    name,
                    f"{period:%Y-%m}",
                    at,
                    "BLS",
                    None,
                    status=ReleaseStatus.SCHEDULED,
                    public_at=capture.fetched_at,
                )


def _read_start(entry: Any) -> datetime | None:
    try:
        start = entry.decoded("dtstart")
    except (KeyError, ValueError):
        return None
    if not isinstance(start, datetime) or start.tzinfo is None:
        return None
    return start.astimezone(UTC)


SOURCES = (
    Source(
        name="bls-calendar", publisher="US Bureau of Labor Statistics", address=ADDRESS,
        licence="public domain (US government); the BLS asks programs to name a contact", cadence=timedelta(days=1), rate=0.5,
        rows_a_day=(0, 200), parser_version=1, verified=Verified.CAPTURE, fetch=fetch, parse=parse,
    ),
)  # fmt: skip
