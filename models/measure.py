"""Everything the report tells: agreement by era and category, baselines, calibration, placebo and donor swap.

Reads a built mart (case rows left out) and a gold file; writes nothing. All shares are out of fold: the weights that
predict a day were fitted to days of other years.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kb.settings import Home
from kb.sql_steps import fetch_rows, read_query
from kb.taxonomy import CATEGORIES
from models.agreement import UNKNOWN, Table, base_rates, name_quarters, score_baseline, score_days, score_headline
from models.calibration_scores import compare_log_scores, score_calibration
from models.category_matrix import lend_matrix
from models.evaluate_attribution import Gold, open_archive, read_days, read_gold
from models.fit import (
    FEATURES,
    Days,
    arrange_days,
    fit_blocks,
    list_covered,
    predict_blocks,
    walk_forward,
)
from models.keywords import count_keywords
from models.placebo import find_threshold, match_quiet, swap_donors, top_share, without_reports

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class Measured:
    """Days scored, our shares and those of two baselines (days, categories), and `scores` by part of the report."""

    days: Days
    predicted: np.ndarray
    scores: dict[str, Any]


def measure_attribution(home: Home, gold: Path, dates: Path | None) -> Measured:
    """Every figure of the report. Raises NotFound and BadInput as `whyfell evaluate attribution`."""
    with open_archive(home) as connection:
        coded = read_gold(gold)
        days = list_covered(connection, coded)
        quiet = load_quiet(connection, days)
        keywords = count_keywords(connection, days.days)
    fitted = fit_blocks(days)
    predicted = predict_blocks(fitted, days)
    forward = walk_forward(days)
    asked = read_days(dates) if dates else set(days.days)
    rows = np.flatnonzero([d in asked for d in days.days])
    kept, ours = days.take(rows), predicted[rows]
    scores: dict[str, Any] = {"asked": len(asked), "falls_only": _score_falls_only(days, rows)}
    for name, chosen in (("falls", kept.falls), ("rises", ~kept.falls)):
        scores[name] = score_direction(kept.take(np.flatnonzero(chosen)), ours[chosen], keywords[rows][chosen])
    scores["forward"] = score_forward(days, *forward)
    scores["calibration"] = score_calibration(to_table(kept, ours))
    scores["eras"] = score_eras(kept, ours)
    scores["placebo"] = {
        "with": score_placebo(fitted, kept, quiet),
        "without": score_placebo(fit_blocks(without_reports(days)), without_reports(kept), without_reports(quiet)),
    }
    return Measured(kept, ours, scores)


def load_quiet(connection: DuckDBPyConnection, days: Days) -> Days:
    """Quiet sessions matched to the days on year, weekday and number of documents, with their features and no coding."""
    rows = fetch_rows(connection, read_query("quiet_sessions"), {"market": "SPX"})
    counts = fetch_rows(connection, read_query("documents_on"), {"market": "SPX", "days": list(days.days)})
    documents = {r["session"]: r["documents"] for r in counts}
    matched = match_quiet(days.days, documents, {r["session"]: r["documents"] for r in rows})
    return arrange_days(
        connection, Gold(matched, np.full(len(matched), -1.0), np.zeros((len(matched), len(CATEGORIES))))
    )


def to_table(days: Days, predicted: np.ndarray) -> Table:
    """Coders' weights and these shares, by day, with their quarters."""
    return Table(days.gold, predicted, name_quarters(days.days))


def score_direction(days: Days, predicted: np.ndarray, keywords: np.ndarray) -> dict[str, Any]:
    """Our scores beside always naming the commonest category, keyword counts, and the tagger alone."""
    table = to_table(days, predicted)
    scores = score_days(table)
    alone = count_stated(days)
    return {
        "ours": scores,
        "always": score_baseline(days.gold, table.quarters),
        "keywords": score_headline(Table(days.gold, keywords, table.quarters)),
        "tagger": score_headline(Table(days.gold, alone, table.quarters)),
        "against_base_rates": compare_log_scores(table, base_rates(table.gold, table.quarters)),
        "against_keywords": compare_log_scores(table, keywords),
    }


def count_stated(days: Days) -> np.ndarray:
    """The tagger alone: how many market reports name a type as cause, by category as the taxonomy lends it."""
    counts = np.expm1(days.x[:, :, FEATURES.index("stated")]) @ lend_matrix() + 0.1
    counts[:, UNKNOWN] += np.where(counts.max(axis=1) < 1, 1.0, 0.0)
    return np.asarray(counts / counts.sum(axis=1, keepdims=True))


def score_forward(days: Days, rows: np.ndarray, predicted: np.ndarray) -> dict[str, Any]:
    """Scores of walk-forward weights, falls and rises together."""
    if not len(rows):
        return {"n": 0}
    return {"n": len(rows), **score_headline(to_table(days.take(rows), predicted))}


def score_eras(days: Days, predicted: np.ndarray) -> list[dict[str, Any]]:
    """Agreement by year and direction."""
    found = []
    for year in sorted({d.year for d in days.days}):
        for name, way in (("falls", days.falls), ("rises", ~days.falls)):
            rows = np.flatnonzero([d.year == year for d in days.days] & way)
            if len(rows):
                scores = score_headline(to_table(days.take(rows), predicted[rows]))
                found.append({"year": year, "direction": name, "n": len(rows), **scores})
    return found


def score_placebo(fitted: dict[int, Any], days: Days, quiet: Days) -> dict[str, Any]:
    """How often a cause is named (share over one half) on falls, on quiet sessions and on falls with another's documents.

    Then, at the threshold that at most a fifth of both reach, how many falls do.
    """
    falls = days.take(np.flatnonzero(days.falls))
    real, calm = top_share(predict_blocks(fitted, falls)), top_share(predict_blocks(fitted, quiet))
    swapped = top_share(predict_blocks(fitted, swap_donors(falls)))
    threshold = max(find_threshold(calm), find_threshold(swapped))
    return {
        "falls": len(real), "quiet": len(calm), "threshold": threshold,
        "named": {"falls": _over(real, 0.5), "quiet": _over(calm, 0.5), "donors": _over(swapped, 0.5)},
        "named_at_threshold": {
            "falls": _over(real, threshold), "quiet": _over(calm, threshold), "donors": _over(swapped, threshold),
        },
    }  # fmt: skip


def _over(shares: np.ndarray, threshold: float) -> float:
    return float((shares > threshold).mean())


def _score_falls_only(days: Days, rows: np.ndarray) -> dict[str, float]:
    """What the falls' scores would be had rises taught nothing."""
    predicted = predict_blocks(fit_blocks(days, rises=False), days)
    chosen = np.array([r for r in rows if days.falls[r]])
    return score_headline(to_table(days.take(chosen), predicted[chosen]))
