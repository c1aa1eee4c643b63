"""What past surprises did (`measured`): an event study worked out apart from the SQL, from earlier sessions alone."""

from __future__ import annotations

import math
import random
from datetime import date, timedelta

import pytest

FIRST = date(2021, 1, 4)
RELEASES = 24


def weekdays(count):
    """So many weekdays from FIRST on that New York traded; holidays of the span are left out."""
    closed = {date(2021, 1, 18), date(2021, 2, 15), date(2021, 4, 2), date(2021, 5, 31)}
    days = (FIRST + timedelta(n) for n in range(3 * count))
    return [d for d in days if d.weekday() < 5 and d not in closed][:count]


def make_rows(seed=7, last_surprise=1.5):
    """Prices of 76 sessions and a CPI print every third one: (prices, releases, returns by day, surprises by day)."""
    chance, days = random.Random(seed), weekdays(76)
    surprise = {d: round(chance.gauss(0, 0.2), 2) for d in days[3::3][:RELEASES]}
    surprise[max(surprise)] = last_surprise
    close, closes, returns = 4000.0, [], {}
    for day in days:
        new = round(close * (1 - 0.03 * surprise.get(day, 0) + chance.gauss(0, 0.004)), 2)
        returns[day], close = new / close - 1, new
        closes.append(new)
    prices = [{"symbol": "SPX", "date": d, "close": c} for d, c in zip(days, closes, strict=True)]
    releases = [
        {"indicator": "CPI", "period": f"p{n}", "released_at": f"{d}T13:30:00Z", "actual": 2 + s, "consensus": 2}
        for n, (d, s) in enumerate(surprise.items())
    ]
    return prices, releases, returns, surprise


def study(returns, surprise, day):
    """(expected move, standard error, n) of a day, by plain arithmetic over the days before it."""

    def scale(of):
        past = [s for d, s in surprise.items() if d < of]
        mean = sum(past) / len(past)
        return surprise[of] / math.sqrt(sum((s - mean) ** 2 for s in past) / (len(past) - 1))

    earlier = [d for d in list(surprise)[5:] if d < day]
    x, y = [scale(d) for d in earlier], [returns[d] for d in earlier]
    slope = sum(a * b for a, b in zip(x, y, strict=True)) / sum(a * a for a in x)
    rest = sum((b - slope * a) ** 2 for a, b in zip(x, y, strict=True)) / (len(x) - 1)
    now = scale(day)
    return 1e4 * slope * now, 1e4 * abs(now) * math.sqrt(rest / sum(a * a for a in x)), len(x)


@pytest.fixture(scope="module")
def play(small_home):
    """A home with such a history, and a headline on the last print."""
    prices, releases, returns, surprise = make_rows()
    news = [
        {
            "title": "US consumer prices rise far more than expected, inflation at a high",
            "published_at": f"{max(surprise)}T13:31:00Z",
        }
    ]
    return small_home(prices=prices, releases=releases, news=news), returns, surprise


def test_the_event_study_is_that_of_plain_arithmetic(play, mart_rows):
    """On every print from the sixteenth on, and on none before: five to scale a surprise, ten to fit a slope."""
    home, returns, surprise = play
    rows = mart_rows(
        home, "SELECT session, expected_move_bp, se, n FROM measured WHERE market = 'SPX' ORDER BY session"
    )
    assert [r[0] for r in rows] == list(surprise)[15:]
    for session, *found in rows:
        assert found == pytest.approx(study(returns, surprise, session), rel=1e-6)


def test_the_answer_tells_it_beside_the_press(play, run):
    """A print far above what was expected, a fall, and a slope that says so: agree; on the screen too."""
    home, _, surprise = play
    cause = next(c for c in run(max(surprise), "--json", home=home).json["causes"] if c["type"] == "inflation")
    assert cause["measured"]["verdict"] == "agree"
    assert cause["measured"]["expected_move_bp"] < 0
    assert cause["measured"]["indicator"] == "CPI"
    assert f"by {cause['measured']['n']} earlier ones, as the market moved" in run(max(surprise), home=home).out


def test_a_cause_without_a_scheduled_figure_has_no_measure(play, run, small_home):
    """No release of the type that session: null, not zero."""
    home = small_home.copy(play[0])
    day = weekdays(76)[75]
    title = "Stocks tumble as war fears grip Wall Street after missile strikes"
    small_home.add(home, news=[{"title": title, "published_at": f"{day}T20:30:00Z"}])
    assert [c["measured"] for c in run(day, "--json", home=home).json["causes"]] == [None]


def test_later_surprises_change_no_earlier_measure(play, mart_rows, small_home):
    """The same history with another last print: every earlier row is the same."""
    prices, releases, _, surprise = make_rows(last_surprise=-9)
    other = small_home(prices=prices, releases=releases)
    query = "SELECT * FROM measured WHERE session < $day ORDER BY ALL"
    assert mart_rows(play[0], query, day=max(surprise)) == mart_rows(other, query, day=max(surprise))
