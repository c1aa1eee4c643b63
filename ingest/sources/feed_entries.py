"""The entries of a feed out of its bytes: RSS and Atom of any version, however ill-formed, and JSON Feed 1 and 1.1.

feedparser reads XML; it knows no JSON Feed, which is read here. Nothing of meaning is decided: the texts are the
publisher's, and `ingest.sources.rss` makes documents of them.
"""

from __future__ import annotations

import calendar
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kb.errors import Unreadable

JSON_FEED = "https://jsonfeed.org/version/"  # how the `version` of every JSON Feed begins
_ENDED = re.compile(rb"</\s*(?:\w+:)?(?:rss|feed|rdf)\s*>", re.I)
# What is quoted whole, a reference by number, or an ampersand that begins no reference ("AT&T").
_AMPERSAND = re.compile(rb"<!\[CDATA\[.*?(?:\]\]>|\Z)|&(?:#(?:x([0-9a-f]+)|([0-9]+));|(?!#|[a-z]\w*;))", re.I | re.S)
_NO_CHARACTER = b"&#xFFFD;"
_PROGRAM = re.compile(r"<(script|style)\b.*?(?:</\1\s*>|\Z)", re.I | re.S)  # its text is no text of the item's


@dataclass(frozen=True)
class Entry:
    """One entry as its publisher wrote it; a text that is missing is empty.

    `date` is the text of the publication, else of the last change; `date_read` the instant (UTC) that feedparser makes of
    it; `publisher` who wrote the item where an aggregator says so; `cut` that the bytes end within it.
    """

    native: str
    link: str
    title: str
    summary: str
    date: str
    date_read: datetime | None = None
    publisher: str = ""
    cut: bool = False


def read_entries(body: bytes, content_type: str, feed: str) -> list[Entry]:
    """The entries in the order of the feed, none for an empty feed. `feed` is named in the error.

    Raises Unreadable for what is no feed (a page of HTML, a sitemap, any other JSON), is cut before its first entry, or
    breaks feedparser.
    """
    start = body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if not start:
        raise _refuse(feed, "it is empty")
    return list(_read_json(body, feed)) if start in b"{[" else _read_xml(body, content_type, feed)


def _read_xml(body: bytes, content_type: str, feed: str) -> list[Entry]:
    import feedparser

    try:
        # A stream: of bare bytes feedparser would first try whether they name a file.
        found = feedparser.parse(
            io.BytesIO(_mend_ampersands(body)), response_headers={"content-type": content_type} if content_type else {},
            sanitize_html=False, resolve_relative_uris=False,
        )  # fmt: skip
    except Exception as error:  # hostile bytes break it in many ways: AssertionError, ValueError, RecursionError
        raise _refuse(feed, f"feedparser fails on it with {type(error).__name__}") from error
    if not found["version"]:
        raise _refuse(feed, f"it is no RSS or Atom; it begins with {body[:40]!r}")
    cut = bool(found["bozo"]) and not _ENDED.search(body.replace(b"\0", b""))
    entries = [_make_entry(entry) for entry in found["entries"]]
    if cut and not entries:
        raise _refuse(feed, "it ends before its first entry")
    if cut:
        entries[-1] = Entry(**{**vars(entries[-1]), "cut": True})
    return entries


def _mend_ampersands(body: bytes) -> bytes:
    """The bytes without the two commonest faults of feeds, on which feedparser fails whole or writes "AT&T;".

    A bare ampersand becomes a reference, and a reference to what is no character ("&#55357;", half an emoji) the
    replacement character. Encodings in which a byte of "&" may be half of another letter are left alone.
    """
    if b"\0" in body or b"\x1b" in body:
        return body
    return _AMPERSAND.sub(_mend, body)


def _mend(found: re.Match[bytes]) -> bytes:
    digits = found[1] or found[2]
    if digits is None:
        return b"&amp;" if found[0] == b"&" else found[0]
    code = int(digits.lstrip(b"0")[:8] or b"0", 16 if found[1] else 10)
    return found[0] if 0 < code < 0xD800 or 0xDFFF < code < 0x110000 else _NO_CHARACTER


def _make_entry(entry: dict[str, Any]) -> Entry:
    # dict.get: feedparser's own lookup takes the publication for a missing change, and warns of it.
    dated = "published" if _text(entry, "published") else "updated"
    source = dict.get(entry, "source")
    return Entry(
        native=_text(entry, "id"), link=_text(entry, "link"), title=_text(entry, "title"), summary=_text(entry, "summary"),
        date=_text(entry, dated), date_read=_read_struct(dict.get(entry, f"{dated}_parsed")),
        publisher=_text(source, "title") if isinstance(source, dict) else "",
    )  # fmt: skip


def _read_struct(parsed: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(calendar.timegm(parsed), UTC) if parsed else None
    except (ValueError, OverflowError, OSError):
        return None


def _read_json(body: bytes, feed: str) -> Iterator[Entry]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _refuse(feed, f"it is no JSON, {error}") from error
    version = found.get("version") if isinstance(found, dict) else None
    items = found.get("items") if isinstance(found, dict) else None
    if not isinstance(version, str) or not version.startswith(JSON_FEED) or not isinstance(items, list):
        raise _refuse(feed, "it is JSON but no JSON Feed")
    for item in items:
        yield _make_json_entry(item if isinstance(item, dict) else {})


def _make_json_entry(item: dict[str, Any]) -> Entry:
    """An item of JSON Feed 1.1; an id that is a number is one all the same, as the specification asks of readers."""
    native = item.get("id")
    if isinstance(native, int | float) and not isinstance(native, bool):
        native = str(native)
    return Entry(
        native=_text({"id": native}, "id"), link=_text(item, "url") or _text(item, "external_url"), title=_text(item, "title"),
        summary=_text(item, "summary") or _text(item, "content_text") or _text(item, "content_html"),
        date=_text(item, "date_published") or _text(item, "date_modified"),
    )  # fmt: skip


def _text(entry: dict[str, Any], name: str) -> str:
    value = dict.get(entry, name)
    # JSON can spell half a surrogate pair, which no database stores.
    if not isinstance(value, str):
        return ""
    return (_PROGRAM.sub("", value) if "<" in value else value).strip().encode("utf-8", "replace").decode()


def _refuse(feed: str, found: str) -> Unreadable:
    return Unreadable(f"Feed {feed}", found, "Open its address; if it moved, correct it in ingest/sources/feeds.toml.")
