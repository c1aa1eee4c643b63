"""Whether shares are chances: calibration slope and Brier skill, and paired comparison of log scores, clustered by quarter."""

from __future__ import annotations

from typing import Any

import numpy as np

from models.agreement import Table, base_rates, log_scores, resample_quarters

RESAMPLES = 1000  # each refits a slope; 1,000 put the Monte Carlo error of a bound under a tenth of its width


def score_calibration(table: Table) -> dict[str, Any]:
    """Calibration of shares as expected weights, with 95 % intervals.

    `slope`: of the coders' weight of a category on the log-odds of its share, over all shares of one percent or more; one
    is perfect, above it shares are too timid (Cox 1958). `brier_skill`: against the base rates of the other quarters.
    """
    rates = base_rates(table.gold, table.quarters)
    drawn = [[_slope(t), _skill(t, r)] for t, r in _samples(table, rates)]
    low, high = np.percentile(np.array(drawn), [2.5, 97.5], axis=0)
    return {
        "slope": _slope(table), "slope_interval": [float(low[0]), float(high[0])],
        "brier_skill": _skill(table, rates), "brier_skill_interval": [float(low[1]), float(high[1])],
    }  # fmt: skip


def compare_log_scores(table: Table, other: np.ndarray) -> dict[str, float]:
    """Mean difference of the log score to that of other shares on the same days, and the bootstrap chance that it is above 0."""
    gained = log_scores(table) - log_scores(Table(table.gold, other, table.quarters))
    drawn = np.array([gained[rows].mean() for rows in resample_quarters(table.quarters, RESAMPLES)])
    return {"difference": float(gained.mean()), "chance_better": float((drawn > 0).mean())}


def _samples(table: Table, rates: np.ndarray) -> list[tuple[Table, np.ndarray]]:
    return [(table.take(rows), rates[rows]) for rows in resample_quarters(table.quarters, RESAMPLES)]


def _slope(table: Table) -> float:
    """Fractional logistic regression (Papke and Wooldridge 1996) by Newton's method: intercept and slope.

    A share is the weight a coder is expected to give, so weights are what it is held against; a little ridge keeps
    separable samples finite.
    """
    named = table.predicted >= 0.01
    share = np.clip(table.predicted[named], 1e-3, 1 - 1e-3)
    y = table.gold[named]
    x = np.column_stack([np.ones(len(share)), np.log(share / (1 - share))])
    beta = np.array([0.0, 1.0])
    for _ in range(25):
        p = 1 / (1 + np.exp(-np.clip(x @ beta, -30, 30)))
        step = np.linalg.solve((x.T * (p * (1 - p))) @ x + 1e-6 * np.eye(2), x.T @ (y - p))
        beta = beta + step
        if abs(step).max() < 1e-9:
            break
    return float(beta[1])


def _skill(table: Table, rates: np.ndarray) -> float:
    ours = ((table.predicted - table.gold) ** 2).sum()
    return 1 - float(ours / ((rates - table.gold) ** 2).sum())
