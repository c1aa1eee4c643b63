"""The Federal Open Market Committee: meetings to come, statements with the target for the federal funds rate, minutes.

Reads the calendar page of federalreserve.gov and, for years it no longer shows, the historical page of the year; each
leads to the statements. Gives Release rows `fed_target_upper` (percent) and Document rows. Words are read by
`ingest.fomc_statement`; hours that old statements do not name stand in `fed.toml`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ingest.documents import make_document
from ingest.fomc_statement import Decision, plain_words, read_decision, read_votes
from ingest.source import Capture, Client, Page, Parsed, Skipped, Source, Verified, Window
from kb.errors import Unreadable
from kb.records import Release, ReleaseStatus

SITE = "https://www.federalreserve.gov"
PUBLISHER = "Federal Reserve"
INDICATOR = "fed_target_upper"  # upper bound of the target range, percent; the target itself while it was a point
NEW_YORK = ZoneInfo("America/New_York")
MINUTES_AT = time(14)  # of the day that the calendar states; three weeks after the meeting since December 2004
OPENING = 1_500  # characters of a statement without a target that are kept
CLOSE_BY = timedelta(days=3)  # the statement of the unscheduled meeting of 2 March 2020 came on the 3rd

MONTHS = {m: n for n, m in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), start=1)}
# "January 27-28", "Apr/May 30-1", "June 30-July 1": what follows says the kind
_SPAN = re.compile(
    r"(?P<month>[A-Z][a-z]+)\.?(?:/(?P<next>[A-Z][a-z]+))?\s+(?P<day>\d{1,2})"
    r"(?:\s*[-–]\s*(?:(?P<until>[A-Z][a-z]+)\s+)?(?P<last>\d{1,2}))?(?P<rest>.*)",
    re.DOTALL,
)
_STATEMENT = re.compile(r"/(?:press|pressreleases)/.*?(\d{8})[a-z]?(?:\.htm$|/)", re.IGNORECASE)
# /fomc/minutes/20010131.htm, /monetarypolicy/fomcminutes20260128.htm and, once, /monetarypolicy/fomc20080625.htm
_MINUTES = re.compile(r"/(?:minutes/|fomcminutes|monetarypolicy/fomc)\d{8}\.htm$", re.IGNORECASE)
_RELEASED = re.compile(r"\(\s*Released ([A-Z][a-z]+ \d{1,2}, \d{4})")
_HOUR = re.compile(r"For release at (\d{1,2}):(\d\d) ([ap])\.?m", re.IGNORECASE)
_NAME = re.compile(r"statement/(\d{4}-\d\d-\d\d)/(scheduled|unscheduled|notation|cancelled)")


class Kind(StrEnum):
    """How a meeting came about."""

    SCHEDULED = "scheduled"
    UNSCHEDULED = "unscheduled"
    NOTATION = "notation"  # a vote taken in writing, without a meeting
    CANCELLED = "cancelled"


KINDS = {
    "": Kind.SCHEDULED, "meeting": Kind.SCHEDULED, "unscheduled": Kind.UNSCHEDULED, "unscheduled meeting": Kind.UNSCHEDULED,
    "conference call": Kind.UNSCHEDULED, "conference calls": Kind.UNSCHEDULED, "notation vote": Kind.NOTATION,
    "cancelled": Kind.CANCELLED, "cancelled meeting": Kind.CANCELLED, "meeting cancelled": Kind.CANCELLED,
}  # fmt: skip


MANNERS = {
    Kind.SCHEDULED: "", Kind.UNSCHEDULED: " at an unscheduled meeting", Kind.NOTATION: " in a vote between meetings",
    Kind.CANCELLED: " in place of a cancelled meeting",
}  # fmt: skip


@dataclass(frozen=True)
class Meeting:
    """One entry of a calendar page: its last day, and the addresses of what was published on it ("" for nothing yet)."""

    label: str
    day: date
    kind: Kind
    statement: str = ""
    statement_on: date | None = None
    minutes: str = ""
    minutes_on: date | None = None


def fetch(client: Client, window: Window) -> Iterator[Capture]:
    """The calendar, the historical pages of earlier years asked for, and the statements of the window."""
    current = client.get(Page("calendar", f"{SITE}/monetarypolicy/fomccalendars.htm"))
    calendars = [current]
    first = min((m.day.year for m in _read_quietly(current)), default=window.until.year + 1)
    years = range(window.since.year, min(window.until.year, first - 1) + 1)
    pages = [Page(f"calendar-{y}", f"{SITE}/monetarypolicy/fomchistorical{y}.htm") for y in years]
    calendars.extend(client.each(pages))
    yield from calendars
    days = (window.since.astimezone(NEW_YORK).date(), window.until.astimezone(NEW_YORK).date())
    statements = {
        f"statement/{m.statement_on}/{m.kind}": m.statement
        for calendar in calendars
        for m in _read_quietly(calendar)
        if m.statement_on and days[0] <= m.statement_on <= days[1]
    }
    yield from client.each(Page(name, url, immutable=True) for name, url in statements.items())


def _read_quietly(capture: Capture) -> list[Meeting]:
    """The meetings of a page; none of one that cannot be read, which `parse` reports."""
    try:
        return [m for m in read_calendar(capture) if isinstance(m, Meeting)]
    except Unreadable:
        return []


def read_calendar(capture: Capture) -> Iterator[Meeting | Skipped]:
    """The meetings of a calendar or historical page, in its order. Raises Unreadable where it has none."""
    tree = _read_html(capture.body)
    seen = False
    for panel in tree.css("div.panel"):
        heading = panel.css_first("h4")
        year = re.match(r"(\d{4}) FOMC Meetings", heading.text(strip=True)) if heading else None
        if year is None:
            continue
        for row in panel.css("div.fomc-meeting"):
            parts = [row.css_first(f".fomc-meeting__{name}") for name in ("month", "date")]
            seen = True
            yield _make_meeting(" ".join(p.text(strip=True) if p else "" for p in parts), int(year[1]), row)
    for heading in tree.css("h5.panel-heading, div.panel-heading > h5"):  # historical pages
        found = re.fullmatch(r"(.+?)\s*-\s*(\d{4})", heading.text(strip=True), re.DOTALL)
        if found:
            seen = True
            outer = (
                heading.parent if "panel-heading" in (heading.attributes.get("class") or "") else heading.parent.parent
            )
            yield _make_meeting(found[1], int(found[2]), outer)
    if not seen:
        raise Unreadable(f"calendar of the FOMC at {capture.url}", "no meetings on it", "Has the page a new layout?")


def _make_meeting(label: str, year: int, node: Any) -> Meeting | Skipped:
    label = " ".join(label.split())
    span = _SPAN.fullmatch(label)
    kind = KINDS.get(" ".join(re.sub(r"[*()]", " ", span["rest"]).lower().split())) if span else None
    if span is None or kind is None:
        return Skipped("meeting of the FOMC that cannot be read", f"{label} {year}")
    last = span["until"] or span["next"] or span["month"]
    first_month, month = (MONTHS.get(name[:3].lower(), 0) for name in (span["month"], last))
    try:
        day = date(year + (month < first_month), month, int(span["last"] or span["day"]))
    except ValueError:
        return Skipped("meeting of the FOMC on an impossible day", f"{label} {year}")
    return Meeting(f"{label.split(' (')[0].replace('*', '')}, {year}", day, kind, *_find_links(node, day))


def _find_links(node: Any, day: date) -> tuple[str, date | None, str, date | None]:
    """Address and day of the statement, address and day of the minutes, as far as they are there."""
    links = [(a.attributes.get("href") or "").strip() for a in node.css("a")]
    statement, statement_on = "", None
    for href in links:
        found = _STATEMENT.search(href)
        on = _day(found[1], "%Y%m%d") if found else None
        if on and abs(on - day) <= CLOSE_BY:
            statement, statement_on = _absolute(href), on
            break
    minutes = next((_absolute(h) for h in links if _MINUTES.search(h)), "")
    released = _RELEASED.search(" ".join(node.text(separator=" ").split()))
    return statement, statement_on, minutes, _day(released[1], "%B %d, %Y") if released and minutes else None


def _absolute(href: str) -> str:
    return href if href.startswith("http") else SITE + href


def _day(text: str, form: str) -> date | None:
    try:
        return datetime.strptime(text, form).date()  # noqa: DTZ007 a day, not an instant
    except ValueError:
        return None


def _read_html(body: bytes) -> Any:
    from selectolax.lexbor import LexborHTMLParser

    return LexborHTMLParser(body)


def parse(capture: Capture) -> Parsed:
    """The records of one page of federalreserve.gov. Raises Unreadable where it is not what its name says."""
    if capture.name.startswith("calendar"):
        for meeting in read_calendar(capture):
            yield from (meeting,) if isinstance(meeting, Skipped) else _tell_meeting(capture, meeting)
    elif (found := _NAME.fullmatch(capture.name)) and (day := _day(found[1], "%Y-%m-%d")):
        yield from _tell_statement(capture, day, Kind(found[2]))
    else:
        raise Unreadable(f"page {capture.name} of the Federal Reserve", "no such page is asked for", "Remove it.")


def _tell_meeting(capture: Capture, meeting: Meeting) -> Parsed:
    """The minutes, if out; the release to come, or one that will not; a meeting held is told by its statement."""
    if meeting.minutes_on:
        title = f"Fed publishes the minutes of its meeting of {meeting.label}"
        out = datetime.combine(meeting.minutes_on, MINUTES_AT, NEW_YORK)
        yield make_document(capture, PUBLISHER, title, out, native=meeting.minutes, url=meeting.minutes)
    at = find_release(meeting.day, scheduled=True)
    if at is None or meeting.kind not in (Kind.SCHEDULED, Kind.CANCELLED):
        return
    status = ReleaseStatus.SCHEDULED if meeting.kind is Kind.SCHEDULED else ReleaseStatus.CANCELLED
    if status is ReleaseStatus.CANCELLED or at > capture.fetched_at:
        known = capture.fetched_at
        yield Release(INDICATOR, f"{meeting.day:%Y-%m}", at, PUBLISHER, None, status=status, public_at=known)


def _tell_statement(capture: Capture, day: date, kind: Kind) -> Parsed:
    tree = _read_html(capture.body)
    article = tree.css_first("#article") or tree.body
    text = plain_words(article.text(separator=" ")) if article else ""
    if "release" not in text.lower() or "Federal" not in text:
        raise Unreadable(f"statement of the FOMC of {day}", "no press release on the page", "Has it a new layout?")
    stated = f"{day:%B} {day.day}, {day.year}"
    if stated not in text:
        yield Skipped(f"statement of {day} that bears another date", capture.url)
        return
    at = _stated_hour(text, day) or find_release(day, scheduled=kind is Kind.SCHEDULED)
    decision = read_decision(text)
    if decision:
        title, summary = decision.title, f"{decision.sentence} {read_votes(text)}"
    else:
        heading = article.css_first("h3")
        title = (
            f"Fed: {heading.text(strip=True)}" if heading else "Fed issues a statement without a target for its rate"
        )
        summary = text.partition(stated)[2][:OPENING]
    title += MANNERS[kind]
    yield make_document(capture, PUBLISHER, title, at or day, native=capture.url, url=capture.url, summary=summary)
    yield from _tell_target(decision, at, day)


def _tell_target(decision: Decision | None, at: datetime | None, day: date) -> Parsed:
    if decision is None:
        yield Skipped("statement without a target for the federal funds rate", str(day))
    elif at is None:
        yield Skipped("target for the federal funds rate of an unknown hour", str(day))
    else:
        yield Release(INDICATOR, f"{day:%Y-%m}", at, PUBLISHER, decision.high, previous=decision.previous)


def _stated_hour(text: str, day: date) -> datetime | None:
    """The instant (UTC) that "For release at 2:00 p.m. EST" names: New York's clock, whichever abbreviation it bears."""
    found = _HOUR.search(text)
    if found is None or not (1 <= int(found[1]) <= 12 and int(found[2]) < 60):
        return None
    hour = int(found[1]) % 12 + (12 if found[3].lower() == "p" else 0)
    return datetime.combine(day, time(hour, int(found[2])), NEW_YORK).astimezone(UTC)


def find_release(day: date, *, scheduled: bool) -> datetime | None:
    """When (UTC) a statement of that day was or will be released, as `fed.toml` says, or None if no rule gives an hour."""
    table = _read_hours()
    clock = table["hours"].get(day.isoformat())
    if clock is None and scheduled:
        clock = next((u["at"] for u in table["usual"] if u["from"] <= day <= u["to"]), None)
    return None if clock is None else datetime.combine(day, time.fromisoformat(clock), NEW_YORK).astimezone(UTC)


@cache
def _read_hours() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))


SOURCES = (
    Source(
        name="fomc", publisher=PUBLISHER, address=f"{SITE}/monetarypolicy/fomccalendars.htm",
        licence="public domain unless marked otherwise (https://www.federalreserve.gov/disclaimer.htm)",
        cadence=timedelta(days=1), rate=1.0, rows_a_day=(20, 120), parser_version=1, verified=Verified.DOCS,
        fetch=fetch, parse=parse,
    ),
)  # fmt: skip
