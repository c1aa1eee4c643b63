"""What the price sources share: which series each can give and from which day, on which basis, and when a bar is final.

A price source is a `Source` with a `Basis` beside it: what its bars call themselves, so that closes on two bases are never
taken for one series of prices (`kb/sql/12_bar.sql` links them). The series stand in `price_symbols.toml`.
"""

from __future__ import annotations

import csv
import math
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

from ingest.columns import YEARS
from ingest.source import Capture, Skipped, Window
from kb.errors import Unreadable
from kb.markets import read_markets
from kb.records import Bar

NEW_YORK = ZoneInfo("America/New_York")
CLOSES = time(16)  # New York, on a full session
KNOWN_AFTER = timedelta(minutes=15)  # as `known_at` in kb/sql/11_session.sql
# What an answer about a day reads before it: 250 sessions for the lows of a year, a few more for holidays.
LOOKBACK = timedelta(days=400)
LAG = timedelta(days=10)  # nights overlap by a week of sessions, so that one source tells both sides of each
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class Basis:
    """On which basis a source's closes stand: the key of its column in `price_symbols.toml`, and what its bars name as source.

    `adjusted` says that earlier closes are lowered by every later dividend; both kinds are rescaled at a split.
    """

    column: str
    source: str
    adjusted: bool = False


@dataclass(frozen=True)
class Offer:
    """One series that a source can give, on the sessions `first..last` (None: it goes on).

    `name` keys its pages, `symbol` is what its bars are called here, `asked` what the source calls it; `settles` is how
    long after the close of New York its last price stands; `around_the_clock` marks coins, whose days end at 00:00 UTC.
    """

    name: str
    symbol: str
    asked: str
    first: date
    last: date | None
    settles: timedelta
    around_the_clock: bool

    def clip(self, window: Window) -> tuple[date, date] | None:
        """The days (UTC) of the window on which there may be bars; None for none."""
        since, until = max(window.since.date(), self.first), min(window.until.date(), self.last or date.max)
        return (since, until) if since <= until else None

    def is_final(self, session: date, fetched_at: datetime) -> bool:
        """Whether the session was over when its bar was fetched: a younger bar is one of a session still going on."""
        if self.around_the_clock:
            closed = datetime.combine(session, time(), UTC) + timedelta(days=1)
        else:
            closed = datetime.combine(session, _read_half_days().get(session, CLOSES), NEW_YORK) + self.settles
        return closed + KNOWN_AFTER <= fetched_at


@cache
def list_offers(basis: Basis) -> tuple[Offer, ...]:
    """The series that the source of this basis can give, as declared."""
    text = resources.files("ingest.sources").joinpath("price_symbols.toml").read_text("utf-8")
    entries = tomllib.loads(text).items()
    return tuple(_make_offer(name, entry, entry[basis.column]) for name, entry in entries if basis.column in entry)


def _make_offer(name: str, entry: dict[str, Any], asked: str | dict[str, Any]) -> Offer:
    own = {"id": asked} if isinstance(asked, str) else asked
    crypto = {s for m in read_markets().values() if m.calendar == "CRYPTO" for s in m.symbols}
    return Offer(
        name=name, symbol=entry["symbol"], asked=own["id"], first=own.get("from", entry["from"]), last=entry.get("to"),
        settles=timedelta(minutes=entry.get("settles", 0)), around_the_clock=entry["symbol"] in crypto,
    )  # fmt: skip


def find_offer(basis: Basis, capture: Capture) -> Offer:
    """The series that a capture is of: its name up to a slash. Raises Unreadable for one that is no longer declared."""
    name = capture.name.split("/")[0]
    for offer in list_offers(basis):
        if offer.name == name:
            return offer
    raise Unreadable(f"Capture {capture.name}", "no such series is declared", "See ingest/sources/price_symbols.toml.")


@cache
def _read_half_days() -> dict[date, time]:
    """The sessions that end early, with their hour in New York."""
    rows = csv.DictReader(resources.files("kb").joinpath("nyse_calendar.csv").read_text("utf-8").splitlines())
    return {date.fromisoformat(r["day"]): time.fromisoformat(r["closes_at"]) for r in rows if r["closes_at"]}


def read_number(value: object) -> float | None:
    """A finite number of JSON or CSV; None for nothing, a point or a dash. Raises ValueError for anything else."""
    if value is None or (isinstance(value, str) and value.strip() in ("", ".", "-")):
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"{value!r} is not a number")
    try:
        number = float(value)
    except OverflowError:
        raise ValueError("too large a number") from None
    if not math.isfinite(number):
        raise ValueError(f"{value!r} is not finite")
    return number


def read_day(text: object) -> date:
    """The day written as 2026-01-30. Raises ValueError for anything else, a week or bare digits among them."""
    if not isinstance(text, str) or not _DAY.fullmatch(text.strip()):
        raise ValueError(f"{text!r} is not a day")
    return date.fromisoformat(text.strip())


def make_bar(
    basis: Basis, offer: Offer, capture: Capture, session: date, prices: Sequence[object], *, volume: object = None
) -> Bar | Skipped:
    """The bar of a session out of open, high, low and close as the source writes them, or why there is none.

    The unit is the series' own. A session that was not over when the bar was fetched has none.
    """
    item = f"{offer.symbol} {session}"
    if session.year not in YEARS:
        return Skipped(f"year {session.year}", item)
    try:
        open_, high, low, close = map(read_number, prices)
        traded = read_number(volume)
    except ValueError as error:
        return Skipped("not a number", f"{item}: {error}")
    if close is None:
        return Skipped("no close", item)
    if not offer.is_final(session, capture.fetched_at):
        return Skipped("session not over yet", item)
    return Bar(offer.symbol, session, basis.source, close, open_, high, low, traded if traded and traded > 0 else None)


def read_csv(capture: Capture, *needed: str) -> Iterator[dict[str, str]]:
    """The rows of a CSV file by the names of its header, in capitals. Raises Unreadable unless the header has those needed."""
    text = capture.body.decode("utf-8-sig", "replace").replace("\0", "")
    lines = text.splitlines()
    header = [c.strip().upper() for c in next(csv.reader(lines[:1]), [])]
    if not set(needed) <= set(header):
        found = f"begins with {' '.join(text.split())[:80]!r}"
        raise Unreadable(
            f"Capture {capture.name}", f"no table of {', '.join(needed)}: {found}", "It is asked for again."
        )
    for line in lines[1:]:
        try:
            cells = next(csv.reader([line]), [])
        except csv.Error:
            cells = [line]
        if cells:
            yield dict(zip(header, [*cells, *[""] * len(header)], strict=False))
