"""Lists for people and programs: falls, events, and the earlier falls most like one session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kb.compose import Question, ensure_home, find_lead
from kb.dates import parse_day, parse_instant
from kb.errors import BadInput
from kb.markets import find_market
from kb.mart import open_mart
from kb.settings import Home
from kb.sql_steps import fetch_rows, read_query
from kb.taxonomy import read_taxonomy

KINDS = ("jump", "slide", "episode")
NEAREST = 20  # earlier falls, each of another crisis, over which what came next is summed up
BEGINNING = "1900-01-01"  # earlier than any price series


def list_selloffs(home: Home, market: str | None, since: str | None, kind: str | None) -> list[dict[str, Any]]:
    """Falls, the latest first: of one market, else of all named ones. Raises BadInput, NotFound."""
    if kind is not None and kind not in KINDS:
        raise BadInput(f"Kind {kind!r}", "no such kind of fall", f"Use one of {', '.join(KINDS)}.")
    with open_mart(home) as connection:
        known = frozenset(r["market"] for r in fetch_rows(connection, "SELECT market FROM market"))
        asked = {
            "market": find_market(market, known) if market else None,
            "since": parse_day(since).isoformat() if since else BEGINNING,
            "kind": kind,
        }
        return fetch_rows(connection, read_query("selloffs"), asked)


def list_events(home: Home, type_: str | None, since: str | None, most: int) -> list[dict[str, Any]]:
    """At most `most` events, the latest first, of one trigger type or of all. Raises BadInput."""
    if type_ is not None and type_ not in read_taxonomy():
        raise BadInput(f"Type {type_!r}", "no such trigger type", f"Use one of {', '.join(read_taxonomy())}.")
    with open_mart(home) as connection:
        asked = {"type": type_, "since": parse_day(since).isoformat() if since else BEGINNING, "most": most}
        return fetch_rows(connection, read_query("events"), asked)


@dataclass(frozen=True)
class Analogues:
    """The earlier falls of a market most like one session, nearest first, and what came after them by horizon."""

    market: str
    date: str
    as_of: str | None
    falls: list[dict[str, Any]]
    after: list[dict[str, Any]]


def find_analogues(home: Home, day: str, market: str | None, as_of: str | None) -> Analogues:
    """Falls like the one of a session, with what came next as far as it was known by then. Raises as `kb.why`."""
    instant = parse_instant(as_of) if as_of else None
    question = Question(parse_day(day), market, instant)
    ensure_home(home)
    with open_mart(home) as connection:
        lead, _ = find_lead(connection, question)
        place = {"market": lead.market, "session": question.session}
        falls = fetch_rows(connection, read_query("analogues_on"), {**place, "most": NEAREST})
        named = [f["date"] for f in falls]
        after = fetch_rows(connection, read_query("analogues_after"), {**place, "falls": named})
    told = instant.strftime("%Y-%m-%dT%H:%M:%SZ") if instant else None
    return Analogues(lead.market, question.session.isoformat(), told, falls, after)
