"""Feeds: what publishers announce by RSS, Atom or JSON Feed. Which ones is data, `feeds.toml` beside this module.

One page a feed, named like its table there; each item becomes a document of the publisher who wrote it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import urljoin
from zoneinfo import ZoneInfo

from ingest.columns import clean_text
from ingest.documents import make_document
from ingest.source import Capture, Client, Page, Parsed, Skipped, Source, Verified, Window
from ingest.sources.feed_dates import UnclearDate, read_date
from ingest.sources.feed_entries import Entry, read_entries
from kb.errors import Unreadable
from kb.records import Document

TAIL = " - "  # "Headline - Publisher", as Google News writes it
ACCEPT = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"


@dataclass(frozen=True)
class Feed:
    """One table of `feeds.toml`, where each key is explained. `rows_a_day` is (fewest, most) on a working day."""

    name: str
    publisher: str
    url: str
    language: str
    terms: str
    rows_a_day: tuple[int, int]
    verified: Verified
    aggregator: bool = False
    status_page: bool = False
    hours: bool = True
    zone: str = ""
    reused_ids: bool = False
    retired: bool = False
    note: str = ""


def list_feeds() -> tuple[Feed, ...]:
    """Every feed that is asked for, in the order of the list; the retired ones are only read from kept bytes."""
    return tuple(feed for feed in _read_list()[0].values() if not feed.retired)


@cache
def _read_list() -> tuple[dict[str, Feed], dict[str, str]]:
    """All feeds by name, and the name that stands for each other spelling of a publisher."""
    found = tomllib.loads((files("ingest.sources") / "feeds.toml").read_text("utf-8"))
    feeds = {name: _make_feed(name, table) for name, table in found["feed"].items()}
    spellings = {other: name for name, others in found["publisher"].items() for other in others}
    return feeds, spellings | {feed.publisher: feed.publisher for feed in feeds.values()}


def _make_feed(name: str, table: dict[str, Any]) -> Feed:
    fewest, most = table.pop("rows_a_day")
    return Feed(name=name, rows_a_day=(fewest, most), verified=Verified(table.pop("verified")), **table)


def fetch_feeds(client: Client, _: Window) -> Iterator[Capture]:
    """The feeds that have changed. A feed holds its latest items only, whatever the stretch asked for."""
    yield from client.each(Page(feed.name, feed.url, headers={"accept": ACCEPT}) for feed in list_feeds())


def parse_feed(capture: Capture) -> Parsed:
    """The documents of one feed, one for each id. Raises Unreadable for what is no feed."""
    feed = _read_list()[0].get(capture.name)
    if feed is None:
        remedy = "Keep the table of a feed given up, with `retired = true`."
        raise Unreadable(f"Feed {capture.name}", "none of that name is listed", remedy)
    seen: set[str] = set()
    for entry in read_entries(capture.body, capture.content_type, feed.name):
        item = _make_item(capture, feed, entry)
        if isinstance(item, Document):
            if item.document_id in seen:
                item = Skipped("an id met before in the same feed", item.title)
            else:
                seen.add(item.document_id)
        yield item


def _make_item(capture: Capture, feed: Feed, entry: Entry) -> Document | Skipped:
    if entry.cut:
        return Skipped("the feed ends in the middle of it", entry.title)
    publisher, title = (feed.publisher, entry.title) if not feed.aggregator else _name_publisher(entry)
    if not publisher:
        return Skipped("an aggregator names no publisher that we know", entry.title)
    try:
        published = _read_published(feed, entry)
    except UnclearDate as reason:
        return Skipped(str(reason), f"{entry.date}: {entry.title}")
    native = entry.native or entry.link
    return make_document(
        capture, publisher, f"{publisher}: {title}" if title and feed.status_page else title, published,
        native=f"{native} {entry.date}" if native and feed.reused_ids else native,
        url=_resolve(capture.url, entry), summary=_pick_summary(feed, entry),
    )  # fmt: skip


def _read_published(feed: Feed, entry: Entry) -> datetime | date | None:
    if not entry.date:
        return None
    published = read_date(entry.date, feed.zone, entry.date_read)
    if feed.hours or not isinstance(published, datetime):
        return published
    return published.astimezone(ZoneInfo(feed.zone) if feed.zone else UTC).date()


def _name_publisher(entry: Entry) -> tuple[str, str]:
    """Who wrote an aggregator's item, and its title without that name: "Oil surges - Reuters" -> ("Reuters", "Oil surges").

    Where no element names the publisher, the end of the title does if it is one of the list: other words may follow a dash.
    """
    spellings = _read_list()[1]
    named = clean_text(entry.publisher)
    head, _, tail = clean_text(entry.title).rpartition(TAIL)
    if not named:
        return spellings.get(tail, ""), head
    publisher = spellings.get(named, named)
    return publisher, head if head and publisher == spellings.get(tail, tail) else entry.title


def _pick_summary(feed: Feed, entry: Entry) -> str:
    """What the publisher says beneath the title, or nothing.

    An aggregator's text lists headlines of others, a status page's grows for hours after it was published, and many feeds
    repeat the title.
    """
    if feed.aggregator or feed.status_page or clean_text(entry.summary) == clean_text(entry.title):
        return ""
    return entry.summary


def _resolve(base: str, entry: Entry) -> str:
    """The item's whole address; nothing for what is no address of the web."""
    # feedparser gives an id for the link that is missing, were it "tag:x,2026:1".
    link = entry.link if entry.link != entry.native or entry.link.startswith("http") else ""
    try:
        whole = urljoin(base, link) if link else ""
    except ValueError:
        return ""
    return whole if whole.startswith(("http://", "https://")) else ""


SOURCES: tuple[Source, ...] = (
    Source(
        name="rss",
        publisher="many; each feed of feeds.toml names its own",
        address="https://www.rssboard.org/rss-specification",
        licence="each publisher's own terms, see feeds.toml; titles, summaries and links for personal use",
        cadence=timedelta(hours=1),
        rate=1.0,
        rows_a_day=(sum(f.rows_a_day[0] for f in list_feeds()), sum(f.rows_a_day[1] for f in list_feeds())),
        parser_version=1,
        verified=Verified.CAPTURE,
        fetch=fetch_feeds,
        parse=parse_feed,
        reach=timedelta(days=2),
    ),
)
