"""Names and token patterns found by spaCy in a title: marks for the linear model and a few decisive rules.

Reads `patterns.toml`. Text only, never prices. A title whose words hold no anchor of any pattern skips spaCy, which is
most of a news stream; the anchors are taken from the patterns themselves.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from kb.errors import BadInput
from kb.taxonomy import read_taxonomy
from models.fast import MARK, cut_words

# Longest part of a title that the patterns see: a headline is shorter, a pasted article is not one.
LONGEST_TITLE = 300


@dataclass(frozen=True)
class Rule:
    """One decisive rule: the types it puts first and the least score they get; `veto` words switch it off."""

    name: str
    types: tuple[str, ...]
    score: float
    veto: frozenset[str]


@dataclass(frozen=True)
class Found:
    """What the patterns saw in one title: marks (features) and the rules that fired, in file order."""

    marks: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()


def read_source() -> str:
    """The text of `patterns.toml`; it is part of the model's id."""
    return resources.files("models").joinpath("patterns.toml").read_text("utf-8")


def _fill(pattern: list[dict[str, Any]], words: dict[str, list[str]]) -> list[dict[str, Any]]:
    """The token pattern with every "@name" replaced by its word list."""
    filled = []
    for token in pattern:
        lower = token.get("LOWER")
        if isinstance(lower, dict) and isinstance(lower.get("IN"), str):
            token = {**token, "LOWER": {"IN": words[lower["IN"].removeprefix("@")]}}
        filled.append(token)
    return filled


def _anchor(pattern: list[dict[str, Any]]) -> list[str]:
    """The words of which one must occur for the pattern to match: those of its first token without OP."""
    for token in pattern:
        if "OP" not in token and "LOWER" in token:
            lower = token["LOWER"]
            return [lower] if isinstance(lower, str) else list(lower["IN"])
    raise BadInput("A rule of models/patterns.toml", f"no fixed word in {pattern}", "Give one token without OP.")


class Patterns:
    """The compiled patterns; build once per process with `load_patterns()`."""

    def __init__(self, source: str) -> None:
        from spacy.lang.en import English  # heavy: loaded when a tagger is

        table = tomllib.loads(source)
        self.nlp = English()
        self.anchors: set[str] = set()
        self.rules = [self._read_rule(entry) for entry in table["rule"]]
        self._add_rules(table)
        self._add_entities(table["entities"])
        self.anchors |= {f"{word}'s" for word in self.anchors}

    @staticmethod
    def _read_rule(entry: dict[str, Any]) -> Rule:
        unknown = set(entry["types"]) - set(read_taxonomy())
        if unknown:
            raise BadInput(f"Rule {entry['name']!r} of models/patterns.toml", f"unknown types {unknown}", "See taxonomy.")
        return Rule(entry["name"], tuple(entry["types"]), entry["score"], frozenset(entry.get("veto", ())))

    def _add_rules(self, table: dict[str, Any]) -> None:
        from spacy.matcher import Matcher

        self.matcher = Matcher(self.nlp.vocab)
        for number, entry in enumerate(table["rule"]):
            patterns = [_fill(p, table["words"]) for p in entry["patterns"]]
            self.matcher.add(f"rule {number}", patterns)
            for pattern in patterns:
                self.anchors.update(_anchor(pattern))

    def _add_entities(self, entities: dict[str, list[str]]) -> None:
        from spacy.matcher import PhraseMatcher

        self.phrases = PhraseMatcher(self.nlp.vocab, attr="LOWER")
        for name, names in entities.items():
            self.phrases.add(MARK + name, [self.nlp.make_doc(n) for n in names])
            self.anchors.update(cut_words(n)[0] for n in names if cut_words(n))

    def find(self, title: str) -> Found:
        """Marks and rules of one title; an empty Found for text without any anchor word. Never raises."""
        title = title[:LONGEST_TITLE]
        words = cut_words(title)
        if self.anchors.isdisjoint(words):
            return Found()
        doc = self.nlp.make_doc(title)
        strings = self.nlp.vocab.strings
        marks = sorted({strings[match] for match, _, _ in self.phrases(doc)})
        fired = sorted({int(strings[match].split()[1]) for match, _, _ in self.matcher(doc)})
        rules = tuple(self.rules[n] for n in fired if self.rules[n].veto.isdisjoint(words))
        return Found(tuple(marks), rules)

    def find_all(self, titles: Iterable[str]) -> Sequence[Found]:
        """`find` for each title, in order."""
        return [self.find(title) for title in titles]


@cache
def load_patterns() -> Patterns:
    """The patterns of `patterns.toml`, compiled once per process. Raises BadInput when the file is wrong."""
    return Patterns(read_source())
