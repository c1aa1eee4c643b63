"""Falls: jumps, slides and episodes of a price series, by hand, against a reference list, and as properties."""

from __future__ import annotations

import csv
import math
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kb.mart import open_mart
from kb.sql_steps import run_steps

STEPS = ("daily_return", "jump", "slide", "episode", "selloff")
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


def test_grades_of_the_reference_list_agree(shared, reference):
    """What the list calls a bear market or a correction we grade so."""
    graded = {f["peak"].isoformat(): f["grade"] for f in reference[1]["SPX"] if f["kind"] == "episode"}
    for row in read_reference(shared, "spx_drawdown_episodes_1950_2026.csv"):
        if row["class"] in ("correction", "bear", "bear market"):
            assert graded[row["peak"]].split()[0] == row["class"].split()[0], row["peak"]


# Properties

returns = st.lists(st.floats(-0.12, 0.1, allow_nan=False), min_size=1, max_size=130)


def walk(steps):
    """Closes from 100 on by these returns, in cents."""
    closes = [100.0]
    for step in steps:
        closes.append(max(round(closes[-1] * (1 + step), 2), 0.01))
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
        for figure in ("ret", "drawdown", "fall_20"):
            assert a[figure] == b[figure]
        assert (a["z"] is None) == (b["z"] is None)


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
