"""The answer: what `whyfell DATE` says, as frozen records with one JSON form for every face.

Instants in it are UTC text (`2026-01-30T21:00:00Z`), sessions dates; returns, drawdowns and shares are fractions.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Evidence:
    """One document behind a cause; `role` is stated (a market report names the cause) or told (the news itself)."""

    title: str
    url: str
    source: str
    public_at: str
    role: str


@dataclass(frozen=True)
class Cause:
    """One event that may have moved the market.

    `share` is the weight that a newspaper coder would be expected to give it, not a part of the return; `confidence` the
    calibrated chance that the category `bbds` agrees with one; `why` the contribution of each feature in log-odds;
    `measured` how the market moved on past surprises of the type's scheduled figure of that session (table measured);
    `review` what a person last said of it (table verdict).
    """

    event_id: str
    type: str
    bbds: str
    title: str
    share: float
    confidence: float
    public_at: str
    happened_at: str | None
    why: dict[str, float]
    evidence: tuple[Evidence, ...]
    measured: Json | None = None
    review: Json | None = None


@dataclass(frozen=True)
class Answer:
    """Why a market moved on a session: the fall, its state, the causes, and what stays unexplained and why."""

    date: str
    as_of: str | None
    market: str
    validated: bool
    built: Json
    return_on_date: float | None
    z: float | None
    selloff: Json | None
    state: Json
    causes: tuple[Cause, ...]
    unexplained: Json
    placebo: Json | None
    analogues: tuple[Json, ...] = ()
    also: tuple[Json, ...] = ()
    caveats: tuple[str, ...] = field(default=())

    def sum_shares(self) -> dict[str, float]:
        """The share of each trigger type over its causes, in the order of the causes."""
        shares: dict[str, float] = {}
        for cause in self.causes:
            shares[cause.type] = shares.get(cause.type, 0.0) + cause.share
        return shares

    def to_dict(self) -> Json:
        """The answer as plain values, keys in the order of the contract."""
        return asdict(self)
