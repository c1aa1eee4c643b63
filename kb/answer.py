"""The answer: what `whyfell DATE` says, as frozen records with one JSON form for every face.

Instants in it are UTC text (`2026-01-30T21:00:00Z`), sessions dates; returns, drawdowns and shares are fractions.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from pathlib import Path
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
    calibrated chance that the category `bbds` agrees with one; `why` the contribution of each feature in log-odds.
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

    def to_dict(self) -> Json:
        """The answer as plain values, keys in the order of the contract."""
        return asdict(self)


def why(
    day: str | date, market: str | None = None, *, as_of: str | datetime | None = None, home: str | Path | None = None
) -> Answer:
    """Why a market fell on a session: `why("2020-03-16").causes`.

    Without `market` the answer leads with the S&P 500 if it fell hard that day, else with the market hit hardest in its
    own units. `as_of` (UTC when naive) uses only what was public by then. Raises BadInput for an impossible date, NotFound
    for an unknown market, a day without a session, or a home without data.
    """
    from kb.compose import answer_day
    from kb.dates import parse_day, parse_instant
    from kb.settings import find_home

    session = parse_day(day) if isinstance(day, str) else day
    instant = parse_instant(as_of) if isinstance(as_of, str) else as_of
    return answer_day(find_home(None if home is None else Path(home)), session, market, instant)
