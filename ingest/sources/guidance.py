"""What a company says of the quarters ahead: whether it raises, cuts, keeps, withdraws or gives guidance. For `edgar`.

Earnings alone miss what moves a share: a company may beat its forecast and fall for what it says next.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from ingest.sources.filing_text import split_sentences


class Turn(StrEnum):
    """Which way guidance turned, the strongest first; the values are words for a title."""

    WITHDRAWN = "withdraws its guidance"
    MIXED = "raises some and cuts other guidance"
    RAISED = "raises its guidance"
    CUT = "cuts its guidance"
    REVISED = "revises its guidance"
    KEPT = "reaffirms its guidance"
    GIVEN = "gives guidance"


@dataclass(frozen=True)
class Guidance:
    """Which way guidance turned, and the first sentence that says so."""

    turn: Turn
    sentence: str


MOST_SENTENCES = 800  # what is ahead is told in the report proper, before the legal part
_NOUN = r"(?:guidance|outlook|forecasts?|financial\s+targets)"
# Only words that belong to the name of a guidance may stand between a verb and it, so that "increased demand" raises nothing.
_BETWEEN = (
    r"(?:(?:its|our|the|both|previous|previously|issued|prior|full|year|full-year|fiscal|annual|quarterly|first|second|third|fourth|half|"
    r"quarter|FY\s?\d+|20\d\d|revenues?|sales|net|organic|comparable|same-store|total|adjusted|non-GAAP|GAAP|core|diluted|EPS|earnings|"
    r"per|share|profit|operating|income|margin|free|cash|flow|financial|capital|expenditures?|capex|spending|business|production|"
    r"delivery|midpoint|range|and|for|of|to)[,'s]*\s+){0,14}"
)
_VERBS = {
    Turn.RAISED: r"rais(?:es|ed|ing)|increas(?:es|ed|ing)|lift(?:s|ed|ing)|boost(?:s|ed|ing)|hik(?:es|ed|ing)",
    Turn.CUT: r"cuts?|cutting|lower(?:s|ed|ing)|reduc(?:es|ed|ing)|trim(?:s|med|ming)|slash(?:es|ed|ing)",
    Turn.REVISED: r"revis(?:es|ed|ing)|updat(?:es|ed|ing)",
    Turn.KEPT: r"reaffirm(?:s|ed|ing)?|reiterat(?:es|ed|ing|e)|maintain(?:s|ed|ing)?|confirm(?:s|ed|ing)?",
    Turn.WITHDRAWN: r"withdraw(?:s|n|ing)?|withdrew|suspend(?:s|ed|ing)?|rescind(?:s|ed|ing)?",
}
_DONE = {
    Turn.RAISED: r"raised|increased|lifted",
    Turn.CUT: r"cut|lowered|reduced|trimmed",
    Turn.REVISED: r"revised|updated",
    Turn.KEPT: r"reaffirmed|reiterated|maintained|unchanged",
    Turn.WITHDRAWN: r"withdrawn|suspended|rescinded",
}
_MOVES = {
    Turn.RAISED: r"up|an?\s+increase|increased|raised|higher",
    Turn.CUT: r"down|an?\s+decrease|reduced|lowered|lower",
}
_THAN = r"(?:from|than|compared\s+to)\s+(?:its\s+|our\s+|the\s+|a\s+)?(?:prior|previous|earlier)(?:\s+\w+)?"


def _compile(turn: Turn) -> re.Pattern[str]:
    """What says that guidance turned so: "raises its guidance", "guidance raised", "expects …, up from its prior outlook"."""
    forms = [
        rf"\b(?:{_VERBS[turn]})\s+{_BETWEEN}{_NOUN}\b",
        rf"\b{_NOUN}\s+(?:is\s+|was\s+|has\s+been\s+|remains?\s+)?(?:{_DONE[turn]})\b",
    ]
    if turn in _MOVES:
        known = rf"(?:range|{_NOUN}|expectations?|estimates?)"
        forms.append(rf"\bexpects?\b[^.;]*\b(?:{_MOVES[turn]})\s+(?:\w+\s+)?{_THAN}\s+{known}")
    return re.compile("|".join(forms), re.I)


_TURNS = {turn: _compile(turn) for turn in _VERBS}
_METRIC = (
    r"(?:revenues?|sales|EPS|earnings|(?:income|loss)\s+per\s+share|capital\s+expenditures|capex|expenses|operating\s+income|"
    r"gross\s+margins?|operating\s+margins?|free\s+cash\s+flow|net\s+interest\s+income|bookings|deliveries)"
)
_EXPECTS = re.compile(
    rf"\b(?:expects?|anticipates?|forecasts?|projects?|estimates?|sees|now\s+expects)\b[^.;]*\b{_METRIC}\b|\b{_METRIC}\b[^.;]*"
    r"\b(?:(?:is|are)\s+(?:expected|anticipated|projected|forecast)|(?:is|are)\s+estimated\s+to)\b", re.I,
)  # fmt: skip
_FIGURE = re.compile(r"\$\s?\d|\d\s?%|\d\s+percent|mid-|single[- ]digit|double[- ]digit", re.I)
_CAUTION = re.compile(
    r"forward-looking|undertake|obligation|could cause|differ materially|\brisks?\b|no assurance|\bnot\b|definition|"
    r"non-GAAP measures",
    re.I,
)


def read_guidance(lines: list[str]) -> Guidance | None:
    """What the lines of a release say of the future, or None. Sentences of legal caution and negated ones do not count."""
    first: dict[Turn, str] = {}
    for sentence in split_sentences(lines)[:MOST_SENTENCES]:
        if _CAUTION.search(sentence):
            continue
        for turn, pattern in _TURNS.items():
            if pattern.search(sentence):
                first.setdefault(turn, sentence)
        if _EXPECTS.search(sentence) and _FIGURE.search(sentence):
            first.setdefault(Turn.GIVEN, sentence)
    if Turn.RAISED in first and Turn.CUT in first:
        first[Turn.MIXED] = first[Turn.CUT]  # the cut is the news that a raise beside it may hide
    return next((Guidance(turn, first[turn]) for turn in Turn if turn in first), None)
