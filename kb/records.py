"""Records that travel between the rooms: what sources and files give, what the tagger and event former return.

Pure data, standard library only. Instants are aware UTC datetimes, sessions are dates without a zone.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


class Precision(StrEnum):
    """How exactly the time of publication is known."""

    INSTANT = "instant"  # stamped by the publisher
    CAPTURE = "capture"  # stamped by whoever collected it: published up to a day earlier
    DAY = "day"  # only the day is known


class Origin(StrEnum):
    """Where a row came from. Evaluation, training and fitted weights exclude `case`."""

    CASE = "case"
    IMPORT = "import"


@dataclass(frozen=True)
class Document:
    """One published item. `public_lo..public_hi` brackets the instant at which it became public (UTC)."""

    document_id: str
    source: str
    title: str
    summary: str
    url: str
    public_lo: datetime
    public_hi: datetime
    precision: Precision
    happened_at: datetime | None = None
    origin: Origin = Origin.IMPORT


@dataclass(frozen=True)
class Bar:
    """One session of one series. Prices in the series' own unit; `session` is the exchange-local date."""

    symbol: str
    session: date
    source: str
    close: float
    open: float | None = None
    high: float | None = None
    low: float | None = None
    volume: float | None = None
    origin: Origin = Origin.IMPORT


class ReleaseStatus(StrEnum):
    """What a row about a scheduled figure tells."""

    FIRST = "first"  # the first print
    REVISION = "revision"  # a later value for the same period
    SCHEDULED = "scheduled"  # to come at `released_at`; no value yet
    CANCELLED = "cancelled"  # was to come at `released_at` and never did, as the CPI of October 2025


@dataclass(frozen=True)
class Release:
    """One published figure of a scheduled indicator, with what was expected where that is known.

    `actual` is None exactly for scheduled and cancelled ones; `public_at` when the row became public, where that is not
    `released_at`: a date is announced months ahead, a cancellation may be told later.
    """

    indicator: str
    period: str
    released_at: datetime
    source: str
    actual: float | None
    consensus: float | None = None
    previous: float | None = None
    status: ReleaseStatus = ReleaseStatus.FIRST
    public_at: datetime | None = None
    origin: Origin = Origin.IMPORT


@dataclass(frozen=True)
class Liquidation:
    """Forced closes of futures in the `hours` up to `at`, USD by side: a lower bound, as venues throttle their feeds.

    `method` says in words how they were counted, for instance "press report" or "venue feed"; `public_at` when the total
    became public, where that is later than `at`.
    """

    asset: str
    at: datetime
    venue: str
    source: str
    long_usd: float | None = None
    short_usd: float | None = None
    hours: float = 24.0
    method: str = ""
    public_at: datetime | None = None
    origin: Origin = Origin.IMPORT


@dataclass(frozen=True)
class Funding:
    """What longs of perpetual futures paid to shorts in the interval up to `at`, a fraction; below 0 shorts paid."""

    asset: str
    at: datetime
    venue: str
    source: str
    rate: float
    origin: Origin = Origin.IMPORT


@dataclass(frozen=True)
class OpenInterest:
    """USD value of the futures open at one venue (or over several, as named) at `at`."""

    asset: str
    at: datetime
    venue: str
    source: str
    usd: float
    origin: Origin = Origin.IMPORT


@dataclass(frozen=True)
class Breadth:
    """Shares (0 to 1) of the members of the S&P 500 that closed a session above their own averages of 20, 50, 200 sessions."""

    session: date
    source: str
    above_20: float | None = None
    above_50: float | None = None
    above_200: float | None = None
    origin: Origin = Origin.IMPORT


@dataclass(frozen=True)
class TypeScore:
    """One trigger type with the calibrated chance, 0 to 1, that a careful reader would give it."""

    type: str
    score: float


@dataclass(frozen=True)
class Reading:
    """What one document says. `types` is empty for `none`; `risk` is -1 bad, +1 good for risk assets, 0 unclear.

    `wrap` marks a market report; `direction` is the way it says the market went, `weekday` (Monday 0) the day it
    names, `ahead` that it speaks of a session not yet opened; `stated_cause` is the words naming the cause, else "".
    `confidence` is the calibrated chance that the primary type (or none) is right; `note` says why an item was not judged;
    `cause_type` is the type of the stated cause, "" for none.
    """

    document_id: str
    types: tuple[TypeScore, ...]
    wrap: bool
    risk: int
    stated_cause: str = ""
    direction: int = 0
    weekday: int | None = None
    ahead: bool = False
    confidence: float = 0.0
    note: str = ""
    cause_type: str = ""


@dataclass(frozen=True)
class Review:
    """What one person said of a cause or of a document's types; see the mart's table `review` for the columns."""

    review_id: str
    reviewed_at: datetime
    who: str
    why: str
    action: str
    types: str
    machine: str = ""
    document_id: str = ""
    market: str = ""
    session: date | None = None


@dataclass(frozen=True)
class EventLink:
    """One document telling of an event; `novelty` is 1 for the first telling and falls with each repeat."""

    document_id: str
    novelty: float


@dataclass(frozen=True)
class Event:
    """One happening, told by one or more documents; its id hashes the founding document and the type."""

    event_id: str
    type: str
    title: str
    public_hi: datetime
    links: tuple[EventLink, ...] = field(default=())


def hash_id(*parts: str) -> str:
    """A stable id of raw values in their order: 16 hexadecimal digits of their BLAKE2b hash."""
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=8).hexdigest()
