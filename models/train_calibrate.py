"""From out-of-fold scores to calibrated chances, thresholds and cross-validated figures. Training only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from kb.taxonomy import read_taxonomy
from models.calibrate import Card, Scores, judge_types

# At most this share of `none` labels may get a type out of fold.
FALSE_TRIGGERS = 0.05
# Weights tried for the stated cause beside the whole text.
CAUSE_WEIGHTS = (0.0, 0.25, 0.5, 1.0, 2.0)

Floats = Scores
Flags = Sequence[bool]


class Labelled(Protocol):
    """What is needed of a label here."""

    @property
    def types(self) -> tuple[str, ...]:
        """Types by name, primary first; empty for none."""

    @property
    def wrap(self) -> int:
        """1 for a market report."""

    @property
    def risk(self) -> int:
        """-1, 0 or +1."""


@dataclass(frozen=True)
class Calibration:
    """Logistic coefficients (see tagger.Card) and the thresholds."""

    first: tuple[float, ...]
    any: tuple[float, ...]
    further: tuple[float, ...]
    thresholds: dict[str, float]

    def to_card(self) -> dict[str, Any]:
        """The entries of the JSON card."""
        chances = {"first": self.first, "any": self.any, "further": self.further}
        return {"thresholds": self.thresholds, "calibration": chances}

    def to_judge(self) -> Card:
        """A card that is enough for `judge_types`."""
        return Card(tuple(read_taxonomy()), self.thresholds, self.first, self.any, self.further, "", {})


def add_causes(raw: Floats, spans: Floats, stated: Flags, weight: float) -> Floats:
    """Margins of types and none, those of the stated cause added where there is one (as `Tagger` does)."""
    width = len(read_taxonomy()) + 1
    margins = raw[:, :width].copy()
    at = np.flatnonzero(np.asarray(stated) & (raw[:, width] > 0))
    margins[at] = (margins[at] + weight * spans[at, :width]) / (1 + weight)
    return margins


def truth(labels: Sequence[Labelled]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Number of the primary type (last = none) and a (labels, types) table of presence."""
    names = list(read_taxonomy())
    primary = np.array([names.index(x.types[0]) if x.types else len(names) for x in labels])
    present = np.array([[name in x.types for name in names] for x in labels])
    return primary, present


def _logistic(columns: Sequence[Floats], goal: NDArray[np.bool_]) -> tuple[float, ...]:
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=100.0).fit(np.stack(columns, axis=1), goal)
    return (float(fitted.intercept_[0]), *map(float, fitted.coef_[0]))


def fit_chances(
    margins: Floats, labels: Sequence[Labelled]
) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]:
    """Coefficients of the three chances of tagger.Card, from out-of-fold margins."""
    primary, present = truth(labels)
    types, none = margins[:, :-1], margins[:, -1]
    order = np.sort(types, axis=1)
    best, top = order[:, -1], types.argmax(axis=1)
    evidence = [best, best - order[:, -2], none]
    other = np.ones_like(present)
    other[np.arange(len(top)), top] = False
    item, column = np.nonzero(other)
    return (
        _logistic(evidence, primary == top),
        _logistic(evidence, primary < present.shape[1]),
        _logistic([types[item, column], best[item], none[item]], present[item, column]),
    )


def pick(scores: Floats, some: Floats, threshold: float) -> NDArray[np.int64]:
    """Primary type by number, the number of types for none."""
    return np.asarray(np.where(some >= threshold, scores.argmax(axis=1), scores.shape[1]))


def _any_threshold(some: Floats, primary: NDArray[np.int64], none: int) -> float:
    """The lowest threshold that keeps false triggers in bounds."""
    return float(np.quantile(some[primary == none], 1 - FALSE_TRIGGERS))


def _further_threshold(scores: Floats, present: NDArray[np.bool_]) -> float:
    """The threshold with the best F1 of further types."""
    others = scores.copy()
    others[np.arange(len(scores)), scores.argmax(axis=1)] = 0
    goal = present & (others > 0)
    tried = np.arange(0.1, 0.8, 0.05)
    f1 = [2 * (goal & (others >= x)).sum() / max(1, goal.sum() + (others >= x).sum()) for x in tried]
    return float(tried[int(np.argmax(f1))])


def calibrate(raw: Floats, spans: Floats, stated: Flags, labels: Sequence[Labelled]) -> Calibration:
    """Chances and thresholds from out-of-fold scores; the weight of the cause is the one with the best accuracy."""
    primary, present = truth(labels)
    reports = np.array([x.wrap == 1 for x in labels]) & np.asarray(stated)
    right = []
    for weight in CAUSE_WEIGHTS:
        margins = add_causes(raw, spans, stated, weight)
        right.append((margins[reports].argmax(axis=1) == primary[reports]).mean())
    weight = CAUSE_WEIGHTS[int(np.argmax(right))]
    margins = add_causes(raw, spans, stated, weight)
    chances = fit_chances(margins, labels)
    thresholds = {"cause": weight, "wrap": 0.0, "any": 0.5, "further": 0.5}
    scores, some = judge_types(margins, Calibration(*chances, thresholds).to_judge())
    thresholds["any"] = _any_threshold(some, primary, scores.shape[1])
    thresholds["further"] = _further_threshold(scores, present)
    return Calibration(*chances, thresholds)


def expected_error(confidence: Floats, right: NDArray[np.bool_], bins: int = 10) -> float:
    """Expected calibration error: mean gap between confidence and accuracy over equal bins (Naeini et al. 2015)."""
    number = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [abs(confidence[number == b].mean() - right[number == b].mean()) * (number == b).mean() for b in set(number)]
    return float(sum(gaps))


def macro_f1(told: NDArray[Any], true: NDArray[Any], least: int = 5) -> float:
    """Mean F1 over the classes with at least `least` true rows."""
    f1 = []
    for name in sorted(set(true)):
        if (true == name).sum() >= least:
            hit = ((told == name) & (true == name)).sum()
            f1.append(2 * hit / ((told == name).sum() + (true == name).sum()))
    return float(np.mean(f1))


def describe(
    raw: Floats, spans: Floats, stated: Flags, labels: Sequence[Labelled], calibration: Calibration
) -> dict[str, float]:
    """Cross-validated figures of the judgement as it will run."""
    primary, _ = truth(labels)
    margins = add_causes(raw, spans, stated, calibration.thresholds["cause"])
    scores, some = judge_types(margins, calibration.to_judge())
    told = pick(scores, some, calibration.thresholds["any"])
    none = scores.shape[1]
    best = scores.max(axis=1)
    quiet = primary == none
    risk = raw[:, none + 2 :].argmax(axis=1) - 1
    wrap = raw[:, none + 1] > 0
    risk = np.where((told == none) & ~wrap, 0, risk)
    figures = {
        "n": len(labels),
        "primary_accuracy": (told == primary).mean(),
        "macro_f1": macro_f1(told, primary),
        "false_triggers_per_100": 100 * (told[quiet] != none).mean(),
        "recall_of_any_type": (told[~quiet] != none).mean(),
        "wrap_accuracy": (wrap == np.array([x.wrap == 1 for x in labels])).mean(),
        "risk_accuracy": (risk == np.array([x.risk for x in labels])).mean(),
        "calibration_error": expected_error(np.where(told == none, 1 - some, best), told == primary),
    }
    return {name: round(float(figure), 4) for name, figure in figures.items()}
