"""Reading an EDGAR submission: its header, the items of an 8-K, and what a press release says of results and outlook.

A submission is one text file: an SGML header and then each document between <DOCUMENT> marks (SEC, "EDGAR Public
Dissemination Service Technical Specification"). Pure: bytes in, facts out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from kb.errors import Unreadable

NEW_YORK = ZoneInfo("America/New_York")  # EDGAR's acceptance times are Eastern
MOST_TEXT = 5_000_000  # characters of one document that are read; releases have some hundred thousand
# Items that move markets, by the words the header uses for them (SEC, Form 8-K, general instructions).
ITEMS = {
    "1.03": ("bankruptcy or receivership", "bankruptcy"),
    "2.02": ("results of operations and financial condition", "results of operations"),
    "4.02": ("non-reliance on previously issued financial statements", "past statements not to be relied upon"),
    "5.02": ("departure of directors or certain officers", "a change of directors or officers"),
    "7.01": ("regulation fd disclosure", "a disclosure to all investors"),
    "8.01": ("other events", "other events"),
}
_EPS = re.compile(
    r"diluted (?:net )?(?:earnings|income|loss)(?: \(loss\))? per (?:common )?share (?:was|were|of) \$ ?(-|\()?(\d+\.\d\d)",
    re.I,
)
_LOSS = re.compile(r"diluted (?:net )?loss per", re.I)
_OBJECT = r"\b[^.]{0,60}\b(guidance|outlook|forecast)"
_GUIDANCE = (
    ("lowers its outlook", r"\b(lower(s|ed|ing)|cut(s|ting)?|reduc(es|ed|ing)|withdr(aws|ew|awing))" + _OBJECT),
    ("raises its outlook", r"\b(rais(es|ed|ing)|increas(es|ed|ing))" + _OBJECT),
    ("keeps its outlook", r"\b(reaffirm|reiterat|maintain)(s|es|ed|ing)?" + _OBJECT),
)


@dataclass(frozen=True)
class Filing:
    """One submission: `accepted_at` is the UTC instant it became public; `release` the text of exhibit 99.1, "" for none."""

    accession: str
    form: str
    cik: int
    company: str
    accepted_at: datetime
    period: str
    items: tuple[str, ...]
    release: str


def read_submission(body: bytes) -> Filing:
    """The filing that a full submission text file holds. Raises Unreadable when it is none, or its header is cut."""
    text = body.decode("utf-8", "replace")
    header, _, rest = text.partition("</SEC-HEADER>")
    if not rest:
        raise Unreadable("EDGAR submission", "there is no SEC header", "Look at the address, and at your user agent.")
    return Filing(
        accession=_field(header, "ACCESSION NUMBER"), form=_field(header, "CONFORMED SUBMISSION TYPE"),
        cik=int(_field(header, "CENTRAL INDEX KEY")), company=_field(header, "COMPANY CONFORMED NAME"),
        accepted_at=_read_accepted(header), period=_field(header, "CONFORMED PERIOD OF REPORT"),
        items=tuple(re.findall(r"^ITEM INFORMATION:[ \t]*(.+?)\s*$", header, re.M)), release=_find_release(rest),
    )  # fmt: skip


def _field(header: str, name: str) -> str:
    found = re.search(rf"^\s*{name}:[ \t]*(\S.*?)\s*$", header, re.M)
    if found is None:
        raise Unreadable("EDGAR submission", f"its header has no {name}", "Fetch it again.")
    return found[1]


def _read_accepted(header: str) -> datetime:
    found = re.search(r"<ACCEPTANCE-DATETIME>(\d{14})", header)
    if found is None:
        raise Unreadable("EDGAR submission", "its header has no acceptance time", "Fetch it again.")
    try:
        local = datetime.strptime(found[1], "%Y%m%d%H%M%S").replace(tzinfo=NEW_YORK)
    except ValueError as error:
        raise Unreadable("EDGAR submission", f"acceptance time {found[1]}", "Fetch it again.") from error
    return local.astimezone(UTC)


def _find_release(rest: str) -> str:
    for document in re.finditer(r"<DOCUMENT>\s*<TYPE>(EX-99\S*)(.*?)(?:</DOCUMENT>|\Z)", rest, re.S):
        _, _, text = document[2].partition("<TEXT>")
        return strip_markup(text[:MOST_TEXT])
    return ""


def strip_markup(text: str) -> str:
    """The visible words of an exhibit, HTML or plain, one line a block.

    "<p>Net income <b>rose</b></p>" -> "Net income rose"
    """
    if "<" in text:
        from selectolax.lexbor import LexborHTMLParser

        tree = LexborHTMLParser(text)
        tree.strip_tags(["script", "style", "head"])
        text = tree.body.text(separator="\n") if tree.body else ""
    lines = (re.sub(r"\s+", " ", line).strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def name_item(words: str) -> str | None:
    """The number of an item that is kept, from the words of the header; None for any other.

    "Results of Operations and Financial Condition" -> "2.02"
    """
    lowered = words.lower()
    return next((number for number, (start, _) in ITEMS.items() if lowered.startswith(start)), None)


def read_eps(release: str) -> float | None:
    """Diluted earnings per share in dollars where a release says them once and plainly; None where it does not.

    "diluted earnings per share was $4.14 and increased 28%" -> 4.14
    """
    found = {
        (float(m[2]), bool(m[1] or _LOSS.match(m[0]))) for m in _EPS.finditer(re.sub(r"\s+", " ", release)[:40_000])
    }
    if len(found) != 1:
        return None
    ((value, loss),) = found
    return -value if loss else value


def read_guidance(release: str) -> str | None:
    """What a release does with its outlook: "raises", "lowers" or "keeps its outlook"; None if nothing or several."""
    said = [name for name, pattern in _GUIDANCE if re.search(pattern, release[:40_000], re.I)]
    return said[0] if len(said) == 1 else None
