"""Prices, splits and dividends from the chart of Yahoo Finance, for those who have its leave.

Reads `https://query1.finance.yahoo.com/v8/finance/chart/SYMBOL`, which Yahoo does not document and whose robots.txt forbids
programs: the client refuses it, so that both sources are asked for only by name. `yahoo` gives closes as quoted, rescaled
at splits; `yahoo-adjusted` the same lowered by later dividends. When a window holds a split (or, adjusted, a dividend) all
earlier bars have changed, so that the whole history is asked for again instead.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from itertools import zip_longest
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from ingest.documents import make_document
from ingest.source import Capture, Client, Page, Parsed, Skipped, Source, Verified, Window
from ingest.sources.prices import LAG, LOOKBACK, Basis, Offer, find_offer, list_offers, make_bar, read_number
from kb.errors import Unreadable
from kb.markets import read_markets
from kb.records import Document

ADDRESS = "https://query1.finance.yahoo.com/v8/finance/chart/"
PUBLISHER = "Yahoo Finance"
QUOTED = Basis("yahoo", "yahoo")
ADJUSTED = Basis("yahoo", "yahoo adjusted", adjusted=True)
PRICES = ("open", "high", "low", "close")
DIGITS = 7  # prices come as 32-bit numbers written in full: 129.04 as 129.0399932861328
DAY = timedelta(days=1)


def fetch(basis: Basis, client: Client, window: Window) -> Iterator[Capture]:
    """The chart of each series over the window, or over all its days where an event in the window has rescaled them."""
    spans = [(offer, span) for offer in list_offers(basis) if (span := offer.clip(window))]
    rescaled: list[Offer] = []
    for capture in client.each(_make_page(offer, offer.name, *span) for offer, span in spans):
        if _is_rescaled(basis, capture):
            rescaled.append(find_offer(basis, capture))
        else:
            yield capture
    until = window.until.date()
    yield from client.each(_make_page(offer, f"{offer.name}/whole", offer.first, until) for offer in rescaled)


def _make_page(offer: Offer, name: str, since: date, until: date) -> Page:
    period1, period2 = (int(datetime.combine(day, time(), UTC).timestamp()) for day in (since, until + DAY))
    params = {"period1": str(period1), "period2": str(period2), "interval": "1d", "events": "div,split"}
    return Page(name, ADDRESS + quote(offer.asked, safe=""), params)


def _is_rescaled(basis: Basis, capture: Capture) -> bool:
    try:
        events = _read_chart(capture).get("events")
    except Unreadable:
        return False  # parse says so
    kinds = ("splits", "dividends") if basis.adjusted else ("splits",)
    return isinstance(events, dict) and any(events.get(kind) for kind in kinds)


def parse(basis: Basis, capture: Capture) -> Parsed:
    """A bar for every session that is over, in the series' own unit, and a document for every split. Raises Unreadable."""
    offer, chart = find_offer(basis, capture), _read_chart(capture)
    zone = _read_zone(capture, chart)
    rows: dict[date, dict[str, Any]] = {}
    for row in _list_rows(capture, chart):
        session = _find_session(row["timestamp"], zone)
        if session is None:
            yield Skipped("not a time", f"{offer.symbol} {row['timestamp']!r}"[:200])
        elif any(row[p] is not None for p in PRICES):  # else a holiday
            rows[session] = row  # a price of now may stand behind the bar of its session: it is the later one
    for session, row in rows.items():
        prices = _adjust(row) if basis.adjusted else row
        if isinstance(prices, Skipped):
            yield Skipped(prices.reason, f"{offer.symbol} {session}")
        else:
            yield make_bar(basis, offer, capture, session, [_round(prices[p]) for p in PRICES], volume=row["volume"])
    yield from _list_splits(offer, capture, chart, zone)


def _read_chart(capture: Capture) -> dict[str, Any]:
    """The one result of the answer. Raises Unreadable for a page that is none, and for an answer that is an error."""
    try:
        chart = json.loads(capture.body)["chart"]
        result, error = chart["result"], chart.get("error")
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        result, error = None, capture.body[:80].decode("utf-8", "replace")
    if error or not isinstance(result, list) or len(result) != 1 or not isinstance(result[0], dict):
        found = error.get("description") if isinstance(error, dict) else error
        raise Unreadable(f"Capture {capture.name}", f"no chart: {found}", "See whether the symbol is still quoted.")
    return result[0]


def _read_zone(capture: Capture, chart: dict[str, Any]) -> ZoneInfo:
    meta = chart.get("meta")
    name = meta.get("exchangeTimezoneName") if isinstance(meta, dict) else None
    try:
        return ZoneInfo(name)  # type: ignore[arg-type]
    except (ValueError, TypeError, OSError, LookupError):
        raise Unreadable(
            f"Capture {capture.name}", f"the exchange's time zone {name!r} is none", "It is asked for again."
        ) from None


def _list_rows(capture: Capture, chart: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The columns of the answer turned into rows; a window without sessions has none. Raises Unreadable."""
    stamps = chart.get("timestamp") or []
    try:
        quoted = chart["indicators"]["quote"][0] if stamps else {}
        adjusted = chart["indicators"].get("adjclose") or [{}]
        columns = {name: quoted.get(name) or [] for name in (*PRICES, "volume")}
        columns["adjclose"] = adjusted[0].get("adjclose") or []
        for values in zip_longest(stamps, *columns.values()):
            yield dict(zip(("timestamp", *columns), values, strict=True))
    except (KeyError, IndexError, TypeError, AttributeError):
        raise Unreadable(f"Capture {capture.name}", "its columns are not as they should be", "Report it.") from None


def _find_session(stamp: object, zone: ZoneInfo) -> date | None:
    """The exchange's own day of a timestamp in Unix seconds: of its opening, of its midnight, or of the last trade."""
    if isinstance(stamp, bool) or not isinstance(stamp, int):
        return None
    try:
        local = datetime.fromtimestamp(stamp, UTC).astimezone(zone)
        # Around changes of the clock a midnight may come out as the full hour before it.
        early = zone.key != "UTC" and local.hour >= 22 and (local.minute, local.second) == (0, 0)
        return local.date() + (DAY if early else timedelta())
    except (ValueError, OverflowError, OSError):
        return None


def _adjust(row: dict[str, Any]) -> dict[str, Any] | Skipped:
    """The row's prices on the scale of its adjusted close."""
    try:
        close, adjusted, *_ = numbers = [read_number(row[c]) for c in ("close", "adjclose", *PRICES[:3])]
    except ValueError:
        return Skipped("not a number")
    if not close or adjusted is None:
        return Skipped("no adjusted close")
    scaled = [None if n is None else n * adjusted / close for n in numbers[2:]]
    return dict(zip(PRICES, [*scaled, adjusted], strict=True))


def _round(price: Any) -> Any:
    return float(f"{price:.{DIGITS}g}") if isinstance(price, float) else price


def _list_splits(offer: Offer, capture: Capture, chart: dict[str, Any], zone: ZoneInfo) -> Iterator[Document | Skipped]:
    events = chart.get("events")
    splits = events.get("splits") if isinstance(events, dict) else None
    for split in splits.values() if isinstance(splits, dict) else ():
        try:
            day, new, old = (
                _find_session(split["date"], zone),
                *map(read_number, (split["numerator"], split["denominator"])),
            )
        except (KeyError, TypeError, ValueError):
            day = new = old = None
        if not day or not new or not old or new == old:
            yield Skipped("a split without its day or ratio", f"{offer.symbol} {split!r}"[:200])
            continue
        yield make_document(
            capture, PUBLISHER, _tell_split(offer, new, old), day, native=f"split {offer.symbol} {day}",
            url=f"https://finance.yahoo.com/quote/{quote(offer.asked, safe='')}/history/",
        )  # fmt: skip


def _tell_split(offer: Offer, new: float, old: float) -> str:
    companies = {m.market: m.name for m in read_markets().values() if m.asset_class == "single_name"}
    who = companies.get(offer.symbol, offer.symbol)
    return f"{who} {'splits' if new > old else 'merges'} its shares {new:g} for {old:g}"


def _make_source(name: str, basis: Basis) -> Source:
    return Source(
        name=name,
        publisher=PUBLISHER,
        address="https://finance.yahoo.com",
        licence="Yahoo's terms: own use, no redistribution; the address is undocumented and its robots.txt forbids programs",
        cadence=timedelta(days=1),
        rate=1.0,
        rows_a_day=(30, 70),
        parser_version=1,
        verified=Verified.DOCS,
        fetch=partial(fetch, basis),
        parse=partial(parse, basis),
        lag=LAG,
        lookback=LOOKBACK,
        optional=True,
    )


SOURCES = (_make_source("yahoo", QUOTED), _make_source("yahoo-adjusted", ADJUSTED))
