"""The state of the market, by hand: bad bars, markers of a sell-off, and what the whole case mart never holds."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import date
from functools import partial

import numpy as np
import pytest

from kb.mart import open_mart
from kb.sql_steps import fetch_rows, run_steps

STEPS = (
    "bar_flag", "daily_return", "jump", "beta", "cross_asset", "asset_move", "signature", "single_name_fall", "scope",
    "crypto_equity", "broke_first", "circuit_breaker", "liquidation_session", "cascade", "session_state", "market_state",
)  # fmt: skip
FIRST = date(2024, 1, 2)
EMPTIED = ("bar", "breadth", "liquidation", "open_interest", "funding")
PLACED = (
    "INSERT INTO temp.bar BY NAME SELECT g.series, g.series AS symbol, n.session, n.session_no, g.open, g.high, g.low, g.close, "
    "g.volume, 'test' AS source, 'import' AS origin, n.known_at FROM (SELECT unnest($bars, max_depth := 2)) AS g "
    "JOIN (SELECT DISTINCT series, calendar FROM series) AS s ON s.series = g.series "
    "JOIN session AS f ON f.calendar = s.calendar AND f.session = g.first "
    "JOIN session AS n ON n.calendar = s.calendar AND n.session_no = f.session_no + g.number"
)


@pytest.fixture
def made(case_home):
    """Run the steps of the market's state over made-up bars: `made(SPX=[100, 97])` -> a function that fetches a query.

    A list is of consecutive sessions from FIRST on in the calendar of the series, a dictionary names the session of each
    by number or date; a bar is a close or a dictionary of columns. `tables` holds rows of the other tables.
    """
    with ExitStack() as stack:

        def run(tables=None, **series):
            connection = stack.enter_context(open_mart(case_home))
            for table in EMPTIED:
                connection.execute(f"CREATE TEMP TABLE {table} AS SELECT * FROM main.{table} WHERE false")
            if series:
                connection.execute(PLACED, {"bars": write_bars(series)})
            for table, rows in (tables or {}).items():
                for row in rows:
                    marks = ", ".join(f"${name}" for name in row)
                    connection.execute(f"INSERT INTO temp.{table} ({', '.join(row)}) VALUES ({marks})", row)
            run_steps(connection, STEPS, {}, temporary=True)
            return partial(fetch_rows, connection)

        yield run


@pytest.fixture
def days(mart_rows, case_home):
    """The New York sessions from FIRST on."""
    sql = "SELECT session FROM session WHERE calendar = 'NYSE' AND session >= $first ORDER BY session"
    return [day for (day,) in mart_rows(case_home, sql, first=FIRST)]


def write_bars(series):
    """Each bar as a dictionary of its columns and of its place: a first session and the number of sessions after it."""
    bars = []
    for name, given in series.items():
        for where, bar in (given if isinstance(given, dict) else dict(enumerate(given))).items():
            columns = bar if isinstance(bar, dict) else {"close": bar}
            prices = {c: columns.get(c) for c in ("open", "high", "low", "close", "volume")}
            place = {"first": where, "number": 0} if isinstance(where, date) else {"first": FIRST, "number": where}
            bars.append({"series": name, **place, **{c: None if p is None else float(p) for c, p in prices.items()}})
    return bars


def column(ask, name, market="SPX"):
    """One column of a market's state, session by session."""
    return [r[name] for r in ask(f"SELECT {name} FROM market_state WHERE market = '{market}' ORDER BY session")]


def flags(ask):
    """What looks wrong, as (series, number of the session from FIRST, flag)."""
    return [
        (r["series"], r["n"], r["flag"])
        for r in ask(
            "SELECT f.series, f.flag, s.session_no - b.session_no AS n FROM bar_flag AS f JOIN session AS s ON "
            "s.calendar = 'NYSE' AND s.session = f.session JOIN session AS b ON b.calendar = 'NYSE' "
            f"AND b.session = DATE '{FIRST}' ORDER BY f.series, n, f.flag"
        )
    ]


# Bad bars


@pytest.mark.parametrize("tick", [50, 56, 10, 200])
def test_a_bad_tick_is_neither_a_fall_nor_a_rebound(made, tick):
    """100, 101, away, 101.5: the tick is flagged alone and set aside, and the next return is 101.5/101 in the same segment."""
    ask = made(SPX=[100, 101, tick, 101.5, 102])
    assert flags(ask) == [("SPX", 2, "bad tick")]
    assert ask("SELECT count(*) AS n FROM jump") == [{"n": 0}]
    rows = ask("SELECT ret, segment FROM daily_return ORDER BY session")
    assert [r["ret"] for r in rows] == [None, *(pytest.approx(x) for x in (0.01, 101.5 / 101 - 1, 102 / 101.5 - 1))]
    assert len({r["segment"] for r in rows}) == 1


@pytest.mark.parametrize(("market", "after"), [("MSFT", 202), ("MSFT", 40.4), ("SPY", 202), ("XLK", 202)])
def test_an_unadjusted_split_begins_a_segment(made, market, after):
    """404 to 202 (2:1) and to 40.4 (10:1): flagged, no return, no fall, and the next return is of the new segment."""
    ask = made(**{market: [400, 404, after, after * 1.01]})
    assert flags(ask) == [(market, 2, "split")]
    assert ask("SELECT count(*) AS n FROM jump") == [{"n": 0}]
    rows = ask("SELECT round(ret, 6) AS ret, segment FROM daily_return ORDER BY session")
    assert [(r["ret"], r["segment"]) for r in rows] == [(None, 0), (0.01, 0), (None, 1), (0.01, 1)]


@pytest.mark.parametrize(
    ("market", "closes"),
    [("SPX", [282.70, 224.84, 236.83]), ("MSFT", [100, 80, 99]), ("SPX", [100, 82, 99]), ("BTC", [7911, 4971, 5564])],
)
def test_a_real_crash_is_no_bad_tick(made, market, closes):
    """19 October 1987, 12 March 2020 and −20 %, with no way back within 5 % or too small to ask: no flag, and a fall."""
    ask = made(**{market: closes})
    assert flags(ask) == []
    assert ask("SELECT round(drawdown, 9) AS fell FROM jump") == [{"fell": round(closes[1] / closes[0] - 1, 9)}]


def test_a_hole_and_a_close_outside_its_range_are_flagged(made):
    """Four sessions missing are no hole, six are; a close above the high or below the low is told of and kept."""
    ask = made(
        SPX=dict.fromkeys((0, 5, 12), 100),
        NDX=[100, {"high": 101, "low": 99, "close": 102}, {"high": 104, "low": 103, "close": 102}],
    )
    assert flags(ask) == [("NDX", 1, "outside its range"), ("NDX", 2, "outside its range"), ("SPX", 12, "hole")]
    assert [r["ret"] for r in ask("SELECT ret FROM daily_return WHERE series = 'SPX' ORDER BY session")] == [
        None,
        0,
        None,
    ]
    assert column(ask, "bar_flags", "NDX") == [[], ["outside its range"], ["outside its range"]]


def test_oil_below_zero_is_flagged_and_kept(made):
    """WTI settled at 18.27, −37.63 and 10.01 from 17 to 21 April 2020."""
    ask = made(OIL={date(2020, 4, 17): 18.27, date(2020, 4, 20): -37.63, date(2020, 4, 21): 10.01})
    assert ask("SELECT CAST(session AS VARCHAR) AS day, flag FROM bar_flag") == [
        {"day": "2020-04-20", "flag": "not positive"}
    ]
    assert [r["close"] for r in ask("SELECT close FROM daily_return ORDER BY session")] == [18.27, -37.63, 10.01]


# Markers


def test_gap_and_range_are_of_the_close_before(made):
    """Opened at 98 after 100: −2 %; 101 to 95: 6 %. No gap where the opening repeats the close before or is missing."""
    ask = made(SPX=[100, {"open": 98, "high": 101, "low": 95, "close": 97}, {"open": 97, "close": 96}, 95])
    assert column(ask, "gap") == [None, pytest.approx(-0.02), None, None]
    assert column(ask, "intraday_range") == [None, pytest.approx(0.06), None, None]


def test_volume_is_held_against_the_sessions_before(made):
    """250 after twenty of 100 is 2.5 times; with nine volumes there is no usual one."""
    bars = [{"close": 100, "volume": v} for v in [100] * 20 + [250]]
    assert column(made(SPX=bars), "volume_ratio")[-1] == 2.5
    assert column(made(SPX=[100] * 11 + bars[-10:]), "volume_ratio")[-1] is None


def test_down_volume_is_the_share_traded_on_falling_sessions(made):
    """Of 20 sessions five fell with 300 each, fifteen rose with 100 each: half; under 15 volumes it is unknown."""
    falling = [n % 4 == 0 for n in range(20)]
    closes = np.cumprod([100, *(0.99 if fell else 1.01 for fell in falling)])
    bars = [{"close": c, "volume": 300 if fell else 100} for c, fell in zip(closes, [True, *falling], strict=True)]
    assert column(made(SPX=bars), "down_volume")[-1] == pytest.approx(0.5)
    few = [{**b, "volume": None} for b in bars[:7]] + bars[7:]
    assert column(made(SPX=few), "down_volume")[-1] is None


def test_shares_of_members_above_their_averages_are_told_as_reported(made, days):
    """The file's 10, 20 and 40 %, on its own session only."""
    report = {
        "above_20": 0.1,
        "above_50": 0.2,
        "above_200": 0.4,
        "source": "S",
        "origin": "import",
        "known_at": days[2],
    }
    ask = made({"breadth": [report | {"session": days[1]}]}, SPX=[100, 99, 98])
    assert [column(ask, f"above_{n}") for n in (20, 50, 200)] == [
        [None, 0.1, None],
        [None, 0.2, None],
        [None, 0.4, None],
    ]


AVERAGES, LOWS = ["20-day average", "50-day average", "200-day average"], ["20-day low", "250-day low"]


@pytest.mark.parametrize(
    ("before", "closes", "breached"),
    [
        (18, [99], []), (20, [100.5], AVERAGES[:1]), (20, [99], [AVERAGES[0], LOWS[0]]), (50, [100.5], AVERAGES[:2]),
        (148, [100.5], AVERAGES[:2]), (150, [100.5], AVERAGES), (248, [99], [*AVERAGES, LOWS[0]]), (250, [99], AVERAGES + LOWS),
        (250, [101], []), (20, [100.5, 100.2], []),
    ],
)  # fmt: skip
def test_support_is_an_average_or_low_that_the_close_fell_through(made, before, closes, breached):
    """After 100, 102, 100, 102 … every average is 101 and every low 100; the close before is 102, so above them."""
    assert column(made(SPY=[100, 102] * (before // 2) + closes), "support_breached", "SPY")[-1] == breached


@pytest.mark.parametrize(
    ("market", "closes", "breached"),
    [
        ("SPX", [7010, 6990], ["7,000"]), ("SPX", [7000, 6990], ["7,000"]), ("SPX", [7010, 7000], []), ("SPX", [6990, 6910], []),
        ("BTC", [86_000, 84_000], ["85,000"]), ("DJIA", [10_100, 9_900], ["10,000"]), ("OIL", [76, 74], ["75"]),
        ("ETH", [7.6, 7.4], ["7.5"]), ("SPY", [701, 699], []), ("MSFT", [501, 499], []),
    ],
)  # fmt: skip
def test_round_levels_count_where_prices_are_as_quoted(made, market, closes, breached):
    """Halves of the leading power of ten: 7,000, 85,000, 7.5; a fund's or a company's adjusted price has none."""
    assert column(made(**{market: closes}), "support_breached", market)[-1] == breached


@pytest.mark.parametrize(
    ("before", "close", "spike"), [(20, 24, True), (20, 23.99, False), (15.5, 18.6, True), (17.35, 20.82, True)]
)
def test_a_rise_of_the_vix_by_a_fifth_is_a_spike(made, before, close, spike):
    """20 to 24, 15.5 to 18.6 and 17.35 to 20.82 are exactly +20 %."""
    ask = made(SPX=[100, 99], VIX=[before, close])
    assert column(ask, "vix_spike")[-1] is spike
    assert column(ask, "vix_change")[-1] == pytest.approx(close - before)


def test_the_old_index_stands_in_for_the_vix(made):
    """On 19 October 1987 VXO rose from 36.37 to 150.19; where both are known the VIX is told."""
    friday, monday = date(1987, 10, 16), date(1987, 10, 19)
    ask = made(SPX={friday: 282.7, monday: 224.84}, VXO={friday: 36.37, monday: 150.19})
    assert (column(ask, "vix_close")[-1], column(ask, "vix_spike")[-1]) == (150.19, True)
    assert column(ask, "vix_change")[-1] == pytest.approx(113.82)
    assert column(made(SPX=[100, 99], VXO=[40, 50], VIX=[20, 21]), "vix_close") == [20, 21]


# The whole case mart

NEVER = {
    "breadth or a share outside 0 to 1": "FROM market_state WHERE breadth NOT BETWEEN 0 AND 1 OR down_volume NOT BETWEEN 0 AND 1",
    "scope without breadth": "FROM market_state WHERE scope <> 'single-name' AND breadth IS NULL",
    "scope of a company that is not its own": "FROM market_state WHERE market = 'MSFT' AND scope <> 'single-name'",
    "breadth of too few funds": "FROM cross_asset WHERE (sectors >= 8) <> (breadth IS NOT NULL)",
    "a breaker on a closed day": """FROM circuit_breaker AS b
        ANTI JOIN session AS s ON s.session = b.session AND s.calendar = 'NYSE'""",
    "two states of one session": "FROM (SELECT 1 FROM market_state GROUP BY market, session HAVING count(*) > 1)",
    "a state without a bar": "FROM market_state AS m ANTI JOIN bar AS b ON b.series = m.market AND b.session = m.session",
    "a bad tick with a return": "FROM daily_return JOIN bar_flag USING (series, session) WHERE flag = 'bad tick'",
    "a correlation outside its interval": "FROM crypto_equity WHERE correlation NOT BETWEEN correlation_low AND correlation_high",
    "a correlation of under 40": "FROM crypto_equity WHERE n < 40 OR lead_n < 120 OR (leader IS NOT NULL AND lead_n IS NULL)",
    "a beta of under 40": "FROM beta WHERE n < 40 OR n > 60 OR market = 'SPX'",
    "broke first but after, or long before": "FROM broke_first WHERE hours <= 0 OR hours > 72",
    "a share of longs outside 0 to 1": "FROM liquidation_session WHERE long_share NOT BETWEEN 0 AND 1",
    "a cascade short of its definition": "FROM cascade WHERE is_cascade AND (size_ratio < 5 OR long_share < 0.65 OR price >= 0)",
    "a total beyond its own series": """FROM liquidation_session AS t WHERE usd_at_least > 1 + (
        SELECT sum(coalesce(long_usd, 0) + coalesce(short_usd, 0)) FROM liquidation AS l, session AS s
        WHERE (l.asset, l.venue, l.source, l.method, l.hours) = (t.asset, t.venue, t.source, t.method, t.hours)
        AND s.calendar = t.calendar AND s.session = t.session
        AND l.ended_at > s.previous_close_at AND l.started_at < s.close_at)""",
}  # fmt: skip


@pytest.mark.parametrize("claim", NEVER)
def test_the_case_mart_has_none_of_these(mart_rows, case_home, claim):
    """What can never be, whatever the prices."""
    assert mart_rows(case_home, f"SELECT count(*) {NEVER[claim]}") == [(0,)]
