"""The tagger's card, and from raw margins to calibrated chances. Coefficients are fitted by `train_calibrate`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.errors import NotFound

Scores = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Card:
    """What the JSON card says beside the weights: heads, thresholds, calibration and how training went."""

    types: tuple[str, ...]
    thresholds: dict[str, float]
    first: tuple[float, ...]  # chance that the best type is right: bias, its margin, lead over the next, margin of none
    any: tuple[float, ...]  # chance that some type applies, from the same evidence
    further: tuple[float, ...]  # of any other type: bias, its margin, the best margin, margin of none
    sha256: str
    trained: dict[str, Any]


def load_card(path: Path) -> Card:
    """The card of the weights. Raises NotFound when the tagger was never trained."""
    if not path.exists():
        raise NotFound(f"The tagger's card {path.name}", "not there", "Run python -m models.train_tagger.")
    told = json.loads(path.read_text("utf-8"))
    return Card(
        types=tuple(told["types"]),
        thresholds=told["thresholds"],
        first=tuple(told["calibration"]["first"]),
        any=tuple(told["calibration"]["any"]),
        further=tuple(told["calibration"]["further"]),
        sha256=told["sha256"],
        trained=told["trained"],
    )


def sigmoid(x: Scores) -> Scores:
    """The logistic function, safe for any finite input."""
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -30, 30))))


def judge_types(margins: Scores, card: Card) -> tuple[Scores, Scores]:
    """Calibrated chance of each type (items, types) and of any type (items,), from margins (items, types + 1)."""
    types, none = margins[:, :-1], margins[:, -1]
    items, top = np.arange(len(types)), types.argmax(axis=1)
    best = types[items, top]
    rest = types.copy()
    rest[items, top] = -np.inf
    lead = best - rest.max(axis=1)
    first, some = (sigmoid(c[0] + c[1] * best + c[2] * lead + c[3] * none) for c in (card.first, card.any))
    b0, b1, b2, b3 = card.further
    scores = sigmoid(b0 + b1 * types + (b2 * best + b3 * none)[:, None])
    scores = np.minimum(scores, first[:, None])  # no other type is surer than the first
    scores[items, top] = first
    return scores, some
