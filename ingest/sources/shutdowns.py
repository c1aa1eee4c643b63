"""Shutdowns of the US government: whether it is open today, and the lapses and deadlines of the past.

Reads the operating status that the Office of Personnel Management publishes, which also tells of snow and heat: only a
lapse of funding gives a document. Past lapses and stopgaps are facts in `shutdowns.toml`, told with every capture; what
Congress does about the next one comes from `ingest.sources.congress`.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from ingest.documents import make_document
from ingest.source import Capture, Client, Page, Parsed, Skipped, Source, Verified, Window
from kb.errors import Unreadable

ADDRESS = "https://www.opm.gov/json/operatingstatus.json"
OPM, CRS, CONGRESS = "Office of Personnel Management", "Congressional Research Service", "Congress.gov"
REPORT = "https://crsreports.congress.gov/product/details?prodcode=RS20348"
ICONS = {"Open", "Alert", "Closed"}  # https://www.opm.gov/developer/documentation/status-types-api/
_LAPSE = re.compile(
    r"lapse (in|of) (appropriations|funding)|funding lapse|government shutdown|shutdown furlough", re.IGNORECASE
)
_POSTED = re.compile(r"/Date\((-?\d{1,15})(?:[+-]\d{4})?\)/")  # milliseconds since 1970, UTC


@cache
def _read_facts() -> dict[str, list[dict[str, Any]]]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))


def fetch(client: Client, window: Window) -> Iterator[Capture]:
    """The status of today: there is one page, whatever the window."""
    assert window.since <= window.until
    yield client.get(Page("status", ADDRESS))


def parse(capture: Capture) -> Parsed:
    """The facts of the past, then today's status if it tells of a lapse. Raises Unreadable."""
    status = _read_status(capture)
    for lapse in _read_facts()["lapse"]:
        yield from _tell_lapse(capture, lapse)
    for stopgap in _read_facts()["stopgap"]:
        title = f"US stopgap law signed: government funded through {_spell(stopgap['through'])}"
        source, url = _find_authority(stopgap)
        yield make_document(capture, source, title, stopgap["day"], url=url)
    yield from _tell_status(capture, status)


def _tell_lapse(capture: Capture, lapse: dict[str, Any]) -> Parsed:
    part = f" of {lapse['part']}" if "part" in lapse else ""
    days = (lapse["until"] - lapse["from"]).days
    begun = f"US government shutdown{part} begins as funding lapses"
    over = f"US government shutdown{part} ends after {days} full day{'s' if days > 1 else ''}"
    source, url = _find_authority(lapse)
    yield make_document(capture, source, begun, lapse["from"], native=f"lapse/{lapse['from']}", url=url)
    yield make_document(capture, source, over, lapse["until"], native=f"restored/{lapse['from']}", url=url)


def _find_authority(fact: dict[str, Any]) -> tuple[str, str]:
    """Who says so, and where: the law, what the entry names, or else the report that lists the lapses."""
    if "law" in fact:
        congress, number = fact["law"].split("-")
        return CONGRESS, f"https://www.congress.gov/{congress}/plaws/publ{number}/PLAW-{congress}publ{number}.htm"
    return fact.get("source", CRS), fact.get("url", REPORT)


def _spell(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _read_status(capture: Capture) -> dict[str, Any]:
    try:
        status = json.loads(capture.body)
    except (ValueError, RecursionError):
        status = None
    if not isinstance(status, dict) or not isinstance(status.get("StatusSummary"), str):
        found = f"no StatusSummary, but {capture.body[:60]!r}"
        raise Unreadable("operating status of the US government", found, "Look at the kept bytes.")
    return status


def _tell_status(capture: Capture, status: dict[str, Any]) -> Parsed:
    fields = ("StatusSummary", "ShortStatusMessage", "LongStatusMessage", "ExtendedInformation")
    summary, *others = (_text(status, f) for f in fields)
    if _text(status, "Icon") not in ICONS:
        yield Skipped("operating status with an unknown icon", str(status.get("Icon"))[:100])
    if not _LAPSE.search(" ".join([summary, *others])):
        yield Skipped("operating status without a lapse of funding", summary[:200])
        return
    at, applies = _find_posted(status), _text(status, "AppliesTo")
    if at is None:
        yield Skipped("operating status posted at no instant", str(status.get("DateStatusPosted"))[:100])
        return
    title = f"US government operates under a lapse in funding: {summary}"
    native = f"status/{at.isoformat()}/{applies}"
    told = " ".join([applies, *others])
    yield make_document(capture, OPM, title, at, native=native, url=_text(status, "Url") or ADDRESS, summary=told)


def _find_posted(status: dict[str, Any]) -> datetime | None:
    found = _POSTED.fullmatch(_text(status, "DateStatusPosted"))
    try:
        return datetime.fromtimestamp(int(found[1]) / 1000, UTC) if found else None
    except (ValueError, OverflowError, OSError):
        return None


def _text(status: dict[str, Any], field: str) -> str:
    """The text of a field, "" where there is none; half a surrogate pair, which JSON can spell, is replaced."""
    value = status.get(field)
    return value.strip().encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else ""


SOURCES = (
    Source(
        name="shutdowns", publisher=OPM, address=ADDRESS, cadence=timedelta(days=1), rate=1.0,
        licence="public domain: a work of the US government",
        rows_a_day=(25, 60), parser_version=1, verified=Verified.DOCS, fetch=fetch, parse=parse,
    ),
)  # fmt: skip
