"""Lists of filings at the SEC: the feed of the latest, the listing of a quarter's indexes, the indexes. For `edgar`.

An index has a line a filing: CIK|Company Name|Form Type|Date Filed|File Name, after a heading that ends in a line of dashes.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

from ingest.sources.edgar_filings import NEW_YORK
from kb.errors import Unreadable

FORMS = ("8-K", "8-K/A")
MOST_INDEX = 300_000_000  # bytes of a quarter's index unpacked; those of 2025 take about 40 million
_ACCESSION = re.compile(r"\d{10}-\d\d-\d{6}")
_FILER = re.compile(r"\((\d{10})\) \(Filer\)")


@dataclass(frozen=True)
class Listed:
    """One filing that a list names: form, the filer's number (ten digits), accession number, and day in New York."""

    form: str
    cik: str
    accession: str
    day: date


def read_current(body: bytes) -> tuple[list[Listed], datetime | None, int]:
    """Reports of filers in the feed of the latest filings, the instant of its oldest entry, and how many entries it has.

    An entry that lacks its number or instant is left to the day's index, which is complete. Raises Unreadable for no feed.
    """
    import feedparser

    if b"<feed" not in body[:2_000]:
        raise Unreadable(
            "Latest filings of the SEC", "no Atom feed", "The SEC refuses clients that do not name a contact."
        )
    listed, oldest = [], None
    entries = feedparser.parse(body, sanitize_html=False, resolve_relative_uris=False).entries
    for entry in entries:
        at = _read_instant(entry.get("updated", ""))
        if at is None:
            continue
        oldest = at if oldest is None else min(at, oldest)
        form = next((tag.get("term", "") for tag in entry.get("tags", [])), "")
        filer, accession = _FILER.search(entry.get("title", "")), _ACCESSION.search(entry.get("id", ""))
        if form in FORMS and filer and accession:
            listed.append(Listed(form, filer[1], accession[0], at.astimezone(NEW_YORK).date()))
    return listed, oldest, len(entries)


def read_listing(body: bytes) -> list[date]:
    """The days of which a quarter's folder of daily indexes holds a `master.YYYYMMDD.idx`. Raises Unreadable."""
    try:
        items = json.loads(body)["directory"]["item"]
        names = [item["name"] for item in items]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Unreadable(
            "Listing of the SEC's indexes", "not the JSON of a folder", "Look at the kept bytes."
        ) from error
    found = (re.fullmatch(r"master\.(\d{8})\.idx", name) for name in names if isinstance(name, str))
    return sorted(day for m in found if m and (day := _read_day(m[1])))


def read_index(body: bytes) -> Iterator[Listed]:
    """Reports on Form 8-K in an index of a day or of a quarter, packed or not. Raises Unreadable for no index."""
    text = _unpack(body).decode("latin-1")
    heading = re.search(r"^CIK\|Company Name\|Form Type\|Date Filed\|File ?[Nn]ame\s*\n-{20,}\s*$", text[:5_000], re.M)
    if heading is None:
        raise Unreadable(
            "Index of the SEC", "no heading of an index", "The SEC refuses clients that do not name a contact."
        )
    for line in text[heading.end() :].splitlines():
        cells = line.split("|")
        if len(cells) != 5 or cells[2] not in FORMS:
            continue
        accession, filed = _ACCESSION.search(cells[4]), _read_day(cells[3].replace("-", ""))
        if accession and filed and cells[0].isdigit():
            yield Listed(cells[2], cells[0].zfill(10), accession[0], filed)


def read_last_day(body: bytes) -> date | None:
    """The last day that an index covers, as its heading says ("December 31, 2018" or "Dec 31, 2018"); None if it does not."""
    found = re.search(rb"^Last Data Received:\s*([A-Z][a-z]+ \d{1,2}, \d{4})\s*$", _unpack(body)[:2_000], re.M)
    text = found[1].decode("ascii") if found else ""
    for pattern in ("%B %d, %Y", "%b %d, %Y"):
        try:
            return datetime.strptime(text, pattern).date()  # noqa: DTZ007 - a day, no instant
        except ValueError:
            continue
    return None


def _unpack(body: bytes) -> bytes:
    if not body.startswith(b"\x1f\x8b"):
        return body
    try:
        packed = zlib.decompressobj(wbits=31)
        return packed.decompress(body, MOST_INDEX)
    except (zlib.error, gzip.BadGzipFile, EOFError) as error:
        raise Unreadable("Index of the SEC", "a damaged gzip file", "The night asks for the page again.") from error


def _read_instant(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
        return None if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _read_day(text: str) -> date | None:
    try:
        return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007 - a day, no instant
    except ValueError:
        return None
