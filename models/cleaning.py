"""Plain text from whatever a feed holds, and whether it is English. Pure functions, used by `tagger` and in training."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

# Characters read of each part: a headline is shorter, and summaries repeat themselves after a sentence or two.
TITLE_CHARS, SUMMARY_CHARS = 300, 140
# Characters looked at before cleaning, so that markup does not eat the whole allowance.
RAW_CHARS = 4000
# Share of letters outside the Latin script, and count of foreign function words, that make a text "not English".
FOREIGN_SHARE, FOREIGN_WORDS = 0.3, 2
LAST_LATIN = "\u024f"  # end of the block Latin Extended-B
# "NEW YORK (Reuters) - ": where an item was written is not what it reports.
LONGEST_DATELINE = 60

_TAG = re.compile(r"<[^<>]{0,500}>")
_DATELINE = re.compile(r"^[A-Z][\w.,/ ]{2,40} \((?:Reuters|AP|AFP|Bloomberg|Dow Jones)\)\s*[-\u2013\u2014]+\s*")
_FOREIGN = frozenset(
    (
        "el los las una del por para con que y der die das und ist nicht mit auf ein eine von le les des une dans est "
        "pour sur avec il di che della per nel sono het een van niet op os na uma em com não och att det som av w nie "
        "jest się"
    ).split()
)
_ENGLISH = frozenset(
    "the of to in and for on with as at is by from after its says will are be has his her it that".split()
)


def clean(text: str, most: int) -> str:
    """Plain text on one line, at most `most` characters: markup, entities and control characters are gone."""
    text = text[:RAW_CHARS]
    if "&" in text:
        text = html.unescape(text)
    if "<" in text:
        text = _TAG.sub(" ", text)
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(text.split())[:most]


def clean_item(title: str, summary: str) -> tuple[str, str]:
    """Title and summary as every model reads them: plain, cut to length, the summary without its dateline."""
    summary = clean(summary or "", SUMMARY_CHARS + LONGEST_DATELINE) if summary else ""
    if " (" in summary[:LONGEST_DATELINE]:
        summary = _DATELINE.sub("", summary)
    return clean(title or "", TITLE_CHARS), summary[:SUMMARY_CHARS]


def is_foreign(text: str, words: Sequence[str]) -> bool:
    """True for text in another script or clearly in another language than English; `words` are its lower-case words."""
    if not text.isascii():
        letters = [c for c in text if c.isalpha()]
        if letters and sum(c > LAST_LATIN for c in letters) > FOREIGN_SHARE * len(letters):
            return True
    foreign = len(_FOREIGN.intersection(words))
    return foreign >= FOREIGN_WORDS and foreign > len(_ENGLISH.intersection(words))
