"""Value of the open futures of coins, from the public figures of Binance, OKX, Bybit and BitMEX.

Reads `open_interest` of venues.toml, whose head says which contracts count as dollars. Gate's stands in `crypto_gate`.
Hourly where the venue keeps a history, so that both the session of New York and that of the UTC day find a value at their
end; Bybit's linear contracts and BitMEX only say what is open now, once a night. Venues count in their own ways (Bybit
says that its figure sums both sides): compare a venue with itself.
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
    list_symbols,
    pick,
    read_each,
    read_figure,
    read_iso,
    read_json,
    read_rows,
    read_stamp,
    split_window,
    to_stamp,
)
from kb.records import OpenInterest

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOW = timedelta(0)  # of a venue that keeps no history: one page, whatever the window


@dataclass(frozen=True)
class Venue:
    """How one venue gives its open interest. `usd` is the field that counts dollars.

    `bar` is how long after its stamp a value was certainly known: an hour where the stamp may be the beginning of the hour
    that the value closes. `reach` as in Source.
    """

    name: str
    address: str
    longest: timedelta  # that one page holds at one value an hour
    ask: Callable[[str, Window], dict[str, str]]
    path: tuple[str, ...]
    symbol: str  # field that repeats the contract, "" for none
    read_at: Callable[[Any, Capture], datetime]
    usd: str | int
    rate: float
    bar: timedelta = NOW
    reach: timedelta | None = None


def _ask_binance(symbol: str, window: Window) -> dict[str, str]:
    span = {"startTime": to_stamp(window.since), "endTime": to_stamp(window.until)}
    return {"symbol": symbol, "period": "1h", **span, "limit": "500"}


def _ask_okx(symbol: str, window: Window) -> dict[str, str]:
    span = {"begin": to_stamp(window.since - HOUR), "end": to_stamp(window.until)}
    return {"instId": symbol, "period": "1H", **span, "limit": "100"}


def _ask_bybit_inverse(symbol: str, window: Window) -> dict[str, str]:
    span = {"startTime": to_stamp(window.since), "endTime": to_stamp(window.until)}
    return {"category": "inverse", "symbol": symbol, "intervalTime": "1h", **span, "limit": "200"}


def _read_answered(_: Any, capture: Capture) -> datetime:
    """When Bybit answered: its ticker has no instant of its own."""
    return read_stamp(read_json(capture), "time")


VENUES = (
    # 1,000 requests in five minutes; only the latest month.
    Venue("Binance", "https://fapi.binance.com/futures/data/openInterestHist", 498 * HOUR, _ask_binance, (), "symbol",
          lambda row, _: read_stamp(row, "timestamp"), "sumOpenInterestValue", rate=2.0, reach=timedelta(days=29)),
    # Ten requests in two seconds; the latest 1,440 values. Rows are [ts, contracts, coins, dollars] of hourly bars.
    Venue("OKX", "https://www.okx.com/api/v5/rubik/stat/contracts/open-interest-history", 98 * HOUR, _ask_okx,
          ("data",), "", lambda row, _: read_stamp(row, 0), 3, rate=2.0, bar=HOUR, reach=timedelta(days=59)),
    # 600 requests in five seconds, both.
    Venue("Bybit", "https://api.bybit.com/v5/market/tickers", NOW,
          lambda symbol, _: {"category": "linear", "symbol": symbol}, ("result", "list"), "symbol",
          _read_answered, "openInterestValue", rate=2.0),
    Venue("Bybit inverse", "https://api.bybit.com/v5/market/open-interest", 198 * HOUR, _ask_bybit_inverse,
          ("result", "list"), "", lambda row, _: read_stamp(row, "timestamp"), "openInterest", rate=2.0),
    # Thirty requests a minute without a key.
    Venue("BitMEX", "https://www.bitmex.com/api/v1/instrument", NOW,
          lambda symbol, _: {"symbol": symbol, "columns": "symbol,timestamp,openInterest", "count": "1"}, (), "symbol",
          lambda row, _: read_iso(row, "timestamp"), "openInterest", rate=0.4),
)  # fmt: skip


def fetch_open_interest(venue: Venue, client: Client, window: Window) -> Iterator[Capture]:
    """The values of each contract of the venue counted in the window, or the one of now."""
    stretches = list(split_window(window, venue.longest)) if venue.longest else [window]
    pages = [
        Page(f"{symbol}/{number}", venue.address, venue.ask(symbol, stretch))
        for symbol in list_symbols("open_interest", venue.name)
        for number, stretch in enumerate(stretches)
    ]
    yield from client.each(pages)


def parse_open_interest(venue: Venue, capture: Capture) -> Parsed:
    """The values of one page."""
    symbol, asset = find_symbol("open_interest", venue.name, capture)
    rows = read_rows(capture, *venue.path)
    yield from read_each(rows, lambda row: _read_value(venue, symbol, asset, capture, row))


def _read_value(venue: Venue, symbol: str, asset: str, capture: Capture, row: Any) -> Iterable[Record | Skipped]:
    if venue.symbol and pick(row, venue.symbol) != symbol:
        raise BadFigure(f"another contract than {symbol}")
    usd = read_figure(row, venue.usd)
    if usd <= 0:
        raise BadFigure(f"{venue.usd} is not above zero")
    at = venue.read_at(row, capture) + venue.bar
    if venue.longest:
        if at <= capture.fetched_at:  # an hour that has not ended comes again
            yield OpenInterest(asset, at, venue.name, venue.name, usd)
    else:  # of now, by the venue's clock, which may run ahead of ours
        yield OpenInterest(asset, min(at, capture.fetched_at), venue.name, venue.name, usd)


def _make_source(venue: Venue) -> Source:
    assets = len(list_symbols("open_interest", venue.name))
    return Source(
        name=f"crypto-open-interest-{venue.name.lower().replace(' ', '-')}", publisher=venue.name,
        address=venue.address, licence="public market data without a key, under the venue's terms of use",
        cadence=DAY, rate=venue.rate, rows_a_day=(20 * assets, 24 * assets) if venue.longest else (assets, assets),
        parser_version=1, verified=Verified.DOCS, fetch=partial(fetch_open_interest, venue),
        parse=partial(parse_open_interest, venue), reach=venue.reach, api=True,
        lookback=timedelta(days=3) if venue.longest else None,
    )  # fmt: skip


SOURCES = tuple(_make_source(venue) for venue in VENUES)
