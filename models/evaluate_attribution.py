"""Measuring the attribution against people: newspaper coders' weights over categories, day by day.

Reads a gold file and the mart (case rows left out); market S&P 500. A day is predicted by the shares of its causes,
summed by category; what stays unexplained predicts `unknown`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kb.errors import BadInput, NotFound
from kb.mart import open_mart
from kb.narrow import leave_cases_out
from kb.settings import Home
from kb.sql_steps import fetch_rows, read_query
from kb.taxonomy import CATEGORIES
from models.agreement import Table, name_quarters, score_baseline, score_days
from models.keywords import count_keywords

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class Gold:
    """Coded days in order: `weights` has a row a day and a column a category of CATEGORIES, rows summing to one."""

    days: tuple[date, ...]
    returns: np.ndarray
    weights: np.ndarray


def evaluate_attribution(home: Home, gold: Path, dates: Path | None = None) -> dict[str, Any]:
    """Scores of falls at the top level, of rises under `rises`; keys as in the README.

    The days scored are those of `dates`, else all of the gold file, never chosen by what we predict. Raises NotFound for
    a missing file, BadInput for wrong columns or days that are not coded.
    """
    coded = read_gold(gold)
    if dates is not None:
        coded = _keep_days(coded, read_days(dates), dates)
    with open_archive(home) as connection:
        predicted = predict_categories(connection, coded.days)
        counted = count_keywords(connection, coded.days)
    falls = coded.returns < 0
    scores = _score(coded, predicted, counted, falls)
    scores["rises"] = _score(coded, predicted, counted, ~falls)
    return scores


@contextmanager
def open_archive(home: Home) -> Iterator[DuckDBPyConnection]:
    """The home's mart with the case files left out of everything."""
    with open_mart(home) as connection:
        if fetch_rows(connection, "SELECT 1 AS one FROM document WHERE origin = 'case' LIMIT 1"):
            leave_cases_out(connection, "SPX")
        yield connection


def _score(coded: Gold, predicted: np.ndarray, counted: np.ndarray, chosen: np.ndarray) -> dict[str, Any]:
    quarters = name_quarters(coded.days)[chosen]
    gold = coded.weights[chosen]
    if not len(gold):
        return {"n": 0}
    scores = score_days(Table(gold, predicted[chosen], quarters))
    scores["always_most_frequent"] = score_baseline(gold, quarters)
    keywords = score_days(Table(gold, counted[chosen], quarters))
    scores["keyword_counts"] = {
        k: keywords[k] for k in ("top_category_accuracy", "kappa", "expected_agreement", "log_score")
    }
    return scores


def predict_categories(connection: DuckDBPyConnection, days: tuple[date, ...]) -> np.ndarray:
    """Probabilities by day and category from the attribution as it stands; a day without any is all `unknown`."""
    found = np.zeros((len(days), len(CATEGORIES)))
    rows = fetch_rows(connection, read_query("category_shares"), {"market": "SPX", "days": list(days)})
    place = {d: n for n, d in enumerate(days)}
    for row in rows:
        found[place[row["session"]], CATEGORIES.index(row["category"])] += row["share"]
    found[:, CATEGORIES.index("unknown")] += 1 - found.sum(axis=1)
    return found


def read_gold(path: Path) -> Gold:
    """The coded days of a file with `date`, `ret` and one column of weights a category. Raises NotFound, BadInput."""
    rows = _read_csv(path)
    present = [c for c in CATEGORIES if c in rows[0]]
    if "date" not in rows[0] or "ret" not in rows[0] or len(present) < 2:
        raise BadInput(
            f"Gold file {path}", f"columns {', '.join(rows[0])}", f"Needed: date, ret and {', '.join(CATEGORIES)}."
        )
    weights = np.array([[_number(path, n, c, r.get(c) or "0") for c in CATEGORIES] for n, r in enumerate(rows, 2)])
    kept = weights.sum(axis=1) > 0  # a day whose article was not found has no weights
    weights = weights[kept] / weights[kept].sum(axis=1, keepdims=True)
    if not kept.any():
        raise BadInput(f"Gold file {path}", "no day has a weight in any category", "Give coded days.")
    days = tuple(_day(path, n, r) for (n, r), k in zip(enumerate(rows, 2), kept, strict=True) if k)
    returns = np.array([_number(path, n, "ret", r["ret"]) for n, r in enumerate(rows, 2)])[kept]
    return Gold(days, returns, weights)


def _keep_days(coded: Gold, wanted: set[date], path: Path) -> Gold:
    kept = np.array([d in wanted for d in coded.days])
    missing = sorted(wanted - set(coded.days))
    if missing:
        raise BadInput(
            f"Days of {path}", f"{len(missing)} are not coded, such as {missing[0]}", "Use days of the gold file."
        )
    return Gold(tuple(d for d in coded.days if d in wanted), coded.returns[kept], coded.weights[kept])


def read_days(path: Path) -> set[date]:
    """The days of a file's column `date`. Raises NotFound, BadInput."""
    rows = _read_csv(path)
    if "date" not in rows[0]:
        raise BadInput(f"Dates file {path}", f"columns {', '.join(rows[0])}", "Needed: date.")
    return {_day(path, n, r) for n, r in enumerate(rows, 2)}


def _day(path: Path, line: int, row: dict[str, str]) -> date:
    try:
        return date.fromisoformat((row["date"] or "")[:10])
    except ValueError:
        raise BadInput(
            f"File {path}", f"line {line}: {row['date']!r} is not a date", "Write it like 2020-03-16."
        ) from None


def _number(path: Path, line: int, column: str, text: str | None) -> float:
    try:
        return float(text or "")
    except ValueError:
        raise BadInput(f"File {path}", f"line {line}: {column} {text!r} is not a number", "Mend that line.") from None


def _read_csv(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        raise NotFound(f"File {path}", "there is none", "Check the name.")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        raise BadInput(f"File {path}", "it has no rows", "Give a CSV with a header and rows.")
    return rows
