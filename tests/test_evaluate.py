"""`whyfell evaluate attribution`: agreement with coders, worked out by hand, and never with the help of the case files."""

from __future__ import annotations

import csv
import math

import numpy as np
import pytest

from kb.taxonomy import CATEGORIES
from models.agreement import Table, measure_kappa, score_baseline, score_days, score_headline

KEYS = {
    "n", "log_score", "expected_agreement", "top_category_accuracy", "kappa", "primary_or_secondary", "abstained", "per_category",
    "always_most_frequent", "keyword_counts", "interval",
}  # fmt: skip
HEADLINE = {"log_score", "expected_agreement", "top_category_accuracy", "kappa", "primary_or_secondary", "abstained"}


def make_table(*days, quarters=None):
    """A table of (coders' weights, our probabilities) by category name."""
    rows = [[[given.get(c, 0.0) for c in CATEGORIES] for given in pair] for pair in days]
    return Table(
        np.array([r[0] for r in rows]), np.array([r[1] for r in rows]), np.array(quarters or ["2020Q1"] * len(rows))
    )


FOUR = make_table(
    ({"macro": 1}, {"macro": 0.6, "monetary": 0.4}),
    ({"monetary": 0.5, "macro": 0.5}, {"monetary": 0.7, "macro": 0.3}),
    ({"corporate": 1}, {"macro": 0.5, "corporate": 0.3, "unknown": 0.2}),
    ({"unknown": 1}, {"unknown": 0.9, "macro": 0.1}),
    quarters=["2020Q1", "2020Q1", "2020Q2", "2020Q3"],
)


def test_agreement_of_four_days_by_hand():
    """One day right, one of two tied categories, one wrong, one rightly unknown."""
    scores = score_headline(FOUR)
    assert scores["expected_agreement"] == pytest.approx((1 + 0.5 + 0 + 1) / 4)
    assert scores["top_category_accuracy"] == pytest.approx(3 / 4)
    assert scores["primary_or_secondary"] == pytest.approx(3 / 4)
    assert scores["abstained"] == pytest.approx(1 / 4)
    # Ours: macro, monetary, macro, unknown. Theirs: macro, monetary (the tie goes to us), corporate, unknown.
    # Observed 3/4; expected 1/2 * 1/4 + 1/4 * 1/4 + 1/4 * 1/4 = 1/4.
    assert scores["kappa"] == pytest.approx((0.75 - 0.25) / (1 - 0.25))
    # A probability of zero counts as 0.005; each row is divided by its new sum (14, 14, 13 and 14 zeros).
    by_day = [
        math.log(0.6 / 1.07), 0.5 * math.log(0.7 / 1.07) + 0.5 * math.log(0.3 / 1.07), math.log(0.3 / 1.065), math.log(0.9 / 1.07)
    ]  # fmt: skip
    assert scores["log_score"] == pytest.approx(sum(by_day) / 4)


@pytest.mark.parametrize(
    ("ours", "theirs", "kappa"),
    [
        ([1, 1, 2, 2], [1, 1, 2, 2], 1),
        ([1, 1, 2, 2], [2, 2, 1, 1], -1),
        ([1, 2, 1, 2], [1, 1, 2, 2], 0),
        ([7, 7, 7], [7, 7, 7], 0),  # both always the same: agreement says nothing
        ([3, 3, 3, 3], [3, 4, 3, 4], 0),
    ],
)
def test_kappa_of_small_columns(ours, theirs, kappa):
    """Full agreement 1, full disagreement of two halves −1, chance 0."""
    assert measure_kappa(np.array(ours), np.array(theirs)) == pytest.approx(kappa)


def test_precision_and_recall_by_category():
    """Macro named twice and right once of two codings; corporate never named; a category nobody names is left out."""
    found = score_days(FOUR)["per_category"]
    assert found["macro"] == pytest.approx({"precision": 0.5, "recall": 0.5, "n": 2})
    assert found["monetary"] == pytest.approx({"precision": 1, "recall": 1, "n": 1})
    assert found["corporate"] == pytest.approx({"precision": 0, "recall": 0, "n": 1})
    assert found["unknown"] == pytest.approx({"precision": 1, "recall": 1, "n": 1})
    assert set(found) == {"macro", "monetary", "corporate", "unknown"}


def test_intervals_hold_the_figure_and_repeat():
    """Each 95 % interval holds its figure, is the same on every call, and shrinks to it where all days are of one quarter."""
    scores = score_days(FOUR)
    assert set(scores["interval"]) == HEADLINE
    for name, (low, high) in scores["interval"].items():
        assert low <= scores[name] + 1e-12
        assert high >= scores[name] - 1e-12
    assert score_days(FOUR)["interval"] == scores["interval"]
    one = score_days(Table(FOUR.gold, FOUR.predicted, np.array(["2020Q1"] * 4)))
    for name, (low, high) in one["interval"].items():
        assert (low, high) == pytest.approx((one[name], one[name]))


def test_always_the_most_frequent_category_by_hand():
    """Macro has 1.5 of 4 days: named always it agrees 0.375, is a top category on half the days, and kappa is 0."""
    scores = score_baseline(FOUR.gold, FOUR.quarters)
    assert scores["category"] == "macro"
    assert scores["expected_agreement"] == pytest.approx(0.375)
    assert scores["top_category_accuracy"] == pytest.approx(0.5)
    assert scores["kappa"] == pytest.approx(0)
    assert scores["log_score"] < 0


# Over a home


def test_keys_are_fixed_for_falls_and_rises(run, case_home, recorded):
    """Falls at the top level, rises under `rises`, the same keys in both."""
    done = run("evaluate", "attribution", "--gold", recorded / "coded-days.csv", "--json", home=case_home)
    assert done.code == 0, done.err
    scores = done.json
    assert set(scores) == KEYS | {"rises"}
    assert set(scores["rises"]) == KEYS
    assert (scores["n"], scores["rises"]["n"]) == (3, 1)
    for part in (scores, scores["rises"]):
        assert set(part["interval"]) >= HEADLINE
        assert set(part["always_most_frequent"]) >= {
            "top_category_accuracy",
            "kappa",
            "expected_agreement",
            "log_score",
        }
        assert set(part["keyword_counts"]) >= {"top_category_accuracy", "kappa", "expected_agreement", "log_score"}


def test_keys_are_fixed_without_a_rise_too(run, case_home, tmp_path, recorded):
    """A gold file of falls alone, or of rises alone, still has both parts with their number of days."""
    rows = (recorded / "coded-days.csv").read_text().splitlines()
    (tmp_path / "falls.csv").write_text("\n".join(r for r in rows if ",0.0938," not in r) + "\n")
    scores = run("evaluate", "attribution", "--gold", tmp_path / "falls.csv", "--json", home=case_home).json
    assert (scores["n"], scores["rises"]["n"]) == (3, 0)
    (tmp_path / "rises.csv").write_text("\n".join([rows[0], next(r for r in rows if ",0.0938," in r)]) + "\n")
    scores = run("evaluate", "attribution", "--gold", tmp_path / "rises.csv", "--json", home=case_home).json
    assert (scores["n"], scores["rises"]["n"]) == (0, 1)


def test_only_the_asked_days_are_scored(run, case_home, recorded):
    """`--dates` picks days of the gold file."""
    options = ("--gold", recorded / "coded-days.csv", "--dates", recorded / "days.csv", "--json")
    scores = run("evaluate", "attribution", *options, home=case_home).json
    assert (scores["n"], scores["rises"]["n"]) == (2, 1)


def test_the_case_files_explain_nothing_to_an_evaluation(run, case_home, recorded):
    """A home of case files alone predicts `unknown` for every day: what ships with the program is no evidence for it."""
    scores = run("evaluate", "attribution", "--gold", recorded / "coded-days.csv", "--json", home=case_home).json
    assert scores["abstained"] == 1
    assert scores["expected_agreement"] == 0
    assert scores["rises"]["abstained"] == 1


def test_case_files_beside_an_archive_change_no_score(run, small_home, case_copy, recorded):
    """An archive alone and the same archive in a home with the case files get the same scores."""
    with (recorded / "coded-days.csv").open() as file:
        days = [r["date"] for r in csv.DictReader(file)]
    before = {
        "2008-10-15": "2008-10-14",
        "2020-03-16": "2020-03-13",
        "2020-03-24": "2020-03-23",
        "2025-04-03": "2025-04-02",
    }
    prices = [{"symbol": "^GSPC", "date": d, "close": 95 if d != "2020-03-24" else 109} for d in days]
    prices += [{"symbol": "^GSPC", "date": before[d], "close": 100} for d in days]
    titles = {
        "2008-10-15": "Stocks plunge on recession fears as retail sales sink",
        "2020-03-16": "Stocks plunge as coronavirus spreads",
        "2020-03-24": "Stocks soar on hopes for stimulus bill",
        "2025-04-03": "Stocks plunge as Trump tariffs spark trade war fears",
    }  # fmt: skip
    news = [
        {"title": t, "published_at": f"{d}T21:30:00Z", "source": f"Paper {n}"}
        for d, t in titles.items()
        for n in range(3)
    ]
    alone = small_home(prices=prices, news=news)
    small_home.add(case_copy, prices=prices, news=news)
    options = ("evaluate", "attribution", "--gold", recorded / "coded-days.csv", "--json")
    one, other = run(*options, home=alone).json, run(*options, home=case_copy).json
    assert one["abstained"] < 1
    assert one["expected_agreement"] > 0
    for part in ((one, other), (one["rises"], other["rises"])):
        for name in HEADLINE:
            assert part[0][name] == pytest.approx(part[1][name], abs=1e-6), name


GOLD = "date,ret,macro,monetary\n2020-03-16,-0.12,1,0\n"
WRONG = {
    "no such file": None,
    "empty": "",
    "a header alone": "date,ret,macro,monetary\n",
    "other columns": "day,change\n2020-03-16,-0.12\n",
    "no weights": "date,ret\n2020-03-16,-0.12\n",
    "a date that is none": "date,ret,macro,monetary\n16 March,-0.12,1,0\n",
    "a return that is none": "date,ret,macro,monetary\n2020-03-16,down,1,0\n",
    "a missing return": "date,ret,macro,monetary\n2020-03-16,,1,0\n",
    "a weight that is none": "date,ret,macro,monetary\n2020-03-16,-0.12,much,0\n",
    "no coded day": "date,ret,macro,monetary\n2020-03-16,-0.12,0,0\n",
}


@pytest.mark.parametrize("fault", WRONG)
def test_wrong_gold_files_end_with_a_sentence(run, case_home, tmp_path, fault):
    """Whatever is wrong with a gold file: exit code 1, one sentence that names the file, no traceback."""
    path = tmp_path / "gold.csv"
    if WRONG[fault] is not None:
        path.write_text(WRONG[fault])
    done = run("evaluate", "attribution", "--gold", path, "--json", home=case_home)
    assert done.code == 1
    assert done.err.startswith("whyfell: ")
    assert "gold.csv" in done.err
    assert done.out == ""


@pytest.mark.parametrize("dates", ["date\n1999-01-04\n", "day\n2020-03-16\n", "", "date\nsoon\n", None])
def test_wrong_dates_files_end_with_a_sentence(run, case_home, tmp_path, dates):
    """Days that nobody coded, a wrong column, an empty or missing file, no date: exit code 1 and a sentence."""
    (tmp_path / "gold.csv").write_text(GOLD)
    if dates is not None:
        (tmp_path / "dates.csv").write_text(dates)
    options = ("--gold", tmp_path / "gold.csv", "--dates", tmp_path / "dates.csv", "--json")
    done = run("evaluate", "attribution", *options, home=case_home)
    assert done.code == 1
    assert done.err.startswith("whyfell: ")
    assert "dates.csv" in done.err


def test_an_evaluation_without_a_home_says_what_to_run(run, tmp_path, recorded):
    """Nothing is filled in behind the user's back: exit code 1."""
    from kb.settings import Home

    done = run("evaluate", "attribution", "--gold", recorded / "coded-days.csv", home=Home(tmp_path / "none"))
    assert done.code == 1
    assert "whyfell" in done.err


def test_the_table_for_people_shows_baselines(run, case_home, recorded):
    """Without --json the same figures stand beside their intervals and the two baselines."""
    done = run("evaluate", "attribution", "--gold", recorded / "coded-days.csv", home=case_home)
    assert done.code == 0
    for text in ("3 falls", "1 rises", "kappa", "keyword", "always"):
        assert text in done.out


def test_each_rule_says_how_many_coded_falls_it_catches(run, case_home, recorded, tmp_path):
    """Of the three coded falls all are jumps by return; 2025-04-03 (-4.8 % out of a calm) also by standard deviations.

    A coded fall of 1901, long before the first bar, counts as one without bars.
    """
    gold = tmp_path / "gold.csv"
    text = (recorded / "coded-days.csv").read_text()
    gold.write_text(text + "1901-05-09,-0.0605" + ",0" * 15 + ",1\n")
    done = run("evaluate", "moves", "--gold", gold, "--json", home=case_home)
    assert done.code == 0, done.err
    assert (done.json["coded"], done.json["without_bars"]) == (4, 1)
    caught = {r["rule"]: (r["caught"], r["coded_falls"]) for r in done.json["rules"] if r["era"] == "1998-"}
    assert caught["jump_by_return"] == caught["jump"] == caught["any_rule"] == (3, 3)
    assert caught["jump_by_z"][0] >= 1
    shown = run("evaluate", "moves", "--gold", gold, home=case_home)
    assert "4 coded falls" in shown.out


def test_coded_falls_without_any_bar_end_with_a_sentence(run, case_home, tmp_path, recorded):
    """Days of which no bar is here: exit code 1, and what to do."""
    head = (recorded / "coded-days.csv").read_text().splitlines()[0]
    gold = tmp_path / "gold.csv"
    gold.write_text(head + "\n1901-05-09,-0.0605" + ",0" * 15 + ",1\n")
    done = run("evaluate", "moves", "--gold", gold, home=case_home)
    assert done.code == 1
    assert "Import prices" in done.err
