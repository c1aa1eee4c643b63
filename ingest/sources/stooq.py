"""Indices from Stooq's daily tables, for those who have its leave: its robots.txt names no program but two search engines.

Reads `https://stooq.com/q/d/l/`. Since July 2026 it answers programs with a page of its own that asks for a proof of work;
that page is unreadable here and is not worked around. Only series without dividends belong to it: those of stocks and funds
are rescaled at each dividend without a word.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from ingest.source import Capture, Client, Page, Parsed, Skipped, Source, Verified, Window
from ingest.sources.prices import LAG, LOOKBACK, Basis, find_offer, list_offers, make_bar, read_csv, read_day
from kb.errors import Unreadable

ADDRESS = "https://stooq.com/q/d/l/"
BASIS = Basis("stooq", "stooq")
PRICES = ("OPEN", "HIGH", "LOW", "CLOSE")
NOTHING = (b"no data", b"n/d", b"brak danych")


def fetch(client: Client, window: Window) -> Iterator[Capture]:
    """One table a series, of the days of the window."""
    spans = [(offer, span) for offer in list_offers(BASIS) if (span := offer.clip(window))]
    yield from client.each(
        Page(o.name, ADDRESS, {"s": o.asked, "i": "d", "d1": f"{since:%Y%m%d}", "d2": f"{until:%Y%m%d}"})
        for o, (since, until) in spans
    )


def parse(capture: Capture) -> Parsed:
    """A bar for every row, in points. Raises Unreadable for the notice of a day's limit, and for a page that is no table."""
    offer = find_offer(BASIS, capture)
    said = capture.body[:200].strip().lower()
    if said in NOTHING:
        yield Skipped("the source has no data for these days", offer.symbol)
        return
    if b"daily hits limit" in said:
        raise Unreadable(f"Capture {capture.name}", "the limit of requests a day is reached", "Try again tomorrow.")
    for row in read_csv(capture, "DATE", *PRICES):
        try:
            session = read_day(row["DATE"])
        except ValueError:
            yield Skipped("not a date", str(row))
            continue
        yield make_bar(BASIS, offer, capture, session, [row[p] for p in PRICES], volume=row.get("VOLUME"))


SOURCES = (
    Source(
        name="stooq",
        publisher="Stooq",
        address="https://stooq.com",
        licence="own use, no redistribution; its robots.txt forbids programs",
        cadence=timedelta(days=1),
        rate=0.5,
        rows_a_day=(3, 6),
        parser_version=1,
        verified=Verified.DOCS,
        fetch=fetch,
        parse=parse,
        lag=LAG,
        lookback=LOOKBACK,
        optional=True,
    ),
)
