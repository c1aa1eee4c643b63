"""The tagger's card, and from raw logits to decisions and calibrated chances. The numbers come from `train_calibrate`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.errors import NotFound, Unreadable
from models.heads import NONE_AT, PRESENT, PRIMARY, RISK, TYPES, WRAP_AT, Floats, to_chance, to_shares

LEAST_SHARE = 1e-6  # shares are kept this far from 0 and 1 before their logit is taken


@dataclass(frozen=True)
class Stage:
    """How one stage's logits become decisions: thresholds, and the calibration of its chances."""

    any: float  # least share of all types together: below, the item is none
    further: float  # least calibrated chance of a second or third type
    wrap: float  # least chance of a market report
    slope: float  # chance that the primary is right: logistic of slope * logit(share) + the type's own bias
    biases: tuple[float, ...]  # by type, then none
    further_slope: float
    further_bias: float


@dataclass(frozen=True)
class Card:
    """What the JSON card says beside the weights: both stages, the gate's threshold and how training went."""

    stages: Mapping[str, Stage]
    gate: float  # least logit of the gate at which the encoder is asked
    sha256: str
    trained: Mapping[str, Any]


@dataclass(frozen=True)
class Decided:
    """Decisions on n items: `primary` numbers a type, or none as the last; `confidence` is that it is right.

    `further` (n, types) holds the calibrated chance of each type beside the primary, 0 where under the threshold; `share`
    the raw share of the primary.
    """

    primary: NDArray[np.int64]
    confidence: Floats
    further: Floats
    wrap: NDArray[np.bool_]
    risk: NDArray[np.int64]


def to_logit(share: Floats) -> Floats:
    """Logit of shares, kept finite."""
    share = np.clip(share, LEAST_SHARE, 1 - LEAST_SHARE)
    return np.asarray(np.log(share / (1 - share)))


def pick_primary(shares: Floats, least: float) -> NDArray[np.int64]:
    """The heaviest type where all types together hold the least share, else none (the number after the types)."""
    some = 1 - shares[:, NONE_AT] >= least
    return np.asarray(np.where(some, shares[:, :NONE_AT].argmax(axis=1), NONE_AT))


def take_share(shares: Floats, primary: NDArray[np.int64]) -> Floats:
    """The share behind each decision: of the type, or of none."""
    return np.asarray(shares[np.arange(len(primary)), primary])


def decide(logits: Floats, stage: Stage) -> Decided:
    """Decisions from logits, shape (items, heads)."""
    shares = to_shares(logits[:, PRIMARY])
    primary = pick_primary(shares, stage.any)
    own = to_logit(take_share(shares, primary))
    confidence = to_chance(stage.slope * own + np.asarray(stage.biases)[primary])
    further = to_chance(stage.further_slope * logits[:, PRESENT] + stage.further_bias)
    further[(further < stage.further) | (np.arange(len(TYPES)) == primary[:, None])] = 0
    further[primary == NONE_AT] = 0
    wrap = to_chance(logits[:, WRAP_AT]) >= stage.wrap
    risk = logits[:, RISK].argmax(axis=1) - 1
    risk[(primary == NONE_AT) & ~wrap] = 0
    return Decided(primary, confidence, further, wrap, risk)


def load_card(path: Path) -> Card:
    """The card of the weights. Raises NotFound when the tagger was never trained, Unreadable for another layout."""
    if not path.exists():
        raise NotFound(f"The tagger's card {path.name}", "not there", "Run make train (python -m models.train_tagger).")
    told = json.loads(path.read_text("utf-8"))
    try:
        if tuple(told["types"]) != TYPES:
            raise Unreadable("The tagger's card", "its types are not the taxonomy's", "Run make train.")
        stages = {
            name: Stage(**{k: tuple(v) if isinstance(v, list) else v for k, v in stage.items()})
            for name, stage in told["stages"].items()
        }
        return Card(stages, told["gate"], told["sha256"], told["trained"])
    except (KeyError, TypeError) as error:
        raise Unreadable("The tagger's card", f"{error} is missing or unknown", "Run make train.") from error
