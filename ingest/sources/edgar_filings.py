"""A filing at the SEC as its full submission text holds it: header, items, and the documents that are text. For `edgar`.

The format is described in the SEC's "EDGAR Public Dissemination Service, Technical Specification": a header of lines in SGML,
then one `<DOCUMENT>` after another. Pictures, archives, spreadsheets and XBRL may be hundreds of megabytes and are passed over.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from ingest.sources.filing_text import cut_text, read_lines
from kb.errors import Unreadable

NEW_YORK = ZoneInfo("America/New_York")
MOST_TEXT = 5_000_000  # bytes of text documents that are read; the press release stands first among the exhibits
# What is accepted after 17:30 bears the next business day's date (17 CFR 232.13) and is given out from 06:00 of that day.
OPENING = time(6)
_HEADER_END = 200_000  # bytes; a header with many filers is a few tens of thousands long
_TEXT_TYPES = re.compile(rb"8-K(?:/A)?|EX-99(?:\.\d+)?")
_HEADLINE = range(25, 251)  # characters
_NO_HEADLINE = re.compile(
    r"^(?:exhibit|ex-)\s*\d|^(?:for )?immediate release|^(?:news|press)\s+(?:release|announcement)|contacts?:|"
    r"(?:investor|media) relations|@|www\.|https?:|\(?\d{3}\)?[-. ]\d{3}-\d{4}|^p\.?o\.? box|\b[A-Z]{2}\.? \d{5}\b|"
    r"^the following|^note\b|^/s/|\bNYSE:|\bNASDAQ:", re.I,
)  # fmt: skip


@dataclass(frozen=True)
class Item:
    """One item of Form 8-K: its number, heading and our words for it ("" where it is passed over).

    `exhibit` tells that a press release may come with it that speaks of the quarters ahead.
    """

    number: str
    heading: str
    says: str
    exhibit: bool


@dataclass(frozen=True)
class Filing:
    """One filing. `accepted` is an aware UTC instant, or None in old ones without.

    `items` are headings as the SEC wrote them, `texts` pairs of a document's type and its text.
    """

    accession: str
    form: str
    accepted: datetime | None
    filed: date | None
    ciks: tuple[str, ...]
    items: tuple[str, ...]
    texts: tuple[tuple[str, str], ...]

    @property
    def public_at(self) -> datetime | date | None:
        """When everybody could read it, an aware UTC instant; the day it was filed where no hour is on record."""
        if self.accepted is None or self.filed is None:
            return self.accepted or self.filed
        if self.filed > self.accepted.astimezone(NEW_YORK).date():
            return datetime.combine(self.filed, OPENING, NEW_YORK).astimezone(UTC)
        return self.accepted

    def lines_of(self, kind: str) -> list[str]:
        """The lines of the first document whose type begins so ("8-K", "EX-99"); none if there is none."""
        return next((read_lines(text) for name, text in self.texts if name.startswith(kind)), [])


@cache
def read_items() -> Mapping[str, Item]:
    """The items of `edgar_items.toml` by the beginnings of their headings, plain."""
    with (Path(__file__).parent / "edgar_items.toml").open("rb") as file:
        listed = tomllib.load(file)["item"]
    return {
        _plain(entry[key]): Item(entry["number"], entry["heading"], entry.get("says", ""), entry.get("exhibit", False))
        for entry in listed for key in ("heading", "older") if key in entry
    }  # fmt: skip


def find_item(heading: str) -> Item | None:
    """The item whose heading begins as this one does, or None for a heading that the list does not know."""
    plain = _plain(heading)
    return next((item for start, item in read_items().items() if plain.startswith(start)), None)


def read_filing(body: bytes) -> Filing:
    """The filing in the bytes of a full submission text. Raises Unreadable for anything else and for one that was cut off."""
    end = body.find(b"</SEC-HEADER>", 0, _HEADER_END)
    if end < 0 or not re.match(rb"\s*(?:-----BEGIN PRIVACY|<SEC-DOCUMENT>|<SEC-HEADER>)", body[:200]):
        raise _unreadable("no header of a submission")
    if b"</SEC-DOCUMENT>" not in body[-2_000:] and b"-----END PRIVACY" not in body[-2_000:]:
        raise _unreadable("a submission that was cut off")
    header = _decode(body[:end])
    accession = _field(header, "ACCESSION NUMBER:")
    if not re.fullmatch(r"\d{10}-\d\d-\d{6}", accession):
        raise _unreadable(f"accession number {accession!r}")
    return Filing(
        accession=accession, form=_field(header, "CONFORMED SUBMISSION TYPE:"),
        accepted=_read_instant(_field(header, "<ACCEPTANCE-DATETIME>")), filed=_read_day(_field(header, "FILED AS OF DATE:")),
        ciks=tuple(re.findall(r"^\s*CENTRAL INDEX KEY:\s*(\d{10})\s*$", header, re.M)),
        items=tuple(i.strip() for i in re.findall(r"^ITEM INFORMATION:[ \t]*(\S.*)$", header, re.M)),
        texts=tuple(_read_texts(body, end)),
    )  # fmt: skip


def find_headline(lines: list[str]) -> str:
    """The first line of a press release that reads as a heading, at most 200 characters; "" if text begins without one."""
    for line in lines[:40]:
        text = line.replace("\t", " ")
        if len(text) >= _HEADLINE.stop:
            return ""
        if len(text) >= _HEADLINE.start and len(text.split()) >= 4 and not _NO_HEADLINE.search(text):
            return cut_text(text, 200)
    return ""


def find_statement(lines: list[str], item: Item) -> str:
    """The first paragraph under an item of the form itself, at most 200 characters; "" if its heading is not found."""
    heading = re.compile(rf"item\s*{re.escape(item.number)}\b", re.I)
    start = next((at for at, line in enumerate(lines) if heading.match(line)), None)
    for line in lines[start + 1 :] if start is not None else []:
        if re.match(r"item\s*\d|signatures?\b", line, re.I):
            return ""
        if len(line) >= 40 and not _plain(item.heading).startswith(_plain(line)) and find_item(line) != item:
            return cut_text(line.replace("\t", " "), 200)
    return ""


def _read_texts(body: bytes, start: int) -> Iterator[tuple[str, str]]:
    """Type and text of the documents that may be read, up to the limit of bytes."""
    left = MOST_TEXT
    while left > 0 and (start := body.find(b"<DOCUMENT>", start)) >= 0:
        text = body.find(b"<TEXT>", start)
        end = body.find(b"</TEXT>", text)
        if text < 0 or end < 0:
            return
        kind = re.search(rb"<TYPE>([^\r\n<]*)", body[start:text])
        if kind and _TEXT_TYPES.fullmatch(kind[1].strip()):
            yield kind[1].strip().decode("ascii"), _decode(body[text + 6 : min(end, text + 6 + left)])
            left -= end - text
        start = end


def _field(header: str, name: str) -> str:
    match = re.search(rf"^{re.escape(name)}[ \t]*(\S.*?)\s*$", header, re.M)
    return match[1] if match else ""


def _read_instant(text: str) -> datetime | None:
    """An aware UTC instant out of 20260306161125, which is New York's clock."""
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=NEW_YORK).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _read_day(text: str) -> date | None:
    try:
        return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007 - a day, no instant
    except ValueError:
        return None


def _decode(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", text.lower()).strip()


def _unreadable(found: str) -> Unreadable:
    return Unreadable(
        "Full submission text of the SEC", found, "Look at the kept bytes; the night asks for the page again."
    )
