"""The state of crypto markets, by hand: liquidations, cascades, bitcoin and stocks, which led, which broke first."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
import test_state
from test_state import column

made, days = test_state.made, test_state.days
MILLION = 1_000_000


def total(until, longs, shorts, hours=24.0, **place):
    """A report of forced closes in the hours until an instant, in millions of USD."""
    ended = datetime.fromisoformat(str(until)).replace(tzinfo=UTC)
    sides = {"long_usd": longs * MILLION, "short_usd": shorts and shorts * MILLION}
    where = {"asset": "BTC", "venue": "A", "source": "S", "method": "feed", "origin": "import", "known_at": ended}
    return where | place | sides | {"started_at": ended - timedelta(hours=hours), "ended_at": ended, "hours": hours}


def totals(made, *reports, calendar="CRYPTO"):
    """Session and millions of every row of one calendar."""
    ask = made({"liquidation": reports})
    rows = ask(f"SELECT * FROM liquidation_session WHERE calendar = '{calendar}' ORDER BY session, venue, hours")
    return [(str(r["session"]), r["usd_at_least"] / MILLION) for r in rows]


# Liquidations


def test_totals_of_two_sources_are_never_summed(made):
    """Days of 100 and 70 from two venues are two rows; the state tells the larger, or that of all coins where it is larger."""
    own, other = total("2024-01-11", 60, 40), total("2024-01-11", 60, 10, venue="B", source="T")
    again, every = total("2024-01-11", 40, 45, source="T"), total("2024-01-11", 250, 50, asset="ALL")
    assert totals(made, own, other) == [("2024-01-10", 100), ("2024-01-10", 70)]
    assert sorted(totals(made, own, again)) == [("2024-01-10", 85), ("2024-01-10", 100)]
    prices = {date(2024, 1, 9): 100, date(2024, 1, 10): 99}
    for reports, bitcoin, ether in (([other, own, again], 100, None), ([own, every], 300, 300)):
        ask = made({"liquidation": reports}, BTC=prices, ETH=prices)
        told = [column(ask, "liquidations", market)[-1] for market in ("BTC", "ETH")]
        assert [t and t["usd_at_least"] / MILLION for t in told] == [bitcoin, ether]


def test_short_windows_of_one_series_are_summed_within_a_session(made):
    """Six of four hours with 10 to 60 m are 210 m, most of it from 20:00; a day's total beside them is a row of its own."""
    windows = [
        total(datetime(2024, 1, 10, tzinfo=UTC) + timedelta(hours=4 * n), 8 * n, 2 * n, hours=4.0) for n in range(1, 7)
    ]
    ask = made({"liquidation": [*windows, total("2024-01-11", 200, 100)]})
    hours = "strftime(largest_from, '%d %H') AS most_from, strftime(largest_to, '%d %H') AS most_to"
    short, day = ask(f"SELECT *, {hours} FROM liquidation_session WHERE calendar = 'CRYPTO' ORDER BY hours")
    assert (short["usd_at_least"], short["long_share"], short["hours"]) == (210 * MILLION, pytest.approx(0.8), 4)
    assert (short["most_from"], short["most_to"]) == ("10 20", "11 00")
    assert (day["usd_at_least"], day["long_share"], day["hours"]) == (300 * MILLION, pytest.approx(2 / 3), 24)


def test_of_two_days_totals_in_one_session_the_larger_counts(made):
    """Rolling days until 23:00 and until 01:00 overlap: 100 and 90 are 100, and half a report tells no share of longs."""
    assert totals(made, total("2024-01-10T23:00", 60, 40), total("2024-01-11T01:00", 60, 30)) == [("2024-01-10", 100)]
    half = made({"liquidation": [total("2024-01-11", 60, None)]})
    assert half("SELECT DISTINCT usd_at_least, long_share FROM liquidation_session") == [
        {"usd_at_least": 60 * MILLION, "long_share": None}
    ]


@pytest.mark.parametrize(
    ("until", "hours", "crypto", "new_york"),
    [
        (
            "2024-01-10T12:00",
            24.0,
            "2024-01-09",
            "2024-01-10",
        ),  # midnight, after New York's close
        ("2024-01-10T13:00", 24.0, "2024-01-10", "2024-01-10"),
        ("2024-01-09T22:00", 4.0, "2024-01-09", "2024-01-09"),  # the middle is 20:00, an hour before the close
        ("2024-01-10T00:00", 4.0, "2024-01-09", "2024-01-10"),
        ("2024-07-09T22:00", 4.0, "2024-07-09", "2024-07-09"),  # in summer 20:00 is the close itself
        ("2024-07-09T22:30", 4.0, "2024-07-09", "2024-07-10"),
        ("2024-01-13T00:00", 2.0, "2024-01-12", "2024-01-16"),  # Friday night before a Monday without trading
    ],
)
def test_a_total_belongs_to_the_session_of_its_middle(made, until, hours, crypto, new_york):
    """The session during which, or before whose close, half of its hours had passed."""
    assert totals(made, total(until, 1, 1, hours)) == [(crypto, 2)]
    assert totals(made, total(until, 1, 1, hours), calendar="NYSE") == [(new_york, 2)]


# Cascades

FELL = date(2024, 3, 3)  # the 61st day after the first price
WOBBLE = [0.01, -0.01] * 30
SIGMA = 0.01 * math.sqrt(60 / 59)
THREE = ["five times its own past", "longs", "price down"]


def futures(levels, column_name, at, **place):
    """Counts or payments of the day before the fall and of the day itself."""
    when = [datetime(2024, 3, 2, 23, tzinfo=UTC), datetime(2024, 3, 3, 23, tzinfo=UTC)]
    same = {"asset": "BTC", "venue": "A", "source": "S", "origin": "import", "known_at": when[1]} | place
    return [same | {at: t, column_name: level} for t, level in zip(when, levels, strict=True)]


def fallen(made, usd=50, longs=0.65, z=-1.51, usual=20, open_usd=(), rates=()):
    """Bitcoin after 60 days of ±1 % falls by so many deviations as so many m are closed, after days of 10 m and one of 505."""
    midnight = datetime(2024, 3, 4, tzinfo=UTC)
    reports = [total(midnight - timedelta(days=n), 500 if n == 7 else 5, 5) for n in range(1, usual + 1)]
    tables = {
        "liquidation": [*reports, total(midnight, usd * longs, usd * (1 - longs))],
        "open_interest": futures(open_usd, "usd", "counted_at") if open_usd else [],
        "funding": futures(rates, "rate", "paid_at") if rates else [],
    }
    return made(tables, BTC=[float(c) for c in 100 * np.cumprod([1, *(1 + r for r in WOBBLE), 1 + z * SIGMA, 1.02])])


@pytest.mark.parametrize(
    ("turned", "is_cascade", "signs"),
    [
        ({}, True, THREE), ({"usd": 49.9}, False, THREE[1:]), ({"longs": 0.64}, False, [THREE[0], THREE[2]]),
        ({"z": -1.49}, False, THREE[:2]), ({"open_usd": (100, 99)}, True, THREE), ({"open_usd": (100, 100)}, False, THREE),
        ({"open_usd": (100, 101)}, False, THREE), ({"open_usd": (100, 94)}, True, [*THREE, "open interest down"]),
        ({"rates": (0.0001, 0)}, True, [*THREE, "funding turned"]), ({"rates": (-0.0001, -0.0002)}, True, THREE),
        ({"rates": (0.0001, 0.0001)}, True, THREE),
    ],
)  # fmt: skip
def test_a_cascade_is_all_of_size_longs_and_price(made, turned, is_cascade, signs):
    """Five times the usual day, 65 % longs, 1.5 deviations down and, where known, open interest down: just met or just missed."""
    [row] = fallen(made, **turned)(f"SELECT is_cascade, signs FROM cascade WHERE session = DATE '{FELL}'")
    assert row == {"is_cascade": is_cascade, "signs": signs}


def test_the_loop_of_a_cascade_is_told_with_its_hours(made):
    """Price the day before, that day and the day after, and the hours of the largest total; 50 m are 5 times a median of 10 m."""
    loop = column(fallen(made), "cascade", "BTC")[61]
    assert (loop["is_cascade"], loop["size_ratio"], loop["largest_usd_at_least"]) == (True, 5, 50 * MILLION)
    assert [loop[k] for k in ("price_before", "price", "price_after")] == [
        pytest.approx(x) for x in (-0.01, -1.51 * SIGMA, 0.02)
    ]
    assert (loop["largest_from"], loop["largest_to"]) == ("2024-03-03T00:00:00Z", "2024-03-04T00:00:00Z")


def test_nineteen_earlier_sessions_are_no_past(made):
    """Without twenty totals before it a day has no ratio and is no cascade, nor is it told that it was none."""
    ask = fallen(made, usual=19)
    rows = ask(
        f"SELECT past, size_ratio FROM liquidation_session WHERE calendar = 'CRYPTO' AND session = DATE '{FELL}'"
    )
    assert rows == [{"past": 19, "size_ratio": None}]
    assert column(ask, "cascade", "BTC")[61] is None


# Bitcoin and stocks


def together(made, days, bitcoin, stocks):
    """Rows of crypto_equity for these returns of New York sessions, the first on the second session."""
    closes = [[float(c) for c in 100 * np.cumprod([1, *(1 + returns)])] for returns in (bitcoin, stocks)]
    coins, index = (dict(zip(days, c, strict=False)) for c in closes)
    ask = made(BTC=coins, SPX=index, VIX=dict.fromkeys(index, 20))
    return [r for r in ask("SELECT * FROM crypto_equity ORDER BY session") if r["session"] > days[0]]


def test_correlation_and_beta_come_with_their_intervals(made, days):
    """As numpy has them over the last 60 sessions; Fisher's interval and that of a slope from their textbook formulas."""
    chance = np.random.default_rng(5)
    stocks = chance.normal(0, 0.01, 70)
    bitcoin = 1.2 * stocks + chance.normal(0, 0.02, 70)
    last = together(made, days, bitcoin, stocks)[-1]
    x, y = stocks[-60:], bitcoin[-60:]
    r, (slope, level) = np.corrcoef(x, y)[0, 1], np.polyfit(x, y, 1)
    error = math.sqrt(np.sum((y - level - slope * x) ** 2) / 58 / np.sum((x - x.mean()) ** 2))
    fisher = [math.tanh(0.5 * math.log((1 + r) / (1 - r)) + sign * 1.96 / math.sqrt(57)) for sign in (-1, 1)]
    assert last["n"] == 60
    assert [last[k] for k in ("correlation", "correlation_low", "correlation_high")] == [
        pytest.approx(v) for v in (r, *fisher)
    ]
    assert [last[k] for k in ("beta", "beta_low", "beta_high")] == [
        pytest.approx(v) for v in (slope, slope - 1.96 * error, slope + 1.96 * error)
    ]


def test_under_forty_sessions_nothing_is_told(made, days):
    """39 aligned sessions tell neither correlation nor beta, the fortieth both."""
    chance = np.random.default_rng(6)
    before, fortieth = together(made, days, *chance.normal(0, 0.01, (2, 40)))[-2:]
    assert [before[k] for k in ("n", "correlation", "correlation_low", "beta", "beta_high")] == [None] * 5
    assert (fortieth["n"], fortieth["correlation"] is None, fortieth["leader"]) == (40, False, None)


def held(moves, usual):
    """Moves in deviations of the 60 before (the usual size under 40), within three."""
    sizes = [np.std(moves[max(0, n - 60) : n], ddof=1) if n >= 40 else usual for n in range(len(moves))]
    return np.clip(moves / np.array(sizes), -3, 3)


def lagged(first, second):
    """Correlation of each move of the first with the next of the second."""
    return np.corrcoef(first[:-1], second[1:])[0, 1]


@pytest.mark.parametrize(
    ("leader", "hours"),
    [
        # The leader's move ends at midnight UTC after Monday, the follower's at New York's close on Tuesday.
        ("bitcoin", {date(2024, 7, 8): 68, date(2024, 7, 9): 20, date(2024, 12, 3): 21}),
        # The leader's ends at New York's close on Monday, the follower's at midnight UTC after Tuesday.
        ("stocks", {date(2024, 7, 8): 76, date(2024, 7, 9): 28, date(2024, 12, 3): 27}),
    ],
)
def test_the_leader_is_the_one_whose_move_comes_a_session_before(made, days, leader, hours):
    """One drives the other's next session: it leads, by the hours between the ends of their moves, more over a weekend."""
    chance = np.random.default_rng(8)
    drive = chance.normal(0, 0.01, 240)
    driven = 0.8 * np.roll(drive, 1) + chance.normal(0, 0.003, 240)
    bitcoin, stocks = (drive, driven) if leader == "bitcoin" else (driven, drive)
    rows = together(made, days, bitcoin, stocks)
    assert {r["leader"] for r in rows[120:]} == {leader}
    assert {r["session"]: r["leads_by_hours"] for r in rows if r["session"] in hours} == hours
    b, s = held(bitcoin, 0.038), held(stocks, 0.0081)
    assert rows[-1]["lead_n"] == 239
    assert [rows[-1]["bitcoin_first"], rows[-1]["stocks_first"]] == [
        pytest.approx(lagged(b, s)),
        pytest.approx(lagged(s, b)),
    ]


def test_neither_leads_where_chance_could_tell_as_much(made, days):
    """Independent moves, whose lagged correlations lie within 2.58 / √n: no leader, and no hours."""
    bitcoin, stocks = np.random.default_rng(9).normal(0, 0.01, (2, 200))
    b, s = held(bitcoin, 0.038), held(stocks, 0.0081)
    assert max(abs(lagged(b, s)), abs(lagged(s, b))) < 2.58 / math.sqrt(199)
    last = together(made, days, bitcoin, stocks)[-1]
    assert (last["lead_n"], last["leader"], last["leads_by_hours"]) == (199, None, None)


def test_who_led_needs_120_sessions(made, days):
    """The 120th move follows 119 of the other: unknown; with one more it is told."""
    drive = np.random.default_rng(10).normal(0, 0.01, 121)
    before, last = together(made, days, drive, np.roll(drive, 1))[-2:]
    assert (before["lead_n"], before["leader"], before["bitcoin_first"]) == (None, None, None)
    assert (last["lead_n"], last["leader"]) == (120, "bitcoin")


# Which broke first


@pytest.mark.parametrize(
    ("stocks", "bitcoin", "second", "first", "hours"),
    [
        ("2024-01-12", "2024-01-11", "SPX", "BTC", 21),  # 21:00 on Friday against midnight after Thursday
        ("2024-01-12", "2024-01-12", None, None, None),  # one date: the closes lie apart, not the falls
        ("2024-07-12", "2024-07-11", "SPX", "BTC", 20),  # New York closes at 20:00 in summer
        ("2024-01-12", "2024-01-09", "SPX", "BTC", 69),
        ("2024-01-12", "2024-01-08", None, None, None),  # 93 hours: longer than three days
        ("2024-01-12", "2024-01-15", "BTC", "SPX", None),  # 75 hours
    ],
)
def test_the_market_that_fell_within_three_days_before_broke_first(made, stocks, bitcoin, second, first, hours):
    """Stocks down 3 % and bitcoin down 9 %: by the closes of their own days; the Dow, not a named market, counts for nothing."""
    fell = {name: date.fromisoformat(day) for name, day in (("SPX", stocks), ("BTC", bitcoin), ("DJIA", stocks))}
    to = {"SPX": 97, "DJIA": 97, "BTC": 91}
    ask = made(**{name: {day - timedelta(days=1): 100, day: to[name]} for name, day in fell.items()})
    rows = ask("SELECT market, first_market, hours FROM broke_first")
    assert rows == ([{"market": second, "first_market": first, "hours": hours}] if hours else [])
    if hours:
        led = column(ask, "led_by", second)[-1]
        assert led == {"market": first, "session": str(fell[first]), "hours": hours}
