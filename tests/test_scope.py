"""How wide a fall was, by hand: beta, scope, falls of one company, patterns across assets, circuit breakers."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
import test_state
from test_state import column

made, days = test_state.made, test_state.days
SECTORS = ("XLB", "XLC", "XLE", "XLF", "XLI", "XLK", "XLP", "XLRE", "XLU", "XLV", "XLY")
CALM = 45  # sessions of the past that betas and deviations are known from


def chain(returns, start=100.0):
    """Closes from these returns."""
    return [float(c) for c in start * np.cumprod([1.0, *(1 + np.asarray(returns))])]


# Net of the market


def test_beta_is_the_slope_of_a_regression(made):
    """One and a half times the index plus noise: slope, residual and deviation as numpy fits them to the 60 before."""
    chance = np.random.default_rng(7)
    index = chance.normal(0, 0.01, 70)
    stock = 1.5 * index + chance.normal(0, 0.004, 70)
    rows = made(SPX=chain(index), MSFT=chain(stock))("SELECT * FROM beta WHERE market = 'MSFT' ORDER BY session")
    slope, level = np.polyfit(index[9:69], stock[9:69], 1)
    spread = np.std(stock[9:69] - level - slope * index[9:69], ddof=1)
    assert slope == pytest.approx(1.5, abs=0.2)
    assert len(rows) == 30  # from the 41st return on: under 40 before it there is no slope
    assert (rows[0]["n"], rows[-1]["n"]) == (40, 60)
    assert rows[-1]["beta"] == pytest.approx(slope)
    assert rows[-1]["residual"] == pytest.approx(stock[69] - slope * index[69])
    assert rows[-1]["residual_z"] == pytest.approx((stock[69] - slope * index[69]) / spread)


def test_of_exactly_the_market_nothing_is_left(made):
    """One and a half times the index without noise: beta 1.5, and a fall of 6 % with an index down 4 % is no fall of its own."""
    index = np.array([*np.random.default_rng(3).normal(0, 0.01, 60), -0.04])
    ask = made(SPX=chain(index), MSFT=chain(1.5 * index))
    last = ask("SELECT beta, residual FROM beta WHERE market = 'MSFT' ORDER BY session DESC LIMIT 1")[0]
    assert (last["beta"], last["residual"]) == (pytest.approx(1.5), pytest.approx(0, abs=1e-12))
    assert ask("SELECT count(*) AS n FROM jump WHERE market = 'MSFT' AND drawdown < -0.059") == [{"n": 1}]
    assert ask("SELECT * FROM single_name_fall") == []


# Scope


def session_of(made, days, vix=(20, 20), without=(), **moves):
    """Every sector moves with the index for 45 sessions, give or take 0.2 %, then so as told, in percent; else up 0.1 %."""
    chance = np.random.default_rng(1)
    index = np.tile([0.011, -0.012, 0.009, -0.008, 0.001], CALM // 5)
    past = {s: index + chance.normal(0, 0.002, CALM) for s in (*SECTORS, "MSFT")} | {"SPX": index}
    bars = {s: chain([*past[s], moves.get(s, 0.1) / 100]) for s in past if s not in without}
    others = {s: (100, 100 + moves[s]) for s in moves if s not in past} | {"VIX": vix}
    last_two = {s: dict(zip(days[CALM : CALM + 2], two, strict=True)) for s, two in others.items()}
    return made(**bars, **last_two)


def alike(move, *but, **moves):
    """The same move for all sectors but some."""
    return {s: move for s in SECTORS if s not in but} | moves


PANIC = {"SPX": -3, "GOLD": -1, "BTC": -5, "vix": (20, 26)} | alike(-3)
DEFENSIVE = {"XLP": 1, "XLU": 1, "XLV": 1, "XLK": -1, "XLY": -1}
STYLED = {"SPX": -1.4} | dict.fromkeys(DEFENSIVE, -1.4)
SCOPES = [
    (PANIC, "market-wide panic"), (PANIC | {"vix": (29, 30)}, "market-wide panic"), (PANIC | {"XLE": 1}, "market-wide panic"),
    (PANIC | {"GOLD": 0.5}, "market-wide"), (PANIC | {"BTC": 1}, "market-wide"), (PANIC | {"vix": (20, 23)}, "market-wide"),
    (PANIC | {"SPX": -1.9}, "market-wide"), (PANIC | {"XLE": 1, "XLB": 1}, "market-wide"),
    ({"SPX": -0.5} | alike(-0.5, "XLB", "XLE"), "market-wide"), ({"SPX": -0.5} | alike(-0.5, "XLB", "XLE", "XLF"), "mixed"),
    ({"SPX": 0.1} | alike(-0.1), "mixed"), ({"SPX": -0.1} | DEFENSIVE, "rotation"),
    ({"SPX": 0.1} | {s: -m for s, m in DEFENSIVE.items()}, "rotation"), ({"SPX": -0.1, "XLE": -3}, "sector-specific"),
    ({"SPX": -0.1, "XLE": -1.4}, "mixed"), ({"SPX": -0.5, "MSFT": -10}, "single-name"), (STYLED | {"MSFT": -10}, "mixed"),
    ({"SPX": 0.1, "MSFT": -10}, "mixed"), ({"SPX": -0.1, "MSFT": -2}, "mixed"),
]  # fmt: skip


@pytest.mark.parametrize(("told", "scope"), SCOPES)
def test_scope_tells_how_wide_a_move_was(made, days, told, scope):
    """Each scope, and the next as soon as a condition fails; Microsoft, last on record with 6.56 %, makes 0.66 points."""
    ask = session_of(made, days, **told)
    assert column(ask, "scope")[-1] == scope
    assert column(ask, "scope", "MSFT")[-1] == ("single-name" if told.get("MSFT") == -10 else None)


def test_sectors_hit_are_named_hardest_first(made, days):
    """Financials −4 % and energy −3 % in a market down 0.1 %; with a market down 4 % financials were not hit."""
    assert column(session_of(made, days, SPX=-0.1, XLE=-3, XLF=-4), "sectors_hit")[-1] == ["XLF", "XLE"]
    assert column(session_of(made, days, SPX=-4, **alike(-4)), "sectors_hit")[-1] == []


def test_breadth_and_scope_need_eight_sector_funds(made, days):
    """Six of eight fell: 0.75; of seven neither breadth nor scope is told, and the rest of the state stays."""
    fell = {"SPX": -0.1} | dict.fromkeys(SECTORS[3:9], -1)
    eight, seven = (
        session_of(made, days, without=SECTORS[:3], **fell),
        session_of(made, days, without=SECTORS[:4], **fell),
    )
    assert column(eight, "breadth")[-1] == 0.75
    assert column(eight, "scope")[-1] is not None
    assert [column(seven, c)[-1] for c in ("breadth", "scope", "dispersion", "rotation")] == [None] * 4
    assert column(seven, "vix_close")[-1] == 20


# One company


def test_microsoft_fell_on_its_own(mart_rows, case_home):
    """29 January 2026: −10.0 %, on record 6.71 % of the index, so about −0.67 points while the S&P 500 lost 0.13 %."""
    sql = "SELECT scope, single_names FROM market_state WHERE session = DATE '2026-01-29' AND market = $market"
    for market in ("MSFT", "SPX"):
        [(scope, [name])] = mart_rows(case_home, sql, market=market)
        assert (scope, name["market"], name["weight_as_of"]) == ("single-name", "MSFT", "2025-10-16")
        assert [round(100 * name[k], 2) for k in ("weight", "contribution", "index_return")] == [6.71, -0.67, -0.13]
        assert round(100 * name["return"], 1) == -10.0


def test_a_weight_moves_along_with_the_prices(made):
    """6.66 % on 24 July 2024, session 140 from FIRST: after +10 % in a flat market 7.326 %, of which −12 % make −0.88 points."""
    stock = {100 + n: (100 if n <= 40 else 110) + n % 2 for n in range(60)} | {140: 100, 159: 110, 160: 96.8}
    index = {100 + n: 5000 + 10 * (n // 2 % 2) for n in range(60)} | {140: 5000, 159: 5000, 160: 4995}
    [fall] = made(SPX=index, MSFT=stock)("SELECT * FROM single_name_fall")
    assert (str(fall["weight_as_of"]), str(fall["session"])) == ("2024-07-24", "2024-08-21")
    assert fall["weight"] == pytest.approx(0.07326)
    assert fall["contribution"] == pytest.approx(-0.12 * 0.07326)


def test_a_weight_older_than_400_days_is_none(made, mart_rows, case_home):
    """Nvidia's of November 2019 is the last before March 2023: a fall of its own in 2020 has a contribution, in 2021 none."""
    sql = "SELECT session FROM session WHERE calendar = 'NYSE' AND year(session) = $year ORDER BY session LIMIT 62"
    for year, weight in ((2020, 0.005), (2021, None)):
        sessions = [day for (day,) in mart_rows(case_home, sql, year=year)]
        stock, index = [100 + n % 2 for n in range(61)] + [88], [5000 + 10 * (n // 2 % 2) for n in range(62)]
        ask = made(**{m: dict(zip(sessions, c, strict=True)) for m, c in (("NVDA", stock), ("SPX", index))})
        [fall] = ask("SELECT weight, contribution FROM single_name_fall")
        assert fall == {"weight": weight, "contribution": weight and pytest.approx(-0.12 * weight)}


# Patterns across assets

SERIES = {
    "spx": "SPX", "us10y": "US10Y", "dollar": "DOLLAR", "gold": "GOLD", "oil": "OIL", "high_yield": "HYG", "bitcoin": "BTC",
}  # fmt: skip
USUAL = {
    "spx": 0.0081,
    "us10y": 0.052,
    "dollar": 0.0044,
    "gold": 0.0093,
    "oil": 0.021,
    "high_yield": 0.0038,
    "bitcoin": 0.038,
}
# Of each condition a move that meets it and one that just does not, in usual moves.
PATTERNS = {
    "liquidity squeeze": {"spx": (-2, -1.4), "gold": (-1, -0.4), "oil": (-1, -0.4), "dollar": (0.1, -0.3), "bitcoin": (-1, -0.4)},
    "hawkish": {"us10y": (1, 0.2), "dollar": (1, 0.4), "gold": (-1, -0.4), "spx": (-1, 0.1)},
    "dollar squeeze": {"dollar": (1.2, 0.9), "gold": (-2, -1.4)},
    "growth scare": {"spx": (-1, -0.4), "us10y": (-1, -0.4), "oil": (-1, -0.4)},
    "flight to safety": {"spx": (-1, -0.4), "us10y": (-1, -0.4), "gold": (0.5, 0.2)},
    "rates shock": {"spx": (-1, -0.4), "us10y": (1.2, 0.9)},
    "oil shock": {"spx": (-1, -0.4), "oil": (2, 1.4)},
    "credit stress": {"spx": (-1, -0.4), "high_yield": (-2, -1.4)},
    "crypto alone": {"bitcoin": (-2, -1.4), "spx": (-0.4, -0.6)},
}  # fmt: skip


def shown(made, days, sessions):
    """The patterns of each made-up session, in their order: pairs of sessions eight apart, so that none is another's past."""
    bars = {series: {} for series in SERIES.values()} | {"VIX": dict.fromkeys(days, 20)}
    for n, moves in enumerate(sessions):
        for asset, z in ({"spx": 0.01} | moves).items():
            change = z * USUAL[asset]
            bars[SERIES[asset]] |= {
                days[8 * n]: 4,
                days[8 * n + 1]: 4 + change if asset == "us10y" else 4 * (1 + change),
            }
    rows = made(**bars)("SELECT session, list(signature ORDER BY rank) AS patterns FROM signature GROUP BY session")
    found = {r["session"]: r["patterns"] for r in rows}
    return [found.get(days[8 * n + 1], []) for n in range(len(sessions))]


def test_each_pattern_is_shown_and_missed_by_any_one_condition(made, days):
    """Every rule by one session that meets it, and by one for each of its conditions that falls just short."""
    told = [
        (name, turned, {a: values[a == turned] for a, values in moves.items()})
        for name, moves in PATTERNS.items() for turned in (None, *moves)
    ]  # fmt: skip
    found = shown(made, days, [moves for *_, moves in told])
    seen = {(name, turned): name in f for (name, turned, _), f in zip(told, found, strict=True)}
    assert seen == {(name, turned): turned is None for name, turned, _ in told}


def test_a_condition_without_data_is_passed_over_only_where_it_is_optional(made, days):
    """A squeeze without bitcoin is one all the same; without oil, gold or dollar it is none, nor is crypto alone."""
    squeeze = {asset: holds for asset, (holds, _) in PATTERNS["liquidity squeeze"].items()}
    told = [{a: z for a, z in squeeze.items() if a != gone} for gone in ("bitcoin", "oil", "gold", "dollar")]
    found = shown(made, days, [*told, {"spx": 0.1}])
    assert ["liquidity squeeze" in f for f in found] == [True, False, False, False, False]
    assert "crypto alone" not in found[-1]


# Circuit breakers


def reached(ask):
    """The level reached by session."""
    return {str(r["session"]): r["level"] for r in ask("SELECT session, level FROM circuit_breaker")}


def eve(first, before, second, low):
    """Two sessions, of which the second fell to its low and closed where it had begun."""
    return {
        date.fromisoformat(first): before,
        date.fromisoformat(second): {"low": low, "high": before, "close": before},
    }


def test_points_of_the_dow_by_the_rule_in_force(made):
    """250 and 400 points from 1988, 350 and 550 from 3 February 1997; on 27 October 1997 the Dow lost 554.26 of 7,715.41."""
    dow = eve("1988-10-17", 2000, "1988-10-18", 1500) | eve("1990-01-03", 3000, "1990-01-04", 2750)
    dow |= eve("1990-02-01", 3000, "1990-02-02", 2600) | eve("1990-03-01", 3000, "1990-03-02", 2750.5)
    dow |= eve("1997-01-30", 6800, "1997-01-31", 6550) | eve("1997-02-03", 6800, "1997-02-04", 6451)
    dow |= eve("1998-04-13", 9000, "1998-04-14", 8650) | {date(1997, 10, 24): 7715.41, date(1997, 10, 27): 7161.15}
    assert reached(made(DJIA=dow)) == {
        "1990-01-04": 1, "1990-02-02": 2, "1997-01-31": 1, "1997-10-27": 2, "1998-04-14": 1,
    }  # fmt: skip


# The Exchange's points of three quarters, and about what the Dow averaged in the month before.
QUARTERS = [
    (8_160, ["2002-09-27", "2002-09-30"], "2002-10-0", (800, 1650, 2450)),
    (11_114, ["2008-09-29", "2008-09-30"], "2008-10-0", (1100, 2200, 3350)),
    (12_097, ["2011-06-29", "2011-06-30"], "2011-07-0", (1200, 2400, 3650)),
]


@pytest.mark.parametrize(("average", "month", "days", "points"), QUARTERS)
def test_quarterly_points_are_a_share_of_the_average_rounded_to_50(made, average, month, days, points):
    """As the Exchange announced them: 10, 20 and 30 % of the month's average; a point less reaches the level before or none."""
    first, last = map(date.fromisoformat, month)
    dow, expected = {first: average - 100, last: average + 100}, {}
    drops = [
        (points[0] - 1, None),
        (points[0], 1),
        (points[1] - 1, 1),
        (points[1], 2),
        (points[2] - 1, 2),
        (points[2], 3),
    ]
    days = [
        f"{days}{n}"
        for n in range(1, 10)
        if date.fromisoformat(f"{days}{n}").weekday() < 5 and f"{days}{n}" != "2011-07-04"
    ]
    for day, (drop, level) in zip(days, drops, strict=False):
        dow[date.fromisoformat(day)] = {"low": average + 100 - drop, "high": average + 100, "close": average + 100}
        expected |= {day: level} if level else {}
    assert len(expected) >= 4
    assert reached(made(DJIA=dow)) == expected


def test_percent_of_the_index_since_april_2013(made):
    """7, 13 and 20 % of 1,500 are 105, 195 and 300, by the low or, without one, the close; before the 8th it was the Dow's."""
    lows = {"05": 1200, "08": 1395, "09": 1395.5, "10": 1305, "11": 1200}
    bars = {date(2013, 4, int(d)): {"low": low, "high": 1500, "close": 1500} for d, low in lows.items()}
    ask = made(SPX={date(2013, 4, 4): 1500} | bars | {date(2013, 4, 12): 1395}, BTC={date(2013, 4, 8): 187})
    assert reached(ask) == {"2013-04-08": 1, "2013-04-10": 2, "2013-04-11": 3, "2013-04-12": 1}
    assert [b and b["level"] for b in column(ask, "circuit_breaker")] == [None, None, 1, None, 2, 3, 1]
    assert column(ask, "circuit_breaker", "BTC") == [None]


def test_halts_on_record_are_told_in_utc(mart_rows, case_home):
    """27 October 1997 twice and four times in March 2020, by the clock of Greenwich; the case files hold all five sessions."""
    sql = "SELECT h.at, h.level FROM (SELECT unnest(halts) AS h FROM circuit_breaker) ORDER BY 1"
    assert mart_rows(case_home, sql) == [
        ("1997-10-27T19:36:00Z", 1), ("1997-10-27T20:30:00Z", 2), ("2020-03-09T13:34:13Z", 1), ("2020-03-12T13:35:44Z", 1),
        ("2020-03-16T13:30:01Z", 1), ("2020-03-18T16:56:17Z", 1),
    ]  # fmt: skip
