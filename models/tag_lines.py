"""What `whyfell tag` prints: one JSON object an item, made in the worker processes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

from kb.records import Reading
from models.entities import find_entities

# (id, title, summary, day) of an item; the day, "" when unknown, decides who held an office.
DatedItem = tuple[str, str, str, str]


def show_lines(items: Sequence[DatedItem], readings: Sequence[Reading]) -> str:
    """The lines of one batch, same order and count."""
    return "".join(
        json.dumps(show_reading(reading, item[1], item[3]), ensure_ascii=False) + "\n"
        for item, reading in zip(items, readings, strict=True)
    )


def show_reading(reading: Reading, title: str, day: str) -> dict[str, Any]:
    """One item: types with calibrated scores, what a market report says, entities of the title, and why it has no types."""
    return {
        "id": reading.document_id,
        "types": [{"type": t.type, "score": round(t.score, 4)} for t in reading.types],
        "wrap": int(reading.wrap),
        "risk": reading.risk,
        "stated_cause": reading.stated_cause or None,
        "cause_type": reading.cause_type or None,
        "direction": reading.direction,
        "confidence": round(reading.confidence, 4),
        "entities": [] if reading.note else [entity.id for entity in find_entities(title, read_day(day))],
        "note": reading.note or None,
    }


def read_day(day: str) -> date | None:
    """The day at the head of an ISO date or instant; None for anything else."""
    try:
        return date.fromisoformat(day[:10])
    except ValueError:
        return None
