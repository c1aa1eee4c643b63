"""The contract of a source: what it declares, how it is fetched, and what its bytes mean.

`fetch` asks for pages through the client it is handed and does nothing else; `parse` turns the bytes of one page into
records and knows neither network, clock nor ledger, so that kept bytes give the same records for ever. One module of
`ingest.sources` declares each source as `SOURCE` (or several as `SOURCES`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from kb.records import Bar, Breadth, Document, Funding, Liquidation, OpenInterest, Release

Record = Document | Bar | Release | Liquidation | Funding | OpenInterest | Breadth


class Verified(StrEnum):
    """What the parser has been tried on."""

    DOCS = "docs"  # documents written by us after the publisher's documentation
    CAPTURE = "capture"  # real bytes of the publisher, captured by others
    LIVE = "live"  # the publisher's servers


@dataclass(frozen=True)
class Page:
    """One address to ask for. `name` says within the source what it is (a feed, a series, a file), and keys its marks.

    `secrets` maps a query parameter or (with `header:` before it) a header to the environment variable that holds its
    value, which is put in at the last moment and kept nowhere. `body` makes it a POST. `immutable`: what lies there never
    changes, so that bytes once kept are not asked for again.
    """

    name: str
    url: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    immutable: bool = False


@dataclass(frozen=True)
class Capture:
    """The bytes of one page as they came, and all that `parse` may know of them. `fetched_at` is an aware UTC instant."""

    source: str
    name: str
    url: str
    fetched_at: datetime
    content_type: str
    body: bytes


@dataclass(frozen=True)
class Skipped:
    """An item that gave no record: why, and its beginning, so that a person can find it in the kept bytes."""

    reason: str
    item: str = ""


@dataclass(frozen=True)
class Window:
    """The stretch of time asked for, aware UTC instants: what was published in `since..until`."""

    since: datetime
    until: datetime


class Client(Protocol):
    """What `fetch` is given. Each capture is kept on disk before it is handed out."""

    def get(self, page: Page) -> Capture:
        """The page's bytes, freshly asked for or, if it has not changed since, as kept. Raises SourceDown or NotFound."""

    def each(self, pages: Iterable[Page]) -> Iterator[Capture]:
        """The pages that have changed, asked for side by side. A page that fails is noted and does not stop the others."""


Parsed = Iterator[Record | Skipped]


@dataclass(frozen=True)
class Source:
    """One source, declared.

    `rate` is the most requests a second to one host; `rows_a_day` the fewest and most records that a working day brings
    (outside them the night's report shouts); `lag` how far back each night looks again for late rows; `needs` the
    environment variables without which it is left out; `optional` marks those asked for only by name; `parser_version`
    goes up whenever the same bytes would give other records. `reach` is how far back the publisher lets one look, where
    that is bounded; `lookback` how much before a day an answer about it needs, for those that `whyfell DATE --fetch`
    asks; `api` says that the address is documented for programs, so that robots.txt, which speaks to crawlers, is not read.
    """

    name: str
    publisher: str
    address: str
    licence: str
    cadence: timedelta
    rate: float
    rows_a_day: tuple[int, int]
    parser_version: int
    verified: Verified
    fetch: Callable[[Client, Window], Iterator[Capture]]
    parse: Callable[[Capture], Parsed]
    lag: timedelta = timedelta(days=2)
    needs: tuple[str, ...] = ()
    optional: bool = False
    reach: timedelta | None = None
    lookback: timedelta | None = None
    api: bool = False
