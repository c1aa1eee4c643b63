"""From labels or from a teacher's answers to what the heads of `heads.py` learn. Training only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.heads import NONE_AT, PRESENT, PRIMARY, RISK, TYPES, WRAP_AT, Floats, to_chance, to_shares
from models.labels import Label


@dataclass(frozen=True)
class Targets:
    """Goals of n items: `primary` (n, 27) and `risk` (n, 3) sum to one a row, `present` (n, 26), `wrap` and `weight` (n,)."""

    primary: Floats
    present: Floats
    wrap: Floats
    risk: Floats
    weight: Floats

    def take(self, at: Floats) -> Targets:
        """The goals of these rows."""
        return Targets(self.primary[at], self.present[at], self.wrap[at], self.risk[at], self.weight[at])


def from_labels(labels: Sequence[Label], weight: float = 1.0) -> Targets:
    """Hard goals: the primary type alone in `primary`, every type in `present`."""
    n = len(labels)
    primary = np.zeros((n, NONE_AT + 1), dtype=np.float32)
    present = np.zeros((n, len(TYPES)), dtype=np.float32)
    for i, label in enumerate(labels):
        primary[i, TYPES.index(label.types[0]) if label.types else NONE_AT] = 1
        present[i, [TYPES.index(t) for t in label.types]] = 1
    wrap = np.array([label.wrap for label in labels], dtype=np.float32)
    risk = np.eye(3, dtype=np.float32)[[label.risk + 1 for label in labels]]
    return Targets(primary, present, wrap, risk, np.full(n, weight, dtype=np.float32))


def from_teacher(logits: Floats, weight: float = 1.0) -> Targets:
    """Soft goals: a teacher's own shares and chances (Hinton, Vinyals, Dean 2015, at temperature 1)."""
    logits = logits.astype(np.float32)
    shares, risk = to_shares(logits[:, PRIMARY]), to_shares(logits[:, RISK])
    n = len(logits)
    return Targets(
        shares, to_chance(logits[:, PRESENT]), to_chance(logits[:, WRAP_AT]), risk, np.full(n, weight, np.float32)
    )


def join(*parts: Targets) -> Targets:
    """Goals one after the other."""
    return Targets(*(np.concatenate(column) for column in zip(*(vars(p).values() for p in parts), strict=True)))
