"""The user's own archive: CSV, JSONL and Parquet files into the ledger.

Reads files, writes the ledger and, for rows that cannot be used, `{home}/rejected/`. Importing a file again changes
nothing. A bad row is reported with file, line, column and reason and never stops the rest.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from ingest.columns import COLUMNS, BadRow, make_record
from ingest.tables import UNREADABLE, Row, open_table
from kb.errors import BadInput, NotFound, WhyfellError
from kb.ledger import hold_lock, open_ledger
from kb.ledger_write import record_run, store_records
from kb.notify import Notify, stay_silent
from kb.settings import Home

SHOWN_REASONS = 5  # reasons printed a file; all are in the file of rejected rows
KEYS = {
    "prices": ("symbol", "date"),
    "releases": ("indicator", "period", "released_at"),
    "liquidations": ("asset", "at", "venue", "hours"),
    "funding": ("asset", "at", "venue"),
    "open-interest": ("asset", "at", "venue"),
    "breadth": ("date",),
}
BATCH = 50_000  # rows a transaction: an interrupted import loses at most this many and is simply run again
# An hour shared by this many items of this many publishers is when a collector looked, not when they were published.
CAPTURED_TOGETHER, CAPTURED_SOURCES = 20, 5


@dataclass
class Imported:
    """What became of one file: rows read, rows new to the ledger, rows set aside, and the first reasons for that."""

    file: Path
    rows: int = 0
    new: int = 0
    rejected: int = 0
    reasons: list[str] = field(default_factory=list)

    def reject(self, reason: str) -> None:
        """Count a row set aside and keep the first reasons."""
        self.rejected += 1
        if len(self.reasons) < SHOWN_REASONS:
            self.reasons.append(reason)

    @property
    def unchanged(self) -> int:
        """Rows that the ledger already held."""
        return self.rows - self.new - self.rejected


def import_file(engine: Engine, home: Home, kind: str, path: Path, notify: Notify = stay_silent) -> Imported:
    """What became of a file of `kind` (a key of COLUMNS); `notify` is told the rows done so far.

    Raises NotFound when there is no such file, Unreadable when it is damaged, BadInput when columns are missing:
    in each case before anything of it is stored, except that a Parquet file may break off in the middle.
    """
    if not path.is_file():
        raise NotFound(f"File {path}", "there is none", "Check the name.")
    names, rows = open_table(path)
    _check_columns(kind, path, names)
    captures = _find_captures(path, names) if kind == "news" else frozenset()
    repeated = _find_repeated(kind, path)
    held: dict[int, Any] = {}  # the last record for each figure that the file gives several times
    outcome, recorded_at = Imported(path), datetime.now(UTC)
    with _Rejects(home, path) as rejects:
        while batch := list(islice(rows, BATCH)):
            records = []
            for row, record in _make_records(kind, batch, captures, outcome, rejects):
                key = _key(kind, row) if repeated else None
                if key in repeated:
                    held[key] = record
                else:
                    records.append(record)
            outcome.rows += len(batch)
            outcome.new += store_records(engine, records, recorded_at)
            notify(path.name, outcome.rows, 0)
        outcome.new += store_records(engine, list(held.values()), recorded_at)
    return outcome


def _make_records(
    kind: str, batch: list[tuple[int, Row]], captures: frozenset[str], outcome: Imported, rejects: _Rejects
) -> Iterator[tuple[Row, Any]]:
    """Each usable row with its record; the others are counted and set aside."""
    for line, row in batch:
        try:
            yield row, make_record(kind, row, outcome.file.stem, captures)
        except BadRow as bad:
            outcome.reject(f"{outcome.file.name}, line {line}, column {bad.column}: {bad.reason}")
            rejects.write(line, row, bad)


def _key(kind: str, row: Row) -> int:
    return hash(tuple(row.get(c) for c in (*KEYS[kind], "source")))


def _find_repeated(kind: str, path: Path) -> frozenset[int]:
    """Hashes of the keys that occur more than once in a file of figures: their last row counts, whatever the batch."""
    seen: set[int] = set()
    repeated: set[int] = set()
    for _, row in open_table(path)[1] if kind in KEYS else ():
        key = _key(kind, row)
        (repeated if key in seen else seen).add(key)
    return frozenset(repeated)


def import_files(
    home: Home, kind: str, files: Sequence[Path], show: Callable[[], AbstractContextManager[Notify]]
) -> tuple[list[Imported], list[WhyfellError]]:
    """What became of each file, and the errors of those that could not be read; one bad file does not stop the rest.

    `show` opens a progress bar. Raises WhyfellError when another process writes to the home.
    """
    started_at = datetime.now(UTC)
    outcomes: list[Imported] = []
    errors: list[WhyfellError] = []
    with hold_lock(home, f"import {kind}"):
        engine = open_ledger(home, create=True)
        for path in files:
            try:
                with show() as notify:
                    outcomes.append(import_file(engine, home, kind, path, notify))
            except WhyfellError as error:
                errors.append(error)
        said = [f"{o.file.name}: {o.new} new of {o.rows} rows, {o.rejected} set aside" for o in outcomes] + [
            str(e) for e in errors
        ]
        record_run(engine, f"import {kind}", started_at, "; ".join(said))
        engine.dispose()
    return outcomes, errors


def _check_columns(kind: str, path: Path, names: list[str]) -> None:
    required, one_of, optional = COLUMNS[kind]
    missing = [c for c in required if c not in names]
    if missing or (one_of and not set(one_of) & set(names)):
        needed = ", ".join(required) + (f" and one of {', '.join(one_of)}" if one_of else "")
        found = f"columns {', '.join(n for n in names if n != UNREADABLE) or '(none)'}"
        raise BadInput(
            f"Import of {kind} from {path}", found, f"Needed: {needed}. Optional: {', '.join(optional) or 'none'}."
        )


def _find_captures(path: Path, names: list[str]) -> frozenset[str]:
    """The values of `published_at` which are hours of collection: shared by many items of several publishers."""
    if "published_at" not in names or "source" not in names:
        return frozenset()
    items: Counter[str] = Counter()
    publishers: dict[str, set[str]] = {}
    for _, row in open_table(path)[1]:
        stamp = row.get("published_at") or ""
        if len(stamp) > len("2026-01-30"):
            items[stamp] += 1
            publishers.setdefault(stamp, set()).add(row.get("source") or "")
    together = {s for s, n in items.items() if n >= CAPTURED_TOGETHER and len(publishers[s]) >= CAPTURED_SOURCES}
    return frozenset(together)


class _Rejects:
    """The file of rows set aside; made only when there is one."""

    def __init__(self, home: Home, path: Path) -> None:
        self._path = home.rejected / f"{path.stem}-{datetime.now(UTC):%Y%m%dT%H%M%S}.jsonl"
        self._file: Any = None

    def __enter__(self) -> _Rejects:
        return self

    def write(self, line: int, row: Row, bad: BadRow) -> None:
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("a", encoding="utf-8")
        entry = {"line": line, "column": bad.column, "reason": bad.reason, "row": row}
        # Escaped, so that even half a surrogate pair, which UTF-8 cannot hold, is kept as it came.
        self._file.write(json.dumps(entry, default=str) + "\n")

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()


def list_kinds() -> tuple[str, ...]:
    """The kinds of file that can be imported."""
    return tuple(COLUMNS)
