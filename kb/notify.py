"""How long work tells of its progress: a function of (stage, done, of how many), 0 when the number is unknown."""

from __future__ import annotations

from collections.abc import Callable

Notify = Callable[[str, int, int], None]


def stay_silent(_stage: str, _done: int, _total: int) -> None:
    """Tell nobody: what programs and pipes get."""
