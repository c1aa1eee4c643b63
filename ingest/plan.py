"""What a night would ask for, without asking: the pages that each source's `fetch` names first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ingest.registry import list_missing
from ingest.source import Capture, Page, Source, Window

MOST_PAGES = 2_000  # named a source; a fetch that goes on and on is cut here


@dataclass
class Planned:
    """One source's first pages and window, or what it lacks."""

    source: Source
    window: Window
    missing: list[str]
    pages: list[Page] = field(default_factory=list)
    follows: bool = False  # more pages follow from what the first ones say


class _Stop(Exception):
    """The fetch asked for something whose answer decides what comes next."""


class _Planner:
    def __init__(self, planned: Planned) -> None:
        self._planned = planned

    def get(self, page: Page) -> Capture:
        self._planned.pages.append(page)
        raise _Stop

    def each(self, pages: Iterable[Page]) -> Iterator[Capture]:
        for page in pages:
            self._planned.pages.append(page)
            if len(self._planned.pages) >= MOST_PAGES:
                raise _Stop
        return iter(())


def plan_source(source: Source, window: Window) -> Planned:
    """The pages that a run over this window would ask for first. Neither network nor ledger is touched."""
    planned = Planned(source, window, list_missing(source))
    if not planned.missing:
        try:
            for _ in source.fetch(_Planner(planned), window):
                pass
        except _Stop:
            planned.follows = True
    return planned
