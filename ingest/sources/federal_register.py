"""Executive orders, proclamations on trade, and rules on tariffs and exports, from the Federal Register's API (v1).

A document is signed days before it is printed, and laid out for public inspection in between, with the minute of
filing. So both lists are read: what is on public inspection, and what was printed. They share the document's number,
and so one document id; the record that comes first is kept. What is asked for stands in `federal_register.toml`.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from ingest.documents import make_document
from ingest.source import Capture, Client, Page, Parsed, Skipped, Source, Verified, Window
from kb.errors import Unreadable
from kb.records import Document

API = "https://www.federalregister.gov/api/v1"
PUBLISHER = "Federal Register"
NEW_YORK = ZoneInfo("America/New_York")
# Regular filings are laid out at 08:45 on the working day before they are printed, and taken away when the issue is out
# (https://www.archives.gov/federal-register/public-inspection/about.html): by that hour of its day an issue is public.
OUT_BY = time(8, 45)
PER_PAGE = 1000  # the most that the API gives
FIELDS = (
    "document_number", "title", "type", "subtype", "executive_order_number", "signing_date", "publication_date", "html_url",
    "abstract", "agency_names",
)  # fmt: skip
KINDS = {"Presidential Document", "Rule", "Proposed Rule", "Notice", "Correction", "Uncategorized Document"}
INSPECTION, PRINTED = "inspection", "printed"


@cache
def _read_searches() -> dict[str, dict[str, Any]]:
    listed = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))["search"]
    return {s["name"]: {**s, "keep": re.compile(s["keep"], re.IGNORECASE)} for s in listed}


def fetch(client: Client, window: Window) -> Iterator[Capture]:
    """What lay on public inspection on each working day of the window, then what was printed in it, page by page."""
    since, until = (at.astimezone(NEW_YORK).date() for at in (window.since, window.until))
    days = [since + timedelta(days=n) for n in range((until - since).days + 1)]
    working = [d for d in days if d.isoweekday() <= 5]
    yield from client.each(_inspection_page(d, done=d < until - timedelta(days=1)) for d in working)
    for search in _read_searches().values():
        page = 1
        while True:
            capture = client.get(_printed_page(search, since, until, page))
            yield capture
            if page >= _count_pages(capture):
                break
            page += 1


def _inspection_page(day: date, *, done: bool) -> Page:
    # The API passes over every other condition and gives the day's whole list, a hundred documents or two.
    url = f"{API}/public-inspection-documents.json?{urlencode({'conditions[available_on]': day.isoformat()})}"
    return Page(f"{INSPECTION}/{day}", url, immutable=done)


def _printed_page(search: dict[str, Any], since: date, until: date, page: int) -> Page:
    # Names occur several times, which a mapping of parameters cannot hold: the question is part of the address.
    conditions = [(f"conditions[{_bracketed(name)}", value) for name, value in search["ask"]]
    conditions += [("conditions[publication_date][gte]", str(since)), ("conditions[publication_date][lte]", str(until))]
    fields = [("fields[]", name) for name in FIELDS]
    asked = urlencode([*conditions, *fields, ("order", "oldest"), ("per_page", PER_PAGE), ("page", page)])
    return Page(f"{PRINTED}/{search['name']}/{page}", f"{API}/documents.json?{asked}")


def _bracketed(name: str) -> str:
    return name.replace("[]", "][]") if name.endswith("[]") else f"{name}]"


def _count_pages(capture: Capture) -> int:
    """How many pages the answer says there are; one if it cannot be read, which `parse` reports."""
    try:
        pages = _read_body(capture).get("total_pages")
    except Unreadable:
        return 1
    return pages if isinstance(pages, int) else 1


def _read_body(capture: Capture) -> dict[str, Any]:
    try:
        body = json.loads(capture.body)
    except (ValueError, RecursionError):
        body = None
    # An answer without documents has a count of 0 and no list at all.
    if not isinstance(body, dict) or not isinstance(body.get("results", [] if body.get("count") == 0 else None), list):
        found = f"no list of documents, but {capture.body[:60]!r}"
        raise Unreadable(f"answer of the Federal Register to {capture.name}", found, "Look at the kept bytes.")
    return body


def parse(capture: Capture) -> Parsed:
    """The documents of one answer, and one note of how many were passed over. Raises Unreadable."""
    where, _, rest = capture.name.partition("/")
    search = _read_searches().get(rest.partition("/")[0])
    if where != INSPECTION and (where != PRINTED or search is None):
        raise Unreadable(f"page {capture.name} of the Federal Register", "no such page is asked for", "Remove it.")
    passed = 0
    for item in _read_body(capture).get("results", []):
        problem = _check_item(item)
        if problem:
            yield Skipped(problem, str(item)[:200])
        elif not (_is_wanted(item) if search is None else search["keep"].search(item["title"])):
            passed += 1
        elif where == INSPECTION:
            yield _make_filed(capture, item)
        else:
            yield _make_printed(capture, item)
    if passed:
        yield Skipped("documents of no interest to markets", str(passed))


def _check_item(item: Any) -> str:
    """What is wrong with an item; "" for nothing."""
    if not isinstance(item, dict):
        return "no object"
    for field in ("document_number", "title", "type", "html_url"):
        if not isinstance(item.get(field), str) or not item[field].strip():
            return f"no {field}"
    return "" if item["type"] in KINDS else f"type {item['type']!r} is not known"


def _is_wanted(item: dict[str, Any]) -> bool:
    """Whether a document on public inspection is one that a search would find; its list names no kind of order."""
    searches = _read_searches()
    if item["type"] == "Presidential Document":
        heading = " ".join(_text(item, f) for f in ("toc_subject", "subject_1", "title")).lower()
        return "executive order" in heading or bool(searches["proclamations"]["keep"].search(item["title"]))
    agencies = item.get("agencies")
    slugs = {_text(a, "slug") for a in agencies if isinstance(a, dict)} if isinstance(agencies, list) else set()
    asked = {value for name, value in searches["trade"]["ask"] if name == "agencies[]"}
    return not asked.isdisjoint(slugs) and bool(searches["trade"]["keep"].search(item["title"]))


def _make_filed(capture: Capture, item: dict[str, Any]) -> Document | Skipped:
    try:
        filed = datetime.fromisoformat(_text(item, "filed_at"))
    except ValueError:
        return Skipped("filed at no instant", str(item.get("filed_at")))
    if filed.tzinfo is None:
        return Skipped("filed at an hour without its zone", str(item["filed_at"]))
    return _make(capture, item, filed, None)


def _make_printed(capture: Capture, item: dict[str, Any]) -> Document | Skipped:
    printed, signed = (_day(item, field) for field in ("publication_date", "signing_date"))
    if printed is None:
        return Skipped("printed on no day", str(item.get("publication_date")))
    # Signed on that day at an hour that is not told: the day stands as its first minute, as days do here.
    happened = None if signed is None else datetime.combine(signed, time(), UTC)
    return _make(capture, item, datetime.combine(printed, OUT_BY, NEW_YORK), happened)


def _make(capture: Capture, item: dict[str, Any], at: datetime, happened: datetime | None) -> Document | Skipped:
    number = item.get("executive_order_number")
    kind = _text(item, "subtype")
    if kind == "Executive Order" and isinstance(number, int | str) and number:
        lead = f"Executive Order {number}: "
    elif item["type"] == "Presidential Document":
        lead = f"{kind or 'Presidential document'}: "
    else:
        lead = f"{_name_agency(item)}: "
    return make_document(
        capture, PUBLISHER, _clean(lead + item["title"]), at, native=_clean(item["document_number"]),
        url=_clean(item["html_url"]), summary=_text(item, "abstract"), happened_at=happened,
    )  # fmt: skip


def _name_agency(item: dict[str, Any]) -> str:
    """The office that speaks: the last named, as a department stands before its bureau."""
    names = item.get("agency_names")
    named = [n for n in names if isinstance(n, str) and n.strip()] if isinstance(names, list) else []
    return named[-1] if named else item["type"]


def _text(item: dict[str, Any], field: str) -> str:
    value = item.get(field)
    return _clean(value) if isinstance(value, str) else ""


def _clean(text: str) -> str:
    # JSON can spell half a surrogate pair, which no database stores.
    return text.encode("utf-8", "replace").decode("utf-8")


def _day(item: dict[str, Any], field: str) -> date | None:
    try:
        return date.fromisoformat(_text(item, field))
    except ValueError:
        return None


SOURCES = (
    Source(
        name="federal-register", publisher=PUBLISHER, address=f"{API}/documents.json",
        licence="public domain: a work of the US government (https://www.federalregister.gov/reader-aids/developer-resources)",
        cadence=timedelta(days=1), rate=1.0, rows_a_day=(0, 40), parser_version=1, verified=Verified.DOCS,
        fetch=fetch, parse=parse, lag=timedelta(days=4),
    ),
)  # fmt: skip
