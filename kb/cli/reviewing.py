"""Commands of `whyfell review`: recording what a person says, and listing it beside what the machine said."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

from kb.cli.tables import print_rows
from kb.settings import Home

Said = tuple[str, str]  # who, why


def run_judge(home: Home, action: str, day: str, type_: str, market: str | None, said: Said) -> None:
    """Record that a cause is accepted or rejected. Raises as `kb.review.judge_cause`."""
    rooms = import_module("kb.review")
    _tell(rooms.judge_cause(home, action, day, type_, market, by=rooms.Reviewer(*said)))


def run_cause(home: Home, day: str, type_: str, market: str | None, document: str, said: Said) -> None:
    """Record a cause that a document gives. Raises as `kb.review.add_cause`."""
    rooms = import_module("kb.review")
    _tell(rooms.add_cause(home, day, type_, market, document=document, by=rooms.Reviewer(*said)))


def run_retag(home: Home, document: str, types: list[str], said: Said) -> None:
    """Record other types of a document. Raises as `kb.review.retag_document`."""
    rooms = import_module("kb.review")
    _tell(rooms.retag_document(home, document, types, rooms.Reviewer(*said)))


def _tell(review: Any) -> None:
    about = review.document_id if review.action == "retag" else f"{review.market} {review.session}"
    print(f"Recorded: {review.action} {review.types} for {about}, where the machine said {review.machine}.")
    quick = "" if review.document_id else " --from verdict"  # what concerns no document leaves tags and events alone
    print(f"`whyfell build{quick}` brings it into the answers.", file=sys.stderr)


def print_reviews(home: Home, disagreements: bool, json: bool, csv: bool) -> None:
    """Print the reviews, and for people how many of them disagree with the machine."""
    rows = import_module("kb.review").list_reviews(home)
    shown = [r for r in rows if not (disagreements and r["agreed"])]
    print_rows(shown, "Nothing was reviewed." if not rows else "People and machine agree everywhere.", json, csv)
    if not json and not csv:
        print(f"{sum(not r['agreed'] for r in rows)} of {len(rows)} reviews disagree with the machine.")
