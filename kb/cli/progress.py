"""Progress bars on standard error, only where a person is looking."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from kb.notify import Notify, stay_silent


@contextmanager
def show_progress() -> Iterator[Notify]:
    """A function (stage, done, of how many) that moves a bar; silent when standard error is not a terminal."""
    if not sys.stderr.isatty():
        yield stay_silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("starting", total=None)

        def notify(stage: str, done: int, total: int) -> None:
            progress.update(task, description=stage, completed=done, total=total or None)

        yield notify
