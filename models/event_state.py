"""The memory of the former of events, kept at an instant so that a later pass can go on from there.

What a document joins depends only on the words counted so far and on the events still open; so a pass that goes on from a
kept memory gives the very events of a pass over everything.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from datetime import datetime

from models.events import EventFormer, OpenEvent

Remembered = OpenEvent | None


def save_former(former: EventFormer, before: datetime) -> bytes:
    """The memory of a former that has placed all documents public before an instant (aware UTC), and none since."""
    alive = [e for e in (*former.carried, *former.founded) if e.is_open(before)]
    number = {id(e): n for n, e in enumerate(alive)}
    told = {
        "titles": former.titles, "seen": former.seen,
        "open": [
            [e.event_id, e.type, e.title, e.public_hi.isoformat(), e.last_told.isoformat(), sorted(e.words), e.told]
            for e in alive
        ],
        "by_word": [[*key, slots] for key, known in former.by_word.items() if (slots := _list_slots(known, number))],
    }  # fmt: skip
    return zlib.compress(json.dumps(told, separators=(",", ":")).encode(), 3)


def _list_slots(known: Iterable[Remembered], number: dict[int, int]) -> list[int | None]:
    """The open events of one word in the order remembered; an event that is over keeps its place behind an open one.

    Only the newest are remembered, so a place taken counts; those before all open ones fall out first and count nothing.
    """
    slots = [number.get(id(e)) for e in known]
    first = next((n for n, slot in enumerate(slots) if slot is not None), len(slots))
    return slots[first:]


def load_former(state: bytes) -> EventFormer:
    """A former that goes on where `save_former` kept it."""
    told = json.loads(zlib.decompress(state))
    carried = [
        OpenEvent(event_id, type_, title, datetime.fromisoformat(hi), datetime.fromisoformat(last), set(words), n)
        for event_id, type_, title, hi, last, words, n in told["open"]
    ]
    former = EventFormer(carried)
    former.titles = told["titles"]
    former.seen.update(told["seen"])
    for type_, word, slots in told["by_word"]:
        former.by_word[type_, word].extend(None if n is None else carried[n] for n in slots)
    return former
