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
from typing import TYPE_CHECKING, Any

import numpy as np

from kb.settings import Home
from kb.sql_steps import fetch_rows, read_query
from kb.taxonomy import CATEGORIES, read_taxonomy
from models.agreement import Table, name_quarters, score_days
from models.attribution import WEIGHTS
from models.category_matrix import learn_matrix, lend_matrix
from models.evaluate_attribution import Gold, open_archive, read_days, read_gold

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

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


# Of four pairs from 0.1 to 4 the cross-validated log scores lie within 0.05; this is the middle one, as the days are few.
RIDGE = Ridge(slopes=0.3, priors=4.0)
ROUNDS = 3  # after the third the cross-validated log score moves in the fourth digit only


@dataclass(frozen=True)
class Fitted:
    """Parameters in the order of SLOPES, then one prior a type; and the matrix (types, categories) that goes with them."""

    theta: np.ndarray
    lent: np.ndarray


def share_out(theta: np.ndarray, days: Days) -> tuple[np.ndarray, np.ndarray]:
    """Shares of the types (days, types) and of the unexplained (days,) under these parameters."""
    slopes, priors = theta[: len(SLOPES)], theta[len(SLOPES) :]
    utility = days.x @ slopes[: len(FEATURES)] + priors
    utility = np.where(days.present, utility, -np.inf)
    unexplained = slopes[len(FEATURES)] + slopes[len(FEATURES) + 1] * days.quiet
    top = np.maximum(utility.max(axis=1), unexplained)
    odds = np.exp(utility - top[:, None])
    rest = np.exp(unexplained - top)
    total = odds.sum(axis=1) + rest
    return odds / total[:, None], rest / total


def predict(fitted: Fitted, days: Days) -> np.ndarray:
    """Category shares (days, categories); the unexplained predicts `unknown`."""
    shares, rest = share_out(fitted.theta, days)
    found = shares @ fitted.lent
    found[:, CATEGORIES.index("unknown")] += rest
    return np.asarray(found)


def fit_parameters(days: Days, ridge: Ridge = RIDGE) -> Fitted:
    """Parameters and matrix in turns, each given the other, ROUNDS times; deterministic."""
    lent, theta = lend_matrix(), None
    for _ in range(ROUNDS):
        theta = _fit_logit(days, ridge, lent, theta)
        lent = learn_matrix(days.gold, *share_out(theta, days), lent)
    assert theta is not None
    return Fitted(theta, lent)


def _fit_logit(days: Days, ridge: Ridge, lent: np.ndarray, begin: np.ndarray | None) -> np.ndarray:
    """Parameters that minimise the coders' cross entropy plus the ridge."""
    from scipy.optimize import minimize

    centre = np.array([START.get(s, 0.0) for s in SLOPES] + [0.0] * len(TYPES))
    strength = np.array([ridge.slopes] * len(SLOPES) + [ridge.priors] * len(TYPES))

    def loss(theta: np.ndarray) -> float:
        shares = np.maximum(predict(Fitted(theta, lent), days), 1e-4)
        return float(-(days.gold * np.log(shares)).sum() + (strength * (theta - centre) ** 2).sum())

    # A feature can speak for a cause or say nothing; a slope below zero on so few days is noise, and could not be explained.
    limits = [(0.0, None)] * len(FEATURES) + [(None, None)] + [(0.0, None)] + [(None, None)] * len(TYPES)
    found = minimize(
        loss, centre if begin is None else begin, method="L-BFGS-B", bounds=limits, options={"maxiter": 300}
    )
    return np.asarray(found.x)


def load_days(home: Home, gold: Path) -> Days:
    """The coded days since FIRST_DAY that the archive covers (LEAST_TYPES), with their features, cases left out."""
    with open_archive(home) as connection:
        return list_covered(connection, read_gold(gold))


def list_covered(connection: DuckDBPyConnection, coded: Gold) -> Days:
    """The coded days since FIRST_DAY of which the archive holds LEAST_TYPES types, with their features."""
    kept = np.array([d >= FIRST_DAY for d in coded.days])
    coded = Gold(tuple(d for d in coded.days if d >= FIRST_DAY), coded.returns[kept], coded.weights[kept])
    days = arrange_days(connection, coded)
    return days.take(np.flatnonzero(days.present.sum(axis=1) >= LEAST_TYPES))


def arrange_days(connection: DuckDBPyConnection, coded: Gold) -> Days:
    """These days with their features on the S&P 500."""
    rows = fetch_rows(connection, read_query("features_on"), {"days": list(coded.days)})
    marks = fetch_rows(connection, read_query("returns_on"), {"days": list(coded.days), "market": "SPX"})
    return _arrange(coded, rows, {m["session"]: m["z"] for m in marks})


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


def fit_blocks(days: Days, ridge: Ridge = RIDGE, *, rises: bool = True) -> dict[int, Fitted]:
    """Weights for each block of BLOCK years (by number), fitted to days more than EMBARGO days away from it.

    Rises are learnt from too, with the same slopes, unless `rises` is false: the falls' log score is the better for it.
    """
    ordinal = np.array([d.toordinal() for d in days.days])
    block = np.array([d.year // BLOCK for d in days.days])
    found = {}
    for b in np.unique(block):
        held = ordinal[block == b]
        away = (ordinal < held.min() - EMBARGO) | (ordinal > held.max() + EMBARGO)
        found[int(b)] = fit_parameters(days.take(np.flatnonzero(away & (days.falls | rises))), ridge)
    return found


def predict_blocks(fitted: dict[int, Fitted], days: Days) -> np.ndarray:
    """Category shares of each day by the weights of its block, which have seen nothing near it."""
    predicted = np.zeros_like(days.gold)
    for b, weights in fitted.items():
        rows = np.flatnonzero([d.year // BLOCK == b for d in days.days])
        predicted[rows] = predict(weights, days.take(rows))
    return predicted


def cross_validate(days: Days, ridge: Ridge = RIDGE, *, rises: bool = True) -> np.ndarray:
    """Out-of-fold category shares (days, categories)."""
    return predict_blocks(fit_blocks(days, ridge, rises=rises), days)


def walk_forward(days: Days, least: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """(rows, category shares) of the days of each year predicted from days more than EMBARGO days before it.

    Years with fewer than `least` earlier days are left out.
    """
    ordinal = np.array([d.toordinal() for d in days.days])
    rows, found = [], []
    for year in sorted({d.year for d in days.days}):
        held = np.flatnonzero([d.year == year for d in days.days])
        before = np.flatnonzero(ordinal < date(year, 1, 1).toordinal() - EMBARGO)
        if len(before) >= least:
            rows.append(held)
            found.append(predict(fit_parameters(days.take(before)), days.take(held)))
    if not rows:
        return np.array([], dtype=int), np.zeros((0, len(CATEGORIES)))
    return np.concatenate(rows), np.concatenate(found)


def score_directions(days: Days, predicted: np.ndarray, only: set[date] | None = None) -> dict[str, Any]:
    """Scores of the falls and, under `rises`, of the rises among the days (of those in `only`, if given)."""
    asked = np.array([only is None or d in only for d in days.days])
    quarters = name_quarters(days.days)
    found = []
    for direction in (days.falls, ~days.falls):
        rows = asked & direction
        found.append(score_days(Table(days.gold[rows], predicted[rows], quarters[rows])))
    return {**found[0], "rises": found[1]}


def calibrate_confidence(days: Days, predicted: np.ndarray) -> dict[str, float]:
    """Platt's intercept and slope: the chance that a category is the coders' first, from the log-odds of its share.

    From all categories with a share of at least one percent, falls and rises, so that small shares are calibrated too.
    """
    from sklearn.linear_model import LogisticRegression

    first = days.gold >= days.gold.max(axis=1, keepdims=True) - 1e-9
    named = predicted >= 0.01
    share = np.clip(predicted[named], 1e-3, 1 - 1e-3)
    model = LogisticRegression(C=1.0).fit(np.log(share / (1 - share)).reshape(-1, 1), first[named])
    return {"intercept": float(model.intercept_[0]), "slope": float(model.coef_[0][0])}


def write_weights(days: Days, fitted: Fitted, confidence: dict[str, float]) -> Path:
    """Write the weights file anew; the priors of other asset classes and hand-set slopes stay as they are."""
    path = Path(__file__).parent / "weights" / WEIGHTS
    old = json.loads(path.read_text("utf-8"))
    theta = fitted.theta
    old["model"] = f"attribution-{hash(tuple(np.round(theta, 6))) & 0xFFFFFF:06x}"
    old["trained_through"] = max(days.days).isoformat()
    old["slopes"] |= {s: round(float(v), 4) for s, v in zip(SLOPES, theta, strict=False)}
    priors = {t: round(float(v), 4) for t, v in zip(TYPES, theta[len(SLOPES) :], strict=True)}
    for asset_class in ("index", "sector", "single_name"):
        old["priors"][asset_class] = priors
    old["categories"] = {t: _list_lent(row) for t, row in zip(TYPES, fitted.lent, strict=True)}
    old["confidence"] = confidence
    path.write_text(json.dumps(old, indent=1) + "\n", "utf-8")
    return path


def _list_lent(row: np.ndarray) -> dict[str, float]:
    """What a type lends, by category, to four digits that sum to one; under a thousandth is left out."""
    kept = {c: round(float(v), 4) for c, v in zip(CATEGORIES, row, strict=True) if v >= 0.001}
    most = max(kept, key=lambda c: kept[c])
    kept[most] = round(kept[most] + 1 - sum(kept.values()), 4)
    return kept


def main() -> None:
    """Fit, print what cross-validation says, and write the weights."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--gold", type=Path, required=True)
    parser.add_argument("--dates", type=Path, help="score only these days of the cross-validation")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--dry-run", action="store_true")
    given = parser.parse_args()
    days = load_days(Home(given.home), given.gold)
    predicted = cross_validate(days)
    only = read_days(given.dates) if given.dates else None
    print(json.dumps(score_directions(days, predicted, only), indent=1))
    if not given.dry_run:
        print(write_weights(days, fit_parameters(days), calibrate_confidence(days, predicted)))


if __name__ == "__main__":
    main()
