"""The names that `entities` looks for, read from `models/entity_lists/*.toml` and indexed once per process."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

from kb.errors import BadInput

# Words of a text as names are cut into: letters and digits with inner points, apostrophes, ampersands and hyphens.
TOKEN = re.compile(r"[^\W_]+(?:[.'&+!-][^\W_]+)*[.+!]?|[&$]")
DOUBTFUL = "~"  # before a name that is also a common word


@dataclass(frozen=True)
class Name:
    """One spelling of one entity: its words, and whether it needs a word beside it to be sure."""

    entity_id: str
    kind: str
    name: str
    words: tuple[str, ...]
    doubtful: bool


@dataclass(frozen=True)
class Term:
    """One holder's time in an office: first and last day, both included."""

    person_id: str
    name: str
    first: date
    last: date


@dataclass(frozen=True)
class Index:
    """Names by first word, tickers, offices by the words of their titles, holders by office, and
    the people behind each surname that may stand alone.
    """

    names: dict[str, tuple[Name, ...]]
    tickers: dict[str, Name]
    titles: dict[tuple[str, ...], str]
    terms: dict[str, tuple[Term, ...]]
    surnames: dict[str, frozenset[str]]


def cut_name(text: str) -> tuple[str, ...]:
    """The words of a name, a possessive ending and a closing full stop cut off."""
    return tuple(plain_word(word) for word in TOKEN.findall(text.replace("\u2019", "'")))


def plain_word(word: str) -> str:
    """A word without its possessive ending and closing full stop, except in abbreviations such as "U.S."."""
    word = word.removesuffix("'s")
    return word if word.count(".") > 1 else word.removesuffix(".")


def make_slug(name: str) -> str:
    """The id part of a person's name: "Paul O'Neill" -> "paul-oneill"."""
    return re.sub(r"[^a-z]+", "-", name.lower().replace("'", "").replace(".", "")).strip("-")


@cache
def load_index() -> Index:
    """The index of all names. Raises BadInput when two entities share a name that is not marked as doubtful."""
    names: dict[str, list[Name]] = {}
    tickers: dict[str, Name] = {}
    for name in _list_names():
        names.setdefault(name.words[0], []).append(name)
        if name.kind in ("company", "fund", "coin"):
            tickers.setdefault(name.entity_id.split(":")[1], name)
    titles, terms, alone = _list_offices()
    surnames: dict[str, set[str]] = {}
    for held in terms.values():
        for term in held:
            person = Name(term.person_id, "person", term.name, cut_name(term.name), doubtful=False)
            bucket = names.setdefault(person.words[0], [])
            if person not in bucket:
                bucket.append(person)
            if person.words[-1] in alone:
                surnames.setdefault(person.words[-1], set()).add(term.person_id)
    ordered = {word: tuple(sorted(found, key=lambda n: (-len(n.words), n.entity_id))) for word, found in names.items()}
    _check_unique(ordered)
    return Index(ordered, tickers, titles, terms, {word: frozenset(ids) for word, ids in surnames.items()})


def _list_names() -> Iterator[Name]:
    folder = resources.files("models").joinpath("entity_lists")
    tables = [("company", t) for t in ("present", "past", "foreign")]
    companies = tomllib.loads(folder.joinpath("companies.toml").read_text("utf-8"))
    others = tomllib.loads(folder.joinpath("others.toml").read_text("utf-8"))
    for kind, table in [*tables, *((k, k) for k in ("coin", "exchange", "fund", "institution", "country"))]:
        source = companies if kind == "company" else others
        for code, spellings in source[table].items():
            for spelling in spellings:
                text = spelling.removeprefix(DOUBTFUL)
                label = spellings[0].removeprefix(DOUBTFUL)
                yield Name(f"{kind}:{code}", kind, label, cut_name(text), spelling.startswith(DOUBTFUL))


def _list_offices() -> tuple[dict[tuple[str, ...], str], dict[str, tuple[Term, ...]], frozenset[str]]:
    text = resources.files("models").joinpath("entity_lists", "offices.toml").read_text("utf-8")
    table: dict[str, Any] = tomllib.loads(text)
    end = date.fromisoformat(table["recorded_through"])
    titles, terms = {}, {}
    for office, entry in table.items():
        if isinstance(entry, dict):
            titles |= {cut_name(title): office for title in entry["titles"]}
            starts = [date.fromisoformat(holder[0]) for holder in entry["holders"]]
            terms[office] = tuple(
                Term(f"person:{make_slug(holder[1])}", holder[1], first, _last_day(holder, starts[i + 1 :], end))
                for i, (holder, first) in enumerate(zip(entry["holders"], starts, strict=True))
            )
    return titles, terms, frozenset(table["surnames"])


def _last_day(holder: list[str], later: list[date], end: date) -> date:
    if len(holder) > 2:
        return date.fromisoformat(holder[2])
    return date.fromordinal(later[0].toordinal() - 1) if later else end


def _check_unique(names: dict[str, tuple[Name, ...]]) -> None:
    for found in names.values():
        seen: dict[tuple[str, ...], str] = {}
        for name in found:
            other = seen.setdefault(name.words, name.entity_id)
            if other != name.entity_id:
                raise BadInput(
                    f"Name {' '.join(name.words)!r} of models/entity_lists",
                    f"it stands for {other} and {name.entity_id}",
                    "Give it to one of them.",
                )
