"""Forming events: triggers of several documents that tell of one happening become one event.

One pass in the order in which documents became public; an event is never merged with an earlier one afterwards, so what
is known at an hour does not change later. Pure: rows in, events out.

A document joins the open event of its type whose words cover most of the information in its own title, words weighed by
how rare they have been so far (running inverse document frequency, Sparck Jones 1972).
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from kb.records import Event, EventLink, hash_id

OPEN_FOR = timedelta(days=3)  # an event that nobody told of for so long is over
COVERED = 0.35  # share of a title's information that an event's words must hold
REMEMBERED = 40  # newest events looked up per word; older ones of a busy word are nearly always over
LONGEST = 60  # words an event keeps: beyond, long-running events would swallow everything of their type
TOO_COMMON = 0.05  # words in more than this share of titles find no event, though they still weigh in
_WORD = re.compile(r"[a-z0-9][a-z0-9.&'-]*[a-z0-9]|[a-z0-9]")
_STOP = frozenset(
    (
        "a an and are as at be been but by for from has have he her his how in into is it its may more new no not "
        "of off on or our out over say says said she should so than that the their they this to up us was we were "
        "what when who why will with would you your after amid ahead before could update live news report reports"
    ).split()
)


class TaggedDocument(NamedTuple):
    """One trigger of one document, as the former of events reads it."""

    document_id: str
    type: str
    title: str
    public_hi: datetime


@dataclass
class OpenEvent:
    """An event while it may still grow. `told` counts its documents so far, `links` those placed in this pass."""

    event_id: str
    type: str
    title: str
    public_hi: datetime
    last_told: datetime
    words: set[str]
    told: int = 0
    links: list[EventLink] = field(default_factory=list)

    def is_open(self, at: datetime) -> bool:
        """Whether a document that became public then may still join."""
        return at - self.last_told <= OPEN_FOR


def split_words(title: str) -> set[str]:
    """The words of a title that carry meaning, in lower case, plural and verb endings cut.

    "Stocks fall on rate fears" -> {"stock", "fall", "rate", "fear"}
    """
    return {_cut(w) for w in _WORD.findall(title.lower()) if w not in _STOP and len(w) > 1}


def _cut(word: str) -> str:
    for ending in ("'s", "ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word[:-1] if word.endswith("s") and len(word) == 4 and not word.endswith("ss") else word


def form_events(tagged: Iterable[TaggedDocument]) -> Iterator[Event]:
    """Events in the order in which they were first told. `tagged` comes ordered by (public_hi, document_id)."""
    former = EventFormer()
    for doc in tagged:
        former.place(doc)
    for found in former.founded:
        yield Event(found.event_id, found.type, found.title, found.public_hi, tuple(found.links))


class EventFormer:
    """Places documents one by one. `founded` are the events begun in this pass, `carried` those it was begun with.

    `titles`, `seen` and `by_word` are all that later placings depend on; `models.event_state` keeps them.
    """

    def __init__(self, carried: Iterable[OpenEvent] = ()) -> None:
        self.carried = list(carried)
        self.founded: list[OpenEvent] = []
        self.seen: Counter[str] = Counter()
        self.titles = 0
        self.by_word: dict[tuple[str, str], deque[OpenEvent | None]] = defaultdict(lambda: deque(maxlen=REMEMBERED))
        self._last_document = ""

    def place(self, doc: TaggedDocument) -> None:
        """Let a trigger join the open event that tells of it, or begin one. Called in (public_hi, document_id) order."""
        words = split_words(doc.title)
        found = self._find(doc, words)
        if found is None:
            event_id = hash_id(doc.document_id, doc.type)
            found = OpenEvent(event_id, doc.type, doc.title, doc.public_hi, doc.public_hi, set())
            self.founded.append(found)
        found.told += 1
        found.links.append(EventLink(doc.document_id, 1 / found.told))
        found.last_told = doc.public_hi
        self._remember(found, words)
        self._count(doc, words)

    def _find(self, doc: TaggedDocument, words: set[str]) -> OpenEvent | None:
        weight = {w: math.log((self.titles + 1) / (self.seen[w] + 0.5)) for w in words}
        total = sum(weight.values())
        if total <= 0:
            return None
        shared: dict[int, float] = defaultdict(float)
        near: dict[int, OpenEvent] = {}
        for word in sorted(words):
            if self.seen[word] > TOO_COMMON * self.titles + 5:
                continue
            for known in self.by_word.get((doc.type, word), ()):
                if known is not None and known.is_open(doc.public_hi):
                    near[id(known)] = known
        for key, known in near.items():
            shared[key] = sum(weight[w] for w in words & known.words) / total
        best = max(shared, key=lambda k: (shared[k], near[k].last_told, near[k].event_id), default=None)
        return near[best] if best is not None and shared[best] >= COVERED else None

    def _remember(self, found: OpenEvent, words: set[str]) -> None:
        if len(found.words) >= LONGEST:
            return
        for word in words - found.words:
            self.by_word[(found.type, word)].append(found)
        found.words |= words

    def _count(self, doc: TaggedDocument, words: set[str]) -> None:
        if doc.document_id != self._last_document:
            self.titles += 1
            self.seen.update(words)
            self._last_document = doc.document_id
