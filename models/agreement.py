"""Agreement between predicted probabilities and coders' weights over categories, with intervals clustered by quarter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from kb.taxonomy import CATEGORIES

SEED, RESAMPLES = 20260101, 2000  # 2,000 resamples put the Monte Carlo error of a 95 % bound under a tenth of its width
LEAST = 0.005  # a probability of zero would make the log score infinite; coders' own slips are of about this size
HEADLINE = ("log_score", "expected_agreement", "top_category_accuracy", "kappa", "primary_or_secondary", "abstained")
UNKNOWN = CATEGORIES.index("unknown")


@dataclass(frozen=True)
class Table:
    """Days by categories: the coders' weights and our probabilities (rows sum to one), and each day's quarter."""

    gold: np.ndarray
    predicted: np.ndarray
    quarters: np.ndarray

    def take(self, rows: np.ndarray) -> Table:
        """The table of these rows, which may repeat."""
        return Table(self.gold[rows], self.predicted[rows], self.quarters[rows])


def name_quarters(days: Iterable[date]) -> np.ndarray:
    """The quarter of each day, such as 2008Q4."""
    return np.array([f"{d.year}Q{(d.month + 2) // 3}" for d in days])


def score_days(table: Table) -> dict[str, Any]:
    """All scores of a table of at least one day, with 95 % intervals of the headline figures under `interval`."""
    scores: dict[str, Any] = {"n": len(table.gold), **score_headline(table)}
    scores["per_category"] = _score_categories(table)
    scores["interval"] = bootstrap_intervals(table)
    return scores


def score_headline(table: Table) -> dict[str, float]:
    """log_score: mean over days of the coders' weights times the log of our probability (floored at LEAST, renormalised);
    expected_agreement: mean weight the coders gave our top category; top_category_accuracy: it is one of the coders'
    top categories (ties count); kappa: Cohen 1960 on the two top categories, a
    tie of the coders broken in favour of ours, as for the accuracy; primary_or_secondary: any coder gave our top
    category weight; abstained: our top category is `unknown`.
    """
    top, theirs = pair_tops(table)
    given = table.gold[np.arange(len(top)), top]
    return {
        "log_score": float(log_scores(table).mean()),
        "expected_agreement": float(given.mean()),
        "top_category_accuracy": float((top == theirs).mean()),
        "kappa": measure_kappa(top, theirs),
        "primary_or_secondary": float((given > 0).mean()),
        "abstained": float((top == UNKNOWN).mean()),
    }


def pair_tops(table: Table) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of our top category and of the coders', by day; a tie of the coders is broken in favour of ours."""
    top = table.predicted.argmax(axis=1)
    agreed = table.gold[np.arange(len(top)), top] >= table.gold.max(axis=1) - 1e-9
    return top, np.where(agreed, top, table.gold.argmax(axis=1))


def log_scores(table: Table) -> np.ndarray:
    """The log score of each day: the coders' weights times the log of our probability, floored at LEAST and renormalised."""
    floored = np.maximum(table.predicted, LEAST)
    floored /= floored.sum(axis=1, keepdims=True)
    return np.asarray((table.gold * np.log(floored)).sum(axis=1))


def measure_kappa(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Cohen's kappa of two columns of category numbers; 0 when both always name the same one category."""
    count = len(CATEGORIES)
    expected = float((np.bincount(ours, minlength=count) * np.bincount(theirs, minlength=count)).sum()) / len(ours) ** 2
    observed = float((ours == theirs).mean())
    return 0.0 if expected >= 1 else (observed - expected) / (1 - expected)


def _score_categories(table: Table) -> dict[str, dict[str, float]]:
    top = table.predicted.argmax(axis=1)
    best = table.gold.max(axis=1, keepdims=True)
    is_top = table.gold >= best - 1e-9
    found = {}
    for n, name in enumerate(CATEGORIES):
        coded, named = is_top[:, n], top == n
        if coded.any() or named.any():
            both = float((coded & named).sum())
            found[name] = {
                "precision": both / float(named.sum()) if named.any() else 0.0,
                "recall": both / float(coded.sum()) if coded.any() else 0.0,
                "n": int(coded.sum()),
            }
    return found


def bootstrap_intervals(table: Table) -> dict[str, list[float]]:
    """95 % percentile intervals of the headline figures, whole quarters resampled together (days of one are alike)."""
    drawn = []
    for picked in resample_quarters(table.quarters, RESAMPLES):
        scores = score_headline(table.take(picked))
        drawn.append([scores[k] for k in HEADLINE])
    low, high = np.percentile(np.array(drawn), [2.5, 97.5], axis=0)
    return {k: [float(a), float(b)] for k, a, b in zip(HEADLINE, low, high, strict=True)}


def resample_quarters(quarters: np.ndarray, resamples: int) -> Iterator[np.ndarray]:
    """Rows of so many bootstrap samples, whole quarters drawn together, always the same ones."""
    generator = np.random.default_rng(SEED)
    rows_of = [np.flatnonzero(quarters == q) for q in np.unique(quarters)]
    for _ in range(resamples):
        yield np.concatenate([rows_of[i] for i in generator.integers(0, len(rows_of), len(rows_of))])


def base_rates(gold: np.ndarray, quarters: np.ndarray) -> np.ndarray:
    """How often each category was coded in the other quarters (days, categories)."""
    rates = np.empty_like(gold)
    for quarter in np.unique(quarters):
        own = quarters == quarter
        counts = gold[~own].sum(axis=0) + 0.5  # half a day for each category, so that none is impossible
        rates[own] = counts / counts.sum()
    return rates


def score_baseline(gold: np.ndarray, quarters: np.ndarray) -> dict[str, Any]:
    """Always naming the most frequent category of these days; its log score uses base rates of the other quarters."""
    category = int(gold.sum(axis=0).argmax())
    rates = base_rates(gold, quarters)
    always = np.zeros_like(gold)
    always[:, category] = 1
    scores = score_headline(Table(gold, always, quarters))
    scores["log_score"] = score_headline(Table(gold, rates, quarters))["log_score"]
    kept = ("top_category_accuracy", "kappa", "expected_agreement", "log_score")
    return {"category": CATEGORIES[category], **{k: scores[k] for k in kept}}
