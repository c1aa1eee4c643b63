"""Where a series goes over from one source to another: every return is told by one source, and levels stay comparable."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kb.mart import open_mart
from kb.sql_steps import run_steps

pytestmark = pytest.mark.full  # many small homes are built: minutes, run by `make check-full`

STEPS = ("bar", "bar_flag", "daily_return", "jump", "slide", "episode", "selloff")
FIRST_RECORDED = datetime(2026, 1, 1, tzinfo=UTC)
QUICK = settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
ADJUSTED, QUOTED = "an archive, adjusted", "a vendor, as quoted"


@pytest.fixture(scope="module")
def nyse(case_home):
    """New York sessions of 2015 and 2016 by their place."""
    sql = "SELECT session FROM session WHERE calendar = 'NYSE' AND session BETWEEN '2015-01-01' AND '2016-12-31' ORDER BY 1"
    with open_mart(case_home) as connection:
        return [row[0] for row in connection.execute(sql).fetchall()]


@pytest.fixture(scope="module")
def detect(case_home, nyse):
    """Run the steps over reports: `detect([(symbol, source, {place: close}), ...])`, each recorded later than the one before.

    Gives the rows of each step's table by series, in the order of sessions.
    """

    def run(reports, volumes=None):
        rows = [
            (symbol, nyse[place] if isinstance(place, int) else place, source, FIRST_RECORDED + timedelta(days=n),
             float(close), (volumes or {}).get(source))
            for n, (symbol, source, closes) in enumerate(reports) for place, close in closes.items()
        ]  # fmt: skip
        with open_mart(case_home) as connection:
            connection.execute(
                "CREATE TEMP TABLE staged_bar AS SELECT unnest($1) AS symbol, unnest($2) AS session, unnest($3) AS source, "
                "unnest($4) AS recorded_at, unnest($5) AS close, unnest($6) AS volume, CAST(NULL AS DOUBLE) AS open, "
                "CAST(NULL AS DOUBLE) AS high, CAST(NULL AS DOUBLE) AS low, 'import' AS origin",
                [list(column) for column in zip(*rows, strict=True)],
            )
            run_steps(connection, STEPS, {}, temporary=True)
            return {table: by_series(connection, table) for table in STEPS}

    return run


def by_series(connection, table):
    """The rows of a temporary table as dictionaries by series or market."""
    order = "ALL" if table in ("jump", "slide", "episode", "selloff") else "series, session"
    cursor = connection.execute(f"SELECT * FROM temp.{table} ORDER BY {order}")
    names = [d[0] for d in cursor.description]
    found = {}
    for row in cursor.fetchall():
        entry = dict(zip(names, row, strict=True))
        found.setdefault(entry.get("series") or entry.get("market"), []).append(entry)
    return found


def column(found, series, name, table="daily_return"):
    """One column of a series."""
    return [row[name] for row in found[table][series]]


def test_a_return_at_a_seam_is_that_of_the_older_source_where_the_newer_begins(detect):
    """An archive adjusted for dividends, and a vendor from its fourth session on: the fourth return is the archive's."""
    found = detect([
        ("SPY", ADJUSTED, {0: 100, 1: 101, 2: 102, 3: 103}),
        ("SPY", QUOTED, {3: 206, 4: 204}),
    ])  # fmt: skip
    assert column(found, "SPY", "source", "bar") == [ADJUSTED] * 3 + [QUOTED] * 2
    assert column(found, "SPY", "ret") == pytest.approx([None, 1 / 100, 1 / 101, 1 / 102, -2 / 206])
    assert column(found, "SPY", "linked_close", "bar") == [None, None, None, pytest.approx(206 * 102 / 103), None]
    assert set(column(found, "SPY", "segment")) == {0}


def test_a_return_at_a_seam_is_that_of_the_bars_own_source_where_it_has_both(detect):
    """Both sources have the third session; the fourth bar is the vendor's, and so is its return."""
    found = detect([
        ("SPY", QUOTED, {2: 200, 3: 202, 4: 204}),
        ("SPY", ADJUSTED, {0: 100, 1: 101, 2: 102}),
    ])  # fmt: skip
    assert column(found, "SPY", "source", "bar") == [ADJUSTED] * 3 + [QUOTED] * 2
    assert column(found, "SPY", "linked_close", "bar")[3] == 200
    assert column(found, "SPY", "ret")[3] == pytest.approx(202 / 200 - 1)


def test_a_third_source_may_link_two_others(detect):
    """Two sources that share no session, and a third with both sides of the seam: its return counts."""
    found = detect([
        ("SPY", "a third", {1: 50, 2: 49}),
        ("SPY", ADJUSTED, {0: 100, 1: 101}),
        ("SPY", QUOTED, {2: 300, 3: 303}),
    ])  # fmt: skip
    assert column(found, "SPY", "ret") == pytest.approx([None, 0.01, 49 / 50 - 1, 0.01])


def test_nothing_is_computed_where_no_source_has_both_sides(detect):
    """The vendor begins the session after the archive ends: a new segment, no return, no peak from before."""
    found = detect([("SPY", ADJUSTED, {0: 100, 1: 101}), ("SPY", QUOTED, {2: 55, 3: 56})])
    assert column(found, "SPY", "ret") == [None, pytest.approx(0.01), None, pytest.approx(1 / 55)]
    assert column(found, "SPY", "segment") == [0, 0, 1, 1]
    assert column(found, "SPY", "drawdown")[2] == 0
    assert found["bar_flag"] == {}


def test_peaks_and_drawdowns_go_on_over_a_seam(detect):
    """On the archive's scale 100, 110, 99, then 88 and 121: one episode of -20 %, recovered, whatever the vendor's scale."""
    found = detect([
        ("SPY", ADJUSTED, {0: 100, 1: 110, 2: 99}),
        ("SPY", QUOTED, {2: 297, 3: 264, 4: 363}),
    ])  # fmt: skip
    assert column(found, "SPY", "close") == pytest.approx([100, 110, 99, 88, 121])
    assert column(found, "SPY", "previous_close") == pytest.approx([None, 100, 110, 99, 88])
    assert column(found, "SPY", "drawdown") == pytest.approx([0, 0, -0.1, -0.2, 0])
    recovered = column(found, "SPY", "session")[4]
    episodes = [f for f in found["selloff"]["SPY"] if f["kind"] == "episode"]
    assert [(round(f["drawdown"], 9), f["recovered_on"]) for f in episodes] == [(-0.2, recovered)]


def test_a_quoted_price_keeps_its_level_over_a_seam(detect):
    """Vendors of an index may differ by a few points: the return is one source's, and the close stays as reported."""
    found = detect([
        ("^GSPC", ADJUSTED, {0: 2000, 1: 2010, 2: 1990}),
        ("^GSPC", QUOTED, {2: 1990.5, 3: 1980.5}),
    ])  # fmt: skip
    assert column(found, "SPX", "close") == [2000, 2010, 1990.5, 1980.5]
    assert column(found, "SPX", "ret")[2:] == pytest.approx([1990 / 2010 - 1, 1980.5 / 1990.5 - 1], rel=1e-12)


def test_a_yield_changes_by_the_difference_that_one_source_tells(detect):
    """From 4.00 to 4.10 by one source, 4.20 by the next: ten basis points, not twenty, and nothing is multiplied."""
    found = detect([("DGS10", ADJUSTED, {0: 4.0, 1: 4.1}), ("DGS10", QUOTED, {1: 4.2, 2: 4.25})])
    assert column(found, "US10Y", "close") == [4.0, 4.2, 4.25]
    changes = [r["close"] - r["previous_close"] for r in found["daily_return"]["US10Y"][1:]]
    assert changes == pytest.approx([0.1, 0.05])


def test_a_price_below_zero_links_only_by_its_own_source(detect):
    """Oil at -37.63: the vendor's own closes link, another's ratio across zero does not."""
    own = detect([("WTI", QUOTED, {0: 18.27, 1: -37.63, 2: 10.01}), ("WTI", ADJUSTED, {0: 18.27})])
    assert column(own, "OIL", "ret") == [None, pytest.approx(-37.63 / 18.27 - 1), None]
    other = detect([("WTI", ADJUSTED, {0: 18.27, 1: -37.63}), ("WTI", QUOTED, {1: -37.0, 2: 10.0})])
    assert column(other, "OIL", "ret") == [None, None, None]


def test_a_split_in_a_new_source_is_neither_a_fall_nor_a_split(detect):
    """An archive from before a split of 10 for 1 and a vendor that has rescaled: no fall of 90 %, no flag."""
    found = detect([("NVDA", ADJUSTED, {0: 1200, 1: 1210, 2: 1205}), ("NVDA", QUOTED, {2: 120.5, 3: 121.0})])
    assert column(found, "NVDA", "ret") == pytest.approx([None, 10 / 1200, -5 / 1210, 0.5 / 120.5])
    assert found["bar_flag"] == {}
    assert found["selloff"] == {}


def test_an_unadjusted_split_within_one_source_is_still_found(detect):
    """From 1,210 to 121 in one source: the flag, and a new segment."""
    found = detect([("NVDA", QUOTED, {0: 1200, 1: 1210, 2: 121, 3: 122})])
    assert [f["flag"] for f in found["bar_flag"]["NVDA"]] == ["split"]
    assert column(found, "NVDA", "segment") == [0, 0, 1, 1]


def test_a_bad_tick_beside_a_seam_is_found_on_its_own_scale(detect):
    """The archive's last bar is away by two thirds and the vendor, on another scale, back where it was: a bad tick."""
    found = detect([
        ("SPY", ADJUSTED, {0: 100, 1: 101, 2: 30, 3: 102}),
        ("SPY", QUOTED, {3: 204, 4: 206}),
    ])  # fmt: skip
    flags = {(f["session"], f["flag"]): f for f in found["bar_flag"]["SPY"]}
    assert [flag for _, flag in flags] == ["bad tick"]
    assert next(iter(flags.values()))["next_close"] == pytest.approx(102)


def test_a_late_series_is_led_on_by_its_other_symbol(detect):
    """Spot oil comes days late and the future nightly: the last returns are the future's, and sigma goes on."""
    spot = {n: 70 + (n % 2) for n in range(60)}
    future = {n: 72 + (n % 2) for n in range(50, 63)}
    found = detect([("WTI", "spot", spot), ("CL=F", "exchange", future)])
    assert column(found, "OIL", "symbol", "bar")[58:] == ["WTI", "WTI", "CL=F", "CL=F", "CL=F"]
    assert column(found, "OIL", "ret")[60:] == pytest.approx([-1 / 73, 1 / 72, -1 / 73])
    assert column(found, "OIL", "sigma")[62] is not None


def test_volumes_of_two_sources_are_not_compared(detect):
    """One counts shares, the other lots: no volume ratio while the twenty sessions before lie on both sides of the seam."""
    found = detect(
        [("SPY", ADJUSTED, dict.fromkeys(range(31), 100)), ("SPY", QUOTED, dict.fromkeys(range(30, 60), 200))],
        {ADJUSTED: 1e6, QUOTED: 1e4},
    )
    ratios = column(found, "SPY", "volume_ratio")
    assert set(ratios[10:30]) == {1.0}
    assert set(ratios[30:50]) == {None}
    assert set(ratios[50:]) == {1.0}


def test_a_revision_counts_on_both_sides_of_a_seam(detect):
    """The archive revised the session before the seam: the newest revision links."""
    found = detect([
        ("SPY", ADJUSTED, {0: 100, 1: 90, 2: 102}),
        ("SPY", ADJUSTED, {1: 101}),
        ("SPY", QUOTED, {2: 204}),
    ])  # fmt: skip
    assert column(found, "SPY", "ret") == pytest.approx([None, 0.01, 102 / 101 - 1])


steps = st.lists(st.floats(-0.12, 0.1, allow_nan=False), min_size=3, max_size=60)


@QUICK
@given(steps, st.data())
def test_sources_on_other_scales_change_no_figure(detect, nyse, steps, data):
    """Three sources on scales of their own, each reporting stretches that overlap: returns and drawdowns of the true path."""
    path = [100.0]
    for step in steps:
        path.append(path[-1] * (1 + step))
    cuts = sorted(data.draw(st.lists(st.integers(1, len(path) - 1), max_size=4)))
    starts, ends = [0, *cuts], [*cuts, len(path) - 1]
    scales = [data.draw(st.sampled_from([0.37, 1.0, 2.9])) for _ in starts]
    reports = [
        ("SPY", f"source {scale:g}", {n: path[n] * scale for n in range(first, last + 1)})
        for first, last, scale in zip(starts, ends, scales, strict=True)
    ]  # each ends with the session on which the next begins
    seamed, plain = detect(reports), detect([("SPY", "one", dict(enumerate(path)))])
    for figure in ("ret", "drawdown", "fall_20", "segment"):
        assert column(seamed, "SPY", figure) == pytest.approx(column(plain, "SPY", figure), abs=1e-9)
    assert {f["id"] for f in seamed["selloff"].get("SPY", [])} == {f["id"] for f in plain["selloff"].get("SPY", [])}


@QUICK
@given(steps, st.data())
def test_later_bars_of_another_source_change_no_earlier_state(detect, nyse, steps, data):
    """What is known after n sessions stays as it was when another source goes on from there."""
    path = [100.0]
    for step in steps:
        path.append(path[-1] * (1 + step))
    cut = data.draw(st.integers(1, len(path) - 1))
    before = {n: path[n] for n in range(cut + 1)}
    after = {n: path[n] * 3.1 for n in range(cut + 1, len(path))}
    reports = [("SPY", QUOTED, {cut: path[cut] * 3.1}), ("SPY", ADJUSTED, before)]
    alone = detect(reports)["daily_return"]["SPY"]
    later = detect([("SPY", QUOTED, {cut: path[cut] * 3.1} | after), ("SPY", ADJUSTED, before)])["daily_return"]["SPY"]
    for a, b in zip(alone, later[: cut + 1], strict=True):
        assert {k: b[k] for k in ("close", "ret", "drawdown")} == {k: a[k] for k in ("close", "ret", "drawdown")}


def test_a_hole_at_a_seam_begins_a_segment(detect):
    """Seven sessions without a bar: nothing is computed across, though one source has both sides."""
    found = detect([("SPY", QUOTED, {1: 200, 8: 190}), ("SPY", ADJUSTED, {0: 100, 1: 101})])
    assert column(found, "SPY", "ret") == [None, pytest.approx(0.01), None]
    assert date(2015, 1, 2) == column(found, "SPY", "session")[0]
