"""What came after falls: outcomes and recovery on hand-drawn paths, and the earlier falls most like one session."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kb.lists import find_analogues
from kb.mart import open_mart
from kb.sql_steps import fetch_rows, read_query, run_steps

STEPS = ("bar_flag", "daily_return", "jump", "slide", "episode", "selloff")
START = date(2015, 1, 1)
KINDS = ("jump", "slide", "episode")
HORIZONS = (1, 5, 20, 60)
QUICK = settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def day(number):
    """The date of the session of this number in the made-up series: one a day."""
    return START + timedelta(days=number)


@contextmanager
def drawn(home, closes):
    """A mart in which the S&P 500 has these closes and nothing else has any: a list, or a dictionary by session number."""
    numbered = dict(closes if isinstance(closes, dict) else enumerate(closes))
    with open_mart(home) as connection:
        connection.execute("CREATE TEMP TABLE bar AS SELECT * FROM main.bar WHERE false")
        connection.execute(
            "INSERT INTO temp.bar (series, symbol, session, session_no, close, source, origin, known_at) "
            "SELECT 'SPX', 'x', day, number, close, 'test', 'import', CAST(day AS TIMESTAMP) FROM "
            "(SELECT unnest($1) AS day, unnest($2) AS number, unnest($3) AS close)",
            [[day(n) for n in numbered], list(numbered), [float(c) for c in numbered.values()]],
        )
        run_steps(connection, STEPS, {}, temporary=True)
        yield connection


@pytest.fixture(scope="module")
def play(case_home):
    """The falls of a path: `play([100, 95, 96])`, in the order of their first sessions."""

    def run(closes):
        with drawn(case_home, closes) as connection:
            return fetch_rows(connection, "SELECT * FROM temp.selloff ORDER BY first_session, kind")

    return run


def pick(found, kind, first=1):
    """The fall of this kind that began on the session of this number."""
    return next(f for f in found if f["kind"] == kind and f["first_session"] == day(first))


def outcomes(fall):
    """What came after a fall, by horizon, to nine digits."""
    return {n: None if fall[f"after_{n}"] is None else round(fall[f"after_{n}"], 9) for n in HORIZONS}


# From 100 to 80 in one session; then 82 after one, 84 after five, 100 after twenty, 104 after sixty.
AFTER_A_JUMP = [100, 80, 82, 81, 82, 83, 84, *[90] * 14, 100, *[101] * 39, 104]


def test_what_came_after_a_jump_is_measured_from_its_close(play):
    """+2.5 %, +5 %, +25 %, +30 %, each against the close of the jump; the close before it is reached after 20 sessions."""
    jump = pick(play(AFTER_A_JUMP), "jump")
    assert outcomes(jump) == {1: 0.025, 5: 0.05, 20: 0.25, 60: 0.3}
    assert (jump["recovered_on"], jump["sessions_to_recover"]) == (day(21), 20)


@pytest.mark.parametrize("later", [0, 1, 4, 5, 19, 20, 59, 60])
def test_nothing_is_told_before_its_session_is_there(play, later):
    """With so many sessions after the jump the outcomes up to that horizon are known, the others null; so is recovery."""
    jump = pick(play(AFTER_A_JUMP[: 2 + later]), "jump")
    assert {n for n, ret in outcomes(jump).items() if ret is not None} == {n for n in HORIZONS if n <= later}
    assert (jump["recovered_on"], jump["sessions_to_recover"]) == ((day(21), 20) if later >= 20 else (None, None))


def test_what_came_after_slide_and_episode_is_measured_from_their_trough(play):
    """From 100 by steps to 94: after_1 and after_5 against 94, recovery counted from that session."""
    found = play([100, 99, 98, 97, 96, 95, 94, 94.47, 95, 96, 97, 98.7, 100, 101])
    for kind in ("slide", "episode"):
        fall = pick(found, kind)
        assert fall["trough"] == day(6)
        assert outcomes(fall) == {1: 0.005, 5: 0.05, 20: None, 60: None}
        assert (fall["recovered_on"], fall["sessions_to_recover"]) == (day(12), 6)


def test_outcomes_move_with_the_trough_while_a_fall_goes_on(play):
    """At a new low the clock begins anew: what had followed the earlier low followed no trough."""
    path = [100, 97, 94, 95, 96, 93]
    early, late = pick(play(path[:5]), "episode"), pick(play(path), "episode")
    assert (early["id"], early["trough"], outcomes(early)[1]) == (late["id"], day(2), round(95 / 94 - 1, 9))
    assert (late["trough"], set(outcomes(late).values())) == (day(5), {None})


@pytest.mark.parametrize("begin", [0, 200, 255])
@pytest.mark.parametrize(("recovered", "seen"), [(249, True), (250, True), (251, False), (300, False)])
def test_recovery_of_jump_and_slide_is_looked_for_in_250_sessions(play, begin, recovered, seen):
    """94 of 100 until so many sessions later: an episode finds its end whenever it comes, the other kinds in 250 only."""
    found = play(dict(enumerate([100, 94, *[96] * (recovered - 1), 100, 101], begin)))
    falls = {kind: pick(found, kind, begin + 1) for kind in KINDS}
    when, never = (day(begin + 1 + recovered), recovered), (None, None)
    told = {kind: (fall["recovered_on"], fall["sessions_to_recover"]) for kind, fall in falls.items()}
    assert told == {"jump": when if seen else never, "slide": when if seen else never, "episode": when}


def test_a_close_at_the_old_peak_is_a_recovery_and_one_below_is_not(play):
    """From 100 to 94: 99.99 is none, 100 is, for each of the three kinds."""
    assert {f["recovered_on"] for f in play([100, 94, 97, 99.99])} == {None}
    assert {f["recovered_on"] for f in play([100, 94, 97, 99.99, 100])} == {day(4)}


def test_no_outcome_lies_beyond_a_split(play):
    """After a split that was not adjusted the price is of another unit: no outcome and no recovery is told across it."""
    jump = pick(play([100, 95, 96, 97, 48.5, 48.6, 49, *[49.5] * 20, *[120] * 40]), "jump")
    assert outcomes(jump) == {1: round(96 / 95 - 1, 9), 5: None, 20: None, 60: None}
    assert jump["recovered_on"] is None


@QUICK
@given(st.lists(st.floats(-0.12, 0.1), min_size=2, max_size=130), st.data())
def test_what_is_told_of_a_jump_stays(play, steps, data):
    """Whatever later sessions bring, figures of a jump that were known stay; only unknown ones become known."""
    closes = [100.0]
    for step in steps:
        closes.append(max(round(closes[-1] * (1 + step), 2), 1.0))
    known = data.draw(st.integers(2, len(closes)))
    late = {f["id"]: f for f in play(closes)}
    for fall in play(closes[:known]):
        if fall["kind"] == "jump":
            told = {k: v for k, v in fall.items() if v is not None and k != "within"}
            assert {k: late[fall["id"]][k] for k in told} == told


# Analogues

MADE_UP = ("vix_close", "vix_change", "us10y_bp", "dollar", "gold", "oil", "breadth", "volume_ratio")


def crisis(*tail, begin=0):
    """A fall from 100 to 95 on session begin + 2, and the closes after it, by session number.

    Stretches begun more than five sessions apart are computed each for itself, too short for a volatility, so that return
    and drawdown of all falls are equal and only the made-up markers tell them apart.
    """
    return {begin + n: close for n, close in enumerate([100, 100, 95, *tail])}


@contextmanager
def marked(home, closes, markers):
    """A mart with these closes and made-up markers of falls, eight numbers each, by the number of the session."""
    with drawn(home, closes) as connection:
        named = ", ".join(f"CAST(NULL AS DOUBLE) AS {name}" for name in MADE_UP)
        connection.execute(f"CREATE TEMP TABLE cross_asset AS SELECT DISTINCT session, {named} FROM temp.daily_return")
        for number, values in markers.items():
            told = {n: "NULL" if v is None else v for n, v in zip(MADE_UP, values, strict=True)}
            pairs = ", ".join(f"{n} = {v}" for n, v in told.items())
            connection.execute(f"UPDATE temp.cross_asset SET {pairs} WHERE session = $1", [day(number)])
            volume = f"UPDATE temp.daily_return SET volume_ratio = {told['volume_ratio']} WHERE session = $1"
            connection.execute(volume, [day(number)])
        yield connection


def nearest(connection, number, most=20):
    """The analogues of the session of this number."""
    return fetch_rows(connection, read_query("analogues_on"), {"market": "SPX", "session": day(number), "most": most})


def dates(rows):
    """The numbers of the sessions named."""
    return [(date.fromisoformat(r["date"]) - START).days for r in rows]


# Three falls a hundred sessions apart, whose markers are 1, 2 and 3 (spread 1), and the one asked about.
FAR_APART = crisis() | crisis(begin=100) | crisis(begin=200) | crisis(begin=300)
ONE, TWO, THREE = [1.0] * 8, [2.0] * 8, [3.0] * 8


def test_distance_is_a_root_mean_square_in_spreads_of_the_earlier_falls(case_home):
    """Markers 1, 2, 3 have a spread of 1, times a thousand of 1000: seven equal and one three spreads away is sqrt(9 / 8)."""
    scaled = {n: [*[value] * 7, 1000 * value] for n, value in ((2, 1.0), (102, 2.0), (202, 3.0))}
    with marked(case_home, FAR_APART, {**scaled, 302: [*[3.0] * 7, 6000]}) as connection:
        found = nearest(connection, 302)
        assert nearest(connection, 302, most=2) == found[:2]
    assert dates(found) == [202, 102, 2]
    assert [f["distance"] for f in found] == pytest.approx([(9 / 8) ** 0.5, (23 / 8) ** 0.5, (53 / 8) ** 0.5])
    assert {f["return_on_date"] for f in found} == {95 / 100 - 1}


def test_a_fall_of_which_too_little_is_known_is_no_analogue(case_home):
    """Of ten markers known (return and drawdown too) seven must be comparable: six are not enough, seven are."""
    equal = {2: ONE, 102: TWO, 202: THREE}
    for missing, there in ((1, True), (2, False)):
        thin = {**equal, 202: [*[None] * missing, *[3.0] * (8 - missing)]}
        with marked(case_home, FAR_APART, {**thin, 302: THREE}) as connection:
            assert (202 in dates(nearest(connection, 302))) == there


@pytest.mark.parametrize(
    ("alike", "expected"),
    [
        ({100: TWO, 120: THREE}, [120, 2]),
        ({100: THREE, 120: TWO}, [100, 2]),
        ({100: TWO, 121: THREE}, [121, 100, 2]),
        ({100: ONE, 115: THREE, 130: TWO}, [115, 2]),
    ],
)
def test_of_the_falls_of_one_crisis_only_the_nearest_counts(case_home, alike, expected):
    """Falls 20 sessions apart are one crisis, told by the one most like the day; 21 apart are two; a crisis is a chain."""
    closes = crisis() | dict.fromkeys(range(90, 140), 100) | dict.fromkeys(alike, 95) | crisis(begin=300)
    with marked(case_home, closes, {2: ONE, **alike, 302: THREE}) as connection:
        assert dates(nearest(connection, 302)) == expected


@pytest.mark.parametrize(("asked", "expected"), [(330, [102, 2]), (340, [102, 2]), (341, [320, 102, 2])])
def test_none_is_of_the_crisis_of_the_session_itself(case_home, asked, expected):
    """A session within 20 of the last fall, itself one or not, is of the same crisis; after that the fall is a past one."""
    closes = crisis() | crisis(begin=100) | dict.fromkeys(range(295, 345), 100) | {305: 95, 320: 95, 330: 95}
    if asked != 330:
        del closes[330]
    with marked(case_home, closes, {2: ONE, 102: TWO, 305: TWO, 320: THREE, 330: THREE, asked: THREE}) as connection:
        assert dates(nearest(connection, asked)) == expected


# Three falls; after the last +5 % on the next session, +10 % after five, +20 % after twenty, +25 % after sixty.
AFTER_THE_LAST = [99.75, 100, 101, 102, 104.5, *[105] * 14, 114, *[115] * 39, 118.75, 119]
THREE_FALLS = crisis() | crisis(begin=100) | crisis(*AFTER_THE_LAST, begin=200)


@pytest.mark.parametrize(("asked", "after_60"), [(223, None), (261, None), (262, 0.25), (263, 0.25)])
def test_outcomes_of_analogues_are_those_of_the_path_up_to_the_session(case_home, asked, after_60):
    """What lies after the session asked about is null although it is in the mart; the session itself counts."""
    with marked(case_home, THREE_FALLS, {2: ONE, 102: TWO, 202: THREE, asked: THREE}) as connection:
        found = nearest(connection, asked)
    assert dates(found) == [202, 102, 2]
    assert outcomes(found[0]) == {1: 0.05, 5: 0.1, 20: 0.2, 60: after_60}


def test_nothing_after_the_session_is_used(case_home):
    """With later bars, later falls and their markers in the mart, the analogues of a session are what they were."""
    known = {n: c for n, c in THREE_FALLS.items() if n <= 230}
    markers = {2: ONE, 102: TWO, 202: THREE, 230: THREE}
    later = THREE_FALLS | crisis(70, 60, begin=300) | crisis(begin=400)
    with marked(case_home, known, markers) as connection:
        before = nearest(connection, 230)
        summed = after(connection, 230, [2, 102, 202])
    with marked(case_home, later, {**markers, 302: [9.0] * 8, 303: ONE, 402: THREE}) as connection:
        assert nearest(connection, 230) == before
        assert after(connection, 230, [2, 102, 202]) == summed
        assert after(connection, 430, [2, 102, 202]) != summed


def after(connection, number, falls):
    """What came after the falls of these numbers, known by a session, by horizon."""
    asked = {"market": "SPX", "session": day(number), "falls": [day(n).isoformat() for n in falls]}
    return {r.pop("sessions"): r for r in fetch_rows(connection, read_query("analogues_after"), asked)}


def test_no_outcome_of_an_analogue_lies_beyond_a_split(case_home):
    """A split two sessions after a fall that was not adjusted: the next session is told, the fifth is of another unit."""
    closes = THREE_FALLS | crisis(96, 48, 48.5, 49, 49.5, *[50] * 20, begin=100)
    with marked(case_home, closes, {2: ONE, 102: TWO, 202: THREE, 223: THREE}) as connection:
        found = next(f for f in nearest(connection, 223) if f["date"] == day(102).isoformat())
        assert outcomes(found) == {1: round(96 / 95 - 1, 9), 5: None, 20: None, 60: None}
        assert {n: row["n"] for n, row in after(connection, 223, [102, 202]).items()} == {1: 2, 5: 1, 20: 1, 60: 0}


# Twenty outcomes in percent, worked by hand in order: the 5th is -0.4, the 10th 1.4, the 11th 1.8, the 16th 4.0; 14 are
# above zero. Three more follow falls that are not named: of all 23 the 12th is 2.2.
IN_ORDER = [
    -2.0, -1.6, -1.2, -0.8, -0.4, 0.0, 0.3, 0.6, 1.0, 1.4, 1.8, 2.2, 2.6, 3.0, 3.4, 4.0, 4.6, 5.2, 6.0, 7.0,
]  # fmt: skip
SHUFFLED = [*IN_ORDER[1::2], *IN_ORDER[-2::-2], 8.0, 9.0, 10.0]
FALLS = [100 * n + 2 for n in range(20)]


@pytest.fixture(scope="module")
def many(case_home):
    """A mart with 23 falls a hundred sessions apart, followed by one session each: what came after those named."""
    closes = {}
    for n, percent in enumerate(SHUFFLED):
        closes |= crisis(95 * (1 + percent / 100), begin=100 * n)
    with drawn(case_home, closes) as connection:
        yield lambda falls, asked=2400: after(connection, asked, falls)[1]


def test_median_interval_and_share_of_twenty_are_those_worked_by_hand(many):
    """n = 20: k = floor(10 - 0.98 * sqrt(20)) = 5, so the 5th and the 16th; median 1.6 %; 14 of 20 rose, zero not."""
    row = many(FALLS)
    assert (row["n"], row["share_up"], row["all_n"]) == (20, 0.7, 23)
    assert [row[c] for c in ("median", "low", "high")] == pytest.approx([0.016, -0.004, 0.04])
    assert row["all_median"] == pytest.approx(0.022)


def test_no_interval_under_eight(many):
    """Of eight the interval is from the lowest to the highest; of seven there is none, of none not even a median."""
    # The first ten falls are followed by -1.6, -0.8, 0, 0.6, 1.4, 2.2, 3, 4 ... percent.
    eight, seven, none = many(FALLS[:8]), many(FALLS[:7]), many([])
    assert (eight["n"], seven["n"], none["n"]) == (8, 7, 0)
    assert [eight[c] for c in ("median", "low", "high")] == pytest.approx([0.01, -0.016, 0.04])
    assert (seven["median"], seven["low"], seven["high"]) == (pytest.approx(0.006), None, None)
    assert [none[c] for c in ("median", "low", "high", "share_up")] == [None] * 4
    assert eight["all_median"] == seven["all_median"] == none["all_median"] == pytest.approx(0.022)


def test_outcomes_count_up_to_the_session_and_from_falls_before_it(many):
    """By the next session of the fourth fall four outcomes are known; on its own session three, and it is no past fall."""
    for asked, known in ((303, 4), (302, 3), (301, 3)):
        row = many(FALLS, asked)
        assert (row["n"], row["all_n"]) == (known, known)
    # By hand: -1.6, -0.8, 0 and 0.6 percent.
    assert many(FALLS, 303)["all_median"] == pytest.approx(-0.004)


@pytest.mark.parametrize("asked", ["2008-10-15", "2020-03-16", "2025-04-04"])
def test_analogues_of_real_falls_are_earlier_crises_with_the_outcomes_of_their_jumps(case_home, asked):
    """Nearest first, 21 sessions or more apart from each other and from the day; what came next is as in the list of falls."""
    with open_mart(case_home) as connection:
        bars = fetch_rows(connection, "SELECT session, session_no FROM daily_return WHERE series = 'SPX'")
        falls = fetch_rows(connection, "SELECT * FROM selloff WHERE market = 'SPX' AND kind = 'jump'")
    numbers = {r["session"].isoformat(): r["session_no"] for r in bars}
    jumps = {f["first_session"].isoformat(): f for f in falls}
    found = find_analogues(case_home, asked, "SPX", None).falls
    places = [*sorted(numbers[f["date"]] for f in found), numbers[asked]]
    assert len(found) >= 5
    assert all(b - a > 20 for a, b in pairwise(places))
    assert [f["distance"] for f in found] == sorted(f["distance"] for f in found)
    for fall in found:
        for horizon in HORIZONS:
            known = numbers[fall["date"]] + horizon <= numbers[asked]
            assert fall[f"after_{horizon}"] == (jumps[fall["date"]][f"after_{horizon}"] if known else None)
