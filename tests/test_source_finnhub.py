"""Finnhub's calendar of results and market news; the examples follow their documentation with contents of our own."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime

import pytest
from conftest import SHARED
from hypothesis import given
from hypothesis import strategies as st

from ingest.source import Capture, Skipped, Window
from ingest.sources.finnhub import MOST_ROWS, SOURCES, fetch, parse
from kb.errors import Unreadable
from kb.records import Document, Release, ReleaseStatus

FETCHED = datetime(2026, 2, 2, 6, tzinfo=UTC)


def read(name, content, fetched=FETCHED):
    """All that parse gives for a page; content is bytes, or written as JSON."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return list(parse(Capture("finnhub", name, "https://finnhub.io/api/v1/x", fetched, "application/json", body)))


def row(**changed):
    """One row of the calendar: Microsoft after the close of 2026-01-28, which beat and fell."""
    return {
        "date": "2026-01-28", "epsActual": 4.14, "epsEstimate": 3.92, "hour": "amc", "quarter": 2, "revenueActual": 81273000000,
        "revenueEstimate": 80310000000, "symbol": "MSFT", "year": 2026, **changed,
    }  # fmt: skip


def calendar(*rows):
    """What parse gives for a day's calendar."""
    return read("earnings-2026-01-28", {"earningsCalendar": list(rows)})


def test_a_report_after_the_close_is_known_by_the_evening():
    """20:00 New York is 01:00 UTC of the next day in January: it moves the next session. Actual, forecast, fiscal quarter."""
    at = datetime(2026, 1, 29, 1, tzinfo=UTC)
    assert calendar(row()) == [
        Release("eps:MSFT", "2026-Q2", at, "Finnhub", 4.14, consensus=3.92),
        Release("revenue:MSFT", "2026-Q2", at, "Finnhub", 81273000000.0, consensus=80310000000.0),
    ]


@pytest.mark.parametrize(
    ("day", "hour", "at"),
    [
        ("2026-01-28", "bmo", datetime(2026, 1, 28, 14, 30, tzinfo=UTC)),
        ("2025-07-15", "bmo", datetime(2025, 7, 15, 13, 30, tzinfo=UTC)),
        ("2026-01-28", "dmh", datetime(2026, 1, 28, 21, 0, tzinfo=UTC)),
        ("2025-07-15", "amc", datetime(2025, 7, 16, 0, 0, tzinfo=UTC)),
    ],
)
def test_each_part_of_the_day_ends_by_new_yorks_clock(day, hour, at):
    """Before the open by 09:30, during trading by 16:00, after the close by 20:00, in winter and in summer."""
    assert {r.released_at for r in calendar(row(date=day, hour=hour))} == {at}


def test_results_to_come_are_scheduled_and_known_since_the_fetch():
    """No figure yet: status scheduled, its forecast kept, public when fetched."""
    to_come = row(date="2026-02-04", epsActual=None, revenueActual=None, symbol="GOOGL", year=2025, quarter=4)
    assert calendar(to_come)[0] == Release(
        "eps:GOOGL", "2025-Q4", datetime(2026, 2, 5, 1, tzinfo=UTC), "Finnhub", None, consensus=3.92,
        status=ReleaseStatus.SCHEDULED, public_at=FETCHED,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"epsActual": None, "revenueActual": None}, "no figure yet"),
        ({"epsActual": "4.14", "revenueActual": True}, "a figure that is no number"),
        ({"hour": ""}, "no part of the day"),
        ({"hour": "noon"}, "part of the day 'noon'"),
        ({"date": "28/01/2026"}, "no day or quarter"),
        ({"date": "2026-02-30"}, "no day or quarter"),
        ({"quarter": 5}, "no day or quarter"),
        ({"epsActual": float("nan"), "revenueActual": float("inf")}, "a figure that is no number"),
        ({"symbol": "ZZZZ"}, "company not watched"),
        ({"symbol": None}, "no row of a calendar"),
    ],
)
def test_a_bad_row_is_set_aside_among_good_ones(changed, reason):
    """The reason is said; the good row beside it is read."""
    rows = calendar(row(**changed), row(symbol="AAPL"))
    assert {r.reason for r in rows if isinstance(r, Skipped)} == {reason}
    assert [r.indicator for r in rows if isinstance(r, Release)] == ["eps:AAPL", "revenue:AAPL"]


def test_an_answer_that_may_be_cut_off_says_so():
    """One answer holds at most 1,500 rows."""
    rows = calendar(*[row(symbol="ZZZZ")] * MOST_ROWS)
    assert rows[0] == Skipped("1500 rows or more: the answer may be cut off", "earnings-2026-01-28")


def news(**changed):
    """One item of news, as documented, of our own invention."""
    return {
        "category": "top news", "datetime": 1769990400, "headline": "Chip makers fall after a weak forecast",
        "id": 42, "image": "", "related": "", "source": "Example Wire", "summary": "Two lines &amp; more.",
        "url": "https://example.org/a", **changed,
    }  # fmt: skip


def test_news_belongs_to_its_publisher():
    """1769990400 is 2026-02-02 00:00 UTC; the source is who wrote it, not who passed it on."""
    (doc,) = read("news-general", [news()])
    assert (doc.source, doc.title, doc.summary, doc.url) == (
        "Example Wire", "Chip makers fall after a weak forecast", "Two lines & more.", "https://example.org/a",
    )  # fmt: skip
    assert doc.public_lo == doc.public_hi == datetime(2026, 2, 2, tzinfo=UTC)


def test_one_item_in_two_categories_is_one_document():
    """The number of an item is the same in each list."""
    (one,), (other,) = read("news-general", [news()]), read("news-merger", [news(category="merger")])
    assert one.document_id == other.document_id


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (7, "no item of news"), (news(headline=None), "no item of news"), (news(headline=" "), "no title"),
        (news(source=""), "no publisher"),
        (news(datetime=0), "undated"), (news(datetime="2026"), "undated"), (news(datetime=10**15), "undated"),
    ],
)  # fmt: skip
def test_a_bad_item_of_news_is_set_aside(item, reason):
    """The reason is said; the good item beside it is read."""
    rows = read("news-general", [item, news()])
    assert [r.reason for r in rows if isinstance(r, Skipped)] == [reason]
    assert len([r for r in rows if isinstance(r, Document)]) == 1


@pytest.mark.parametrize("name", ["earnings-2026-01-28", "news-general", "other"])
@pytest.mark.parametrize(
    "body",
    [b"", b"<html>Bad gateway</html>", b'{"error":"API limit reached."}', b'{"earningsCalendar": [{"da', b"null"],
)
def test_what_is_no_answer_is_unreadable(name, body):
    """Errors of the service are JSON too, and no empty calendar."""
    with pytest.raises(Unreadable):
        read(name, body)


@given(st.binary(max_size=200), st.sampled_from(["earnings-x", "news-x"]))
def test_any_bytes_are_read_or_refused(body, name):
    """Arbitrary bytes raise nothing but Unreadable."""
    try:
        read(name, body)
    except Unreadable:
        pass


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.just([]), st.just({}), st.just(10**400),
    st.sampled_from(["9999-12-31", "0001-01-01", "bmo", "\ud800"]),
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(list(row()) + list(news())), VALUES))
def test_any_fields_are_read_or_set_aside(fields):
    """Whatever stands in the fields, a row gives records or a reason."""
    for name, content in (("earnings-x", {"earningsCalendar": [row() | fields]}), ("news-x", [news() | fields])):
        assert all(isinstance(r, Release | Document | Skipped) for r in read(name, content))


class FakeClient:
    """Notes what was asked for side by side."""

    def __init__(self):
        self.asked = []

    def each(self, pages):
        for page in pages:
            self.asked.append(page)
            yield Capture("finnhub", page.name, page.url, FETCHED, "", b"[]")


def test_each_day_is_asked_for_by_itself_and_the_key_stands_in_no_address():
    """From the window's first day in New York to two weeks after its last, then four lists of news."""
    client = FakeClient()
    window = Window(datetime(2026, 1, 30, 3, tzinfo=UTC), datetime(2026, 2, 2, 6, tzinfo=UTC))
    names = [c.name for c in fetch(client, window)]
    assert (names[0], names[-5]) == ("earnings-2026-01-29", "earnings-2026-02-16")
    assert names[-4:] == ["news-general", "news-forex", "news-crypto", "news-merger"]
    assert len(names) == 19 + 4
    assert dict(client.asked[0].params) == {"from": "2026-01-29", "to": "2026-01-29"}
    assert client.asked[0].url == "https://finnhub.io/api/v1/calendar/earnings"
    assert dict(client.asked[-1].params) == {"category": "merger"}
    assert all(dict(p.secrets) == {"header:X-Finnhub-Token": "FINNHUB_KEY"} for p in client.asked)


def test_the_source_is_asked_for_by_name():
    """Optional, with a key, no more than 60 requests a minute."""
    (source,) = SOURCES
    assert (source.name, source.optional, source.needs, source.rate) == ("finnhub", True, ("FINNHUB_KEY",), 1.0)


def captured(name):
    """Bytes captured from Finnhub in July 2025, or a skip."""
    path = SHARED / "feeds" / "finnhub" / name
    if not path.exists():
        pytest.skip(f"{path} is not here")
    return path.read_bytes()


def test_captured_calendar():
    """1,500 rows of August 2025: Nvidia on the 27th after the close, 1.0155 forecast; Walmart on the 21st before the open."""
    at = datetime(2025, 7, 21, 21, tzinfo=UTC)
    rows = read("earnings-2025-08", captured("Earnings-Calendar-AAPL.json"), at)
    releases = {r.indicator: r for r in rows if isinstance(r, Release)}
    nvidia, walmart = releases["eps:NVDA"], releases["eps:WMT"]
    assert (nvidia.released_at, nvidia.consensus, nvidia.period) == (
        datetime(2025, 8, 28, tzinfo=UTC),
        1.0155,
        "2026-Q2",
    )
    assert (walmart.released_at, walmart.consensus) == (datetime(2025, 8, 21, 13, 30, tzinfo=UTC), 0.7408)
    assert releases["revenue:NVDA"].consensus == 46553791878.0
    assert {r.status for r in releases.values()} == {ReleaseStatus.SCHEDULED}
    assert next(r.reason for r in rows if isinstance(r, Skipped)).startswith("1500 rows")


@pytest.mark.parametrize(
    ("category", "publishers"),
    [
        ("general", {"GlobalNewswire": 36, "SeekingAlpha": 22, "BusinessWire": 1}),
        ("merger", {"GlobalNewswire": 36, "SeekingAlpha": 22, "BusinessWire": 1}),
        ("crypto", {"Cointelegraph": 93, "Cryptocurrency News": 1}),
        ("forex", {"Forexlive": 1}),
    ],
)
def test_captured_news(category, publishers):
    """Every item is a document of its publisher; the latest of 2025-07-21."""
    docs = read(f"news-{category}", captured(f"Market-News-{category}.json"))
    assert Counter(d.source for d in docs) == publishers
    assert {d.public_lo.year for d in docs} == {2025}


def test_captured_first_headline():
    """1753130279 is 2025-07-21 20:37:59 UTC."""
    first = read("news-general", captured("Market-News-general.json"))[0]
    assert (first.source, first.public_lo) == ("SeekingAlpha", datetime(2025, 7, 21, 20, 37, 59, tzinfo=UTC))
    assert first.title.startswith("Farmer Brothers Coffee")


def test_captured_answers_of_another_kind_are_unreadable():
    """The list of surprises has no day of publication, and is no calendar."""
    with pytest.raises(Unreadable):
        read("earnings-x", captured("Earnings-Surprises-AAPL.json"))
