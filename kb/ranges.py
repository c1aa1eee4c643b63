"""A range of sessions as one answer: each falling session's shares weighted by its negative log return.

Pure: answers in, rows out. Rising sessions carry no weight and are counted apart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from kb.answer import Answer


@dataclass(frozen=True)
class Range:
    """`shares` by trigger type, the largest first, and `unexplained`, which sum to one; `fell` and `rose` count sessions."""

    market: str
    shares: dict[str, float]
    unexplained: float
    fell: int
    rose: int


def weigh_range(answers: Sequence[Answer]) -> Range | None:
    """What a run of sessions of one market was attributed to; None when they are of several markets or none fell.

    A session of log return r below zero weighs -r, so that two falls of 5 % count as one of about 10 %.
    """
    markets = {a.market for a in answers}
    weights = [_weigh(a.return_on_date) for a in answers]
    total = sum(weights)
    if len(markets) != 1 or total == 0:
        return None
    shares: dict[str, float] = {}
    for answer, weight in zip(answers, weights, strict=True):
        for type_, share in answer.sum_shares().items() if weight else ():
            shares[type_] = shares.get(type_, 0.0) + share * weight / total
    rest = sum(a.unexplained["share"] * w / total for a, w in zip(answers, weights, strict=True))
    ordered = dict(sorted(shares.items(), key=lambda s: (-s[1], s[0])))
    fell = sum(w > 0 for w in weights)
    rose = sum((a.return_on_date or 0) > 0 for a in answers)
    return Range(markets.pop(), ordered, rest, fell, rose)


def _weigh(ret: float | None) -> float:
    return -math.log1p(ret) if ret is not None and -1 < ret < 0 else 0.0
