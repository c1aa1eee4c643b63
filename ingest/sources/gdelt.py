"""Titles of the business press as GDELT 2.0 met them: the fifteen-minute files of its Global Knowledge Graph (GKG 2.1).

Asked for are the bulk files, whose names follow from the clock: 96 a day of some 4 MB each (about 420 MB a day in 2026). Of
their rows, one a page, those are kept whose publisher and theme stand in `gdelt.toml`; all others are passed over. GDELT
counts reports, not events: several rows of one address are one document.

Its older forms give no documents, as they hold no titles: the daily GKG 1.0, and the event and mention files of either
version. Files of GKG 2.1 held none in July 2017 and do in 2026; rows without one are set aside.
"""

from __future__ import annotations

import io
import re
import struct
import tomllib
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from ingest.columns import CAPTURE_LAG, MAX_TITLE, clean_text
from ingest.source import Capture, Client, Page, Parsed, Skipped, Source, Verified, Window
from kb.errors import Unreadable
from kb.records import Document, Precision, hash_id

ADDRESS = "https://data.gdeltproject.org/gdeltv2"  # http:// only leads here
EVERY = timedelta(minutes=15)
FIRST_FILE = datetime(2015, 2, 18, 23, tzinfo=UTC)  # the first line of GDELT's own list, masterfilelist.txt
# Files were written 9 to 12 minutes before the instant in their name (24 files of 5 October 2026); what a stalled GDELT
# writes later than this fails loudly and is asked for again the next night.
SETTLED = timedelta(minutes=30)
MOST_BYTES = 200 * 2**20  # of one file unpacked: 16 times what was met
LONGEST_ROW = 4 * 2**20  # bytes: a hundred times the longest met
# Five of the 35 stamps of publication in files of July 2017 lay after the file itself, by up to 9.4 hours: local times read
# as UTC. Other publishers stamp a mere date. So a page was public at the latest a day and a zone after its stamp.
STAMP_ERROR = timedelta(hours=36)
OLDEST = timedelta(days=7)  # a page stamped earlier than this before GDELT met it is an old one
FILE_INSTANT, COLLECTION, PUBLISHER, URL, THEMES, PLACED_THEMES, TRANSLATION, EXTRAS = 1, 2, 3, 4, 7, 8, 25, 26
COLUMNS = (
    27  # GKG codebook 2.1, http://data.gdeltproject.org/documentation/GDELT-Global_Knowledge_Graph_Codebook-V2.1.pdf
)
OTHERS = {11: "GKG 1.0", 16: "mentions 2.0", 57: "events 1.0", 58: "events 1.0", 61: "events 2.0"}  # by their columns
_TITLE = re.compile(r"<PAGE_TITLE>(.*?)</PAGE_TITLE>")
_STAMP = re.compile(r"<PAGE_PRECISEPUBTIMESTAMP>(\d{14})</PAGE_PRECISEPUBTIMESTAMP>")
_BROKEN = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, ValueError, OverflowError,
    OSError,
)  # fmt: skip


@dataclass(frozen=True)
class Publisher:
    """A publisher whose pages are kept: its name, and what it appends to its titles."""

    name: str
    ending: re.Pattern[str]


@cache
def _read_lists() -> tuple[frozenset[str], dict[str, Publisher]]:
    lists = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
    publishers = {}
    for entry in lists["publisher"]:
        names = "|".join(re.escape(n) for n in (entry["name"], entry["domain"], *entry.get("endings", ())))
        publishers[entry["domain"]] = Publisher(entry["name"], re.compile(rf"\s+[|–—·-]\s+(?:{names})$", re.IGNORECASE))
    return frozenset(lists["themes"]), publishers


def fetch(client: Client, window: Window) -> Iterator[Capture]:
    """The files of the window's quarters of an hour, save the newest, which may still be written."""
    first = max(window.since, FIRST_FILE).astimezone(UTC)
    count = (window.until - SETTLED - first) // EVERY + 2
    start = first - timedelta(minutes=first.minute % 15, seconds=first.second, microseconds=first.microsecond)
    instants = (start + n * EVERY for n in range(max(count, 0)))
    yield from client.each(_page(at) for at in instants if first <= at <= window.until - SETTLED)


def _page(at: datetime) -> Page:
    name = f"{at:%Y%m%d%H%M%S}.gkg.csv.zip"
    return Page(name, f"{ADDRESS}/{name}", immutable=True)


def parse(capture: Capture) -> Parsed:
    """The documents of one file, each address once. Raises Unreadable unless it is a zip of one file of GDELT's rows."""
    met: set[str] = set()
    good = 0
    for line in _read_rows(capture):
        row = line.split("\t")
        if len(row) == COLUMNS:
            good += 1
            item = _read_page(capture, row)
            if isinstance(item, Skipped) or (item is not None and item.document_id not in met):
                yield item
            if isinstance(item, Document):
                met.add(item.document_id)
        elif not good and len(row) in OTHERS:
            yield Skipped(f"a file of GDELT's {OTHERS[len(row)]}, which holds no titles", capture.name)
            return
        else:
            yield Skipped(f"row of {len(row)} columns instead of {COLUMNS}", line[:100])
    if not good:
        raise _unreadable(capture, "no row of a knowledge graph in it")


def _read_rows(capture: Capture) -> Iterator[str]:
    """The lines of the one file in the zip, unpacked bit by bit, so that a small zip cannot fill the memory."""
    size = 0
    try:
        with zipfile.ZipFile(io.BytesIO(capture.body)) as archive:
            members = archive.infolist()
            if len(members) != 1:
                raise _unreadable(capture, f"a zip of {len(members)} files instead of one")
            with archive.open(members[0]) as packed:
                rows = io.BufferedReader(packed, 2**20)  # type: ignore[type-var]  # has all that a raw stream needs
                while row := rows.readline(LONGEST_ROW + 1):
                    size += len(row)
                    if len(row) > LONGEST_ROW or size > MOST_BYTES:
                        raise _unreadable(
                            capture, f"more than {MOST_BYTES:,} bytes or a row of more than {LONGEST_ROW:,}"
                        )
                    line = row.decode("utf-8", "replace").rstrip("\r\n")  # single bytes of Latin-1 occur in addresses
                    if line:
                        yield line
    except Unreadable:
        raise
    except _BROKEN as error:
        raise _unreadable(capture, f"a broken zip ({type(error).__name__}: {error})") from error


def _unreadable(capture: Capture, found: str) -> Unreadable:
    return Unreadable(f"GDELT's file {capture.name}", found, "Look at the kept bytes.")


def _read_page(capture: Capture, row: list[str]) -> Document | Skipped | None:
    """The document that a row stands for, why there is none, or None for one of another publisher or theme."""
    wanted, publishers = _read_lists()
    publisher = publishers.get(row[PUBLISHER].strip().lower())
    themes = {*row[THEMES].split(";"), *(t.partition(",")[0] for t in row[PLACED_THEMES].split(";"))}
    if publisher is None or not themes & wanted:
        return None
    url, seen = row[URL].strip(), _read_instant(row[FILE_INSTANT])
    title = publisher.ending.sub("", clean_text(_find(_TITLE, row[EXTRAS])))[:MAX_TITLE]
    problem = _check_page(row, url, title, seen)
    if problem or seen is None:
        return Skipped(problem, url)
    bracket = bracket_page(seen, _read_instant(_find(_STAMP, row[EXTRAS])), capture.fetched_at)
    if bracket is None:
        return Skipped(f"stamped over {OLDEST.days} days before GDELT met it", url)
    return Document(
        document_id=hash_id(publisher.name, url), source=publisher.name, title=title, summary="", url=url,
        public_lo=bracket[0], public_hi=bracket[1], precision=Precision.CAPTURE,
    )  # fmt: skip


def _check_page(row: list[str], url: str, title: str, seen: datetime | None) -> str:
    """Why the page gives no document, "" if it may."""
    if row[COLLECTION] != "1" or not url.startswith(("https://", "http://")):
        return "not a page of the open web"
    if row[TRANSLATION].strip():
        return "a title in another language"
    if not title:
        return "no title"
    return "" if seen is not None and seen >= FIRST_FILE else "no instant of the file"


def bracket_page(seen: datetime, stamp: datetime | None, fetched_at: datetime) -> tuple[datetime, datetime] | None:
    """Earliest and latest instant (UTC) at which a page became public; None for an old one met again.

    `seen` is the file's instant: what stands in it was public by then, and, without a `stamp` of the publisher that may
    be true, up to a day earlier. A stamp may be an hour of another zone or a mere date, so it never ends the bracket
    before that much has passed: an answer as of an hour does not use a page that was not public yet.
    """
    latest = min(seen, fetched_at)
    if stamp is None or stamp > latest:
        return latest - CAPTURE_LAG, latest
    if stamp < latest - OLDEST:
        return None
    return stamp, min(stamp + STAMP_ERROR, latest)


def _find(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[1] if found else ""


def _read_instant(digits: str) -> datetime | None:
    try:
        return datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=UTC) if len(digits) == 14 else None
    except ValueError:
        return None


SOURCES = (
    Source(
        name="gdelt", publisher="The GDELT Project", address=f"{ADDRESS}/lastupdate.txt",
        licence=(
            "free for any use with a citation of the GDELT Project and a link to https://www.gdeltproject.org/ "
            "(https://www.gdeltproject.org/about.html#termsofuse); the titles are their publishers'"
        ),
        cadence=EVERY, rate=2.0,
        # No day was counted: some 100,000 rows a day in 2026, of which a share like that of other lists of such publishers.
        rows_a_day=(50, 8_000),
        parser_version=1, verified=Verified.DOCS, fetch=fetch, parse=parse, lag=timedelta(days=1),
        optional=True,  # 420 MB a night
    ),
)  # fmt: skip
