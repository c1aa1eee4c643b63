"""Lists for people and programs: falls, events, and the earlier falls most like one session."""

from __future__ import annotations

from typing import Any

from kb.compose import Question, compose_answer
from kb.dates import parse_day
from kb.errors import BadInput
from kb.markets import find_market
from kb.mart import open_mart
from kb.settings import Home
from kb.sql_steps import fetch_rows, read_query
from kb.taxonomy import read_taxonomy

KINDS = ("jump", "slide", "episode")
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


def list_analogues(home: Home, day: str, market: str | None) -> list[dict[str, Any]]:
    """The five earlier jumps of the market most like this session, nearest first, with what came next."""
    session = parse_day(day)
    with open_mart(home) as connection:
        lead = compose_answer(connection, Question(session, market, None)).market
        return fetch_rows(connection, read_query("analogues_on"), {"market": lead, "session": session})
