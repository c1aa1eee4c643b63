"""Daily bars of coins from the public candles of Coinbase, Kraken and Binance.

Reads `bars` of venues.toml. A candle's session is the UTC day it begins; it ends at 00:00 UTC of the next, and one that
had not ended when it was fetched is left out: it comes again. Formats after the venues' documentation:
docs.cdp.coinbase.com (Get product candles), docs.kraken.com (Get OHLC Data), developers.binance.com (Kline data).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from ingest.source import Capture, Client, Page, Parsed, Record, Skipped, Source, Verified, Window
from ingest.venues import (
    BadFigure,
    find_symbol,
    floor_instant,
    list_symbols,
    read_each,
    read_figure,
    read_json,
    read_rows,
    read_stamp,
    split_window,
    to_stamp,
)
from kb.errors import Unreadable
from kb.records import Bar

DAY = timedelta(days=1)
# With the week after it one page of the most frugal venue; the mart looks back 60 sessions.
LOOKBACK = timedelta(days=290)


@dataclass(frozen=True)
class Venue:
    """How one venue gives candles. `fields` are the places of start, open, high, low, close and volume in a row."""

    name: str
    address: str
    longest: timedelta  # that one page holds
    ask: Callable[[str, Window], tuple[str, dict[str, str]]]
    list_rows: Callable[[Capture], list[object]]
    fields: tuple[int, int, int, int, int, int]
    per_second: int  # unit of the start
    rate: float
    reach: timedelta | None = None


def _ask_coinbase(product: str, window: Window) -> tuple[str, dict[str, str]]:
    start, end = (to_stamp(at, per_second=1) for at in (window.since, window.until))
    address = f"https://api.exchange.coinbase.com/products/{product}/candles"
    return address, {"granularity": "86400", "start": start, "end": end}


def _ask_kraken(pair: str, window: Window) -> tuple[str, dict[str, str]]:
    since = to_stamp(window.since - DAY, per_second=1)  # "after this time": the first day itself is wanted
    return "https://api.kraken.com/0/public/OHLC", {"pair": pair, "interval": "1440", "since": since}


def _ask_binance(symbol: str, window: Window) -> tuple[str, dict[str, str]]:
    # The host that Binance documents for public market data alone; the trading host refuses whole countries.
    span = {"startTime": to_stamp(window.since), "endTime": to_stamp(window.until)}
    return "https://data-api.binance.vision/api/v3/klines", {
        "symbol": symbol,
        "interval": "1d",
        **span,
        "limit": "1000",
    }


def _list_kraken(capture: Capture) -> list[object]:
    """Kraken names the pair in its own way (XXBTZUSD for XBTUSD): the one list of the result is meant."""
    body = read_json(capture)
    result = body.get("result") if isinstance(body, dict) else None
    lists = [v for v in result.values() if isinstance(v, list)] if isinstance(result, dict) else []
    if len(lists) != 1:
        raise Unreadable(
            f"Page {capture.name} of Kraken", f"{len(lists)} lists of candles instead of one", "Look at it."
        )
    return list(lists[0])


VENUES = (
    # At most 300 candles, ten requests a second and address; the documentation asks not to poll candles often.
    Venue("Coinbase", "https://api.exchange.coinbase.com", timedelta(days=298), _ask_coinbase, read_rows,
          (0, 3, 2, 1, 4, 5), 1, rate=2.0),
    # The last 720 candles whatever is asked; about one request a second.
    Venue("Kraken", "https://api.kraken.com", timedelta(days=720), _ask_kraken, _list_kraken,
          (0, 1, 2, 3, 4, 6), 1, rate=0.5, reach=timedelta(days=719)),
    # At most 1,000 candles; weight 2 of 6,000 a minute.
    Venue("Binance", "https://data-api.binance.vision", timedelta(days=998), _ask_binance, read_rows,
          (0, 1, 2, 3, 4, 5), 1000, rate=2.0),
)  # fmt: skip


def fetch_bars(venue: Venue, client: Client, window: Window) -> Iterator[Capture]:
    """The candles of each product of the venue in the window, whole days."""
    days = Window(floor_instant(window.since, DAY), window.until)
    pages = []
    for symbol in list_symbols("bars", venue.name):
        for number, stretch in enumerate(split_window(days, venue.longest)):
            address, params = venue.ask(symbol, stretch)
            pages.append(Page(f"{symbol}/{number}", address, params))
    yield from client.each(pages)


def parse_bars(venue: Venue, capture: Capture) -> Parsed:
    """The bars of one page of candles; volume counts coins."""
    _, ours = find_symbol("bars", venue.name, capture)
    rows = venue.list_rows(capture)
    yield from read_each(rows, lambda row: _read_candle(venue, ours, capture, row))


def _read_candle(venue: Venue, symbol: str, capture: Capture, row: object) -> Iterable[Record | Skipped]:
    start = read_stamp(row, venue.fields[0], per_second=venue.per_second)
    if start != floor_instant(start, DAY):
        raise BadFigure("candle does not begin at 00:00 UTC")
    opened, high, low, close, volume = (read_figure(row, place) for place in venue.fields[1:])
    if min(opened, high, low, close) <= 0 or volume < 0:
        raise BadFigure("a price that is not above zero, or a volume below it")
    if low > high:  # what else may be wrong with a bar the mart finds and flags
        raise BadFigure("low above high")
    if start + DAY <= capture.fetched_at:
        yield Bar(symbol, start.date(), venue.name, close, opened, high, low, volume)


def _make_source(venue: Venue) -> Source:
    assets = len(list_symbols("bars", venue.name))
    return Source(
        name=f"crypto-bars-{venue.name.lower()}", publisher=venue.name, address=venue.address,
        licence="public market data without a key, under the venue's terms of use", cadence=DAY, rate=venue.rate,
        rows_a_day=(assets, assets), parser_version=1, verified=Verified.DOCS, fetch=partial(fetch_bars, venue),
        parse=partial(parse_bars, venue), reach=venue.reach, lookback=LOOKBACK, api=True,
    )  # fmt: skip


SOURCES = tuple(_make_source(venue) for venue in VENUES)
