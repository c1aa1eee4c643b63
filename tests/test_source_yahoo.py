"""The chart of Yahoo Finance: bars, bases, unfinished sessions, splits. Documents after the form of its answers, figures ours."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.source import Capture, Skipped, Window
from ingest.sources.yahoo import SOURCES
from kb.errors import Unreadable
from kb.records import Bar, Document, Precision

YAHOO, ADJUSTED = SOURCES
LATE = datetime(2026, 9, 1, 2, tzinfo=UTC)


def stamp(*parts):
    """Unix seconds of an instant in UTC."""
    return int(datetime(*parts, tzinfo=UTC).timestamp())


def chart(rows, zone="America/New_York", **more):
    """An answer with these rows: (timestamp, open, high, low, close, volume, adjusted close)."""
    columns = [list(c) for c in zip(*rows, strict=True)] or [[]] * 7
    quote = dict(zip(("open", "high", "low", "close", "volume"), columns[1:6], strict=True))
    result = {
        "meta": {"currency": "USD", "exchangeTimezoneName": zone, "gmtoffset": -14400, "instrumentType": "EQUITY"},
        "timestamp": columns[0], "indicators": {"quote": [quote], "adjclose": [{"adjclose": columns[6]}]}, **more,
    }  # fmt: skip
    return json.dumps({"chart": {"result": [result], "error": None}}).encode()


def capture(body, name="SPY", fetched_at=LATE, source="yahoo"):
    """A capture of a page."""
    return Capture(source, name, "https://query1.finance.yahoo.com/", fetched_at, "application/json", body)


def read(body, name="SPY", fetched_at=LATE, source=YAHOO):
    """What parse makes of a body."""
    return list(source.parse(capture(body, name, fetched_at, source.name)))


def flat(at, price):
    """A row with one price."""
    return (at, price, price, price, price, 100, price)


def sessions(items):
    """The sessions of the bars."""
    return [i.session for i in items if isinstance(i, Bar)]


def test_a_row_is_a_bar_with_its_prices_as_quoted():
    """32-bit numbers written in full come back as the seven digits they hold; the basis is the source's name."""
    row = (stamp(2026, 8, 28, 13, 30), 127.58000183105469, 131, 126, 129.0399932861328, 225702700, 125.05753326416016)
    assert read(chart([row])) == [Bar("SPY", date(2026, 8, 28), "yahoo", 129.04, 127.58, 131, 126, 225702700)]


def test_adjusted_bars_stand_under_a_source_of_their_own():
    """All four prices are on the scale of the adjusted close: 100 quoted, 98 adjusted, so 102 becomes 99.96."""
    found = read(chart([(stamp(2026, 8, 28, 13, 30), 101, 102, 99, 100, 5000, 98.0)]), source=ADJUSTED)
    assert found == [Bar("SPY", date(2026, 8, 28), "yahoo adjusted", 98, 98.98, 99.96, 97.02, 5000)]


@pytest.mark.parametrize(
    ("at", "zone", "session"),
    [
        ((2025, 3, 7, 14, 30), "America/New_York", "2025-03-07"),  # 09:30, the last Friday of winter time
        ((2025, 3, 10, 13, 30), "America/New_York", "2025-03-10"),  # 09:30 of summer time
        ((2020, 1, 2, 5), "America/New_York", "2020-01-02"),  # a future, stamped at midnight
        ((2022, 3, 14, 3), "America/New_York", "2022-03-14"),  # a midnight that came out as 23:00 of the day before
        ((2026, 8, 28, 20, 0, 2), "America/New_York", "2026-08-28"),  # the last trade of the session
        ((2020, 1, 2), "UTC", "2020-01-02"),
        ((2020, 1, 2, 23), "UTC", "2020-01-02"),  # a coin has no change of the clock
        ((1969, 12, 31, 14, 30), "America/New_York", "1969-12-31"),  # before the clock of Unix
    ],
)
def test_the_session_is_the_exchanges_own_day(at, zone, session):
    """Whatever its timestamp stands for: the opening, midnight, or the last trade."""
    assert sessions(read(chart([flat(stamp(*at), 100)], zone))) == [date.fromisoformat(session)]


@pytest.mark.parametrize(
    ("name", "at", "fetched", "taken"),
    [
        ("SPY", (2026, 8, 28, 13, 30), (2026, 8, 28, 20, 14), False),  # 16:14 in New York
        ("SPY", (2026, 8, 28, 13, 30), (2026, 8, 28, 20, 15), True),
        ("SPY", (2026, 1, 30, 14, 30), (2026, 1, 30, 21, 14), False),  # winter: an hour later in UTC
        ("SPY", (2025, 11, 28, 14, 30), (2025, 11, 28, 18, 14), False),  # half day, over at 13:00
        ("SPY", (2025, 11, 28, 14, 30), (2025, 11, 28, 18, 15), True),
        ("VIX", (2026, 8, 28, 13, 30), (2026, 8, 28, 20, 29), False),  # computed until 16:15
        ("VIX", (2026, 8, 28, 13, 30), (2026, 8, 28, 20, 30), True),
        ("WTI-FUTURE", (2026, 8, 28, 4), (2026, 8, 28, 21, 14), False),  # trades until 17:00
        ("WTI-FUTURE", (2026, 8, 28, 4), (2026, 8, 28, 21, 15), True),
        ("BTC", (2026, 8, 28), (2026, 8, 29, 0, 14), False),  # its day ends at midnight UTC
        ("BTC", (2026, 8, 28), (2026, 8, 29, 0, 15), True),
    ],
)
def test_a_bar_of_a_session_still_going_on_is_not_taken(name, at, fetched, taken):
    """A bar counts 15 minutes after the session's own close, half days and summer time told apart."""
    zone = "UTC" if name == "BTC" else "America/New_York"
    (item,) = read(chart([flat(stamp(*at), 100)], zone), name, datetime(*fetched, tzinfo=UTC))
    assert isinstance(item, Bar) == taken
    assert taken or item.reason == "session not over yet"


def test_of_two_rows_of_one_session_the_later_counts():
    """The regular bar and behind it a row at the last trade: one bar, of the later row."""
    rows = [flat(stamp(2026, 8, 28, 13, 30), 100), flat(stamp(2026, 8, 28, 20, 0, 1), 101)]
    assert [b.close for b in read(chart(rows))] == [101]


def test_holidays_are_passed_over_and_a_missing_close_is_told():
    """A row of nothing but nulls is no session; one that lacks only the close is set aside with its reason."""
    rows = [
        (stamp(2026, 7, 3, 13, 30), *[None] * 6), (stamp(2026, 7, 6, 13, 30), 5, 5, 5, None, 9, None),
        flat(stamp(2026, 7, 7, 13, 30), 100),
    ]  # fmt: skip
    skipped, bar = read(chart(rows))
    assert skipped == Skipped("no close", "SPY 2026-07-06")
    assert bar.session == date(2026, 7, 7)


def test_an_index_without_volume_has_none():
    """Nothing traded means not counted."""
    (bar,) = read(chart([(stamp(2026, 8, 28, 13, 30), 1, 1, 1, 1, 0, 1)]), "SPX")
    assert (bar.symbol, bar.volume) == ("^GSPC", None)


SPLIT = {
    "splits": {"1": {"date": stamp(2024, 6, 10, 13, 30), "numerator": 10.0, "denominator": 1.0, "splitRatio": "10:1"}}
}


def test_a_split_is_a_document_of_its_day():
    """Nvidia, 10 for 1 on 2024-06-10; a merging of shares is told as one."""
    items = read(chart([flat(stamp(2024, 6, 10, 13, 30), 121.79)], events=SPLIT), "NVDA")
    (split,) = [i for i in items if isinstance(i, Document)]
    assert (split.title, split.precision, split.source) == (
        "Nvidia splits its shares 10 for 1", Precision.DAY, "Yahoo Finance",
    )  # fmt: skip
    assert split.public_lo == datetime(2024, 6, 10, tzinfo=UTC)
    merged = {"splits": {"1": {"date": stamp(2020, 4, 29, 13, 30), "numerator": 1, "denominator": 8}}}
    (told,) = read(chart([], events=merged), "USO")
    assert told.title == "USO merges its shares 1 for 8"


def test_the_document_of_a_split_is_the_same_from_both_sources():
    """One split, one document."""
    body = chart([], events=SPLIT)
    (one,), (other,) = read(body, "NVDA"), read(body, "NVDA", source=ADJUSTED)
    assert one.document_id == other.document_id


@pytest.mark.parametrize(
    "body",
    [
        b"", b"Edge: Too Many Requests", b"<html><body>consent</body></html>", b"[]", b"null", b'{"chart": 3}',
        b'{"chart": {"result": null, "error": {"code": "Not Found", "description": "No data found"}}}',
        b'{"chart": {"result": [], "error": null}}', chart([flat(1, 1)])[:-30], chart([flat(1, 1)], zone="Nowhere/City"),
        chart([flat(1, 1)], zone=None), chart([flat(1, 1)], indicators={}), chart([flat(1, 1)], timestamp=7),
        chart([flat(1, 1)], indicators={"quote": [{"close": 3}]}),
    ],
)  # fmt: skip
def test_what_is_no_chart_is_unreadable(body):
    """Nothing, a notice, a page, another form, a cut one, an error: never a bar."""
    with pytest.raises(Unreadable):
        read(body)


def test_one_bad_row_does_not_stop_the_others():
    """A price in words, an infinite one, a time that is none, a year out of reach: told; the good row is a bar."""
    good = stamp(2026, 8, 28, 13, 30)
    rows = [
        (stamp(2026, 8, 24, 13, 30), 1, 1, 1, "much", 1, 1), (stamp(2026, 8, 25, 13, 30), 1, 1, 1, float("inf"), 1, 1),
        ("soon", 1, 1, 1, 1, 1, 1), (10**18, 1, 1, 1, 1, 1, 1), (-(10**10), 1, 1, 1, 1, 1, 1), (good, 1, 1, 1, 2, 1, 1),
        (stamp(2026, 8, 26, 13, 30), 1, 1, 1, True, 1, 1), (stamp(2026, 8, 27, 13, 30), 1, 1, 1, {}, 1, 1),
    ]  # fmt: skip
    items = read(chart(rows))
    assert sessions(items) == [date(2026, 8, 28)]
    assert sorted(i.reason for i in items if isinstance(i, Skipped)) == [
        "not a number", "not a number", "not a number", "not a number", "not a time", "not a time", "year 1653",
    ]  # fmt: skip


def test_an_adjusted_bar_needs_its_adjusted_close():
    """Without it there is none; a bad split is told."""
    items = read(
        chart([(stamp(2026, 8, 28, 13, 30), 1, 1, 1, 1, 1, None)], events={"splits": {"1": {"numerator": 2}}}),
        source=ADJUSTED,
    )
    assert [i.reason for i in items] == ["no adjusted close", "a split without its day or ratio"]


def test_a_window_without_sessions_has_no_bars():
    """An answer with no timestamps, as for a weekend."""
    body = json.dumps(
        {
            "chart": {
                "result": [{"meta": {"exchangeTimezoneName": "America/New_York"}, "indicators": {"quote": [{}]}}],
                "error": None,
            }
        }
    )
    assert read(body.encode()) == []


# Fetching


@dataclass
class FakeClient:
    """Answers pages by name; the others not at all, as pages that failed."""

    bodies: dict[str, bytes]
    source: str = "yahoo"
    asked: dict[str, object] = field(default_factory=dict)

    def each(self, pages):
        """The captures of the pages it knows."""
        for page in pages:
            self.asked[page.name] = page
            if page.name in self.bodies:
                yield Capture(self.source, page.name, page.url, LATE, "application/json", self.bodies[page.name])

    def get(self, page):
        """Not used by this source."""
        raise AssertionError(page)


WINDOW = Window(datetime(2013, 1, 1, tzinfo=UTC), datetime(2013, 7, 10, 5, tzinfo=UTC))


def test_a_window_of_the_past_is_asked_for_as_it_is():
    """From midnight of its first day to the end of its last; series that began later are left out."""
    client = FakeClient({"SPX": chart([flat(stamp(2013, 7, 9, 13, 30), 1652.32)])})
    captures = list(YAHOO.fetch(client, WINDOW))
    assert [c.name for c in captures] == ["SPX"]
    page = client.asked["SPX"]
    assert page.url == "https://query1.finance.yahoo.com/v8/finance/chart/%5EGSPC"
    assert page.params == {
        "period1": str(stamp(2013, 1, 1)), "period2": str(stamp(2013, 7, 11)), "interval": "1d", "events": "div,split",
    }  # fmt: skip
    assert client.asked["WTI-FUTURE"].url.endswith("/CL%3DF")
    assert {"XLC", "XLRE", "BTC"} & set(client.asked) == set()
    assert {"SPY", "META", "HYG", "VIX"} <= set(client.asked)


def test_a_series_that_begins_within_the_window_is_asked_for_from_its_first_day():
    """The fund of communication services, from 2018-06-19."""
    client = FakeClient({})
    assert list(YAHOO.fetch(client, Window(datetime(2018, 1, 1, tzinfo=UTC), datetime(2018, 9, 1, tzinfo=UTC)))) == []
    assert client.asked["XLC"].params["period1"] == str(stamp(2018, 6, 19))


WEEK = Window(datetime(2024, 6, 1, tzinfo=UTC), datetime(2024, 6, 12, tzinfo=UTC))


def test_a_split_in_the_window_asks_for_the_whole_history():
    """The rescaled window alone would stand beside earlier bars on the old scale: only the whole is handed out."""
    rows = [flat(stamp(2024, 6, 10, 13, 30), 121.79)]
    whole = chart([flat(stamp(2024, 6, 7, 13, 30), 120.888), *rows], events=SPLIT)
    client = FakeClient({"NVDA": chart(rows, events=SPLIT), "NVDA/whole": whole, "SPY": chart(rows)})
    captures = list(YAHOO.fetch(client, WEEK))
    assert [c.name for c in captures] == ["SPY", "NVDA/whole"]
    assert client.asked["NVDA/whole"].params["period1"] == str(stamp(1999, 1, 22))
    assert client.asked["NVDA/whole"].params["period2"] == str(stamp(2024, 6, 13))
    assert sessions(YAHOO.parse(captures[1])) == [date(2024, 6, 7), date(2024, 6, 10)]


def test_where_the_whole_history_fails_nothing_of_the_series_is_stored():
    """The next night asks again, as the split is still within its window."""
    client = FakeClient({"NVDA": chart([flat(stamp(2024, 6, 10, 13, 30), 121.79)], events=SPLIT)})
    assert list(YAHOO.fetch(client, WEEK)) == []


def test_a_dividend_rescales_only_the_adjusted():
    """Closes as quoted stay; adjusted ones have all changed."""
    paid = {"dividends": {"1": {"amount": 0.01, "date": stamp(2024, 6, 11, 13, 30)}}}
    body = chart([flat(stamp(2024, 6, 11, 13, 30), 120.91)], events=paid)
    assert [c.name for c in YAHOO.fetch(FakeClient({"NVDA": body}), WEEK)] == ["NVDA"]
    bodies = {"NVDA": body, "NVDA/whole": body}
    assert [c.name for c in ADJUSTED.fetch(FakeClient(bodies, "yahoo-adjusted"), WEEK)] == ["NVDA/whole"]


def test_an_unreadable_chart_is_handed_on():
    """So that parsing tells of it."""
    client = FakeClient({"SPY": b"Edge: Too Many Requests"})
    assert [c.name for c in YAHOO.fetch(client, WEEK)] == ["SPY"]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.dictionaries(st.sampled_from(["timestamp", "indicators", "events", "meta"]), anything),
    anything, anything, anything, st.sampled_from(SOURCES),
)  # fmt: skip
def test_no_answer_whatever_breaks_the_parser(more, stamps, closes, splits, source):
    """JSON of the right shape with anything inside is bars, documents, reasons, or unreadable; nothing else is raised."""
    body = chart([flat(1, 1)]).decode()
    result = json.loads(body)["chart"]["result"][0] | {"timestamp": stamps, "events": {"splits": splits}} | more
    if isinstance(result.get("indicators"), dict) and "quote" in result["indicators"]:
        result["indicators"]["quote"][0]["close"] = closes
    try:
        items = read(json.dumps({"chart": {"result": [result], "error": None}}).encode(), source=source)
    except Unreadable:
        return
    assert all(isinstance(i, Bar | Document | Skipped) for i in items)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.binary(max_size=60))
def test_no_bytes_whatever_break_the_parser(body):
    """Arbitrary bytes are unreadable."""
    with pytest.raises(Unreadable):
        read(body)
