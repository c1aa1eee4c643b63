"""The tagger: (document id, title, summary) in, one `Reading` per item out, in order.

Flow: clean the text, look for patterns, score with the linear model, read market reports for their stated cause, and
judge. Weights and every threshold come from `weights/tagger.safetensors` and its card, both made by `train_tagger`.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kb.errors import Unreadable
from kb.records import Reading, TypeScore
from models.calibrate import Card, Scores, judge_types, load_card
from models.fast import FastModel, Parts, cut_words
from models.patterns import Found, Patterns, load_patterns, read_source
from models.stated_cause import Report, read_report

Item = tuple[str, str, str]

WEIGHTS = Path(__file__).parent / "weights"
# Characters read of each part: a headline is shorter, and summaries repeat themselves after a few sentences.
TITLE_CHARS, SUMMARY_CHARS = 300, 300
# Characters looked at before cleaning, so that markup does not eat the whole allowance.
RAW_CHARS = 4000
BATCH = 512  # items scored at once: larger batches were not faster
MOST_TYPES = 3
# Share of letters outside the Latin script, and count of foreign function words, that make a text "not English".
FOREIGN_SHARE, FOREIGN_WORDS = 0.3, 2

# "NEW YORK (Reuters) - ": where an item was written is not what it reports.
LONGEST_DATELINE = 60

_TAG = re.compile(r"<[^<>]{0,500}>")
_DATELINE = re.compile(r"^[A-Z][\w.,/ ]{2,40} \((?:Reuters|AP|AFP|Bloomberg|Dow Jones)\)\s*[-\u2013\u2014]+\s*")
_FOREIGN = frozenset(
    [
        "el",
        "los",
        "las",
        "una",
        "del",
        "por",
        "para",
        "con",
        "que",
        "y",
        "der",
        "die",
        "das",
        "und",
        "ist",
        "nicht",
        "mit",
        "auf",
        "ein",
        "eine",
        "von",
        "le",
        "les",
        "des",
        "une",
        "dans",
        "est",
        "pour",
        "sur",
        "avec",
        "il",
        "di",
        "che",
        "della",
        "per",
        "nel",
        "sono",
        "het",
        "een",
        "van",
        "niet",
        "op",
        "os",
        "na",
        "uma",
        "em",
        "com",
        "não",
        "och",
        "att",
        "det",
        "som",
        "av",
        "w",
        "nie",
        "jest",
        "na",
        "się",
    ]
)
_ENGLISH = frozenset(
    [
        "the",
        "of",
        "to",
        "in",
        "and",
        "for",
        "on",
        "with",
        "as",
        "at",
        "is",
        "by",
        "from",
        "after",
        "its",
        "says",
        "will",
        "are",
        "be",
        "has",
        "his",
        "her",
        "it",
        "that",
    ]
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


def is_foreign(text: str, words: Sequence[str]) -> bool:
    """True for text in another script or clearly in another language than English."""
    if not text.isascii():
        letters = [c for c in text if c.isalpha()]
        if letters and sum(c > "\u024f" for c in letters) > FOREIGN_SHARE * len(letters):
            return True
    foreign = len(_FOREIGN.intersection(words))
    return foreign >= FOREIGN_WORDS and foreign > len(_ENGLISH.intersection(words))


@dataclass(frozen=True)
class Judged:
    """One item before thresholds: chance of each type in card order, chance of any type, report, risk, patterns."""

    scores: Scores
    any: float
    wrap: bool
    risk: int
    report: Report
    found: Found


class Tagger:
    """Reads documents. `model` names weights, patterns and rules together and changes with any of them."""

    def __init__(self, fast: FastModel, card: Card, patterns: Patterns, model: str) -> None:
        self.fast, self.card, self.patterns, self.model = fast, card, patterns, model

    @classmethod
    def load(cls, folder: Path = WEIGHTS) -> Tagger:
        """The tagger of a weights folder. Raises NotFound without weights, Unreadable when they are not the card's."""
        from safetensors.numpy import load

        card = load_card(folder / "tagger.json")
        raw = (folder / "tagger.safetensors").read_bytes()
        if hashlib.sha256(raw).hexdigest() != card.sha256:
            raise Unreadable("The tagger's weights", "sha256 differs from the card's", "Fetch them again or retrain.")
        arrays = load(raw)
        fast = FastModel(arrays["table"], arrays["bias"], arrays["known"])
        return cls(fast, card, load_patterns(), name_model(card))

    def read(self, items: Sequence[Item]) -> list[Reading]:
        """One reading per (document id, title, summary), same order and count. Never raises on text."""
        readings = []
        for start in range(0, len(items), BATCH):
            batch = items[start : start + BATCH]
            judged = self.judge([(title, summary) for _, title, summary in batch])
            readings += [self._to_reading(item[0], j) for item, j in zip(batch, judged, strict=True)]
        return readings

    def judge(self, texts: Sequence[tuple[str, str]]) -> list[Judged]:
        """Scores of (title, summary) pairs before thresholds; what `read` and `evaluate_tagger` build on."""
        cleaned = [(clean(t or "", TITLE_CHARS), clean(s or "", SUMMARY_CHARS)) for t, s in texts]
        cleaned = [(t, _DATELINE.sub("", s) if " (" in s[:LONGEST_DATELINE] else s) for t, s in cleaned]
        parts, found, foreign = self._cut(cleaned)
        raw = self.fast.score(parts)
        n = len(self.card.types)
        wraps = raw[:, n + 1] > self.card.thresholds["wrap"]
        wraps &= ~foreign
        reports = [read_report(t, s) if w else Report() for (t, s), w in zip(cleaned, wraps, strict=True)]
        margins = self._add_causes(raw[:, : n + 1].copy(), reports)
        scores, some = judge_types(margins, self.card)
        scores[foreign], some[foreign] = 0, 0
        risk = raw[:, n + 2 : n + 5].argmax(axis=1) - 1
        return [
            Judged(scores[i], float(some[i]), bool(wraps[i]), int(risk[i]), reports[i], found[i])
            for i in range(len(texts))
        ]

    def _cut(self, cleaned: Sequence[tuple[str, str]]) -> tuple[list[Parts], list[Found], NDArray[np.bool_]]:
        parts: list[Parts] = []
        found: list[Found] = []
        foreign = np.zeros(len(cleaned), dtype=bool)
        for i, (title, summary) in enumerate(cleaned):
            words, more = cut_words(title), cut_words(summary)
            foreign[i] = is_foreign(title, words)
            found.append(Found() if foreign[i] else self.patterns.find(title, words))
            parts.append((words, more, found[-1].marks))
        return parts, found, foreign

    def _add_causes(self, margins: Scores, reports: Sequence[Report]) -> Scores:
        """Adds the margins of the stated cause alone, so that its type comes first: "Oil falls as OPEC ..."."""
        at = [i for i, report in enumerate(reports) if report.cause]
        if at:
            spans = [cut_words(reports[i].cause) for i in at]
            marks = [self.patterns.find(reports[i].cause, w).marks for i, w in zip(at, spans, strict=True)]
            raw = self.fast.score([(w, (), m) for w, m in zip(spans, marks, strict=True)])
            margins[at] += self.card.thresholds["cause"] * raw[:, : margins.shape[1]]
            margins[at] /= 1 + self.card.thresholds["cause"]
        return margins

    def pick_types(self, judged: Judged) -> tuple[TypeScore, ...]:
        """At most three types, primary first; empty means none. Decisive rules go before the scores."""
        rules = judged.found.rules
        if not rules and judged.any < self.card.thresholds["any"]:
            return ()
        scores = dict(zip(self.card.types, map(float, judged.scores), strict=True))
        ruled: dict[str, float] = {}
        for rule in rules:
            for name in rule.types:
                ruled.setdefault(name, max(rule.score, scores[name]))
        picked = [TypeScore(name, score) for name, score in ruled.items()]
        for name in sorted(scores.keys() - ruled.keys(), key=lambda name: (-scores[name], name)):
            if picked and scores[name] < self.card.thresholds["further"]:
                break
            picked.append(TypeScore(name, scores[name]))
        return tuple(picked[:MOST_TYPES])

    def _to_reading(self, document_id: str, judged: Judged) -> Reading:
        types = self.pick_types(judged)
        report = judged.report
        return Reading(
            document_id=document_id,
            types=types,
            wrap=judged.wrap,
            risk=judged.risk if types or judged.wrap else 0,
            stated_cause=report.cause,
            direction=report.direction,
            weekday=report.weekday,
            ahead=report.ahead,
        )


def name_model(card: Card) -> str:
    """The model's id: changes with the weights, the thresholds, the patterns and the code of the rules."""
    digest = hashlib.sha256(card.sha256.encode())
    digest.update(repr((card.thresholds, card.first, card.any, card.further)).encode())
    digest.update(read_source().encode())
    for name in ("patterns.py", "stated_cause.py", "stated_cause.toml", "tagger.py", "fast.py"):
        digest.update(resources.files("models").joinpath(name).read_bytes())
    return f"tagger-{card.trained['date']}-{card.sha256[:8]}-{digest.hexdigest()[:8]}"
