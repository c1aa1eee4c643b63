"""Gate's own hourly statistics of a perpetual contract: forced closes by side, and the value of what is open.

Reads `stats` of venues.toml, one page a contract. The totals are the venue's, over all orders of the hour, in Tether,
taken as dollars. A row is stamped with the beginning of its hour; the venue writes the newest one before its hour is full
and again some minutes after the end, so that an hour counts only from `SETTLED` after its end.
Format: gate.com, API v4, GET /futures/{settle}/contract_stats (`from` and `limit`; 2,000 rows at most).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from ingest.source import Capture, Client, Page, Parsed, Record, Skipped, Source, Verified, Window
from ingest.venues import (
    BadFigure,
    find_symbol,
    floor_instant,
    list_symbols,
    read_each,
    read_figure,
    read_rows,
    read_stamp,
    split_window,
    to_stamp,
)
from kb.records import Liquidation, OpenInterest

VENUE = "Gate"
ADDRESS = "https://api.gateio.ws/api/v4/futures/usdt/contract_stats"
METHOD = "venue totals by hour"
HOUR = timedelta(hours=1)
SETTLED = timedelta(minutes=15)  # the last rewriting was seen 2.5 minutes after the end; with room
LONGEST = 1_990 * HOUR  # a page runs a row or two over what is asked


def fetch(client: Client, window: Window) -> Iterator[Capture]:
    """The hours of each contract that the window touches; only `from` bounds a page, so that `limit` says how many follow."""
    hours = Window(floor_instant(window.since, HOUR), window.until)
    pages = []
    for symbol in list_symbols("stats", VENUE):
        for number, stretch in enumerate(split_window(hours, LONGEST)):
            rows = (stretch.until - stretch.since) // HOUR + 1
            start = to_stamp(stretch.since, per_second=1)
            params = {"contract": symbol, "interval": "1h", "from": start, "limit": str(rows)}
            pages.append(Page(f"{symbol}/{number}", ADDRESS, params))
    yield from client.each(pages)


def parse(capture: Capture) -> Parsed:
    """Forced closes and open interest of each hour that is settled; an hour without any close is a total of zero."""
    _, asset = find_symbol("stats", VENUE, capture)
    rows = read_rows(capture)
    yield from read_each(rows, lambda row: _read_liquidations(asset, capture, row))
    yield from read_each(rows, lambda row: _read_open_interest(asset, capture, row))


def _read_liquidations(asset: str, capture: Capture, row: Any) -> Iterable[Record | Skipped]:
    end = read_stamp(row, "time", per_second=1) + HOUR
    if end != floor_instant(end, HOUR):
        raise BadFigure("time is not a full hour")
    if end + SETTLED > capture.fetched_at:
        return
    long_usd, short_usd = (_read_amount(row, field) for field in ("long_liq_usd", "short_liq_usd"))
    yield Liquidation(asset, end, VENUE, VENUE, long_usd, short_usd, hours=1.0, method=METHOD)


def _read_open_interest(asset: str, capture: Capture, row: Any) -> Iterable[Record | Skipped]:
    """Stamped with the end of the hour: by then the value was known, whichever end of the hour it is of."""
    end = read_stamp(row, "time", per_second=1) + HOUR
    if end == floor_instant(end, HOUR) and end + SETTLED <= capture.fetched_at:
        yield OpenInterest(asset, end, VENUE, VENUE, _read_amount(row, "open_interest_usd"))


def _read_amount(row: Any, field: str) -> float:
    amount = read_figure(row, field)
    if amount < 0:
        raise BadFigure(f"{field} is below zero")
    return amount


SOURCES = (
    Source(
        name="crypto-stats-gate", publisher=VENUE, address=ADDRESS,
        licence="public market data without a key, under the venue's terms of use", cadence=timedelta(days=1),
        rate=2.0,  # 200 requests in ten seconds are allowed
        rows_a_day=(40 * len(list_symbols("stats", VENUE)), 48 * len(list_symbols("stats", VENUE))), parser_version=1,
        verified=Verified.DOCS, fetch=fetch, parse=parse, api=True,
        lookback=timedelta(days=62),  # a day's total is held against the 60 before; seen to go back at least so far
    ),
)  # fmt: skip
