"""The price sources of FRED, the EIA, Cboe and Stooq, and what all price sources share. Documents are ours, after their forms."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.source import Capture, Skipped, Window
from ingest.sources import cboe, eia, fred_prices, stooq, yahoo
from ingest.sources.prices import list_offers
from kb.errors import Unreadable
from kb.markets import read_inputs, read_markets
from kb.records import Bar

MODULES = {"fred": fred_prices, "eia": eia, "cboe": cboe, "stooq": stooq}
LATE = datetime(2026, 9, 30, 2, tzinfo=UTC)
SUMMER_2013 = Window(datetime(2013, 1, 1, tzinfo=UTC), datetime(2013, 7, 10, 5, tzinfo=UTC))


def read(which, name, body, fetched_at=LATE):
    """What the parser of a source makes of a body."""
    source = MODULES[which].SOURCES[0]
    data = body if isinstance(body, bytes) else body.encode()
    return list(source.parse(Capture(source.name, name, source.address, fetched_at, "", data)))


def closes(items):
    """(symbol, session, close) of the bars."""
    return [(i.symbol, i.session.isoformat(), i.close) for i in items if isinstance(i, Bar)]


@dataclass
class FakeClient:
    """Answers every page with what `bodies` holds for its name, else with `usual`."""

    usual: bytes = b""
    bodies: dict[str, bytes] = field(default_factory=dict)
    asked: dict[str, object] = field(default_factory=dict)

    def get(self, page):
        """The capture of one page."""
        self.asked[page.name] = page
        return Capture("any", page.name, page.url, LATE, "", self.bodies.get(page.name, self.usual))

    def each(self, pages):
        """The captures of all pages."""
        return map(self.get, pages)


# What all share

ALL = (fred_prices.BASIS, eia.BASIS, cboe.BASIS, stooq.BASIS, yahoo.QUOTED)


def test_every_symbol_belongs_to_a_declared_series():
    """A symbol that no market or input declares would become a market of its own."""
    declared = {s for m in (read_markets() | read_inputs()).values() for s in m.symbols}
    assert {o.symbol for basis in ALL for o in list_offers(basis)} <= declared


def test_every_market_and_input_has_a_source_but_those_known_to_have_none():
    """The London fix has no free source any more."""
    given_by = {o.symbol for basis in ALL for o in list_offers(basis)}
    without = {n for n, m in (read_markets() | read_inputs()).items() if not given_by & set(m.symbols)}
    assert without == {"XAU"}


def test_names_can_key_pages_and_bases_are_told_apart():
    """Letters, digits and hyphens; no two bases share the name that their bars carry."""
    assert all(re.fullmatch(r"[A-Z0-9-]+", o.name) for basis in ALL for o in list_offers(basis))
    assert len({b.source for b in (*ALL, yahoo.ADJUSTED)}) == len(ALL) + 1


def test_price_sources_look_back_far_enough_for_an_answer():
    """250 sessions are about 363 days; each night overlaps the bars of the one before."""
    for module in (*MODULES.values(), yahoo):
        for source in module.SOURCES:
            assert source.lookback.days >= 366
            assert source.lag.days >= 10 or module is cboe


@pytest.mark.parametrize("which", MODULES)
def test_a_series_that_is_declared_no_longer_is_unreadable(which):
    """Kept bytes of a series whose entry was taken out: told, not guessed."""
    with pytest.raises(Unreadable):
        read(which, "NO-SUCH-SERIES", "DATE,OPEN,HIGH,LOW,CLOSE\n")


NAMES = {"fred": "US10Y", "eia": "WTI/0", "cboe": "VIX", "stooq": "SPX"}
GOOD = {
    "fred": "observation_date,DGS10\n2026-08-27,4.20\n2026-08-28,4.25\n",
    "eia": json.dumps(
        {"response": {"total": "1", "data": [{"period": "2026-08-28", "series": "RWTC", "value": "63.96"}]}}
    ),
    "cboe": "DATE,OPEN,HIGH,LOW,CLOSE\n08/27/2026,14,15,13,14.5\n08/28/2026,14.5,16,14,15.5\n",
    "stooq": "Date,Open,High,Low,Close,Volume\n2026-08-27,6500,6510,6490,6505.5,2000\n",
}
PAGE = "<!DOCTYPE html><html><head><title>Checking your browser</title></head><body></body></html>"


@pytest.mark.parametrize("which", MODULES)
@pytest.mark.parametrize("body", ["", PAGE, "[1, 2", "null", '{"error": "API_KEY_INVALID", "code": 403}', "\0\0\0"])
def test_what_is_no_table_is_unreadable(which, body):
    """An empty body, a page, something cut, an error message: never silently no bars."""
    with pytest.raises(Unreadable):
        read(which, NAMES[which], body)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.sampled_from(sorted(MODULES)), st.binary(max_size=80), st.booleans())
def test_no_bytes_whatever_break_a_parser(which, noise, appended):
    """Arbitrary bytes, alone or after a good table, give bars, reasons or Unreadable and raise nothing else."""
    body = GOOD[which].encode() + noise if appended else noise
    try:
        items = read(which, NAMES[which], body)
    except Unreadable:
        return
    assert all(isinstance(i, Bar | Skipped) for i in items)


# FRED


def test_a_value_of_fred_is_a_bar():
    """Percent for a yield; days without a value, empty or a point, are no bars."""
    body = "observation_date,DGS10\n2025-12-24,4.15\n2025-12-25,\n2025-12-26,.\n2025-12-29,4.12\n"
    assert read("fred", "US10Y", body) == [
        Bar("DGS10", date(2025, 12, 24), "fred", 4.15), Bar("DGS10", date(2025, 12, 29), "fred", 4.12),
    ]  # fmt: skip


def test_the_older_header_and_prices_below_zero_are_read():
    """DATE until 2024; oil closed at -36.98 on 2020-04-20."""
    assert closes(read("fred", "WTI", "DATE,DCOILWTICO\r\n2020-04-20,-36.98\r\n")) == [("WTI", "2020-04-20", -36.98)]


def test_series_of_fred_carry_our_symbols():
    """The spread of high-yield bonds, the index, both halves of the target rate."""
    rows = {"HYOAS": "BAMLH0A0HYM2", "SPX": "SP500", "FEDTARGET": "DFEDTARU", "FEDTARGET-BEFORE-2009": "DFEDTAR"}
    found = {n: closes(read("fred", n, f"observation_date,{s}\n2026-08-28,3.5\n")) for n, s in rows.items()}
    assert {n: f[0][0] for n, f in found.items()} == {
        "HYOAS": "HYOAS", "SPX": "^GSPC", "FEDTARGET": "FEDTARGET", "FEDTARGET-BEFORE-2009": "FEDTARGET",
    }  # fmt: skip


def test_the_table_of_another_series_is_unreadable():
    """A two-year yield is no ten-year yield."""
    with pytest.raises(Unreadable):
        read("fred", "US10Y", "observation_date,DGS2\n2026-08-28,3.9\n")


def test_a_bad_row_of_fred_does_not_stop_the_others():
    """A day that is none, a value in words: told; the good row is a bar."""
    items = read("fred", "US10Y", "observation_date,DGS10\n2026-13-01,4.1\n2026-08-27,n.a.\n2026-08-28,4.25\n")
    assert closes(items) == [("DGS10", "2026-08-28", 4.25)]
    assert [i.reason for i in items if isinstance(i, Skipped)] == ["not a date", "not a number"]


def test_fred_is_asked_for_the_days_of_the_window():
    """First and last day as they are; series that ended before or began after are left out."""
    client = FakeClient()
    list(fred_prices.fetch(client, SUMMER_2013))
    assert client.asked["US10Y"].url == "https://fred.stlouisfed.org/graph/fredgraph.csv"
    assert client.asked["US10Y"].params == {"id": "DGS10", "cosd": "2013-01-01", "coed": "2013-07-10"}
    assert {"US2Y", "FEDFUNDS", "WTI", "VIX", "VXO", "NDX", "FEDTARGET"} <= set(client.asked)
    assert {"SPX", "HYOAS", "FEDTARGET-BEFORE-2009"} & set(client.asked) == set()
    early = FakeClient()
    list(fred_prices.fetch(early, Window(datetime(2008, 9, 1, tzinfo=UTC), datetime(2009, 1, 31, tzinfo=UTC))))
    assert early.asked["FEDTARGET-BEFORE-2009"].params == {"id": "DFEDTAR", "cosd": "2008-09-01", "coed": "2008-12-15"}
    assert early.asked["FEDTARGET"].params == {"id": "DFEDTARU", "cosd": "2008-12-16", "coed": "2009-01-31"}


# EIA


def answer(*rows, total="2"):
    """An answer of the EIA with these rows."""
    return json.dumps(
        {"response": {"total": total, "dateFormat": "YYYY-MM-DD", "frequency": "daily", "data": list(rows)}}
    )


def row(period, value, **more):
    """A row as the EIA writes it since 2024, values as text."""
    return {"period": period, "duoarea": "YCUOK", "series": "RWTC", "value": value, "units": "$/BBL", **more}


def test_a_row_of_the_eia_is_a_bar():
    """Dollars a barrel, written as text or as a number."""
    body = answer(row("2020-04-17", "18.31"), row("2020-04-20", -36.98))
    assert read("eia", "WTI/0", body) == [
        Bar("WTI", date(2020, 4, 17), "eia", 18.31), Bar("WTI", date(2020, 4, 20), "eia", -36.98),
    ]  # fmt: skip


def test_bad_rows_of_the_eia_do_not_stop_the_others():
    """Another series, no value, no day, no row at all: told."""
    body = answer(
        row("2026-08-27", "67", series="RBRTE"),
        row("2026-08-27", None),
        row("2026-W35", "1"),
        "row",
        row("2026-08-28", "64"),
    )
    items = read("eia", "WTI/0", body)
    assert closes(items) == [("WTI", "2026-08-28", 64)]
    assert [i.reason for i in items if isinstance(i, Skipped)] == [
        "not a row of RWTC", "no close", "not a date", "not a row of RWTC",
    ]  # fmt: skip


def test_the_eia_is_asked_page_by_page():
    """10,225 rows are three pages; the key is named and not held."""
    client = FakeClient(answer(row("1986-01-02", "25.56"), total="10225").encode())
    captures = list(eia.fetch(client, Window(datetime(1980, 1, 1, tzinfo=UTC), datetime(2026, 8, 28, tzinfo=UTC))))
    assert [c.name for c in captures] == ["WTI/0", "WTI/5000", "WTI/10000"]
    page = client.asked["WTI/5000"]
    assert page.secrets == {"api_key": "EIA_API_KEY"}
    assert page.params == {
        "frequency": "daily", "data[0]": "value", "facets[series][]": "RWTC", "start": "1986-01-02", "end": "2026-08-28",
        "sort[0][column]": "period", "sort[0][direction]": "asc", "offset": "5000", "length": "5000",
    }  # fmt: skip
    assert eia.SOURCES[0].needs == ("EIA_API_KEY",)


def test_an_empty_page_of_the_eia_is_the_last():
    """Whatever total it states, and before the series began nothing is asked."""
    client = FakeClient(answer(total="999999").encode())
    assert len(list(eia.fetch(client, SUMMER_2013))) == 1
    nobody = FakeClient()
    assert list(eia.fetch(nobody, Window(datetime(1970, 1, 1, tzinfo=UTC), datetime(1971, 1, 1, tzinfo=UTC)))) == []


# Cboe


def test_a_row_of_cboe_is_a_bar():
    """Days are written month, day, year; the highest close of 2020 was 82.69 on 16 March."""
    body = "DATE,OPEN,HIGH,LOW,CLOSE\n01/02/1990,17.24,17.24,17.24,17.24\n03/16/2020,57.83,83.56,57.83,82.69\n"
    assert read("cboe", "VIX", body) == [
        Bar("^VIX", date(1990, 1, 2), "cboe", 17.24, 17.24, 17.24, 17.24),
        Bar("^VIX", date(2020, 3, 16), "cboe", 82.69, 57.83, 83.56, 57.83),
    ]


def test_the_vix_of_a_session_still_computed_is_not_taken():
    """Until 16:30 in New York: computed to 16:15, and 15 minutes more."""
    for clock, taken in ((time(20, 29), 1), (time(20, 30), 2)):
        items = read("cboe", "VIX", GOOD["cboe"], datetime.combine(date(2026, 8, 28), clock, UTC))
        assert len(closes(items)) == taken


def test_bad_rows_of_cboe_do_not_stop_the_others():
    """The 31st of a month of 30 days, a row cut short: told."""
    items = read(
        "cboe", "VIX", "DATE,OPEN,HIGH,LOW,CLOSE\n09/31/2026,1,1,1,1\n08/27/2026,14\n08/28/2026,14,15,13,15.5\n"
    )
    assert closes(items) == [("^VIX", "2026-08-28", 15.5)]
    assert [i.reason for i in items if isinstance(i, Skipped)] == ["not a date", "no close"]


def test_cboe_is_asked_for_its_one_file():
    """Whatever the window, unless it lies before the file begins."""
    client = FakeClient()
    assert [c.url for c in cboe.fetch(client, SUMMER_2013)] == [
        "https://cdn.cboe.com/api/global/us_indices/daily_prices/VIX_History.csv"
    ]
    assert list(cboe.fetch(client, Window(datetime(1987, 1, 1, tzinfo=UTC), datetime(1988, 1, 1, tzinfo=UTC)))) == []


# Stooq


def test_a_row_of_stooq_is_a_bar():
    """With its volume, where it has one."""
    assert read("stooq", "SPX", GOOD["stooq"]) == [
        Bar("^GSPC", date(2026, 8, 27), "stooq", 6505.5, 6500, 6510, 6490, 2000)
    ]
    (bar,) = read("stooq", "NDX", "Date,Open,High,Low,Close\n2026-08-27,1,3,1,2\n")
    assert (bar.symbol, bar.volume) == ("^NDX", None)


def test_stooq_says_that_it_has_nothing():
    """No rows for these days is told and no fault; the limit of a day and a page for browsers are unreadable."""
    assert read("stooq", "SPX", "No data\n") == [Skipped("the source has no data for these days", "^GSPC")]
    with pytest.raises(Unreadable, match="limit"):
        read("stooq", "SPX", "Exceeded the daily hits limit")


def test_stooq_is_asked_for_the_days_of_the_window():
    """Indices only, by their own names; and only when named, as its robots.txt forbids programs."""
    client = FakeClient()
    list(stooq.fetch(client, SUMMER_2013))
    assert {n: p.params["s"] for n, p in client.asked.items()} == {"SPX": "^spx", "NDX": "^ndx", "DJIA": "^dji"}
    assert client.asked["SPX"].params == {"s": "^spx", "i": "d", "d1": "20130101", "d2": "20130710"}
    assert stooq.SOURCES[0].optional
    assert all(s.optional and not s.api for s in yahoo.SOURCES)
