"""Small sources for tests of the night, asking a played server: a feed of lines, a listing that leads to files, prices."""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime, timedelta

from ingest.documents import make_document
from ingest.source import Page, Skipped, Source, Verified
from kb.errors import Unreadable
from kb.records import Bar

ROOT = os.environ.get("PLAYED_AT", "http://127.0.0.1:9")


def declare(name, fetch, parse, **more):
    """A source with a declaration of no interest."""
    given = {"rows_a_day": (0, 10_000), "api": True, **more}
    return Source(
        name=name, publisher="Nobody", address="here", licence="ours", cadence=timedelta(days=1), rate=1000.0,
        parser_version=1, verified=Verified.DOCS, fetch=fetch, parse=parse, **given,
    )  # fmt: skip


def parse_lines(capture):
    """A line is `id|instant or day or nothing|title`."""
    text = capture.body.decode()
    if text.startswith("<"):
        raise Unreadable(f"Lines of {capture.name}", "HTML", "Look at the address.")
    for line in text.splitlines():
        native, _, rest = line.partition("|")
        stamp, _, title = rest.partition("|")
        if not title:
            yield Skipped("no title", line)
            continue
        yield make_document(capture, "Nobody", title, read_stamp(stamp), native=native)


def read_stamp(stamp):
    """An instant, a day or None."""
    if len(stamp) == 10:
        return date.fromisoformat(stamp)
    return datetime.fromisoformat(stamp) if stamp else None


def fetch_feeds(client, window):
    """Two pages side by side."""
    yield from client.each([Page("a", f"{ROOT}/a"), Page("b", f"{ROOT}/b")])


def fetch_files(client, window):
    """A listing, then each file it names."""
    names = client.get(Page("listing", f"{ROOT}/listing")).body.decode().split()
    yield from client.each([Page(f"file/{n}", f"{ROOT}/{n}", immutable=True) for n in names])


def fetch_prices(client, window):
    """Closes since the window began."""
    yield client.get(Page("closes", f"{ROOT}/closes", params={"from": f"{window.since:%Y-%m-%d}"}))


def parse_prices(capture):
    """A JSON object of symbol to day to close."""
    for symbol, closes in json.loads(capture.body).items():
        for day, close in closes.items():
            yield Bar(symbol, date.fromisoformat(day), "played", close)


FEEDS = declare("feeds", fetch_feeds, parse_lines, reach=timedelta(days=2))
FILES = declare("files", fetch_files, parse_lines)
PRICES = declare("prices", fetch_prices, parse_prices, lookback=timedelta(days=200), lag=timedelta(days=10))
LOCKED = declare("locked", fetch_feeds, parse_lines, needs=("WHYFELL_TEST_KEY",))
ALL = (FEEDS, FILES, LOCKED, PRICES)


def at(text):
    """An instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
