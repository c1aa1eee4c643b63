"""Thresholds and calibration of one stage, from its logits on labelled items it was not trained on. Training only.

Chances are logistic in the logit of the decision's share, with one slope and a bias for each type, the biases drawn to a
common one (Platt 1999, one scale a class), so that a type with few rows keeps nearly the common curve.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.calibrate import Stage, decide, pick_primary, take_share, to_logit
from models.heads import NONE_AT, PRESENT, PRIMARY, TYPES, WRAP_AT, Floats, to_chance, to_shares
from models.labels import Label
from models.reliability import expected_error, list_bins

# False triggers per item of none that the threshold allows. The aim is 3 in 100; at that, too many real triggers are lost
# with readings as noisy as the present ones.
FALSE_TRIGGERS = 0.08
TRIED = np.r_[np.arange(0.2, 0.96, 0.01), 0.97, 0.98, 0.99]
RIDGE_TYPES = 8.0  # how strongly a type's bias is drawn to the common one, in units of observations
LEAST_ROWS = 5


def number_primary(labels: Sequence[Label]) -> NDArray[np.int64]:
    """The primary type of each label by number, none as the last."""
    return np.array([TYPES.index(label.types[0]) if label.types else NONE_AT for label in labels], dtype=np.int64)


def calibrate(logits: Floats, labels: Sequence[Label]) -> Stage:
    """Thresholds and chances of a stage whose logits these are, shape (items, heads)."""
    true = number_primary(labels)
    shares = to_shares(logits[:, PRIMARY])
    least = choose_least(shares, true)
    primary = pick_primary(shares, least)
    slope, biases = fit_chances(to_logit(take_share(shares, primary)), primary, primary == true)
    present = np.array([[t in label.types for t in TYPES] for label in labels])
    others = np.arange(len(TYPES)) != primary[:, None]
    others &= (primary != NONE_AT)[:, None]
    raw, truth = logits[:, PRESENT][others], present[others]
    further_slope, further_bias = fit_line(raw, truth)
    further = choose_f1(to_chance(further_slope * raw + further_bias), truth)
    wrap = choose_accuracy(to_chance(logits[:, WRAP_AT]), np.array([label.wrap == 1 for label in labels]))
    return Stage(least, further, wrap, slope, tuple(biases), further_slope, further_bias)


def choose_least(shares: Floats, true: NDArray[np.int64]) -> float:
    """The least share of all types at which an item counts as one: best accuracy among those with few false triggers."""
    quiet = true == NONE_AT
    best, found = -1.0, float(TRIED[-1])
    for least in TRIED:
        told = pick_primary(shares, least)
        if (told[quiet] != NONE_AT).mean() <= FALSE_TRIGGERS and (told == true).mean() > best:
            best, found = (told == true).mean(), float(least)
    return round(found, 4)


def fit_line(raw: Floats, truth: NDArray[np.bool_]) -> tuple[float, float]:
    """Slope and bias of the logistic curve from raw numbers to the chance of truth."""
    from sklearn.linear_model import LogisticRegression

    if len(set(truth.tolist())) < 2:
        return 1.0, 0.0  # nothing to tell apart: the raw number stands
    fitted = LogisticRegression(C=1.0).fit(raw[:, None], truth)
    return round(float(fitted.coef_[0, 0]), 5), round(float(fitted.intercept_[0]), 5)


def fit_chances(own: Floats, primary: NDArray[np.int64], right: NDArray[np.bool_]) -> tuple[float, list[float]]:
    """Common slope and a bias for each type, none last, by penalised maximum likelihood."""
    from scipy.optimize import minimize

    count = NONE_AT + 1

    def loss(theta: Floats) -> float:
        margin = theta[0] * own + theta[1] + theta[2:][primary]
        likelihood = np.logaddexp(0, np.where(right, -margin, margin)).sum()
        return float(likelihood + RIDGE_TYPES / 2 * (theta[2:] ** 2).sum())

    theta = minimize(loss, np.r_[1.0, 0.0, np.zeros(count)], method="L-BFGS-B").x
    return round(float(theta[0]), 5), [round(float(theta[1] + b), 5) for b in theta[2:]]


def choose_f1(chance: Floats, truth: NDArray[np.bool_]) -> float:
    """The threshold with the best F1."""
    f1 = [2 * (truth & (chance >= x)).sum() / max(1, truth.sum() + (chance >= x).sum()) for x in TRIED]
    return round(float(TRIED[int(np.argmax(f1))]), 4)


def choose_accuracy(chance: Floats, truth: NDArray[np.bool_]) -> float:
    """The threshold with the best accuracy."""
    return round(float(TRIED[int(np.argmax([((chance >= x) == truth).mean() for x in TRIED]))]), 4)


def macro_f1(told: NDArray[Any], true: NDArray[Any]) -> float:
    """Mean F1 over the classes with at least five true rows."""
    f1 = []
    for name in sorted(set(true.tolist())):
        if (true == name).sum() >= LEAST_ROWS:
            hit = ((told == name) & (true == name)).sum()
            f1.append(2 * hit / ((told == name).sum() + (true == name).sum()))
    return float(np.mean(f1)) if f1 else 0.0


def describe(logits: Floats, labels: Sequence[Label], stage: Stage) -> dict[str, Any]:
    """Figures of one stage on labelled items: accuracies, false triggers, calibration with its table."""
    true, told = number_primary(labels), decide(logits, stage)
    quiet, right = true == NONE_AT, told.primary == true
    table = list_bins(told.confidence, right)
    figures = {
        "n": len(labels),
        "primary_accuracy": right.mean(),
        "macro_f1": macro_f1(told.primary, true),
        "false_triggers_per_100": 100 * (told.primary[quiet] != NONE_AT).mean() if quiet.any() else 0.0,
        "recall_of_any_type": (told.primary[~quiet] != NONE_AT).mean() if (~quiet).any() else 0.0,
        "wrap_accuracy": (told.wrap == np.array([label.wrap == 1 for label in labels])).mean(),
        "risk_accuracy": (told.risk == np.array([label.risk for label in labels])).mean(),
        "calibration_error": expected_error(table),
    }
    return {**{name: round(float(figure), 4) for name, figure in figures.items()}, "reliability": table}
