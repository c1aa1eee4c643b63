"""A range as one answer: shares weighted by negative log returns, worked out by hand."""

from __future__ import annotations

import math

import pytest

from kb.answer import Answer, Cause
from kb.ranges import weigh_range


def make_answer(ret, market="SPX", **shares):
    """An answer with these shares by type; the rest is unexplained."""
    causes = tuple(Cause(t, t, "macro", t, s, 0.5, "", None, {}, ()) for t, s in shares.items())
    rest = {"share": 1 - sum(shares.values()), "reason": "candidates_too_weak"}
    return Answer("2025-04-03", None, market, True, {}, ret, None, None, {}, causes, rest, None)


def test_a_fall_twice_as_deep_in_logs_weighs_twice():
    """-1 + e^-0.02 and -1 + e^-0.04: a third and two thirds; the rise between them weighs nothing."""
    small, large = (make_answer(math.expm1(-x), labor=0.9) for x in (0.02, 0.04))
    large = make_answer(large.return_on_date, trade_policy=0.6, labor=0.3)
    found = weigh_range([small, make_answer(0.05, growth=1.0), large])
    assert list(found.shares) == ["labor", "trade_policy"]
    assert found.shares == pytest.approx({"labor": 0.9 / 3 + 0.3 * 2 / 3, "trade_policy": 0.4})
    assert found.unexplained == pytest.approx(0.1)
    assert (found.fell, found.rose) == (2, 1)


def test_no_single_answer_where_there_is_none():
    """Several markets, no fall, no return: None rather than a number that means nothing."""
    assert weigh_range([make_answer(-0.02), make_answer(-0.02, "NDX")]) is None
    assert weigh_range([make_answer(0.02), make_answer(None)]) is None


def test_the_screen_tells_the_whole_fall(run, case_home):
    """Three falls and one session more of April 2025: shares over the range sum to about one, after a line a session."""
    out = run("2025-04-03..2025-04-08", "--market", "SPX", home=case_home).out
    assert len([line for line in out.splitlines() if line.startswith("2025-04-0")]) == 4
    assert "Over the range, SPX, 4 falls weighted by their log returns: " in out
    # 2025-04-07 closed 0.2 % lower, so that nothing rose.
    assert "left out" not in out
