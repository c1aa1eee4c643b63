"""The tagger: (document id, title, summary) in, one `Reading` per item out, in order.

Flow: clean the text, cut it into words and marks, score it with the fast stage; where that stage's gate doubts, ask the
encoder and take both together; decide; read market reports for their stated cause. Text only, never prices. Weights,
thresholds and calibration come from `weights/tagger.safetensors` and its card, both made by `train_tagger`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kb.errors import BadInput, Unreadable
from kb.records import Reading, TypeScore
from models.calibrate import Card, Decided, decide, load_card
from models.cleaning import clean_item, is_foreign
from models.encoder import Encoder
from models.fast import FastModel, Parts, cut_words
from models.heads import HEADS, NONE_AT, TYPES, Floats, mix_logits
from models.patterns import Patterns, load_patterns, read_source
from models.stated_cause import read_report

Item = tuple[str, str, str]

WEIGHTS = Path(__file__).parent / "weights"
BATCH = 2048  # items scored at once: enough that the doubtful ones among them fill the encoder's batches
MOST_TYPES = 3
DIGITS = 4  # of a score: beyond them it depends on what was read together
CASCADE, FAST, ENCODER = "cascade", "fast", "encoder"
# Why an item has no types although nobody decided for none.
EMPTY, FOREIGN, ABSTAINED = "empty", "not English", "abstained"
# Modules and lists that the answers depend on, beside the weights: they are part of the model's id.
CODE = ("calibrate.py", "cleaning.py", "encoder.py", "fast.py", "heads.py", "patterns.py", "stated_cause.py",
        "stated_cause.toml", "tagger.py")  # fmt: skip


@dataclass(frozen=True)
class Scored:
    """A batch before it becomes readings: cleaned texts, decisions, which items the encoder saw, notes."""

    texts: list[tuple[str, str]]
    decided: Decided
    asked: NDArray[np.bool_]
    notes: list[str]


class Tagger:
    """Reads documents. `model` names weights, patterns and rules together and changes with any of them."""

    def __init__(self, arrays: Mapping[str, NDArray[np.generic]], card: Card, patterns: Patterns) -> None:
        self.arrays, self.card, self.patterns = arrays, card, patterns
        self.fast, self.model = FastModel(arrays), name_model(card)

    @classmethod
    def load(cls, folder: Path = WEIGHTS) -> Tagger:
        """The tagger of a weights folder. Raises NotFound without weights, Unreadable when they are not the card's."""
        from safetensors.numpy import load

        card = load_card(folder / "tagger.json")
        raw = (folder / "tagger.safetensors").read_bytes()
        if hashlib.sha256(raw).hexdigest() != card.sha256:
            raise Unreadable("The tagger's weights", "sha256 differs from the card's", "Fetch them again or retrain.")
        return cls(load(raw), card, load_patterns())

    @cached_property
    def encoder(self) -> Encoder:
        """The encoder, loaded when the first doubtful item comes."""
        pieces = self.arrays["pieces"].tobytes().decode("utf-8").split("\n")
        return Encoder(self.arrays["encoder"].tobytes(), pieces)

    def read(self, items: Sequence[Item], *, stage: str = CASCADE, least_confidence: float = 0.0) -> list[Reading]:
        """One reading per (document id, title, summary), same order and count. Never raises on text.

        Items read with less than `least_confidence` get no types and the note "abstained". `stage` is cascade, fast or
        encoder (BadInput otherwise).
        """
        if stage not in (CASCADE, FAST, ENCODER):
            raise BadInput(f"Stage {stage!r}", "no such stage", f"Use {CASCADE}, {FAST} or {ENCODER}.")
        readings: list[Reading] = []
        for start in range(0, len(items), BATCH):
            batch = items[start : start + BATCH]
            scored = self.score([(title, summary) for _, title, summary in batch], stage)
            readings += [_to_reading(item[0], scored, i, least_confidence) for i, item in enumerate(batch)]
        return readings

    def score(self, texts: Sequence[tuple[str, str]], stage: str = CASCADE) -> Scored:
        """Decisions on (title, summary) pairs."""
        cleaned = [clean_item(title, summary) for title, summary in texts]
        parts, notes = self._cut(cleaned)
        raw = self.fast.score(parts)
        asked = raw[:, HEADS] >= self.card.gate if stage == CASCADE else np.full(len(raw), stage == ENCODER)
        asked &= np.array([not note for note in notes], dtype=bool)
        decided = self._decide(raw[:, :HEADS], asked, cleaned)
        quiet = np.array([bool(note) for note in notes], dtype=bool)
        decided.primary[quiet], decided.wrap[quiet], decided.risk[quiet] = NONE_AT, False, 0
        decided.further[quiet], decided.confidence[quiet] = 0, 0
        return Scored(cleaned, decided, asked, notes)

    def _cut(self, cleaned: Sequence[tuple[str, str]]) -> tuple[list[Parts], list[str]]:
        parts: list[Parts] = []
        notes = []
        for title, summary in cleaned:
            words, more = cut_words(title), cut_words(summary) if summary else ()
            notes.append(EMPTY if not words and not more else FOREIGN if is_foreign(title, words) else "")
            parts.append(((), (), ()) if notes[-1] else (words, more, self.patterns.find(title, words)))
        return parts, notes

    def _decide(self, logits: Floats, asked: NDArray[np.bool_], cleaned: Sequence[tuple[str, str]]) -> Decided:
        """The fast stage's decisions; where the encoder was asked, those of both together."""
        told = decide(logits, self.card.stages[FAST])
        at = np.flatnonzero(asked)
        if len(at):
            both = mix_logits(logits[at], self.encoder.score([cleaned[i] for i in at]))
            second = decide(both, self.card.stages[ENCODER])
            for mine, other in zip(vars(told).values(), vars(second).values(), strict=True):
                mine[at] = other
        return told


def _to_reading(document_id: str, scored: Scored, i: int, least_confidence: float) -> Reading:
    told, (title, summary) = scored.decided, scored.texts[i]
    note, confidence = scored.notes[i], round(float(told.confidence[i]), DIGITS)
    if not note and confidence < least_confidence:
        note = ABSTAINED
    wrap = bool(told.wrap[i])
    report = read_report(title, summary) if wrap else None
    types = () if note else _list_types(told, i)
    return Reading(
        document_id=document_id,
        types=types,
        wrap=wrap,
        risk=0 if note else int(told.risk[i]),
        stated_cause=report.cause if report else "",
        direction=report.direction if report else 0,
        weekday=report.weekday if report else None,
        ahead=report.ahead if report else False,
        confidence=confidence,
        note=note,
        # The codebook puts the cause of a market report first among its types.
        cause_type=types[0].type if report and report.cause and types else "",
    )


def _list_types(told: Decided, i: int) -> tuple[TypeScore, ...]:
    """At most three types, primary first, each with its calibrated chance; empty means none."""
    primary = int(told.primary[i])
    if primary == NONE_AT:
        return ()
    found = [TypeScore(TYPES[primary], round(float(told.confidence[i]), DIGITS))]
    row = told.further[i]
    others = sorted(np.flatnonzero(row), key=lambda k: (-row[k], k))[: MOST_TYPES - 1]
    return (*found, *(TypeScore(TYPES[k], round(float(row[k]), DIGITS)) for k in others))


def name_model(card: Card) -> str:
    """The model's id: changes with the weights, the thresholds, the patterns and the code of the rules."""
    digest = hashlib.sha256(card.sha256.encode())
    digest.update(repr((card.stages, card.gate)).encode())
    digest.update(read_source().encode())
    for name in CODE:
        digest.update(resources.files("models").joinpath(name).read_bytes())
    return f"tagger-{card.trained['date']}-{card.sha256[:8]}-{digest.hexdigest()[:8]}"
