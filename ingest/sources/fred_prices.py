"""Rates, spreads, indices and oil as FRED shows them, from the table behind each of its graphs, which needs no key.

Reads `https://fred.stlouisfed.org/graph/fredgraph.csv` for the series that `price_symbols.toml` gives to `fred`. A day
without a value is empty (a point, in files of before 2025). Values come a working day late, oil up to a week.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from ingest.source import Capture, Client, Page, Parsed, Skipped, Source, Verified, Window
from ingest.sources.prices import LAG, LOOKBACK, Basis, find_offer, list_offers, make_bar, read_csv, read_day

ADDRESS = "https://fred.stlouisfed.org/graph/fredgraph.csv"
BASIS = Basis("fred", "fred")
DAYS = ("OBSERVATION_DATE", "DATE")  # the second until 2024
NO_VALUE = ("", ".")


def fetch(client: Client, window: Window) -> Iterator[Capture]:
    """One table a series, of the days of the window."""
    spans = [(offer, span) for offer in list_offers(BASIS) if (span := offer.clip(window))]
    yield from client.each(
        Page(o.name, ADDRESS, {"id": o.asked, "cosd": since.isoformat(), "coed": until.isoformat()})
        for o, (since, until) in spans
    )


def parse(capture: Capture) -> Parsed:
    """A bar for every day with a value: percent for rates and spreads, else points or dollars. Raises Unreadable."""
    offer = find_offer(BASIS, capture)
    column = offer.asked.upper()
    for row in read_csv(capture, column):
        if row[column].strip() in NO_VALUE:
            continue  # a holiday
        try:
            session = read_day(next((row[d] for d in DAYS if d in row), ""))
        except ValueError:
            yield Skipped("not a date", str(row))
            continue
        yield make_bar(BASIS, offer, capture, session, [None, None, None, row[column]])


SOURCES = (
    Source(
        name="fred-prices",
        publisher="Federal Reserve Bank of St. Louis (FRED)",
        address="https://fred.stlouisfed.org",
        licence="FRED's terms (fred.stlouisfed.org/legal): own use; rates of the Federal Reserve are free, "
        "indices and ICE spreads stay their owners'",
        cadence=timedelta(days=1),
        rate=1.0,  # its robots.txt asks for a second between requests and leaves this path open
        rows_a_day=(5, 14),
        parser_version=1,
        verified=Verified.DOCS,
        fetch=fetch,
        parse=parse,
        lag=LAG,
        lookback=LOOKBACK,
    ),
)
