"""Funding of perpetual futures from the public history of Binance, Bybit, OKX, Gate, Bitget and BitMEX.

Reads `funding` of venues.toml. The rate is a fraction of the position, above 0 when longs paid shorts, at every venue. It
is that of the venue's own interval (8 hours mostly, 4 or 1 at times), not brought to one length.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from ingest.source import Capture, Client, Page, Parsed, Record, Skipped, Source, Verified, Window
from ingest.venues import (
    BadFigure,
    find_symbol,
    floor_instant,
    list_symbols,
    pick,
    read_each,
    read_figure,
    read_iso,
    read_rows,
    read_stamp,
    split_window,
    to_stamp,
    walk_back,
)
from kb.records import Funding

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
BITGET_PAGE = 100  # rates that Bitget gives at most


@dataclass(frozen=True)
class Venue:
    """How one venue gives its rates. `most` is how many a page holds: stretches are so short that even hourly ones fit."""

    name: str
    address: str
    most: int
    ask: Callable[[str, Window], dict[str, str]]
    path: tuple[str, ...]  # keys down to the list
    symbol: str  # field that repeats the contract, "" for none
    read_at: Callable[[Any], datetime]
    rates: tuple[str, ...]  # fields of the rate, the first that is not empty counts
    rate: float
    reach: timedelta | None = None


def _ask_span(start: str, end: str, **fixed: str) -> Callable[[str, Window], dict[str, str]]:
    """Parameters for venues that take a symbol and milliseconds from and to."""
    return lambda symbol, w: {"symbol": symbol, **fixed, start: to_stamp(w.since), end: to_stamp(w.until)}


def _ask_okx(symbol: str, window: Window) -> dict[str, str]:
    # "after" is earlier than, "before" newer than: both bounds are left out themselves.
    span = {"after": to_stamp(window.until + MINUTE), "before": to_stamp(window.since - MINUTE)}
    return {"instId": symbol, **span, "limit": "100"}


def _ask_gate(symbol: str, window: Window) -> dict[str, str]:
    span = {"from": to_stamp(window.since, per_second=1), "to": to_stamp(window.until, per_second=1)}
    return {"contract": symbol, **span, "limit": "1000"}


def _ask_bitmex(symbol: str, window: Window) -> dict[str, str]:
    span = {"startTime": f"{window.since:%Y-%m-%dT%H:%M:%SZ}", "endTime": f"{window.until:%Y-%m-%dT%H:%M:%SZ}"}
    return {"symbol": symbol, **span, "count": "500"}


VENUES = (
    # 500 requests in five minutes.
    Venue("Binance", "https://fapi.binance.com/fapi/v1/fundingRate", 1000,
          _ask_span("startTime", "endTime", limit="1000"), (), "symbol",
          lambda row: read_stamp(row, "fundingTime"), ("fundingRate",), rate=1.0),
    # 600 requests in five seconds.
    Venue("Bybit", "https://api.bybit.com/v5/market/funding/history", 200,
          _ask_span("startTime", "endTime", category="linear", limit="200"), ("result", "list"), "symbol",
          lambda row: read_stamp(row, "fundingRateTimestamp"), ("fundingRate",), rate=2.0),
    # Ten requests in two seconds; three months back. `realizedRate` is what was paid, `fundingRate` was foreseen.
    Venue("OKX", "https://www.okx.com/api/v5/public/funding-rate-history", 100, _ask_okx, ("data",), "instId",
          lambda row: read_stamp(row, "fundingTime"), ("realizedRate", "fundingRate"), rate=2.0,
          reach=timedelta(days=90)),
    # 200 requests in ten seconds.
    Venue("Gate", "https://api.gateio.ws/api/v4/futures/usdt/funding_rate", 1000, _ask_gate, (), "",
          lambda row: read_stamp(row, "t", per_second=1), ("r",), rate=2.0),
    # Twenty requests a second. No bounds of time: the newest hundred, then the hundred before (fetch_bitget).
    Venue("Bitget", "https://api.bitget.com/api/v2/mix/market/history-fund-rate", BITGET_PAGE,
          lambda symbol, _: {"symbol": symbol, "productType": "USDT-FUTURES", "pageSize": str(BITGET_PAGE)},
          ("data",), "symbol", lambda row: read_stamp(row, "fundingTime"), ("fundingRate",), rate=2.0),
    # Thirty requests a minute without a key.
    Venue("BitMEX", "https://www.bitmex.com/api/v1/funding", 500, _ask_bitmex, (), "symbol",
          lambda row: read_iso(row, "timestamp"), ("fundingRate",), rate=0.4),
)  # fmt: skip


def fetch_funding(venue: Venue, client: Client, window: Window) -> Iterator[Capture]:
    """The rates of each contract of the venue paid in the window."""
    pages = [
        Page(f"{symbol}/{number}", venue.address, venue.ask(symbol, stretch))
        for symbol in list_symbols("funding", venue.name)
        for number, stretch in enumerate(split_window(window, (venue.most - 2) * HOUR))
    ]
    yield from client.each(pages)


def fetch_bitget(venue: Venue, client: Client, window: Window) -> Iterator[Capture]:
    """The same for a venue that takes no bounds of time: the newest page, then back until one begins before the window."""

    def is_last(capture: Capture) -> bool:
        rows = read_rows(capture, *venue.path)
        return len(rows) < venue.most or min(venue.read_at(row) for row in rows) < window.since

    for symbol in list_symbols("funding", venue.name):
        yield from walk_back(client, partial(_make_bitget_page, venue, symbol, window), is_last)


def _make_bitget_page(venue: Venue, symbol: str, window: Window, number: int) -> Page:
    return Page(f"{symbol}/{number}", venue.address, {**venue.ask(symbol, window), "pageNo": str(number + 1)})


def parse_funding(venue: Venue, capture: Capture) -> Parsed:
    """The rates of one page."""
    symbol, asset = find_symbol("funding", venue.name, capture)
    rows = read_rows(capture, *venue.path)
    yield from read_each(rows, lambda row: _read_rate(venue, symbol, asset, capture, row))


def _read_rate(venue: Venue, symbol: str, asset: str, capture: Capture, row: Any) -> Iterable[Record | Skipped]:
    if venue.symbol and pick(row, venue.symbol) != symbol:
        raise BadFigure(f"another contract than {symbol}")
    stamped = venue.read_at(row)
    if stamped > capture.fetched_at:
        raise BadFigure("not paid yet")
    # Venues stamp milliseconds to seconds beside the full hour at which they settle (Gate 00:00:01 for midnight); a
    # payment at 00:00:01 would fall into the next session.
    at = floor_instant(stamped + MINUTE / 2, MINUTE)
    field = next((f for f in venue.rates if isinstance(row, dict) and row.get(f) not in (None, "")), venue.rates[0])
    figure = read_figure(row, field)
    if abs(figure) > 1:
        raise BadFigure(f"{field} is no fraction of the position")
    yield Funding(asset, at, venue.name, venue.name, figure)


def _make_source(venue: Venue) -> Source:
    assets = len(list_symbols("funding", venue.name))
    fetch = fetch_bitget if venue.name == "Bitget" else fetch_funding
    return Source(
        name=f"crypto-funding-{venue.name.lower()}", publisher=venue.name, address=venue.address,
        licence="public market data without a key, under the venue's terms of use", cadence=timedelta(days=1),
        rate=venue.rate, rows_a_day=(3 * assets, 24 * assets), parser_version=1, verified=Verified.DOCS,
        fetch=partial(fetch, venue), parse=partial(parse_funding, venue), reach=venue.reach,
        lookback=timedelta(days=3), api=True,
    )  # fmt: skip


SOURCES = tuple(_make_source(venue) for venue in VENUES)
