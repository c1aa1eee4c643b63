"""Falls: jumps, slides and episodes of a price series, by hand, against a reference list, and as properties."""

from __future__ import annotations

import csv
import math
from datetime import date, timedelta
from itertools import pairwise
from statistics import fmean, stdev

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kb.mart import open_mart
from kb.narrow import narrow_to
from kb.sql_steps import run_steps

STEPS = ("bar_flag", "daily_return", "jump", "slide", "episode", "selloff")
START = date(2015, 1, 1)
QUICK = settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def day(number):
    """The date of the session of this number in the made-up series: one a day."""
    return START + timedelta(days=number)


@pytest.fixture(scope="module")
def detect(case_home):
    """Run the move steps over made-up closes: `detect(SPX=[100, 97])` -> (daily returns, falls) by market.

    A list is of consecutive sessions, a dictionary names the number of each session.
    """

    def run(**series):
        rows = []
        for name, closes in series.items():
            numbered = closes if isinstance(closes, dict) else dict(enumerate(closes))
            for number, close in numbered.items():
                where = number if isinstance(number, date) else day(number)
                order = number if isinstance(number, int) else len(rows)
                rows.append((name, where, order, float(close)))
        with open_mart(case_home) as connection:
            connection.execute("CREATE TEMP TABLE bar AS SELECT * FROM main.bar WHERE false")
            named, sessions, numbers, closes = (list(column) for column in zip(*rows, strict=True))
            connection.execute(
                "INSERT INTO temp.bar (series, symbol, session, session_no, close, source, origin, known_at) "
                "SELECT series, 'x', day, number, close, 'test', 'import', CAST(day AS TIMESTAMP) FROM "
                "(SELECT unnest($1) AS series, unnest($2) AS day, unnest($3) AS number, unnest($4) AS close)",
                [named, sessions, numbers, closes],
            )
            run_steps(connection, STEPS, {}, temporary=True)
            return [
                fetch(connection, f"SELECT * FROM temp.{table} ORDER BY ALL") for table in ("daily_return", "selloff")
            ]

    return run


def fetch(connection, sql):
    """Rows as dictionaries by market."""
    cursor = connection.execute(sql)
    names = [d[0] for d in cursor.description]
    found = {}
    for row in cursor.fetchall():
        entry = dict(zip(names, row, strict=True))
        entry.pop("known_at", None)
        found.setdefault(entry.get("series") or entry.get("market"), []).append(entry)
    return found


def falls(found, market, kind):
    """The falls of one kind, as (peak, trough, drawdown to four digits) with sessions as numbers."""
    return [
        ((f["peak"] - START).days, (f["trough"] - START).days, round(f["drawdown"], 4))
        for f in found[1].get(market, []) if f["kind"] == kind
    ]  # fmt: skip


def test_a_jump_is_a_return_at_or_below_the_threshold_of_its_class(detect):
    """−2.5 % for an index, −4 % for a commodity, −6 % for a single name, −8 % for crypto."""
    found = detect(
        SPX=[100, 97.4], NDX=[100, 97.6], GOLD=[100, 95.9], OIL=[100, 96.1], MSFT=[100, 93.9], AAPL=[100, 94.1],
        BTC=[100, 91.9], ETH=[100, 92.1], SMH=[100, 96.4], XLK=[100, 96.6],
    )  # fmt: skip
    assert {m for m in found[1] if falls(found, m, "jump")} == {"SPX", "GOLD", "MSFT", "BTC", "SMH"}
    assert falls(found, "SPX", "jump") == [(0, 1, -0.026)]
    jump = next(f for f in found[1]["SPX"] if f["kind"] == "jump")
    assert jump["id"] == "SPX-jump-2015-01-02"
    assert (jump["first_session"], jump["last_session"]) == (day(1), day(1))


def calm(sessions, step=0.002):
    """Closes that go up and down by the same step: a known small volatility and no drift to speak of."""
    closes = [100.0]
    for n in range(sessions):
        closes.append(closes[-1] * (1 + (step if n % 2 else -step)))
    return closes


def test_a_fall_out_of_a_calm_is_a_jump_by_its_z(detect):
    """After 60 returns of ±0.2 % one of −1.2 % is a jump; −0.9 % is too small, and 39 returns tell no volatility."""
    base, short = calm(60), calm(39)
    found = detect(SPX=[*base, base[-1] * 0.988], NDX=[*base, base[-1] * 0.991], SPY=[*short, short[-1] * 0.988])
    assert [f["kind"] for f in found[1]["SPX"]] == ["jump"]
    assert not found[1].get("NDX")
    assert not found[1].get("SPY")
    last = found[0]["SPX"][-1]
    # 30 returns of +0.002 and 30 of -0.002: sample standard deviation 0.002 * sqrt(60 / 59)
    assert last["sigma"] == pytest.approx(0.002 * math.sqrt(60 / 59), rel=1e-9)
    assert last["z"] == pytest.approx(-0.012 / (0.002 * math.sqrt(60 / 59)), rel=1e-9)


def test_a_slide_is_several_small_falls(detect):
    """Five days of −1.2 points from 100 to 94 and back: no jump, one slide and one episode, peak and trough as drawn."""
    found = detect(SPX=[98, 99, 100, 98.8, 97.6, 96.4, 95.2, 94.0, 96, 98, 99.9, 100, 101])
    assert falls(found, "SPX", "jump") == []
    assert falls(found, "SPX", "slide") == [(2, 7, -0.06)]
    assert falls(found, "SPX", "episode") == [(2, 7, -0.06)]
    by_kind = {f["kind"]: f for f in found[1]["SPX"]}
    assert by_kind["episode"]["recovered_on"] == day(11)
    assert by_kind["episode"]["id"] == "SPX-episode-2015-01-04"
    assert by_kind["slide"]["within"] == ["SPX-episode-2015-01-04"]
    assert by_kind["slide"]["grade"] == "sell-off"


def test_two_falls_under_one_peak_are_one_slide(detect):
    """Down to 94, back to 96, down to 92 within 20 sessions of one peak: one slide to the deeper trough, every time."""
    closes = [98, 99, 100, 97, 94, *[96] * 8, 94, 92, 96, 98, 101]
    for _ in range(6):
        found = detect(SPX=closes, NDX=closes, SPY=closes, QQQ=closes)
        assert {m: falls(found, m, "slide") for m in found[1]} == {
            m: [(2, 14, -0.08)] for m in ("SPX", "NDX", "SPY", "QQQ")
        }


def test_of_two_equal_highs_the_later_is_the_peak_of_both_kinds(detect):
    """From 100, 99, 100 down to 94: slide and episode begin at the second high, and the slide lies within the episode."""
    found = detect(SPX=[98, 100, 99, 100, 98, 96, 94, 97, 101])
    assert falls(found, "SPX", "slide") == falls(found, "SPX", "episode") == [(3, 6, -0.06)]
    slide = next(f for f in found[1]["SPX"] if f["kind"] == "slide")
    assert slide["within"] == [f["id"] for f in found[1]["SPX"] if f["kind"] == "episode"]


def test_of_two_equal_lows_the_trough_is_the_same_every_time(detect):
    """Two lows of 94 under one peak: the trough of slide and episode is one of them, and always the same one."""
    closes = [98, 99, 100, 97, 94, *[96] * 8, 95, 94, 96, 98, 101]
    seen = {
        str([falls(detect(SPX=closes, NDX=closes), m, k) for m in ("SPX", "NDX") for k in ("slide", "episode")])
        for _ in range(5)
    }
    assert len(seen) == 1


def test_falls_nest(detect):
    """A jump in a slide in an episode names both, the innermost first."""
    found = detect(SPX=[100, 99, 95, 93, 94, 90, 95, 101])
    jumps = [f for f in found[1]["SPX"] if f["kind"] == "jump"]
    assert [f["first_session"] for f in jumps] == [day(2), day(5)]
    assert jumps[0]["within"] in (
        ["SPX-episode-2015-01-02", "SPX-slide-2015-01-02"], ["SPX-slide-2015-01-02", "SPX-episode-2015-01-02"],
    )  # fmt: skip
    assert [f["within"] for f in found[1]["SPX"] if f["kind"] == "episode"] == [[]]


@pytest.mark.parametrize(
    ("floor", "sessions", "grade"),
    [(94, 60, "dip"), (94, 8, "sell-off"), (88, 60, "correction"), (79, 60, "bear market"), (95.5, 60, None)],
)
def test_grades_follow_depth_and_pace(detect, floor, sessions, grade):
    """20 % a bear market, 10 % a correction, less a sell-off when 5 % are lost within 20 sessions, else a dip; 4.5 % nothing."""
    closes = [100 + (floor - 100) * n / sessions for n in range(sessions + 1)] + [101]
    episodes = [f for f in detect(SPX=closes)[1].get("SPX", []) if f["kind"] == "episode"]
    assert [f["grade"] for f in episodes] == ([grade] if grade else [])


def test_an_episode_lasts_until_its_peak_is_passed(detect):
    """Two troughs under one peak are one episode with the deeper trough; after the peak is passed a new one begins."""
    found = detect(SPX=[100, 93, 99, 90, 99.9, 100.5, 95, 94, 96])
    assert falls(found, "SPX", "episode") == [(0, 3, -0.1), (5, 7, round(94 / 100.5 - 1, 4))]
    assert [f["recovered_on"] for f in found[1]["SPX"] if f["kind"] == "episode"] == [day(5), None]


def test_nothing_is_computed_across_a_hole(detect):
    """After more than five missing sessions the series begins anew: no return, no peak from before."""
    before, after = dict.fromkeys(range(5), 100), dict.fromkeys(range(20, 25), 60)
    found = detect(SPX=before | after)
    assert not found[1].get("SPX")
    assert [r["ret"] for r in found[0]["SPX"]] == [None, 0, 0, 0, 0, None, 0, 0, 0, 0]
    short = detect(SPX={0: 100, 4: 97})
    assert falls(short, "SPX", "jump") == [(0, 4, -0.03)]


def test_a_price_below_zero_stays_in_range(detect):
    """Oil on 2020-04-20 closed at −37.63: a drawdown of −1, and no return from a price below zero."""
    found = detect(OIL=[18.27, -37.63, 10.01, 13.78])
    assert [r["drawdown"] for r in found[0]["OIL"]][1] == -1
    assert [r["ret"] is None for r in found[0]["OIL"]] == [True, False, True, False]
    assert all(-1 <= f["drawdown"] <= 0 for f in found[1]["OIL"])


# Against the reference list


@pytest.fixture(scope="module")
def reference(shared, detect):
    """The S&P 500 since 1950 with what our steps find in it."""
    import duckdb

    path = shared / "market" / "prices_daily.parquet"
    names = [d[0] for d in duckdb.sql(f"SELECT * FROM '{path}' LIMIT 0").description]
    day_column = next(n for n in names if n.lower() in ("date", "session"))
    rows = duckdb.sql(
        f"SELECT CAST({day_column} AS DATE), close FROM '{path}' WHERE symbol = '^GSPC' AND {day_column} >= '1950-01-01' "
        "AND close IS NOT NULL ORDER BY 1"
    ).fetchall()
    return detect(SPX=dict(rows))


# Episodes of the list that we find otherwise, each with its reason.
KNOWN_DIFFERENCES: dict[str, str] = {}


@pytest.fixture(scope="module")
def marked(shared, case_home):
    """The S&P 500, VIX and VXO of the reference prices: our rows of the S&P by day, and the closes they were made from."""
    path = shared / "market" / "prices_daily.parquet"
    with open_mart(case_home) as connection:
        connection.execute("CREATE TEMP TABLE bar AS SELECT * FROM main.bar WHERE false")
        connection.execute(
            "INSERT INTO temp.bar (series, symbol, session, session_no, close, volume, source, origin, known_at) "
            "SELECT CASE symbol WHEN '^GSPC' THEN 'SPX' ELSE substr(symbol, 2) END, symbol, CAST(date AS DATE), "
            "row_number() OVER (PARTITION BY symbol ORDER BY date), close, volume, 'test', 'import', date "
            f"FROM '{path}' WHERE symbol IN ('^GSPC', '^VIX', '^VXO') AND close IS NOT NULL"
        )
        run_steps(connection, (*STEPS, "cross_asset"), {}, temporary=True)
        sql = (
            "SELECT r.*, r.session_no - 1 AS place, x.vix_close, x.vix_change, j.first_session IS NOT NULL AS jumped "
            "FROM temp.daily_return AS r LEFT JOIN temp.cross_asset AS x ON x.session = r.session "
            "LEFT JOIN temp.jump AS j ON j.market = r.series AND j.first_session = r.session WHERE r.series = 'SPX'"
        )
        rows = {r["session"].isoformat(): r for r in fetch(connection, sql)["SPX"]}
        closes = fetch(connection, "SELECT series, session, close FROM temp.bar ORDER BY series, session")
    return rows, {series: {r["session"].isoformat(): r["close"] for r in given} for series, given in closes.items()}


def read_reference(shared, name):
    """The rows of a reference file."""
    with (shared / "market" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_episode_of_the_reference_list_is_found(shared, reference):
    """All drawdowns of 5 % or more since 1950: same peak, trough, recovery and depth, and none that the list has not."""
    listed = {
        r["peak"]: (r["trough"], r["recovered"] or None, round(float(r["drawdown"]), 6))
        for r in read_reference(shared, "spx_drawdown_episodes_1950_2026.csv") if float(r["drawdown"]) <= -0.05
    }  # fmt: skip
    found = {
        str(f["peak"]): (str(f["trough"]), str(f["recovered_on"] or "") or None, round(f["drawdown"], 6))
        for f in reference[1]["SPX"] if f["kind"] == "episode"
    }  # fmt: skip
    assert len(listed) >= 70
    assert {p: v for p, v in listed.items() if found.get(p) != v and p not in KNOWN_DIFFERENCES} == {}
    assert set(found) - set(listed) - set(KNOWN_DIFFERENCES) == set()


def test_every_hard_day_of_the_reference_list_is_a_jump(shared, reference):
    """All days of −2.5 % or worse since 1950, with the same return; days the list has not are jumps by volatility only."""
    listed = {r["date"]: float(r["ret"]) for r in read_reference(shared, "spx_days_down_2pct_1950_2026.csv")}
    jumps = {f["first_session"].isoformat(): f for f in reference[1]["SPX"] if f["kind"] == "jump"}
    hard = {d for d, ret in listed.items() if ret <= -0.025}
    assert len(hard) > 200
    assert hard <= set(jumps)
    for session in hard:
        assert jumps[session]["drawdown"] == pytest.approx(listed[session], abs=1e-9)
    for session in set(jumps) - hard:
        assert -0.025 < jumps[session]["drawdown"] <= -0.01


def test_milder_days_of_the_reference_list_are_jumps_by_their_z_alone(shared, marked):
    """All 444 days have the listed return; above −2.5 % a day is a jump exactly when its z, worked out here, is −2.5 or less."""
    rows, closes = marked
    prices = list(closes["SPX"].values())
    by_z = {True: 0, False: 0}
    for listed in read_reference(shared, "spx_days_down_2pct_1950_2026.csv"):
        row, ret = rows[listed["date"]], float(listed["ret"])
        z = ret / stdev(b / a - 1 for a, b in pairwise(prices[row["place"] - 61 : row["place"]]))
        assert row["ret"] == pytest.approx(ret, abs=1e-12)
        assert row["z"] == pytest.approx(z, rel=1e-6)
        if ret > -0.025:
            assert row["jumped"] == (z <= -2.5), listed["date"]
            by_z[row["jumped"]] += 1
    assert min(by_z.values()) >= 20


def test_averages_and_low_of_the_reference_list_agree(shared, marked):
    """On 444 days closes lie below the averages of 50 and 200 sessions and the low of 20 as the list says, but for one day.

    The list counts the day itself into its averages: "below" then means below the mean of the 49 (199) sessions before.
    Ours are of the 50 (200) before. On one day, 2024-07-24, the close lay between the two. Both lows leave the day out.
    """
    rows, closes = marked
    prices, differing = list(closes["SPX"].values()), []
    for listed in read_reference(shared, "spx_days_down_2pct_1950_2026.csv"):
        row = rows[listed["date"]]
        for flag, bound, sessions in (("below_50dma", "average_50", 50), ("below_200dma", "average_200", 200)):
            theirs = listed[flag] == "True"
            assert theirs == (row["close"] < fmean(prices[row["place"] - sessions + 1 : row["place"]]))
            assert row[bound] == pytest.approx(fmean(prices[row["place"] - sessions : row["place"]]), rel=1e-9)
            if theirs != (row["close"] < row[bound]):
                differing.append((listed["date"], flag))
        assert (row["close"] < row["low_20"]) == (listed["low_20d_break"] == "True"), listed["date"]
    assert differing == [("2024-07-24", "below_50dma")]


def test_volume_and_volatility_of_the_reference_list_agree(shared, marked):
    """On 444 days volume ratio, VIX and its change are those of the list, but for 33 days on which the list has no VIX.

    The VIX begins in 1990; before it, from 1986, we take the VXO. The list's volume ratio leaves the day out, as ours.
    """
    rows, closes = marked
    older = []
    for listed in read_reference(shared, "spx_days_down_2pct_1950_2026.csv"):
        row = rows[listed["date"]]
        assert row["volume_ratio"] == pytest.approx(float(listed["vol_ratio20"]), rel=1e-9), listed["date"]
        if listed["vix"]:
            assert row["vix_close"] == pytest.approx(float(listed["vix"]), abs=1e-9)
            assert row["vix_change"] == pytest.approx(float(listed["vix_chg"]), abs=1e-9)
        elif row["vix_close"] is not None:
            older.append(listed["date"])
            assert row["vix_close"] == closes["VXO"][listed["date"]]
            assert row["vix_change"] is not None
    assert len(older) == 33
    assert (older[0][:4], older[-1][:4]) == ("1986", "1989")


def test_grades_of_the_reference_list_agree(shared, reference):
    """What the list calls a bear market or a correction we grade so."""
    graded = {f["peak"].isoformat(): f["grade"] for f in reference[1]["SPX"] if f["kind"] == "episode"}
    for row in read_reference(shared, "spx_drawdown_episodes_1950_2026.csv"):
        if row["class"] in ("correction", "bear", "bear market"):
            assert graded[row["peak"]].split()[0] == row["class"].split()[0], row["peak"]


# Properties

KINDS = ("jump", "slide", "episode")
RANKS = ("dip", "sell-off", "correction", "bear market")
returns = st.lists(st.floats(-0.12, 0.1, allow_nan=False), min_size=1, max_size=130)


def walk(steps):
    """Closes from 100 on by these returns, in cents, never under 1: below, a cent is a move like a split."""
    closes = [100.0]
    for step in steps:
        closes.append(max(round(closes[-1] * (1 + step), 2), 1.0))
    return closes


@QUICK
@given(returns)
def test_drawdown_is_a_fraction_and_zero_at_a_new_peak(detect, steps):
    """In [−1, 0] always, 0 exactly where the close is the highest so far, and the definition elsewhere."""
    closes = walk(steps)
    rows = detect(SPX=closes)[0]["SPX"]
    for n, row in enumerate(rows):
        peak = max(closes[: n + 1])
        assert -1 <= row["drawdown"] <= 0
        assert (row["drawdown"] == 0) == (closes[n] == peak)
        assert row["drawdown"] == pytest.approx(closes[n] / peak - 1, abs=1e-12)


@QUICK
@given(returns, st.sampled_from([0.25, 2, 1024]))
def test_scaling_prices_changes_nothing(detect, steps, factor):
    """The same falls with the same figures whatever the unit of the price (powers of two, so that nothing is rounded)."""
    closes = walk(steps)
    one, other = detect(SPX=closes), detect(SPX=[c * factor for c in closes])
    assert other[1] == one[1]
    for a, b in zip(one[0]["SPX"], other[0]["SPX"], strict=True):
        for figure in ("ret", "z", "drawdown", "fall_20"):
            assert a[figure] == b[figure]


@QUICK
@given(returns, st.floats(0.003, 3000))
def test_the_unit_of_the_price_changes_no_figure(detect, steps, factor):
    """Prices in cents, pence or any other unit: the same figures, but for rounding."""
    closes = walk(steps)
    found = detect(SPX=closes, NDX=[c * factor for c in closes])[0]
    for a, b in zip(found["SPX"], found["NDX"], strict=True):
        for figure in ("ret", "drawdown", "fall_20"):
            assert b[figure] == pytest.approx(a[figure], abs=1e-9)
        # Returns that differ by rounding alone have a deviation of rounding alone.
        if a["sigma"] is not None and a["sigma"] > 1e-9:
            assert b["z"] == pytest.approx(a["z"], rel=1e-5)


def deepen(closes, factor):
    """The path with the same running peaks whose log-drawdowns are all this many times as deep."""
    peaks = [max(closes[: n + 1]) for n in range(len(closes))]
    return [c if c == peak else peak * (c / peak) ** factor for c, peak in zip(closes, peaks, strict=True)]


@QUICK
@given(st.lists(st.floats(-0.07, 0.06), min_size=5, max_size=70), st.floats(1.05, 2.5))
def test_a_deeper_fall_has_no_lower_grade(detect, steps, factor):
    """All log-drawdowns deeper by a factor: every episode and hard day is still there, its grade the same or worse.

    Slides may begin at another high of 20 sessions when the path is deeper, and jumps by volatility have more of it.
    """
    closes = walk(steps)
    found = detect(SPX=closes, NDX=deepen(closes, factor))[1]
    mild, deep = (
        {(f["kind"], f["peak"]): RANKS.index(f["grade"]) for f in found.get(m, []) if f["drawdown"] <= -0.025}
        for m in ("SPX", "NDX")
    )
    for key, rank in mild.items():
        assert key[0] == "slide" or deep[key] >= rank


@QUICK
@given(returns, st.data())
def test_later_bars_never_change_an_earlier_state(detect, steps, data):
    """What is known after n sessions is the same with n sessions as with all of them."""
    closes = walk(steps)
    known = data.draw(st.integers(1, len(closes)))
    early, late = detect(SPX=closes[:known])[0]["SPX"], detect(SPX=closes)[0]["SPX"][:known]
    for a, b in zip(early, late, strict=True):
        for figure, value in a.items():
            assert b[figure] == (pytest.approx(value, rel=1e-9, abs=1e-12) if isinstance(value, float) else value), (
                figure
            )


@QUICK
@given(returns, st.data())
def test_ids_stay_as_a_fall_goes_on(detect, steps, data):
    """A fall seen after n sessions is still there under its id later, no shallower, with the same peak and first session."""
    closes = walk(steps)
    known = data.draw(st.integers(1, len(closes)))
    early = {f["id"]: f for f in detect(SPX=closes[:known])[1].get("SPX", [])}
    late = {f["id"]: f for f in detect(SPX=closes)[1].get("SPX", [])}
    assert set(early) <= set(late)
    for name, fall in early.items():
        assert late[name]["drawdown"] <= fall["drawdown"]
        assert late[name]["peak"] == fall["peak"]
        assert late[name]["first_session"] == fall["first_session"]


@QUICK
@given(returns)
def test_falls_are_in_order_and_ids_are_unique(detect, steps):
    """Peak before first session, first session not after the trough, one id each, every enclosing id exists."""
    found = detect(SPX=walk(steps))[1].get("SPX", [])
    ids = [f["id"] for f in found]
    assert len(ids) == len(set(ids))
    for fall in found:
        assert fall["peak"] < fall["first_session"] <= fall["trough"] <= fall["last_session"]
        assert -1 <= fall["drawdown"] < 0
        assert set(fall["within"]) <= set(ids)
        assert fall["recovered_on"] is None or fall["recovered_on"] > fall["trough"]


@QUICK
@given(returns, returns)
def test_a_fall_names_all_falls_around_it_and_no_other(detect, one, other):
    """`within` holds the wider kinds of the same market which begin no later and end no earlier, innermost first."""
    for listed in detect(SPX=walk(one), NDX=walk(other))[1].values():
        spans = {f["id"]: f["last_session"] - f["first_session"] for f in listed}
        for fall in listed:
            around = {
                o["id"] for o in listed
                if KINDS.index(o["kind"]) > KINDS.index(fall["kind"])
                and o["first_session"] <= fall["first_session"] <= fall["last_session"] <= o["last_session"]
            }  # fmt: skip
            assert set(fall["within"]) == around
            assert [spans[i] for i in fall["within"]] == sorted(spans[i] for i in fall["within"])


@QUICK
@given(returns)
def test_depth_length_and_speed_are_those_of_the_path(detect, steps):
    """Drawdown from the close at the peak to that at the trough, sessions between them, and one divided by the other."""
    closes = walk(steps)
    for fall in detect(SPX=closes)[1].get("SPX", []):
        peak, trough = (fall["peak"] - START).days, (fall["trough"] - START).days
        assert fall["drawdown"] == pytest.approx(closes[trough] / closes[peak] - 1, abs=1e-12)
        assert fall["sessions_down"] == trough - peak
        assert fall["speed"] == pytest.approx(fall["drawdown"] / (trough - peak), abs=1e-12)
        assert fall["kind"] != "jump" or fall["sessions_down"] == 1


# As of a session

RUGGED = [100, 101, 98, 97, 99, 95, 94, 92, 93, 96, 90, 88, 91, 95, 97, 96, 99, 102, 101, 97, 96, 98, 95, 103, 100, 99]


@pytest.fixture(scope="module")
def bars(case_home):
    """A rugged path on consecutive New York sessions: rows to import, and the instant from which each bar is known."""
    sql = (
        "SELECT session, known_at FROM session WHERE calendar = 'NYSE' AND session >= '2019-11-01' ORDER BY 1 LIMIT $1"
    )
    with open_mart(case_home) as connection:
        days = connection.execute(sql, [len(RUGGED)]).fetchall()
    rows = [{"symbol": "^GSPC", "date": d, "close": c} for (d, _), c in zip(days, RUGGED, strict=True)]
    return rows, [at for _, at in days]


@pytest.fixture(scope="module")
def whole(small_home, bars):
    """A home with all bars of the rugged path."""
    return small_home(prices=bars[0])


def read_steps_of(connection):
    """All rows of the move steps, without the instant from which they are known."""
    sql = "SELECT COLUMNS(lambda c: c <> 'known_at') FROM {} ORDER BY ALL"
    return {table: connection.execute(sql.format(table)).fetchall() for table in STEPS}


@pytest.mark.parametrize("known", [10, 22])
def test_falls_as_of_a_session_are_those_of_a_home_without_later_bars(small_home, bars, whole, known):
    """A home narrowed to what was known at a close holds the returns and falls of one that never had a later bar."""
    rows, known_at = bars
    with open_mart(small_home(prices=rows[:known])) as connection:
        before = read_steps_of(connection)
    with open_mart(whole) as connection:
        in_the_end = read_steps_of(connection)
        narrow_to(connection, "SPX", rows[known - 1]["date"], known_at[known - 1])
        then = read_steps_of(connection)
    assert then == before
    assert before["slide"]
    assert in_the_end != before
