"""Scheduled figures: first prints by the levels of their own day, revisions apart, what never came, what is to come."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.source import Capture, Skipped, Window
from ingest.sources import fred, release_calendar
from ingest.vintages import Level, Print, Transform, go_back, list_prints
from kb.errors import Unreadable
from kb.records import Release, ReleaseStatus

FETCHED = datetime(2026, 7, 1, 2, 30, tzinfo=UTC)
ALWAYS = "9999-12-31"


def page(name, rows, **more):
    """A page of observations: (period, valid from, valid to, value)."""
    keys = ("date", "realtime_start", "realtime_end", "value")
    told = {"count": len(rows), "observations": [dict(zip(keys, row, strict=True)) for row in rows], **more}
    return Capture("fred", name, fred.ADDRESS, FETCHED, "application/json", json.dumps(told).encode())


def test_a_first_print_is_of_its_own_days_levels():
    """June, 100, was revised to 101 when July came at 102: July's first print is +1.0 %, not +2.0 %."""
    rows = [
        ("2026-05-01", "2026-06-10", ALWAYS, "100"),
        ("2026-06-01", "2026-07-14", "2026-08-11", "100"),
        ("2026-06-01", "2026-08-12", ALWAYS, "101"),
        ("2026-07-01", "2026-08-12", ALWAYS, "102.01"),
    ]
    june, revised, july = fred.parse(page("cpi_mom", rows))
    assert (june.period, june.actual, june.status) == ("2026-06", 0.0, ReleaseStatus.FIRST)
    assert (revised.period, revised.actual, revised.status) == ("2026-06", 1.0, ReleaseStatus.REVISION)
    assert (july.actual, july.previous, july.status) == (1.0, 1.0, ReleaseStatus.FIRST)
    assert july.released_at == datetime(2026, 8, 12, 12, 30, tzinfo=UTC)  # 08:30 in New York's summer


def test_winter_time_and_units():
    """Payrolls and claims in thousands without decimals, growth by quarter; 08:30 EST is 13:30 UTC."""
    payrolls = [("2025-11-01", "2025-12-05", ALWAYS, "159000"), ("2025-12-01", "2026-01-09", ALWAYS, "159050")]
    assert [r.actual for r in fred.parse(page("nonfarm_payrolls", payrolls))] == [50.0]
    (claims,) = fred.parse(page("initial_claims", [("2026-01-24", "2026-01-29", ALWAYS, "209000")]))
    assert claims == Release("initial_claims", "2026-01-24", datetime(2026, 1, 29, 13, 30, tzinfo=UTC), "FRED", 209.0)
    (growth,) = fred.parse(page("gdp_qoq", [("2025-10-01", "2026-02-20", ALWAYS, "1.4")]))
    assert (growth.period, growth.actual) == ("2025-Q4", 1.4)


def test_a_revision_that_changes_no_printed_digit_is_none():
    """4.31 to 4.33 prints 4.3 both times."""
    rows = [("2026-01-01", "2026-02-06", "2026-03-05", "4.31"), ("2026-01-01", "2026-03-06", ALWAYS, "4.33")]
    assert len(list(fred.parse(page("unemployment_rate", rows)))) == 1


@pytest.mark.parametrize("told", [[("2025-10-01", "2025-12-18", ALWAYS, ".")], []])
def test_the_prices_of_october_2025_never_came(told):
    """A point, or no row at all, between September and November: a cancelled figure, public when it was told."""
    rows = [("2025-09-01", "2025-10-24", ALWAYS, "324.4"), *told, ("2025-11-01", "2025-12-18", ALWAYS, "325.0")]
    given_back = [r for r in fred.parse(page("cpi_mom", rows)) if isinstance(r, Release)]
    planned, told_at = datetime(2025, 11, 13, 13, 30, tzinfo=UTC), datetime(2025, 11, 22, 12, tzinfo=UTC)
    cancelled = Release("cpi_mom", "2025-10", planned, "FRED", None, status=ReleaseStatus.CANCELLED, public_at=told_at)
    assert given_back == [cancelled]  # and November's change against it cannot be known


def test_another_missing_value_is_set_aside():
    """A point that is on no record of ours is counted, never a zero."""
    assert list(fred.parse(page("unemployment_rate", [("2026-01-01", "2026-02-06", ALWAYS, ".")]))) == [
        Skipped("a period without a value", "unemployment_rate 2026-01")
    ]


def test_a_bad_row_among_good_ones_is_set_aside():
    """Text for a number, a missing day: each told, the good one kept."""
    rows = [
        ("2026-01-01", "2026-02-06", ALWAYS, "n/a"),
        ("x", "y", "z", "1"),
        ("2026-02-01", "2026-03-06", ALWAYS, "4.4"),
    ]
    given_back = list(fred.parse(page("unemployment_rate", rows)))
    assert [type(r) for r in given_back] == [Skipped, Skipped, Release]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b'{"error_code": 400, "error_message": "Bad Request. The value for api_key is wrong."}',
        b"[1]",
        b'{"observations": 3}',
    ],
)
def test_what_is_no_page_is_unreadable(body):
    """Empty, HTML, the publisher's own error in its words, another shape."""
    with pytest.raises(Unreadable) as refused:
        list(fred.parse(Capture("fred", "cpi_mom", "u", FETCHED, "", body)))
    assert b"error_message" not in body or "api_key is wrong" in str(refused.value)


def test_a_cut_page_is_unreadable():
    """More rows announced than given: nothing is taken for whole."""
    with pytest.raises(Unreadable, match="1 of 7 rows"):
        list(fred.parse(page("unemployment_rate", [("2026-01-01", "2026-02-06", ALWAYS, "4.3")], count=7)))


def test_a_window_asks_for_fifteen_months_of_all_vintages():
    """From the first of the month 460 days before; the key is only named."""
    pages = list(fred._list_pages(Window(datetime(2026, 6, 28, tzinfo=UTC), FETCHED)))
    (cpi,) = [p for p in pages if p.name == "cpi_mom"]
    assert (cpi.params["series_id"], cpi.params["observation_start"]) == ("CPIAUCSL", "2025-03-01")
    assert (cpi.params["realtime_start"], cpi.params["realtime_end"]) == ("1776-07-04", ALWAYS)
    assert cpi.secrets == {"api_key": "FRED_API_KEY"}


VALUES = st.lists(st.tuples(st.integers(0, 4), st.floats(50, 150)), min_size=1, max_size=20)


@given(VALUES)
def test_a_later_vintage_changes_no_earlier_print(drawn):
    """Prints of days up to any day are the same whether or not later vintages are known."""
    levels = []
    for n, (month, value) in enumerate(drawn):
        day = date(2026, 6, 1 + n)
        levels = [
            Level(x.period, x.valid_from, min(x.valid_to, date(2026, 6, n)), x.value)
            if x.period == date(2026, 1 + month, 1) and n
            else x
            for x in levels
        ]
        levels.append(Level(date(2026, 1 + month, 1), day, date(9999, 12, 31), value))
    whole = list(list_prints(levels, Transform("percent_change")))
    for cut in range(1, len(drawn)):
        known = [x for x in levels if x.valid_from <= date(2026, 6, cut)]
        early = list(list_prints(known, Transform("percent_change")))
        assert early == [p for p in whole if p.day <= date(2026, 6, cut)]


def test_months_back():
    """Over the turn of a year and twelve months."""
    assert [go_back(date(2026, 1, 1), n) for n in (0, 1, 12)] == [date(2026, 1, 1), date(2025, 12, 1), date(2025, 1, 1)]


def test_a_change_needs_both_levels():
    """The earliest period has nothing before it and gives none."""
    levels = [Level(date(2026, m, 1), date(2026, m + 1, 10), date(9999, 12, 31), 100.0 + m) for m in (1, 2)]
    assert list(list_prints(levels, Transform("change", decimals=0))) == [
        Print(date(2026, 2, 1), date(2026, 3, 10), True, 1.0, None)
    ]


ICS = """BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VTIMEZONE
TZID:US-Eastern
BEGIN:DAYLIGHT
TZOFFSETFROM:-0500
TZOFFSETTO:-0400
DTSTART:20070311T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU
END:DAYLIGHT
BEGIN:STANDARD
TZOFFSETFROM:-0400
TZOFFSETTO:-0500
DTSTART:20071104T020000
RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
DTSTART;TZID=US-Eastern:20260714T083000
SUMMARY:Consumer Price Index
END:VEVENT
BEGIN:VEVENT
DTSTART;TZID=US-Eastern:20260610T083000
SUMMARY:Consumer Price Index
END:VEVENT
BEGIN:VEVENT
DTSTART;VALUE=DATE:20260807
SUMMARY:Employment Situation
END:VEVENT
BEGIN:VEVENT
DTSTART;TZID=US-Eastern:20260720T100000
SUMMARY:Metropolitan Area Employment
END:VEVENT
END:VCALENDAR
"""


def read_ics(text):
    """What the calendar's parser gives."""
    raw = text.encode() if isinstance(text, str) else text
    return list(release_calendar.parse(Capture("bls-calendar", "calendar", "u", FETCHED, "text/calendar", raw)))


def test_the_calendar_tells_what_is_to_come():
    """July's consumer prices at 08:30 EDT describe June; the past is passed over, what has no hour or is unknown set aside."""
    given_back = read_ics(ICS)
    scheduled = [r for r in given_back if isinstance(r, Release)]
    at = datetime(2026, 7, 14, 12, 30, tzinfo=UTC)
    assert scheduled[0] == Release(
        "cpi_mom", "2026-06", at, "BLS", None, status=ReleaseStatus.SCHEDULED, public_at=FETCHED
    )
    assert [r.indicator for r in scheduled] == ["cpi_mom", "core_cpi_mom", "cpi_yoy", "core_cpi_yoy"]
    assert [r.reason for r in given_back if isinstance(r, Skipped)] == [
        "an entry without an hour",
        "a release that is not listed",
    ]


@pytest.mark.parametrize("body", ["", "<html>moved</html>", "BEGIN:VCALENDAR\nBEGIN:VEVENT"])
def test_what_is_no_calendar_is_unreadable(body):
    """Empty, a page, a cut file: told."""
    with pytest.raises(Unreadable, match="iCalendar"):
        read_ics(body)


def test_real_calendar(shared):
    """The captured calendar's Employment Situation of 7 August 2026 at 08:30 EDT, zone by its own definition."""
    given_back = read_ics((shared / "feeds" / "gov_excerpts" / "bls_release_schedule.ics").read_bytes())
    at = datetime(2026, 8, 7, 12, 30, tzinfo=UTC)
    assert [(r.indicator, r.period, r.released_at) for r in given_back if isinstance(r, Release)] == [
        ("nonfarm_payrolls", "2026-07", at), ("unemployment_rate", "2026-07", at)
    ]  # fmt: skip


def test_real_vintages(shared):
    """Captured vintages of nominal GDP (billions): 2012 Q1 was first 15,461.8 on 27 April 2012, then 15,454.0 on 31 May."""
    body = (shared / "feeds" / "fred" / "test_get_series_all_releases_json__0.json").read_bytes()
    given_back = list(fred.parse(Capture("fred", "gdp_qoq", "u", FETCHED, "", body)))
    of_period = [r for r in given_back if isinstance(r, Release) and r.period == "2012-Q1"]
    first, second = of_period[:2]
    assert (first.actual, first.status, first.released_at.date()) == (15461.8, ReleaseStatus.FIRST, date(2012, 4, 27))
    assert (second.actual, second.status, second.released_at.date()) == (
        15454.0,
        ReleaseStatus.REVISION,
        date(2012, 5, 31),
    )
