"""How far stated confidence and being right lie apart. Pure functions, used in training and evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from models.heads import Floats

BINS = 10  # equal bins of confidence (Naeini, Cooper, Hauskrecht 2015)


def list_bins(confidence: Floats, right: NDArray[np.bool_]) -> list[dict[str, float]]:
    """The reliability table: for each bin with rows its lower end, their number, mean confidence and accuracy."""
    number = np.minimum((confidence * BINS).astype(int), BINS - 1)
    return [
        {
            "from": b / BINS,
            "n": int((number == b).sum()),
            "confidence": round(float(confidence[number == b].mean()), 4),
            "right": round(float(right[number == b].mean()), 4),
        }
        for b in sorted(set(number.tolist()))
    ]


def expected_error(table: Sequence[Mapping[str, float]]) -> float:
    """Expected calibration error: mean gap between confidence and accuracy, weighted by rows."""
    total = sum(row["n"] for row in table)
    return sum(abs(row["confidence"] - row["right"]) * row["n"] for row in table) / total
