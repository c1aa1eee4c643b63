"""What a statement of the Federal Open Market Committee decided: words in, figures out.

`ingest.sources.fed` hands over the text of a statement as the Federal Reserve published it, from 1994 to today; nothing
else is read. The wording changed several times, and each wording that was used is one pattern here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction


class Move(StrEnum):
    """What was done to the target, in the words of our titles."""

    CUT = "cuts"
    RAISE = "raises"
    HOLD = "holds"
    SET = "sets"


VERBS = {
    "lower": Move.CUT, "reduce": Move.CUT, "decline": Move.CUT, "decrease": Move.CUT, "raise": Move.RAISE,
    "increase": Move.RAISE, "rise": Move.RAISE, "maintain": Move.HOLD, "keep": Move.HOLD, "leave": Move.HOLD,
    "establish": Move.SET,
}  # fmt: skip


@dataclass(frozen=True)
class Decision:
    """The target for the federal funds rate, percent; `low` equals `high` where it was a point (until December 2008).

    `change` is how far it was moved, in percentage points and never below 0, where the statement says so; `words` the
    target as written ("3-1/2 to 3-3/4"); `sentence` the whole sentence.
    """

    move: Move
    low: float
    high: float
    words: str
    sentence: str
    change: float | None

    @property
    def previous(self) -> float | None:
        """The upper bound before, percent, as far as the statement tells."""
        if self.move is Move.HOLD:
            return self.high
        if self.change is None or self.move is Move.SET:
            return None
        return self.high + self.change if self.move is Move.CUT else self.high - self.change

    @property
    def title(self) -> str:
        """What happened as a headline: "Fed cuts its target range to 3-1/2 to 3-3/4 percent"."""
        what = "target range" if self.low < self.high else "target for the federal funds rate"
        return f"Fed {self.move} its {what} {'at' if self.move is Move.HOLD else 'to'} {self.words} percent"


_NUMBER = r"(?:\d{1,2}(?:\.\d+)?(?:-\d/\d)?|\d/\d)"
_TARGET = rf"(?P<low>{_NUMBER})(?: to (?P<high>{_NUMBER}))?"
_PERCENT = r" percent(?!age)"
_SIZE = rf"(?P<size>{_NUMBER}) (?P<unit>percentage points?|basis points)"
# One for each wording; the year is that of its first use.
_WORDINGS = [
    # 1999: decided to lower the target range for the federal funds rate by 1/4 percentage point to 3-1/2 to 3-3/4 percent
    rf"\b(?:decided|voted|will)\b[^.;]{{0,60}}?\b(?P<verb>[a-z]+) (?:the|its|a) target(?: range)? for the federal funds rate"
    rf"(?:,? (?:by )?{_SIZE})?,? (?:at|to|of) {_TARGET}{_PERCENT}",
    # 1994: expecting the federal funds rate to decline 1/4 percentage point to around 5-1/4 percent
    rf"\bexpecting the federal funds rate to (?P<verb>[a-z]+)(?: by)? {_SIZE} to (?:around )?{_TARGET}{_PERCENT}",
    # 2013: reaffirmed its view that the current 0 to 1/4 percent target range for the federal funds rate remains appropriate
    rf"\b{_TARGET}{_PERCENT} target range for the federal funds rate remains appropriate",
]
_PATTERNS = [re.compile(w, re.IGNORECASE) for w in _WORDINGS]
_SPELLINGS = str.maketrans({
    "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2212": "-", "\xa0": " ", "\xad": None,
    "¼": " 1/4", "½": " 1/2", "¾": " 3/4",
})  # fmt: skip
_WIDEST = 0.5  # percentage points; every range since 2008 was a quarter wide
_HIGHEST = 25.0  # percent; the rate never was above 20
# A full stop that ends a sentence follows a word, not an initial ("Beth M. Hammack") or "Jr.".
_END = r"[a-z0-9)]{2}\.(?=\s|$)"
_DISSENT = re.compile(rf"Voting against\b.*?{_END}")
_VOTE = re.compile(r"\bby a (\d{1,2}) ?- ?(\d{1,2}) vote\b")


def plain_words(text: str) -> str:
    """The text on one line with plain hyphens and fractions: "3½" and "3‑1/2" both become "3-1/2"."""
    spelled = " ".join(text.translate(_SPELLINGS).split())
    return re.sub(r"(?<=\d) (?=[123]/[24]\b)", "-", spelled)


def read_decision(text: str) -> Decision | None:
    """The decision on the federal funds rate that a statement states, or None where it states none we can read.

    `text` is the statement after `plain_words`. "…decided to maintain the target range for the federal funds rate at
    3-1/2 to 3-3/4 percent…" -> holds, 3.5, 3.75.
    """
    for pattern in _PATTERNS:
        for found in pattern.finditer(text):
            decision = _make_decision(text, found)
            if decision is not None:
                return decision
    return None


def _make_decision(text: str, found: re.Match[str]) -> Decision | None:
    parts = found.groupdict()
    move = VERBS.get(parts["verb"].lower()) if parts.get("verb") else Move.HOLD
    low = _value(parts["low"])
    high = low if parts["high"] is None else _value(parts["high"])
    if move is None or low is None or high is None or not (0 <= low <= high <= min(low + _WIDEST, _HIGHEST)):
        return None
    words = parts["low"] if parts["high"] is None else f"{parts['low']} to {parts['high']}"
    size = _value(parts["size"]) if parts.get("size") else None
    if size is not None and parts["unit"].lower().startswith("basis"):
        size /= 100
    return Decision(move, low, high, words, _sentence_around(text, found), size)


def _value(words: str) -> float | None:
    whole, _, part = words.rpartition("-")
    try:
        return float(Fraction(part) + Fraction(whole or 0))
    except (ValueError, ZeroDivisionError):
        return None


def _sentence_around(text: str, found: re.Match[str]) -> str:
    ends = [m.end() for m in re.finditer(_END, text[: found.start()])]
    after = re.compile(_END).search(text, found.end() - 2)
    return text[ends[-1] if ends else 0 : after.end() if after else len(text)].strip()[:1_000]


def read_votes(text: str) -> str:
    """Who voted against, in the statement's own words, and the count where it gives one; "" where it tells neither."""
    count = _VOTE.search(text)
    dissent = _DISSENT.search(text)
    told = [f"The vote was {count[1]} to {count[2]}." if count else "", dissent[0][:1_000] if dissent else ""]
    return " ".join(t for t in told if t)
