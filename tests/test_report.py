"""The report on attribution: its figures worked out by hand, its placebos, and its text."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from kb.taxonomy import CATEGORIES, read_taxonomy
from models.agreement import Table, base_rates
from models.calibration_scores import compare_log_scores, score_calibration
from models.category_matrix import PRIOR_DAYS, learn_matrix, lend_matrix
from models.fit import FEATURES, SLOPES, TYPES, Days, Fitted, fit_blocks, predict, predict_blocks, walk_forward
from models.measure import Measured, count_stated, score_direction, score_eras
from models.placebo import find_threshold, match_quiet, swap_donors, top_share, without_reports
from models.report_tables import draw_up

MACRO, UNKNOWN = CATEGORIES.index("macro"), CATEGORIES.index("unknown")
GROWTH = TYPES.index("growth")


def make_days(count=24, seed=3):
    """Days of twelve quarters on which growth or trade is stated, and the coders followed what was stated."""
    chance = np.random.default_rng(seed)
    x = np.zeros((count, len(TYPES), len(FEATURES)))
    present = np.zeros((count, len(TYPES)), dtype=bool)
    gold = np.zeros((count, len(CATEGORIES)))
    trade = TYPES.index("trade_policy")
    present[:, [GROWTH, trade]] = True
    for n in range(count):
        type_, category = (GROWTH, "macro") if n % 2 else (trade, "trade")
        x[n, type_, FEATURES.index("stated")] = 1 + chance.random()
        x[n, :, FEATURES.index("signature")] = n + 1
        gold[n, CATEGORIES.index(category)] = 1
    days = tuple(date(2000 + n // 2, 1 + 6 * (n % 2), 10 + n % 5) for n in range(count))
    return Days(days, x, present, np.zeros(count), gold, np.arange(count) % 3 > 0)


def test_a_matrix_learns_what_a_type_was_coded_as():
    """Ten days on which banking alone had a share and coders wrote corporate: half of the row moves to it, others stay."""
    types = list(read_taxonomy())
    banking, corporate = types.index("banking_credit"), CATEGORIES.index("corporate")
    shares, gold = np.zeros((10, len(types))), np.zeros((10, len(CATEGORIES)))
    shares[:, banking], gold[:, corporate] = 1, 1
    prior = lend_matrix()
    learned = learn_matrix(gold, shares, np.zeros(10), prior)
    # All of the ten days' weight goes to the one type that lends to corporate at all.
    expected = (PRIOR_DAYS * prior[banking, corporate] + 10) / (PRIOR_DAYS + 10)
    assert learned[banking, corporate] == pytest.approx(expected)
    assert learned.sum(axis=1) == pytest.approx(np.ones(len(types)))
    others = [n for n in range(len(types)) if n != banking]
    assert learned[others] == pytest.approx(prior[others])


def test_a_category_no_type_lends_to_teaches_nothing():
    """Coded unknown on a day without unexplained share: nobody lent it, so nobody receives it."""
    gold, shares = np.zeros((1, len(CATEGORIES))), np.zeros((1, len(TYPES)))
    gold[0, CATEGORIES.index("taxes")], shares[0, GROWTH] = 1, 1
    assert learn_matrix(gold, shares, np.zeros(1), lend_matrix()) == pytest.approx(lend_matrix())


def test_weights_follow_what_reports_state_on_days_they_have_not_seen():
    """Out of fold, each day's first category is the one that was stated."""
    days = make_days()
    predicted = predict_blocks(fit_blocks(days), days)
    assert predicted.sum(axis=1) == pytest.approx(np.ones(24))
    assert (predicted.argmax(axis=1) == days.gold.argmax(axis=1)).all()


def test_walking_forward_uses_earlier_days_alone():
    """Changing the last year's coding changes no prediction; the first years have too little before them."""
    days = make_days()
    rows, predicted = walk_forward(days, least=8)
    assert min(days.days[r].year for r in rows) == 2004
    gold = days.gold.copy()
    gold[-2:] = 1 / len(CATEGORIES)
    again = walk_forward(Days(days.days, days.x, days.present, days.quiet, gold, days.falls), least=8)
    assert again[1] == pytest.approx(predicted)
    assert len(walk_forward(days, least=99)[0]) == 0


def test_the_unexplained_predicts_unknown():
    """With no candidate at all, all of it."""
    days = make_days(2)
    empty = Days(days.days, days.x, np.zeros_like(days.present), days.quiet, days.gold, days.falls)
    found = predict(Fitted(np.zeros(len(SLOPES) + len(TYPES)), lend_matrix()), empty)
    assert found[:, UNKNOWN] == pytest.approx([1, 1])


def test_quiet_sessions_match_year_weekday_and_documents():
    """The nearest number of documents among the same weekday of the year; each session serves once."""
    days = (date(2008, 10, 6), date(2008, 10, 13), date(2009, 3, 2))  # Mondays
    quiet = {date(2008, 5, 5): 90, date(2008, 5, 12): 40, date(2008, 5, 13): 100, date(2009, 4, 7): 50}
    assert match_quiet(days, dict.fromkeys(days, 100), quiet) == (date(2008, 5, 5), date(2008, 5, 12))


def test_donors_come_from_far_away_and_leave_the_market_alone():
    """The press's features are another day's, more than 60 days away; signature and coding stay."""
    days = make_days()
    swapped = swap_donors(days)
    stated, signature = FEATURES.index("stated"), FEATURES.index("signature")
    for n, day in enumerate(days.days):
        donor = [m for m in range(24) if (swapped.x[n, :, stated] == days.x[m, :, stated]).all()]
        assert donor
        assert all(abs((days.days[m] - day).days) > 60 for m in donor)
        assert swapped.x[n, GROWTH, signature] == n + 1
    assert (swapped.gold == days.gold).all()
    assert (swap_donors(days).x == swapped.x).all()


def test_without_reports_nothing_is_stated():
    """Both features of what reports name are gone, the others stay."""
    bare = without_reports(make_days())
    assert bare.x[:, :, [FEATURES.index("stated"), FEATURES.index("stated_share")]].sum() == 0
    assert bare.x[:, :, FEATURES.index("signature")].sum() > 0


def test_threshold_and_top_share_by_hand():
    """Of ten days two may pass: the third largest; never under one half. Unknown is no cause."""
    assert find_threshold(np.arange(10) / 10) == pytest.approx(0.8)
    assert find_threshold(np.zeros(5)) == 0.5
    shares = np.zeros((1, len(CATEGORIES)))
    shares[0, UNKNOWN], shares[0, MACRO] = 0.7, 0.3
    assert top_share(shares) == pytest.approx([0.3])


def test_base_rates_leave_the_own_quarter_out():
    """Two quarters, macro and trade: each is predicted from the other, half a day added to each category."""
    days = make_days(2)
    table = Table(days.gold, days.gold, np.array(["2000Q1", "2000Q3"]))
    rates = base_rates(table.gold, table.quarters)
    assert rates[0, MACRO] == pytest.approx(1.5 / (1 + 0.5 * len(CATEGORIES)))
    assert rates[1, MACRO] == pytest.approx(0.5 / (1 + 0.5 * len(CATEGORIES)))


def test_true_chances_have_slope_one_and_timid_ones_more():
    """Weights drawn from the shares: slope near one and skill above zero; shares pulled to the middle: slope above one."""
    chance = np.random.default_rng(5)
    shares = chance.dirichlet(np.full(len(CATEGORIES), 0.4), 1500)
    gold = np.array([np.eye(len(CATEGORIES))[chance.choice(len(CATEGORIES), p=p)] for p in shares])
    quarters = np.array([f"q{n % 30}" for n in range(1500)])
    found = score_calibration(Table(gold, shares, quarters))
    assert found["slope"] == pytest.approx(1, abs=0.1)
    # Of a Dirichlet with 17 parameters of 0.4 the mean sum of squares is 1.4 / 7.8; uniform base rates have 1 / 17.
    assert found["brier_skill"] == pytest.approx(1 - (1 - 1.4 / 7.8) / (1 - 1 / 17), abs=0.02)
    assert found["slope_interval"][0] < found["slope"] < found["slope_interval"][1]
    odds = np.sqrt(shares)
    assert score_calibration(Table(gold, odds / odds.sum(axis=1, keepdims=True), quarters))["slope"] > 1.5


def test_the_same_shares_are_no_better():
    """Compared with itself a log score differs by nothing; with worse shares it is surely better."""
    days = make_days()
    table = Table(days.gold, 0.9 * days.gold + 0.1 / len(CATEGORIES), np.array([str(d.year) for d in days.days]))
    assert compare_log_scores(table, table.predicted) == {"difference": 0, "chance_better": 0}
    worse = np.full_like(days.gold, 1 / len(CATEGORIES))
    assert compare_log_scores(table, worse)["chance_better"] == 1


def test_the_tagger_alone_counts_reports():
    """ln(1 + 3) reports of growth: 3 for macro, a tenth for each category."""
    days = make_days(2)
    days.x[:, :, FEATURES.index("stated")] = 0
    days.x[1, GROWTH, FEATURES.index("stated")] = np.log(4)
    found = count_stated(days)
    assert found[1, MACRO] == pytest.approx(3.1 / (3 + 0.1 * len(CATEGORIES)))
    assert found[0].argmax() == UNKNOWN


def test_the_report_tells_every_part_and_every_error():
    """Figures as measured, one line an error with what was read of it, no line for a day that agrees."""
    days = make_days()
    predicted = predict_blocks(fit_blocks(days), days)
    predicted[0] = np.eye(len(CATEGORIES))[MACRO]
    part = score_direction(days, predicted, predicted)
    placebo = {
        "falls": 16, "quiet": 9, "threshold": 0.6, "named": {"falls": 0.5, "quiet": 0.1, "donors": 0.2},
        "named_at_threshold": {"falls": 0.4, "quiet": 0.05, "donors": 0.1},
    }  # fmt: skip
    scores = {
        "asked": 25, "falls": part, "rises": part, "falls_only": part["tagger"], "forward": {"n": 0},
        "calibration": score_calibration(Table(days.gold, predicted, np.array([str(d.year) for d in days.days]))),
        "eras": score_eras(days, predicted), "placebo": {"with": placebo, "without": placebo},
    }  # fmt: skip
    text = draw_up(Measured(days, predicted, scores))
    assert "24 of 25 days" in text
    assert f"| first category agrees | {23 / 24:.2f} |" in text
    assert f"| {days.days[0]} | macro 1.00 | trade |  | not read yet |" in text
    assert str(days.days[1]) not in text.split("## Errors")[1]
    assert "share over 0.60 | 0.40 | 0.05 | 0.10 |" in text
