"""Fitting the attribution's weights to coders' weights: ridge conditional logit over trigger types.

Run with the development dependencies: `python -m models.fit --gold FILE --home HOME`. Reads the features of a built mart
(case rows left out) and a gold file; prints scores of cross-validation in blocks of calendar years with a quarter's
embargo, and writes `models/weights/attribution.json` fitted to all days. The likelihood of a day is that of the coders'
weights under the category shares that `type_share.sql` computes from the same numbers.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from kb.mart import open_mart
from kb.narrow import leave_cases_out
from kb.settings import Home
from kb.sql_steps import fetch_rows, read_query
from kb.taxonomy import CATEGORIES, read_taxonomy
from models.agreement import Table, score_days
from models.attribution import WEIGHTS
from models.evaluate_attribution import Gold, read_days, read_gold

FEATURES = ("stated", "stated_share", "attention", "attention_excess", "story", "bad_news", "surprise", "signature")
SLOPES = (*FEATURES, "unexplained", "unexplained_quiet")
SIGNED = ("bad_news", "signature")  # turned round on a rise, as in type_share.sql
TYPES = tuple(read_taxonomy())
START = {"stated": 0.8, "stated_share": 1.5, "attention": 1.5, "attention_excess": 0.3, "story": 1.0, "bad_news": 0.5}
FIRST_DAY = date(1998, 1, 1)  # before, the archive holds no headlines to learn from
BLOCK = 4  # calendar years held out together: falls come in spells of one or two years
LEAST_TYPES = 10  # candidate types of a session: with fewer the archive hardly covers it, and its shares mislead
EMBARGO = 92  # days around a held-out block that are not learnt from


@dataclass(frozen=True)
class Days:
    """Coded days: `x` (days, types, features), `present` (days, types), `quiet` (days,), `gold` (days, categories)."""

    days: tuple[date, ...]
    x: np.ndarray
    present: np.ndarray
    quiet: np.ndarray
    gold: np.ndarray
    falls: np.ndarray

    def take(self, rows: np.ndarray) -> Days:
        """The days of these rows."""
        days = tuple(self.days[i] for i in rows)
        return Days(days, self.x[rows], self.present[rows], self.quiet[rows], self.gold[rows], self.falls[rows])


@dataclass(frozen=True)
class Ridge:
    """Penalties: on slopes around START, and on the priors of types around zero."""

    slopes: float
    priors: float


def lend_matrix() -> np.ndarray:
    """What each type lends to each category, from the taxonomy; shape (types, categories), rows sum to one."""
    types = read_taxonomy()
    return np.array([[types[t].category.get(c, 0.0) for c in CATEGORIES] for t in TYPES])


def predict(theta: np.ndarray, days: Days, lent: np.ndarray) -> np.ndarray:
    """Category shares (days, categories) under the parameters: slopes in the order of SLOPES, then one prior a type."""
    slopes, priors = theta[: len(SLOPES)], theta[len(SLOPES) :]
    utility = days.x @ slopes[: len(FEATURES)] + priors
    utility = np.where(days.present, utility, -np.inf)
    unexplained = slopes[len(FEATURES)] + slopes[len(FEATURES) + 1] * days.quiet
    top = np.maximum(utility.max(axis=1), unexplained)
    odds = np.exp(utility - top[:, None])
    rest = np.exp(unexplained - top)
    total = odds.sum(axis=1) + rest
    shares = odds @ lent
    shares[:, CATEGORIES.index("unknown")] += rest
    return np.asarray(shares / total[:, None])


def fit_parameters(days: Days, ridge: Ridge) -> np.ndarray:
    """Parameters that minimise the coders' cross entropy plus the ridge; deterministic."""
    from scipy.optimize import minimize

    lent = lend_matrix()
    centre = np.array([START.get(s, 0.0) for s in SLOPES] + [0.0] * len(TYPES))
    strength = np.array([ridge.slopes] * len(SLOPES) + [ridge.priors] * len(TYPES))

    def loss(theta: np.ndarray) -> float:
        shares = np.maximum(predict(theta, days, lent), 1e-4)
        return float(-(days.gold * np.log(shares)).sum() + (strength * (theta - centre) ** 2).sum())

    # A feature can speak for a cause or say nothing; a slope below zero on so few days is noise, and could not be explained.
    limits = [(0.0, None)] * len(FEATURES) + [(None, None)] + [(0.0, None)] + [(None, None)] * len(TYPES)
    found = minimize(loss, centre, method="L-BFGS-B", bounds=limits, options={"maxiter": 300})
    return np.asarray(found.x)


def load_days(home: Home, gold: Path) -> Days:
    """The coded days since FIRST_DAY that the archive covers (LEAST_TYPES), with their features."""
    coded = read_gold(gold)
    kept = np.array([d >= FIRST_DAY for d in coded.days])
    coded = Gold(tuple(d for d in coded.days if d >= FIRST_DAY), coded.returns[kept], coded.weights[kept])
    with open_mart(home) as connection:
        if fetch_rows(connection, "SELECT 1 AS one FROM document WHERE origin = 'case' LIMIT 1"):
            leave_cases_out(connection, "SPX")
        rows = fetch_rows(connection, read_query("features_on"), {"days": list(coded.days)})
        marks = fetch_rows(connection, read_query("returns_on"), {"days": list(coded.days), "market": "SPX"})
    days = _arrange(coded, rows, {m["session"]: m["z"] for m in marks})
    return days.take(np.flatnonzero(days.present.sum(axis=1) >= LEAST_TYPES))


def _arrange(coded: Gold, rows: list[dict[str, Any]], z: dict[date, float | None]) -> Days:
    place = {d: n for n, d in enumerate(coded.days)}
    x = np.zeros((len(coded.days), len(TYPES), len(FEATURES)))
    present = np.zeros(x.shape[:2], dtype=bool)
    for row in rows:
        day, type_ = place[row["session"]], TYPES.index(row["type"])
        present[day, type_] = True
        if row["feature"] in FEATURES:
            turned = -1 if coded.returns[day] > 0 and row["feature"] in SIGNED else 1
            x[day, type_, FEATURES.index(row["feature"])] = turned * row["value"]
    quiet = np.array([max(0.0, 1.5 - abs(z.get(d) or 0.0)) for d in coded.days])
    return Days(coded.days, x, present, quiet, coded.weights, coded.returns < 0)


def cross_validate(days: Days, ridge: Ridge) -> np.ndarray:
    """Out-of-fold category shares: each block of BLOCK years predicted from falls more than EMBARGO days away.

    Rises are predicted but not learnt from: coders treat them differently, and adding them worsens the falls' log score.
    """
    predicted = np.zeros_like(days.gold)
    ordinal = np.array([d.toordinal() for d in days.days])
    block = np.array([d.year // BLOCK for d in days.days])
    for b in np.unique(block):
        held = np.flatnonzero(block == b)
        away = (ordinal < ordinal[held].min() - EMBARGO) | (ordinal > ordinal[held].max() + EMBARGO)
        theta = fit_parameters(days.take(np.flatnonzero(away & days.falls)), ridge)
        predicted[held] = predict(theta, days.take(held), lend_matrix())
    return predicted


def score_directions(days: Days, predicted: np.ndarray, only: set[date] | None = None) -> dict[str, Any]:
    """Scores of the falls and, under `rises`, of the rises among the days (of those in `only`, if given)."""
    asked = np.array([only is None or d in only for d in days.days])
    quarters = np.array([f"{d.year}Q{(d.month + 2) // 3}" for d in days.days])
    found = []
    for direction in (days.falls, ~days.falls):
        rows = asked & direction
        found.append(score_days(Table(days.gold[rows], predicted[rows], quarters[rows])))
    return {**found[0], "rises": found[1]}


def calibrate_confidence(days: Days, predicted: np.ndarray) -> dict[str, float]:
    """Platt's intercept and slope: the chance that a category is the coders' first, from the log-odds of its share.

    From all categories with a share of at least one percent on the falls, so that small shares are calibrated too.
    """
    from sklearn.linear_model import LogisticRegression

    shares, gold = predicted[days.falls], days.gold[days.falls]
    first = gold >= gold.max(axis=1, keepdims=True) - 1e-9
    named = shares >= 0.01
    share = np.clip(shares[named], 1e-3, 1 - 1e-3)
    model = LogisticRegression(C=1.0).fit(np.log(share / (1 - share)).reshape(-1, 1), first[named])
    return {"intercept": float(model.intercept_[0]), "slope": float(model.coef_[0][0])}


def write_weights(days: Days, theta: np.ndarray, confidence: dict[str, float]) -> Path:
    """Write the weights file anew; the priors of other asset classes and hand-set slopes stay as they are."""
    path = Path(__file__).parent / "weights" / WEIGHTS
    old = json.loads(path.read_text("utf-8"))
    old["model"] = f"attribution-{hash(tuple(np.round(theta, 6))) & 0xFFFFFF:06x}"
    old["trained_through"] = max(days.days).isoformat()
    old["slopes"] |= {s: round(float(v), 4) for s, v in zip(SLOPES, theta, strict=False)}
    priors = {t: round(float(v), 4) for t, v in zip(TYPES, theta[len(SLOPES) :], strict=True)}
    for asset_class in ("index", "sector", "single_name"):
        old["priors"][asset_class] = priors
    old["confidence"] = confidence
    path.write_text(json.dumps(old, indent=1) + "\n", "utf-8")
    return path


def main() -> None:
    """Fit, print what cross-validation says, and write the weights."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--gold", type=Path, required=True)
    parser.add_argument("--dates", type=Path, help="score only these days of the cross-validation")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--dry-run", action="store_true")
    given = parser.parse_args()
    days = load_days(Home(given.home), given.gold)
    # Of four pairs from 0.1 to 4 the cross-validated log scores lie within 0.05; this is the middle one, as the days are few.
    ridge = Ridge(slopes=0.3, priors=4.0)
    predicted = cross_validate(days, ridge)
    only = read_days(given.dates) if given.dates else None
    print(json.dumps(score_directions(days, predicted, only), indent=1))
    if not given.dry_run:
        print(
            write_weights(
                days,
                fit_parameters(days.take(np.flatnonzero(days.falls)), ridge),
                calibrate_confidence(days, predicted),
            )
        )


if __name__ == "__main__":
    main()
