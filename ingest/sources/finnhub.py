"""Results against what was forecast, dates of results to come, and market news, from Finnhub (https://finnhub.io/docs/api).

Optional: a personal key of their free plan is needed. The free plan reaches back about a month and gives the latest news only.
Their list of surprises (`/stock/earnings`) is left out: it says for which quarter, but not when a figure became public.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ingest.columns import YEARS
from ingest.documents import make_document
from ingest.source import Capture, Client, Page, Parsed, Skipped, Source, Verified, Window
from ingest.sources.watched import read_companies
from kb.errors import Unreadable
from kb.records import Release, ReleaseStatus

SITE = "https://finnhub.io/api/v1"
KEY = {"header:X-Finnhub-Token": "FINNHUB_KEY"}  # in a header, so that the key stands in no address
NEW_YORK = ZoneInfo("America/New_York")
# Finnhub gives the part of the day, no hour. The figure is taken as known when that part is over: before the open it was out by
# 09:30; during trading by the close; after it by 20:00, when trading after hours ends. Too late is safe, too early looks ahead.
KNOWN_BY = {"bmo": time(9, 30), "dmh": time(16), "amc": time(20)}
AHEAD = timedelta(days=14)  # how far ahead dates of results are asked for
MOST_ROWS = 1_500  # that one answer of the calendar holds: hence a day at a time
MOST_DOLLARS = 1e15  # beyond this, and for what is no number, a field is broken
CATEGORIES = ("general", "forex", "crypto", "merger")
FIGURES = (("eps", "epsActual", "epsEstimate"), ("revenue", "revenueActual", "revenueEstimate"))


def fetch(client: Client, window: Window) -> Iterator[Capture]:
    """The calendar of each day from the window's first to two weeks after its last, and the latest news."""
    day = window.since.astimezone(NEW_YORK).date()
    last = (window.until + AHEAD).astimezone(NEW_YORK).date()
    pages = []
    while day <= last:
        asked = {"from": day.isoformat(), "to": day.isoformat()}
        pages.append(Page(f"earnings-{day}", f"{SITE}/calendar/earnings", params=asked, secrets=KEY))
        day += timedelta(days=1)
    pages += [Page(f"news-{c}", f"{SITE}/news", params={"category": c}, secrets=KEY) for c in CATEGORIES]
    yield from client.each(pages)


def parse(capture: Capture) -> Parsed:
    """Releases `eps:X` (dollars a share) and `revenue:X` (dollars) of watched companies, or documents of news."""
    try:
        content = json.loads(capture.body)
    except (ValueError, RecursionError) as error:
        raise _unreadable(capture, "no JSON") from error
    if capture.name.startswith("earnings-"):
        if not isinstance(content, dict) or not isinstance(content.get("earningsCalendar"), list):
            raise _unreadable(capture, "no list earningsCalendar")
        yield from _read_calendar(capture, content["earningsCalendar"])
    elif capture.name.startswith("news-"):
        if not isinstance(content, list):
            raise _unreadable(capture, "no list of news")
        for item in content:
            yield from _read_news(capture, item)
    else:
        raise _unreadable(capture, f"page {capture.name!r}")


def _read_calendar(capture: Capture, rows: list[Any]) -> Parsed:
    if len(rows) >= MOST_ROWS:
        yield Skipped(f"{MOST_ROWS} rows or more: the answer may be cut off", capture.name)
    for row in rows:
        if not isinstance(row, dict) or not isinstance(row.get("symbol"), str):
            yield Skipped("no row of a calendar", str(row)[:80])
        elif row["symbol"] not in read_companies():
            yield Skipped("company not watched", row["symbol"])
        else:
            yield from _read_results(capture, row)


def _read_results(capture: Capture, row: dict[str, Any]) -> Parsed:
    """The earnings and the revenue of one report, published or to come."""
    item = f"{row['symbol']} {row.get('date')}"
    day, hour = _read_day(row.get("date")), row.get("hour")
    if day is None or row.get("year") not in YEARS or row.get("quarter") not in range(1, 5):
        yield Skipped("no day or quarter", item)
    elif hour == "":
        yield Skipped("no part of the day", item)
    elif not isinstance(hour, str) or hour not in KNOWN_BY:
        yield Skipped(f"part of the day {hour!r}", item)
    else:
        at = datetime.combine(day, KNOWN_BY[hour], NEW_YORK).astimezone(UTC)
        for name, actual, estimate in FIGURES:
            yield _make_release(capture, f"{name}:{row['symbol']}", row, (row.get(actual), row.get(estimate)), at)


def _make_release(
    capture: Capture, indicator: str, row: dict[str, Any], values: tuple[Any, Any], at: datetime
) -> Release | Skipped:
    """A published figure, known by `at`; one to come, known when fetched; or why neither. `values`: actual, forecast."""
    if not all(v is None or (type(v) in (int, float) and abs(v) < MOST_DOLLARS) for v in values):
        return Skipped("a figure that is no number", f"{indicator} {row['date']}")
    actual, consensus = (None if v is None else float(v) for v in values)
    if actual is None and at <= capture.fetched_at:
        return Skipped("no figure yet", f"{indicator} {row['date']}")
    status = ReleaseStatus.SCHEDULED if actual is None else ReleaseStatus.FIRST
    return Release(
        indicator, f"{row['year']}-Q{row['quarter']}", at, "Finnhub", actual, consensus=consensus, status=status,
        public_at=capture.fetched_at if actual is None else None,
    )  # fmt: skip


def _read_news(capture: Capture, item: Any) -> Parsed:
    """One headline of a publisher that Finnhub passes on, with its instant in seconds since 1970."""
    if not isinstance(item, dict) or not isinstance(item.get("headline"), str):
        yield Skipped("no item of news", str(item)[:80])
        return
    headline, publisher, url, summary = (_read_text(item.get(key)) for key in ("headline", "source", "url", "summary"))
    at = item.get("datetime")
    if not publisher:
        yield Skipped("no publisher", headline)
    elif isinstance(at, bool) or not isinstance(at, int) or not 0 < at < 4_102_444_800:  # 2100-01-01
        yield Skipped("undated", headline)
    else:
        yield make_document(
            capture,
            publisher,
            headline,
            datetime.fromtimestamp(at, UTC),
            native=_name_item(item),
            url=url,
            summary=summary,
        )


def _name_item(item: dict[str, Any]) -> str:
    """Finnhub's number of an item, the same in each category that carries it; "" if there is none."""
    return f"finnhub {item['id']}" if isinstance(item.get("id"), int) else ""


def _read_day(text: Any) -> date | None:
    try:
        day = date.fromisoformat(text) if isinstance(text, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", text) else None
    except ValueError:
        return None
    return day if day is not None and day.year in YEARS else None


def _read_text(value: Any) -> str:
    """The value if it is text, without the halves of characters that JSON can spell and no store can hold."""
    return value.encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else ""


def _unreadable(capture: Capture, found: str) -> Unreadable:
    shown = capture.body[:80].decode("utf-8", "replace")
    return Unreadable(f"Finnhub's {capture.name}", f"{found}: {shown}", "Look at the kept bytes; check FINNHUB_KEY.")


SOURCES: tuple[Source, ...] = (
    Source(
        name="finnhub",
        publisher="Finnhub Stock API",
        address="https://finnhub.io/docs/api",
        licence="Free plan: personal use with a key of one's own, not to be redistributed; 60 requests a minute",
        cadence=timedelta(days=1),
        rate=1.0,
        api=True,
        rows_a_day=(20, 1_000),  # a few hundred headlines, and each watched company's dates of the next two weeks
        parser_version=1,
        verified=Verified.CAPTURE,
        fetch=fetch,
        parse=parse,
        lag=timedelta(days=3),  # figures are filled in within a day or two of the report
        needs=("FINNHUB_KEY",),
        optional=True,
    ),
)
