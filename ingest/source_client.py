"""The client that a source's `fetch` is handed: asks, keeps the bytes, and remembers how each page stands.

Nothing is written to the ledger here: the marks go with the records of their captures, so that a page counts as read only
once its records are stored.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from ingest.fetch import Answer, Fetcher, Validators
from ingest.marks import Mark
from ingest.robots import Forbidden
from ingest.snapshot import Snapshots
from ingest.source import Capture, Page, Skipped, Source
from kb.errors import Unreadable, WhyfellError

AT_ONCE = 8  # pages asked for side by side; each host still has its own pace
GIVE_UP = 3  # nights after which a file that ought never to change is taken for lost


class SourceClient:
    """Implements `ingest.source.Client` for one source in one run. Counts what came and what failed.

    `marks` are those of the source's pages by name; `replay_unchanged` hands out the kept bytes of pages that have not
    changed, for a parser that has.
    """

    def __init__(
        self, source: Source, fetcher: Fetcher, snapshots: Snapshots, marks: dict[str, Mark],
        now: Callable[[], datetime] = lambda: datetime.now(UTC), *, replay_unchanged: bool = False,
    ) -> None:  # fmt: skip
        self._source, self._fetcher, self._snapshots, self._marks = source, fetcher, snapshots, marks
        self._now, self._replay_unchanged = now, replay_unchanged
        self._lock = threading.Lock()
        self._touched: dict[str, Mark] = {}
        self.captures = self.unchanged = self.size = self.asked = 0
        self.errors: list[str] = []
        self.given_up: list[Skipped] = []

    def get(self, page: Page) -> Capture:
        """The page's bytes, freshly asked for or, if it has not changed, as kept."""
        capture, _ = self._get(page)
        return capture

    def each(self, pages: Iterable[Page]) -> Iterator[Capture]:
        """The pages that have changed, in the order given; a page that fails is noted and does not stop the others."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for result in pool.map(self._try, pages):
                if result is not None:
                    yield result

    def take_mark(self, name: str) -> list[Mark]:
        """The mark of a page whose capture has been parsed, to be stored with its records."""
        with self._lock:
            return [self._touched.pop(name)] if name in self._touched else []

    def take_marks(self) -> list[Mark]:
        """The marks left at the end: of pages that failed and, if none did, of those that only led to others.

        Where something failed the latter are left as they were, so that the next night follows them again.
        """
        with self._lock:
            marks = [m for m in self._touched.values() if m.failures or not self.errors]
            self._touched.clear()
        return marks

    def _try(self, page: Page) -> Capture | None:
        mark = self._marks.get(page.name)
        if page.immutable and mark is not None and mark.failures >= GIVE_UP:
            self.given_up.append(Skipped("missing for three nights, given up", page.name))
            return None
        try:
            capture, changed = self._get(page)
        except Forbidden:
            self.given_up.append(Skipped("forbidden by robots.txt", page.name))
            return None
        except WhyfellError:
            return None  # noted by _get
        return capture if changed or self._replay_unchanged else None

    def _get(self, page: Page) -> tuple[Capture, bool]:
        """The capture of a page and whether it is news. A failure is noted and raised again."""
        mark = self._marks.get(page.name) or Mark(self._source.name, page.name, self._now())
        kept = self._load(mark)
        if kept is not None and page.immutable:
            with self._lock:
                self.unchanged += 1
            return kept, False
        try:
            validators = mark.validators if kept is not None else Validators()
            answer = self._fetcher.fetch(page, validators, rate=self._source.rate, api=self._source.api)
        except Forbidden:
            raise  # no failure: the host says which pages are not for programs
        except WhyfellError as error:
            self._note_failure(mark, error)
            raise
        return self._note_answer(page, mark, kept, answer)

    def _load(self, mark: Mark) -> Capture | None:
        try:
            return self._snapshots.load(mark.snapshot) if mark.snapshot else None
        except Unreadable:
            return None  # lost or damaged: asked for anew

    def _note_failure(self, mark: Mark, error: WhyfellError) -> None:
        with self._lock:
            self.asked += 1
            self.errors.append(str(error))
            self._touched[mark.page] = self._marks[mark.page] = mark.fail(self._now(), str(error))

    def _note_answer(self, page: Page, mark: Mark, kept: Capture | None, answer: Answer) -> tuple[Capture, bool]:
        at = self._now()
        if answer.body is None and kept is not None:
            place, capture, changed = mark.snapshot, kept, False
        else:
            body = answer.body or b""
            fresh = Capture(self._source.name, page.name, page.url, at, answer.content_type, body)
            changed = kept is None or kept.body != body or kept.content_type != answer.content_type
            place, capture = self._snapshots.keep(fresh) if changed or kept is None else (mark.snapshot, kept)
        new = mark.succeed(at, answer.validators, place)
        with self._lock:
            self.asked += 1
            self.captures += int(changed)
            self.unchanged += int(not changed)
            self.size += len(capture.body) if changed else 0
            self._touched[page.name] = self._marks[page.name] = new
        return capture, changed
