"""The spot price of crude oil at Cushing, daily, from the U.S. Energy Information Administration, whose series it is.

Reads version 2 of its open data (`petroleum/pri/spt`), at most 5,000 rows a page; needs the free key EIA_API_KEY. Prices of
a week come on the Wednesday after.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from ingest.source import Capture, Client, Page, Parsed, Skipped, Source, Verified, Window
from ingest.sources.prices import LAG, LOOKBACK, Basis, Offer, find_offer, list_offers, make_bar, read_day
from kb.errors import Unreadable

ADDRESS = "https://api.eia.gov/v2/petroleum/pri/spt/data/"
BASIS = Basis("eia", "eia")
ROWS = 5_000  # the most that a page gives


def fetch(client: Client, window: Window) -> Iterator[Capture]:
    """The pages of each series, one after the other: the first says how many rows there are."""
    for offer in list_offers(BASIS):
        span = offer.clip(window)
        offset, total = 0, 1 if span else 0
        while span and offset < total:
            capture = client.get(_make_page(offer, span, offset))
            yield capture
            response = _read_response(capture)
            total = _read_total(response) if response["data"] else 0  # an empty page is the last, whatever it says
            offset += ROWS


def _make_page(offer: Offer, span: tuple[date, date], offset: int) -> Page:
    params = {
        "frequency": "daily", "data[0]": "value", "facets[series][]": offer.asked, "start": span[0].isoformat(),
        "end": span[1].isoformat(), "sort[0][column]": "period", "sort[0][direction]": "asc", "offset": str(offset),
        "length": str(ROWS),
    }  # fmt: skip
    return Page(f"{offer.name}/{offset}", ADDRESS, params, secrets={"api_key": "EIA_API_KEY"})


def parse(capture: Capture) -> Parsed:
    """A bar, in dollars a barrel, for every row with a value. Raises Unreadable."""
    offer = find_offer(BASIS, capture)
    for row in _read_response(capture)["data"]:
        if not isinstance(row, dict) or row.get("series") != offer.asked:
            yield Skipped(f"not a row of {offer.asked}", str(row)[:200])
            continue
        try:
            session = read_day(row.get("period"))
        except ValueError:
            yield Skipped("not a date", str(row)[:200])
            continue
        yield make_bar(BASIS, offer, capture, session, [None, None, None, row.get("value")])


def _read_response(capture: Capture) -> dict[str, Any]:
    """The `response` of the answer, with its list `data`. Raises Unreadable for anything else, as an error message."""
    try:
        answer = json.loads(capture.body)
    except (ValueError, RecursionError):
        answer = None
    response = answer.get("response") if isinstance(answer, dict) else None
    if not isinstance(response, dict) or not isinstance(response.get("data"), list):
        found = capture.body[:80].decode("utf-8", "replace")
        raise Unreadable(f"Capture {capture.name}", f"no rows of data: {found!r}", "See whether the key still holds.")
    return response


def _read_total(response: dict[str, Any]) -> int:
    """How many rows there are over all pages: a number, or written as text."""
    total = str(response.get("total", ""))
    return int(total) if total.isdecimal() else len(response["data"])


SOURCES = (
    Source(
        name="eia",
        publisher="U.S. Energy Information Administration",
        address="https://www.eia.gov/opendata/",
        licence="public domain (U.S. government), with credit to the EIA",
        cadence=timedelta(days=1),
        rate=1.0,
        rows_a_day=(0, 2),  # five at once, on Wednesdays
        parser_version=1,
        verified=Verified.DOCS,
        fetch=fetch,
        parse=parse,
        lag=LAG,
        needs=("EIA_API_KEY",),
        lookback=LOOKBACK,
        api=True,
    ),
)
