"""Names and token patterns found by spaCy in a title: marks, features of the fast stage.

Reads `patterns.toml`. Text only, never prices. Names of one word are looked up
in a table; a title goes to spaCy only when its words could complete a pattern or a longer name.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any

from kb.errors import BadInput
from models.fast import MARK, cut_words

# Longest part of a title that the patterns see: a headline is shorter, a pasted article is not one.
LONGEST_TITLE = 300
# Words spaCy may remember, at about one kilobyte each.
MOST_LEXEMES = 50_000


def read_source() -> str:
    """The text of `patterns.toml`; it is part of the model's id."""
    return resources.files("models").joinpath("patterns.toml").read_text("utf-8")


def _fill(pattern: list[dict[str, Any]], words: dict[str, list[str]]) -> list[dict[str, Any]]:
    """The token pattern with every "@name" replaced by its word list."""
    filled = []
    for token in pattern:
        lower = token.get("LOWER")
        if isinstance(lower, dict) and isinstance(lower.get("IN"), str):
            filled.append({**token, "LOWER": {"IN": words[lower["IN"].removeprefix("@")]}})
        else:
            filled.append(token)
    return filled


def _fixed_words(pattern: list[dict[str, Any]]) -> list[frozenset[str]]:
    """One set per token that must occur: a title without a word of each of them cannot match the pattern."""
    sets = []
    for token in pattern:
        if "OP" not in token and "LOWER" in token:
            lower = token["LOWER"]
            words = [lower] if isinstance(lower, str) else list(lower["IN"])
            sets.append(frozenset(words))
    if not sets:
        raise BadInput("A pattern of models/patterns.toml", f"no fixed word in {pattern}", "Give one token without OP.")
    return sets


class Patterns:
    """The compiled patterns; build once per process with `load_patterns()`."""

    def __init__(self, source: str) -> None:
        self.table = tomllib.loads(source)
        self.vetoes = {MARK + e["name"]: frozenset(e.get("veto", ())) for e in self.table["pattern"]}
        self._compile()

    def _compile(self) -> None:
        """Starts with an empty spaCy vocabulary; it keeps every word met, so `find` calls this when it has grown."""
        from spacy.lang.en import English  # heavy: loaded when a tagger is

        self.nlp = English()
        self._add_patterns(self.table)
        self._add_entities(self.table["entities"])

    def _add_patterns(self, table: dict[str, Any]) -> None:
        from spacy.matcher import Matcher

        self.matcher = Matcher(self.nlp.vocab)
        self.needs: dict[str, list[list[frozenset[str]]]] = {}  # by each word of a pattern's first fixed token
        for entry in table["pattern"]:
            patterns = [_fill(p, table["words"]) for p in entry["tokens"]]
            self.matcher.add(MARK + entry["name"], patterns)
            for needs in map(_fixed_words, patterns):
                for word in needs[0]:
                    self.needs.setdefault(word, []).append(needs)

    def _add_entities(self, entities: dict[str, list[str]]) -> None:
        from spacy.matcher import PhraseMatcher

        self.phrases = PhraseMatcher(self.nlp.vocab, attr="LOWER")
        self.single: dict[str, str] = {}
        self.longer: dict[str, list[frozenset[str]]] = {}  # longest word of a name -> the words of such names
        for name, names in entities.items():
            for phrase in names:
                words = cut_words(phrase)
                if len(words) == 1 and words[0] == phrase:
                    self.single[phrase] = MARK + name
                else:
                    self.phrases.add(MARK + name, [self.nlp.make_doc(phrase)])
                    self.longer.setdefault(max(words, key=len), []).append(frozenset(words))

    def find(self, title: str, cut: Sequence[str] | None = None) -> tuple[str, ...]:
        """The marks of one title, sorted (`cut`: its words, if known); most titles need no spaCy. Never raises."""
        title = title[:LONGEST_TITLE]
        words = set(cut_words(title) if cut is None else cut)
        words |= {word.removesuffix("'s") for word in words if word.endswith("'s")}
        marks = {self.single[word] for word in words & self.single.keys()}
        matched = any(
            all(not need.isdisjoint(words) for need in needs)
            for word in words & self.needs.keys()
            for needs in self.needs[word]
        )
        phrased = any(name <= words for word in words & self.longer.keys() for name in self.longer[word])
        if matched or phrased:
            if len(self.nlp.vocab) > MOST_LEXEMES:
                self._compile()
            doc = self.nlp.make_doc(title)
            strings = self.nlp.vocab.strings
            marks |= {strings[match] for match, _, _ in self.phrases(doc)}
            if matched:
                fired = {strings[match] for match, _, _ in self.matcher(doc)}
                marks |= {mark for mark in fired if self.vetoes[mark].isdisjoint(words)}
        return tuple(sorted(marks))


@cache
def load_patterns() -> Patterns:
    """The patterns of `patterns.toml`, compiled once per process. Raises BadInput when the file is wrong."""
    return Patterns(read_source())
