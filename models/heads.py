"""What every model of the tagger answers for an item, as one row of numbers, and in which order.

A row holds the logits of the primary type (26 types of the taxonomy, then none), of the presence of each type, of being
a market report, and of the risk sign -1, 0, +1. The fast stage and the encoder share this layout, so either can stand in
for the other.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.taxonomy import read_taxonomy

TYPES = tuple(read_taxonomy())
NONE_AT = len(TYPES)
PRIMARY = slice(0, NONE_AT + 1)
PRESENT = slice(PRIMARY.stop, PRIMARY.stop + len(TYPES))
WRAP_AT = PRESENT.stop
RISK = slice(WRAP_AT + 1, WRAP_AT + 4)
HEADS = RISK.stop

Floats = NDArray[np.floating[Any]]


def to_shares(logits: Floats) -> Floats:
    """Softmax over the last axis."""
    odds = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=-1, keepdims=True))


def to_chance(logits: Floats) -> Floats:
    """Logistic function of each number."""
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -30, 30))))


def mix_logits(fast: Floats, encoder: Floats) -> Floats:
    """Both stages' answers as one: the mean of their logits, so the geometric mean of their shares.

    They err differently: on held-out readings the mean was right more often than either (`train_tagger` tells figures).
    """
    return np.asarray((fast + encoder) / 2)
