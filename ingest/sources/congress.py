"""Nominations to offices that steer markets, and bills that fund the government, from the API of congress.gov (v3).

Nominations come as lists of those updated in the window; each gives the day it was received and, once there is one, the
decision. For bills the lists are read only to find those on funding and debt; what is kept is their actions. Which
offices, bills and actions count stands in `congress.toml`.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ingest.documents import make_document
from ingest.source import Capture, Client, Page, Parsed, Skipped, Source, Verified, Window
from kb.errors import Unreadable
from kb.records import Document

API = "https://api.congress.gov/v3"
SITE = "https://www.congress.gov"
PUBLISHER = "Congress.gov"
KEY = "CONGRESS_API_KEY"  # free: https://api.congress.gov/sign-up/
LIMIT = 250  # the most that the API gives in one answer
MOST_PAGES = 40  # lists of a window: 10,000 bills
NEW_YORK = ZoneInfo("America/New_York")  # the clock of both chambers
BILL_TYPES = {"hr": ("H.R.", "house-bill"), "hjres": ("H.J.Res.", "house-joint-resolution"), "s": ("S.", "senate-bill")}
_ACTIONS = re.compile(r"([a-z-]+)/(\d{2,3})/(hr|hjres|s)/(\d{1,5})")
# "Kevin Warsh, of Florida, to be Chairman of … for a term of four years, vice Jerome H. Powell"
_NOMINEE = re.compile(r"(?P<who>.+?), of (?:the )?[^,]+, to be (?:an? )?(?P<office>.+)", re.DOTALL)
_OFFICE_END = re.compile(r",? for (?:a|the) (?:\w+ )?(?:term|remainder)\b|, vice |\. |\.$| \((?:New|Re)")


@cache
def _read_lists() -> dict[str, Any]:
    lists = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
    for name, flags in (("office", re.IGNORECASE), ("bill", re.IGNORECASE), ("decision", 0), ("step", 0)):
        for entry in lists[name]:
            entry["pattern"] = re.compile(entry["pattern"], flags)
    return lists


def fetch_nominations(client: Client, window: Window) -> Iterator[Capture]:
    """The nominations updated in the window, all pages, of each Congress that sat in it."""
    for congress in _list_congresses(window):
        yield from _fetch_list(client, window, f"nominations/{congress}", f"nomination/{congress}")


def fetch_bills(client: Client, window: Window) -> Iterator[Capture]:
    """The actions on each funding bill updated in the window; the lists in which the bills are found are not handed on.

    A list that cannot be read is handed on, so that `parse` reports it.
    """
    for congress in _list_congresses(window):
        for kind in BILL_TYPES:
            pages = []
            for listed in _fetch_list(client, window, f"bills/{congress}/{kind}", f"bill/{congress}/{kind}"):
                try:
                    bills = _read_items(listed, "bills")
                except Unreadable:
                    yield listed
                    continue
                for number, sort in _find_funding(bills):
                    pages.append(
                        _make_page(f"{sort}/{congress}/{kind}/{number}", f"bill/{congress}/{kind}/{number}/actions")
                    )
            yield from client.each(pages)


def _find_funding(bills: list[Any]) -> Iterator[tuple[str, str]]:
    """Number and sort of those bills whose title is one of `congress.toml`."""
    for bill in bills:
        number, title = _text(bill, "number"), _text(bill, "title")
        sort = next((b["name"] for b in _read_lists()["bill"] if b["pattern"].search(title)), "")
        if sort and re.fullmatch(r"\d{1,5}", number, re.ASCII):
            yield number, sort


def _list_congresses(window: Window) -> list[int]:
    return sorted({number_congress(at.astimezone(NEW_YORK).date()) for at in (window.since, window.until)})


def number_congress(day: date) -> int:
    """The Congress that sits on a day: a new one begins at noon on 3 January of odd years, the first in 1789."""
    year = day.year - (day < date(day.year, 1, 3))
    return (year - 1789) // 2 + 1


def _ordinal(number: int) -> str:
    """119 -> "119th", 121 -> "121st", as addresses on congress.gov have it."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if number % 100 in (11, 12, 13) else ending}"


def _fetch_list(client: Client, window: Window, name: str, path: str) -> Iterator[Capture]:
    for n in range(MOST_PAGES):
        # Oldest first: what is updated meanwhile moves to the end, so that no row slips between two pages.
        extra = {"offset": str(n * LIMIT), "sort": "updateDate asc"}
        extra |= {
            "fromDateTime": f"{window.since:%Y-%m-%dT%H:%M:%SZ}",
            "toDateTime": f"{window.until:%Y-%m-%dT%H:%M:%SZ}",
        }
        capture = client.get(_make_page(f"{name}/{n}", path, extra))
        yield capture
        if (n + 1) * LIMIT >= _count(capture):
            return


def _make_page(name: str, path: str, extra: dict[str, str] | None = None) -> Page:
    params = {"format": "json", "limit": str(LIMIT), **(extra or {})}
    return Page(name, f"{API}/{path}", params=params, secrets={"api_key": KEY})


def _count(capture: Capture) -> int:
    """How many items the whole list has; none if the answer cannot be read, which `parse` reports."""
    try:
        pagination = _read_body(capture).get("pagination")
    except Unreadable:
        return 0
    count = pagination.get("count") if isinstance(pagination, dict) else 0
    return count if isinstance(count, int) else 0


def _read_body(capture: Capture) -> dict[str, Any]:
    try:
        body = json.loads(capture.body)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise Unreadable(
            f"answer of congress.gov to {capture.name}", f"no JSON, but {capture.body[:60]!r}", "See the kept bytes."
        )
    return body


def _read_items(capture: Capture, field: str) -> list[Any]:
    items = _read_body(capture).get(field)
    if not isinstance(items, list):
        raise Unreadable(f"answer of congress.gov to {capture.name}", f"no list of {field}", "Look at the kept bytes.")
    return items


def parse_nominations(capture: Capture) -> Parsed:
    """What happened to nominations of one list, and one note of how many were to other offices. Raises Unreadable."""
    passed = 0
    for item in _read_items(capture, "nominations"):
        description = _text(item, "description")
        found = _NOMINEE.fullmatch(description)
        number, congress = _text(item, "citation"), item.get("congress") if isinstance(item, dict) else None
        if not description or not number or not isinstance(congress, int):
            yield Skipped("nomination without description, citation or Congress", str(item)[:200])
            continue
        office = _OFFICE_END.split(found["office"], maxsplit=1)[0].strip(" ,.") if found else ""
        if found is None or not any(o["pattern"].search(office) for o in _read_lists()["office"]):
            passed += 1
            continue
        yield from _tell_nomination(capture, item, found["who"].strip(), office, f"{congress}/{number}")
    if passed:
        yield Skipped("nominations to other offices", str(passed))


def _tell_nomination(capture: Capture, item: dict[str, Any], who: str, office: str, native: str) -> Parsed:
    url = f"{SITE}/nomination/{_ordinal(item['congress'])}-congress/{native.partition('/PN')[2].replace('-', '/')}"
    told = _text(item, "description")
    title = f"President nominates {who} as {office}"
    received = _day(item.get("receivedDate"))
    yield make_document(capture, PUBLISHER, title, received, native=f"{native}/received", url=url, summary=told)
    latest = item.get("latestAction")
    words, day = _text(latest, "text"), _day(latest.get("actionDate")) if isinstance(latest, dict) else None
    for decision in _read_lists()["decision"]:
        if decision["pattern"].match(words):
            title = decision["says"].format(who=who, office=office)
            key = f"{native}/{decision['says']}"
            yield make_document(capture, PUBLISHER, title, day, native=key, url=url, summary=f"{words} {told}")
            break


def parse_bills(capture: Capture) -> Parsed:
    """The decisive steps of one funding bill, and one note of how many actions were none. Raises Unreadable."""
    found = _ACTIONS.fullmatch(capture.name)
    sorts = {b["name"]: b["says"] for b in _read_lists()["bill"]}
    if found is None or found[1] not in sorts:
        raise Unreadable(f"page {capture.name} of congress.gov", "no actions of a bill", "Look at the kept bytes.")
    sort, congress, kind, number = found.groups()
    bill = f"{sorts[sort]} {BILL_TYPES[kind][0]} {number}"
    url = f"{SITE}/bill/{_ordinal(int(congress))}-congress/{BILL_TYPES[kind][1]}/{number}"
    passed = 0
    for action in _read_items(capture, "actions"):
        words = _text(action, "text")
        step = next((s for s in _read_lists()["step"] if s["pattern"].match(words)), None)
        if step is None:
            passed += 1
        else:
            yield _tell_step(capture, action, step["says"].format(bill=bill), url)
    if passed:
        yield Skipped("actions that decide nothing", str(passed))


def _tell_step(capture: Capture, action: dict[str, Any], title: str, url: str) -> Document | Skipped:
    day = _day(action.get("actionDate"))
    native = f"{capture.name}/{day}/{title}"
    at = None if day is None else _find_instant(action, day) or day
    return make_document(capture, PUBLISHER, title, at, native=native, url=url, summary=_text(action, "text"))


def _find_instant(action: dict[str, Any], day: date) -> datetime | None:
    """When an action was taken, if told: the instant of its roll call, else the House's clock."""
    votes = action.get("recordedVotes")
    first = votes[0] if isinstance(votes, list) and votes else None
    try:
        at = datetime.fromisoformat(_text(first, "date"))
        if at.tzinfo is not None and at.astimezone(NEW_YORK).date() == day:
            return at
    except (ValueError, OverflowError):
        pass
    try:
        return datetime.combine(day, time.fromisoformat(_text(action, "actionTime")), NEW_YORK)
    except ValueError:
        return None


def _text(item: Any, field: str) -> str:
    """The text of a field, "" where there is none; half a surrogate pair, which JSON can spell, is replaced."""
    value = item.get(field) if isinstance(item, dict) else None
    return value.strip().encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else ""


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


_TERMS: dict[str, Any] = {
    "publisher": PUBLISHER, "address": API, "cadence": timedelta(days=1), "parser_version": 1, "verified": Verified.DOCS,
    "licence": "public domain: a work of the US government", "needs": (KEY,),
    "rate": 1.0,  # 5,000 requests an hour are allowed (README of LibraryOfCongress/api.congress.gov)
}  # fmt: skip
SOURCES = (
    Source("nominations", fetch=fetch_nominations, parse=parse_nominations, rows_a_day=(0, 40), **_TERMS),
    Source("funding-bills", fetch=fetch_bills, parse=parse_bills, rows_a_day=(0, 60), **_TERMS),
)
