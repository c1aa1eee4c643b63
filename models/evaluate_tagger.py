"""Scores of the tagger on a file of labelled headlines, with bootstrap intervals.

Reads a gold CSV (id,date,corpus,title,summary,types,acceptable,wrap,risk,readers_agree), writes nothing.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.errors import BadInput
from kb.taxonomy import read_taxonomy
from models.reliability import expected_error, list_bins
from models.tagger import CASCADE, Tagger

COLUMNS = ("id", "title", "summary", "types", "acceptable", "wrap", "risk")
NONE = "none"
LEAST_ROWS = 5  # a type with fewer gold rows says nothing about its F1
RESAMPLES, SEED = 1000, 7  # bootstrap
HEADLINES = (
    "primary_accuracy", "primary_acceptable", "macro_f1", "false_triggers_per_100", "wrap_accuracy", "risk_accuracy",
    "calibration_error",
)  # fmt: skip


@dataclass(frozen=True)
class Compared:
    """Gold and told side by side, one array entry per row; `confidence` is the chance that the told primary is right."""

    gold: NDArray[np.str_]
    told: NDArray[np.str_]
    acceptable: NDArray[np.bool_]
    wrap: NDArray[np.bool_]
    risk: NDArray[np.bool_]
    confidence: NDArray[np.float64]

    def take(self, at: NDArray[np.int64]) -> Compared:
        """The rows at the given positions."""
        return Compared(
            self.gold[at], self.told[at], self.acceptable[at], self.wrap[at], self.risk[at], self.confidence[at]
        )


def read_gold(path: Path) -> list[dict[str, str]]:
    """The rows of a gold file. Raises BadInput when it is missing, empty, lacks a column or holds an unknown value."""
    if not path.is_file():
        raise BadInput(f"Gold file {path}", "no such file", "Give the path of a CSV with labelled headlines.")
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            rows, found = list(reader), reader.fieldnames or []
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"Gold file {path}", f"not a UTF-8 CSV ({error})", "Save it as CSV in UTF-8.") from error
    missing = [name for name in COLUMNS if name not in found]
    if missing or not rows:
        what = f"columns {', '.join(missing)} missing" if missing else "no rows"
        raise BadInput(f"Gold file {path}", what, f"Needed are the columns {', '.join(COLUMNS)} and one row or more.")
    for number, row in enumerate(rows, start=2):
        _check_row(path, number, row)
    return rows


def _check_row(path: Path, number: int, row: Mapping[str, str]) -> None:
    """Raises BadInput for a row with an unknown type, wrap or risk."""
    known = {*read_taxonomy(), NONE}
    for name in (*(row["types"] or "").split("|"), *(row["acceptable"] or "").split("|")):
        if name not in known:
            raise BadInput(
                f"Gold file {path}", f"line {number}: type {name!r}", f"Known are {', '.join(sorted(known))}."
            )
    if row["wrap"] not in ("0", "1") or row["risk"] not in ("-1", "0", "1"):
        found = f"line {number}: wrap {row['wrap']!r}, risk {row['risk']!r}"
        raise BadInput(f"Gold file {path}", found, "wrap is 0 or 1, risk is -1, 0 or 1.")


def compare(rows: Sequence[Mapping[str, str]], tagger: Tagger, stage: str = CASCADE) -> Compared:
    """Reads the rows with the tagger and puts its answers beside the gold ones."""
    readings = tagger.read([(row["id"], row["title"], row["summary"]) for row in rows], stage=stage)
    told = [reading.types[0].type if reading.types else NONE for reading in readings]
    return Compared(
        gold=np.array([row["types"].split("|")[0] for row in rows]),
        told=np.array(told),
        acceptable=np.array([t in row["acceptable"].split("|") for t, row in zip(told, rows, strict=True)]),
        wrap=np.array([r.wrap == (row["wrap"] == "1") for r, row in zip(readings, rows, strict=True)]),
        risk=np.array([r.risk == int(row["risk"]) for r, row in zip(readings, rows, strict=True)]),
        confidence=np.array([reading.confidence for reading in readings]),
    )


def per_type(c: Compared) -> dict[str, dict[str, float]]:
    """Precision, recall and gold rows of each primary type met in gold; precision is 0 when it was never told."""
    table = {}
    for name in sorted(set(c.gold)):
        hit, told, true = ((c.told == name) & (c.gold == name)).sum(), (c.told == name).sum(), (c.gold == name).sum()
        table[str(name)] = {"precision": float(hit / max(told, 1)), "recall": float(hit / true), "n": int(true)}
    return table


def score(c: Compared) -> dict[str, float]:
    """The headline figures of one comparison; those without rows to count on are 0."""
    f1 = []
    for row in per_type(c).values():
        if row["n"] >= LEAST_ROWS:
            both = row["precision"] + row["recall"]
            f1.append(2 * row["precision"] * row["recall"] / both if both else 0.0)
    quiet = c.gold == NONE
    return {
        "primary_accuracy": float((c.told == c.gold).mean()),
        "primary_acceptable": float(c.acceptable.mean()),
        "macro_f1": float(np.mean(f1)) if f1 else 0.0,
        "false_triggers_per_100": float(100 * (c.told[quiet] != NONE).mean()) if quiet.any() else 0.0,
        "wrap_accuracy": float(c.wrap.mean()),
        "risk_accuracy": float(c.risk.mean()),
        "calibration_error": expected_error(list_bins(c.confidence, c.told == c.gold)),
    }


def bootstrap(c: Compared) -> dict[str, list[float]]:
    """95 % percentile intervals [low, high] of the headline figures over resampled rows; the seed is fixed."""
    rng = np.random.default_rng(SEED)
    size = len(c.gold)
    drawn = [score(c.take(rng.integers(0, size, size))) for _ in range(RESAMPLES)]
    return {
        name: [float(x) for x in np.quantile([figures[name] for figures in drawn], (0.025, 0.975))]
        for name in HEADLINES
    }  # fmt: skip


def evaluate_tagger(gold: Path, stage: str = CASCADE) -> dict[str, Any]:
    """Figures of the current weights on a gold file, with 95 % intervals, and a reliability table.

    `stage` is cascade (as the tagger runs), fast or encoder. Raises BadInput when the file is missing or not as needed.
    """
    rows = read_gold(Path(gold))
    compared = compare(rows, Tagger.load(), stage)
    return {
        "n": len(rows),
        **score(compared),
        "per_type": per_type(compared),
        "reliability": list_bins(compared.confidence, compared.told == compared.gold),
        "interval": bootstrap(compared),
    }
