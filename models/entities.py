"""Who and what a headline names: companies, coins, funds, institutions, countries, and people in office by date.

Pure functions of text and a day; the names are `entity_lists/*.toml`. Precision comes first: a name with several senses links
only where a word beside it settles which, a bare surname or office only with the day that tells who held it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from kb.errors import NotFound
from models.entity_names import TOKEN, Index, Name, Term, load_index, plain_word

LONGEST_TEXT = 1000  # characters looked at
LONGEST_TITLE = 5  # words of the longest title of an office
# Words with a capital that may go before a bare surname; any other may be somebody else's first name.
CALLED = frozenset(
    (
        "fed chair chairman president pm ecb boj boe secretary speaker chancellor treasury as for says why how is after and "
        "with on in to"
    ).split()
)
NEAR = 2  # words on either side that can settle the sense of a doubtful name
# Words that only a firm has about it.
FIRM = frozenset(
    (
        "inc corp co plc ltd group llc shares stock stocks ceo cfo coo earnings profit profits revenue results sales "
        "quarterly dividend buyback ipo bonds debt shareholders investors layoffs unit maker retailer giant chief "
        "forecast guidance acquires"
    ).split()
)
# Words that show another sense of a doubtful name of the other kinds: the bird, the college conference.
OTHER_SENSE = frozenset(
    (
        "day dinner sandwich trot hunt leg breast thanksgiving football basketball baseball tournament title team teams "
        "media championship conference coach"
    ).split()
)
_TICKER = re.compile(
    r"\$(?P<cash>[A-Z]{1,5})\b|\(\s*(?:(?:NASDAQ|Nasdaq|NYSE|NYSEARCA|AMEX|ARCA)\s*:\s*)?(?P<listed>[A-Z]{2,5})(?P<code>\.(?:O|N|K|OQ|P))?\s*\)"
)


@dataclass(frozen=True)
class Entity:
    """One link: id such as "company:MSFT", kind, name, and the characters text[start:end] that it rests on."""

    id: str
    kind: str
    name: str
    start: int
    end: int


def find_entities(text: str, on: date | None = None) -> tuple[Entity, ...]:
    """The entities named in a text, in order, none overlapping; the longest name wins. Never raises.

    `on` is the day of the text: it lets "Fed chair" and "Bush" link to who was in office; without it they do not.
    """
    text = text[:LONGEST_TEXT]
    index = load_index()
    spans = [(m.start(), m.end(), plain_word(m.group().replace("\u2019", "'"))) for m in TOKEN.finditer(text)]
    words = [word for _, _, word in spans]
    found = _find_tickers(text, index) if "$" in text or "(" in text else []
    taken = [(entity.start, entity.end) for entity in found]
    at = 0
    while at < len(words):
        hit = (_match_office(index, words, at, on) if on else None) or _match(index, words, at)
        hit = hit or _match_surname(index, words, at, on)
        length = hit[1] if hit else 1
        if hit:
            start, end = spans[at][0], spans[at][0] + _trim(text[spans[at][0] : spans[at + length - 1][1]])
            if all(end <= a or start >= b for a, b in taken):
                found.append(Entity(hit[0][0], hit[0][1], hit[0][2], start, end))
        at += length
    return tuple(sorted(found, key=lambda entity: entity.start))


def _trim(matched: str) -> int:
    """Length of what was matched without a possessive ending."""
    return len(matched) - 2 if matched.endswith(("'s", "\u2019s")) else len(matched)


def _match(index: Index, words: list[str], at: int) -> tuple[tuple[str, str, str], int] | None:
    """The longest name that begins at a word, with its number of words; None for no sure one."""
    for name in index.names.get(words[at], ()):
        length = len(name.words)
        if (length == 1 or tuple(words[at : at + length]) == name.words) and _is_sure(name, words, at, at + length):
            return (name.entity_id, name.kind, name.name), length
    return None


def _is_sure(name: Name, words: list[str], first: int, last: int) -> bool:
    if not name.doubtful:
        return True
    beside = {word.lower() for word in (*words[max(0, first - NEAR) : first], *words[last : last + NEAR])}
    if name.kind in ("country", "institution"):
        return beside.isdisjoint(OTHER_SENSE)
    return not beside.isdisjoint(FIRM)


def _match_office(
    index: Index, words: list[str], at: int, on: date
) -> tuple[tuple[str, str, str], int] | None:  # fmt: skip
    """The holder on a day of the office whose title begins at a word."""
    for length in range(min(LONGEST_TITLE, len(words) - at), 0, -1):
        office = index.titles.get(tuple(words[at : at + length]))
        if office:
            return _hold(index, office, on, length)
    return None


def _match_surname(
    index: Index, words: list[str], at: int, on: date | None
) -> tuple[tuple[str, str, str], int] | None:  # fmt: skip
    """The person behind a bare surname: its only bearer, or the one who held an office on the day."""
    held = index.surnames.get(words[at])
    if not held or (at and words[at - 1][:1].isupper() and words[at - 1].lower() not in CALLED):
        return None  # another first name may go before it
    people = {t.person_id: t for terms in index.terms.values() for t in terms if t.person_id in held}
    if len(people) > 1 and on:
        people = {key: t for key, t in people.items() if _is_serving(index, key, on)}
    return (_name_person(next(iter(people.values()))), 1) if len(people) == 1 else None


def _is_serving(index: Index, person_id: str, on: date) -> bool:
    return any(t.person_id == person_id and t.first <= on <= t.last for terms in index.terms.values() for t in terms)


def _hold(index: Index, office: str, on: date, length: int) -> tuple[tuple[str, str, str], int] | None:
    for term in index.terms[office]:
        if term.first <= on <= term.last:
            return _name_person(term), length
    return None


def _name_person(term: Term) -> tuple[str, str, str]:
    return term.person_id, "person", term.name


def _find_tickers(text: str, index: Index) -> list[Entity]:
    found = []
    for match in _TICKER.finditer(text):
        name = index.tickers.get(match["cash"] or match["listed"])
        if name:
            found.append(Entity(name.entity_id, name.kind, name.name, match.start(), match.end()))
    return found


def find_holder(office: str, on: date) -> str | None:
    """The id of the person who held an office on a day; None when it was vacant or the day is not on record.

    `find_holder("fed-chair", date(2011, 8, 8))` -> "person:ben-bernanke". Raises NotFound for an unknown office.
    """
    terms = load_index().terms
    if office not in terms:
        raise NotFound(f"Office {office!r}", "not on record", f"Known are {', '.join(sorted(terms))}.")
    return next((term.person_id for term in terms[office] if term.first <= on <= term.last), None)
