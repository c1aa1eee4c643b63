"""The VIX as Cboe, which computes it, publishes it: one file with all sessions since 1990.

Reads `https://cdn.cboe.com/api/global/us_indices/daily_prices/VIX_History.csv` (days written month/day/year).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from ingest.source import Capture, Client, Page, Parsed, Skipped, Source, Verified, Window
from ingest.sources.prices import LOOKBACK, Basis, find_offer, list_offers, make_bar, read_csv

ADDRESS = "https://cdn.cboe.com/api/global/us_indices/daily_prices/{}_History.csv"
BASIS = Basis("cboe", "cboe")
PRICES = ("OPEN", "HIGH", "LOW", "CLOSE")


def fetch(client: Client, window: Window) -> Iterator[Capture]:
    """The whole file of each index that has sessions in the window: there is none of a part."""
    offers = [offer for offer in list_offers(BASIS) if offer.clip(window)]
    yield from client.each(Page(o.name, ADDRESS.format(o.asked)) for o in offers)


def parse(capture: Capture) -> Parsed:
    """A bar, in points, for every session of the file. Raises Unreadable."""
    offer = find_offer(BASIS, capture)
    for row in read_csv(capture, "DATE", *PRICES):
        try:
            month, day, year = map(int, row["DATE"].split("/"))
            session = date(year, month, day)
        except (ValueError, OverflowError):
            yield Skipped("not a date", str(row))
            continue
        yield make_bar(BASIS, offer, capture, session, [row[p] for p in PRICES])


SOURCES = (
    Source(
        name="cboe",
        publisher="Cboe Global Indices",
        address="https://www.cboe.com/tradable_products/vix/vix_historical_data/",
        licence="Cboe's terms of use: own use; the index is Cboe's",
        cadence=timedelta(days=1),
        rate=0.5,
        rows_a_day=(1, 2),
        parser_version=1,
        verified=Verified.DOCS,
        fetch=fetch,
        parse=parse,
        lookback=LOOKBACK,
    ),
)
