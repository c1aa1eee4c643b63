"""Forced closes of perpetual futures from OKX's public list of liquidation orders, summed by minute: a lower bound.

Reads `liquidations` of venues.toml (and there `liquidations_not_covered` says which venues are not counted). The list goes
back 24 hours, a hundred orders a page, the newest first; `after` asks for those before an instant. A page is read alone,
so that only minutes which lie in it whole count: it begins at a full minute, and the oldest minute in it is left to the
next page, which begins at that minute's end. Hours would seldom fit a page when they matter; minutes do, and the mart adds
them up. In a minute with a hundred orders or more the newest hundred count, and the next page begins before that minute.

A long is closed by a forced sale, a short by a forced purchase. An order is worth contracts x coins x the price at which
the position was bankrupt, as the venue does not tell that of the trade: a few per cent under it for longs, over for shorts.
Format: okx.com/docs-v5, GET /api/v5/public/liquidation-orders; the size of a contract by /api/v5/public/open-interest.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from ingest.source import Capture, Client, Page, Parsed, Skipped, Source, Verified, Window
from ingest.venues import (
    BadFigure,
    find_symbol,
    floor_instant,
    list_symbols,
    pick,
    read_figure,
    read_rows,
    read_stamp,
    show,
    to_stamp,
)
from kb.errors import Unreadable, WhyfellError
from kb.records import Liquidation

VENUE = "OKX"
ADDRESS = "https://www.okx.com/api/v5/public"
METHOD = "venue feed, lower bound"
FULL = 100  # orders that a page holds at most
MINUTE = timedelta(minutes=1)
SETTLED = timedelta(minutes=5)  # an order may be listed a little after it was filled
SAME = 0.01  # relative: contracts are resized by powers of ten, the rest is rounding
SIDES = {("long", "sell"): True, ("short", "buy"): False, ("net", "sell"): True, ("net", "buy"): False}


@dataclass(frozen=True)
class Order:
    """One forced close; `value` is contracts x price, still to be multiplied by the coins in a contract."""

    at: datetime
    is_long: bool
    value: float


@dataclass(frozen=True)
class Listed:
    """The orders of one page before the instant it was asked for, those that cannot be read, and whether more may follow."""

    orders: list[Order]
    skipped: list[Skipped]
    is_full: bool = False


def fetch(client: Client, window: Window) -> Iterator[Capture]:
    """For each contract its size, then its orders page by page back to the window's beginning.

    What the client could not get it has noted; the other contracts go on.
    """
    for symbol in list_symbols("liquidations", VENUE):
        try:
            yield from _fetch_contract(client, symbol, window)
        except WhyfellError:
            continue


def _fetch_contract(client: Client, symbol: str, window: Window) -> Iterator[Capture]:
    asked = {"instType": "SWAP", "instId": symbol}
    capture = client.get(Page(f"contract/{symbol}/0", f"{ADDRESS}/open-interest", asked))
    yield capture
    _check_size(capture)
    number = 0
    after: datetime | None = floor_instant(window.until - SETTLED, MINUTE)
    while after is not None and after > window.since:
        # The bounds stand in the address: `parse` reads them there.
        family = {"instType": "SWAP", "instFamily": symbol.removesuffix("-SWAP"), "state": "filled"}
        query = urlencode({**family, "after": to_stamp(after), "limit": FULL})
        capture = client.get(Page(f"orders/{symbol}/{number}", f"{ADDRESS}/liquidation-orders?{query}"))
        yield capture
        after = _find_next(capture, after)
        number += 1


def _find_next(capture: Capture, after: datetime) -> datetime | None:
    """Where the next page begins: the end of the minute that this one cuts; None when there is nothing before."""
    listed = _read_orders(capture, after)
    minutes = {floor_instant(o.at, MINUTE) for o in listed.orders}
    if not listed.is_full or not minutes:
        return None
    return min(minutes) if len(minutes) == 1 else min(minutes) + MINUTE


def parse(capture: Capture) -> Parsed:
    """The minutes that lie in the page whole, each a total by side; a page of a contract's size gives nothing."""
    if capture.name.startswith("contract/"):
        _check_size(capture)
        return
    _, contract = find_symbol("liquidations", VENUE, capture)
    after = _read_after(capture)
    listed = _read_orders(capture, after)
    yield from listed.skipped
    minutes: dict[datetime, list[Order]] = defaultdict(list)
    for order in listed.orders:
        minutes[floor_instant(order.at, MINUTE)].append(order)
    if minutes and not (listed.is_full and len(minutes) == 1):
        cut = minutes.pop(min(minutes))  # the venue forgets, or the page ends, somewhere in this minute
        if not listed.is_full:
            yield Skipped("minute at the end of what the venue keeps", show(cut[0]))
    for start, own in sorted(minutes.items()):
        yield _sum_minute(contract, start, own)


def _sum_minute(contract: dict[str, Any], start: datetime, orders: list[Order]) -> Liquidation:
    usd = {side: contract["coins"] * sum(o.value for o in orders if o.is_long is side) for side in (True, False)}
    return Liquidation(
        contract["asset"], start + MINUTE, VENUE, VENUE, usd[True], usd[False], hours=1 / 60, method=METHOD
    )


def _read_orders(capture: Capture, after: datetime) -> Listed:
    """The orders of a page. Raises Unreadable when it is no list of orders."""
    symbol, _ = find_symbol("liquidations", VENUE, capture)
    listed, count = Listed([], []), 0
    for group in read_rows(capture, "data"):
        try:
            details = _read_group(symbol, group)
        except BadFigure as error:
            listed.skipped.append(Skipped(str(error), show(group)))
            continue
        count += len(details)
        for item in details:
            try:
                order = _read_order(item)
            except BadFigure as error:
                listed.skipped.append(Skipped(str(error), show(item)))
                continue
            if order.at < after:
                listed.orders.append(order)
    return replace(listed, is_full=count >= FULL)


def _read_group(symbol: str, group: Any) -> list[Any]:
    if pick(group, "instId") != symbol:
        raise BadFigure(f"another contract than {symbol}")
    details = pick(group, "details")
    if not isinstance(details, list):
        raise BadFigure("details is no list")
    return details


def _read_order(item: Any) -> Order:
    side = (pick(item, "posSide"), pick(item, "side"))
    if not all(isinstance(s, str) for s in side) or side not in SIDES:
        raise BadFigure("unknown posSide and side")
    size, price = read_figure(item, "sz"), read_figure(item, "bkPx")
    if size <= 0 or price <= 0:
        raise BadFigure("sz or bkPx is not above zero")
    return Order(read_stamp(item, "ts"), SIDES[side], size * price)


def _read_after(capture: Capture) -> datetime:
    """The instant that a page was asked for, out of its address."""
    asked = {key: values[0] for key, values in parse_qs(urlsplit(capture.url).query).items()}
    try:
        after = read_stamp(asked, "after")
    except BadFigure as error:
        raise Unreadable(f"Page {capture.name}", f"its address says {error}", "Fetch it again.") from None
    if after != floor_instant(after, MINUTE) or after > capture.fetched_at:
        raise Unreadable(f"Page {capture.name}", f"it was asked for {after}, no minute gone by", "Fetch it again.")
    return after


def _check_size(capture: Capture) -> None:
    """Raises Unreadable when the venue's contract is not of the size in venues.toml: its sums would be wrong.

    The venue counts what is open in contracts (`oi`) and in coins (`oiCcy`): their ratio is the size.
    """
    symbol, contract = find_symbol("liquidations", VENUE, capture)
    rows = read_rows(capture, "data")
    try:
        said = [read_figure(r, "oiCcy") / read_figure(r, "oi") for r in rows if pick(r, "instId") == symbol]
    except (BadFigure, ZeroDivisionError) as error:
        raise Unreadable(
            f"Page {capture.name} of {VENUE}", str(error), "Look whether its format has changed."
        ) from None
    if len(said) != 1 or not math.isclose(said[0], contract["coins"], rel_tol=SAME):
        found = f"a contract of {symbol} has {said} coins, not {contract['coins']}"
        raise Unreadable(f"Page {capture.name} of {VENUE}", found, "Correct venues.toml from that day on.")


SOURCES = (
    Source(
        name="crypto-liquidations-okx", publisher=VENUE, address=f"{ADDRESS}/liquidation-orders",
        licence="public market data without a key; the venue's terms ask for its consent to any but personal use",
        cadence=timedelta(hours=12),  # once a day would leave the minutes by which a night comes later than the last
        rate=4.0,  # 40 requests in two seconds are allowed
        rows_a_day=(100, 24 * 60 * len(list_symbols("liquidations", VENUE))), parser_version=1, verified=Verified.DOCS,
        fetch=fetch, parse=parse, lag=timedelta(days=1), reach=timedelta(days=1), api=True,
    ),
)  # fmt: skip
