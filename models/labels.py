"""Labelled texts: our own sentences, and readings of archive headlines that are kept by hash alone.

Reads `data/labels/*.csv` (text, types, wrap, risk, cause), `data/labels/archive/readings.csv` (key, types, wrap, risk,
use: no text, only the hash of a headline of an archive beside the project) and `data/labels/hard/hard.csv`
(measured on, never trained on). Writes nothing.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kb.errors import BadInput
from kb.mart import read_parquet
from kb.taxonomy import read_taxonomy

ROOT = Path(__file__).parent.parent
LABELS = ROOT / "data" / "labels"
ARCHIVE = ROOT.parent / "shared" / "news" / "dated"
NONE = "none"
OWN_COLUMNS = frozenset(("text", "types", "wrap", "risk", "cause"))
READING_COLUMNS = frozenset(("key", "types", "wrap", "risk", "use"))


@dataclass(frozen=True)
class Label:
    """One labelled item; `types` is primary first and empty for none. `key` is the hash of its title."""

    title: str
    summary: str
    types: tuple[str, ...]
    wrap: int
    risk: int
    key: str

    @property
    def primary(self) -> str:
        """The primary type, "none" where there is no type."""
        return self.types[0] if self.types else NONE


def hash_title(title: str) -> str:
    """Key of an item: 16 hexadecimal digits of the SHA-256 of its title, case and blanks folded."""
    return hashlib.sha256(" ".join(title.casefold().split()).encode("utf-8", "replace")).hexdigest()[:16]


def read_own(folder: Path = LABELS) -> list[Label]:
    """Our own sentences in file order. Raises BadInput when there are none or a row is not as needed."""
    labels = []
    for path in sorted(folder.glob("*.csv")):
        labels += [_to_label(path, row, row["text"], "") for row in _read_rows(path, OWN_COLUMNS)]
    if not labels:
        raise BadInput(f"Labels in {folder}", "no CSV file", "Run from a checkout that has data/labels.")
    return labels


def read_hard(folder: Path = LABELS) -> list[Label]:
    """The hard sentences for measuring. Raises BadInput when the file is not as needed."""
    path = folder / "hard" / "hard.csv"
    return [_to_label(path, row, row["text"], "") for row in _read_rows(path, OWN_COLUMNS - {"cause"})]


def read_archive(folder: Path = ARCHIVE) -> dict[str, tuple[str, str]]:
    """(title, summary) by key, from every Parquet file of a folder in file order, first telling kept, ordered by key.

    Titles of the labelled headlines beside the folder (`gold/*.csv`) are left out, for those are measured on. Empty where
    there is no folder.
    """
    measured = read_measured(folder.parent.parent / "gold")
    items: dict[str, tuple[str, str]] = {}
    for path in sorted(folder.glob("*.parquet")):
        names, rows = read_parquet(path)
        title, summary = names.index("title"), names.index("summary")
        for row in rows:
            if row[title]:
                items.setdefault(hash_title(row[title]), (row[title], row[summary] or ""))
    return {key: items[key] for key in sorted(items.keys() - measured)}


def read_measured(folder: Path) -> set[str]:
    """Keys of all titles in the CSV files of a folder that are measured on; empty where there is no folder."""
    keys = set()
    for path in sorted(folder.glob("*.csv")):
        keys |= {hash_title(row["title"]) for row in _read_rows(path, frozenset(("title",)))}
    return keys


def read_readings(archive: Mapping[str, tuple[str, str]], use: str, folder: Path = LABELS) -> list[Label]:
    """Readings of archive headlines for one `use`, joined to their texts by key, in file order.

    Uses: train; held (for thresholds and calibration, never trained on); aside (neither). Readings without a text are
    left out.
    """
    path = folder / "archive" / "readings.csv"
    rows = _read_rows(path, READING_COLUMNS) if path.exists() else []
    chosen = [row for row in rows if row["use"] == use and row["key"] in archive]
    return [_to_label(path, row, *archive[row["key"]]) for row in chosen]


def _read_rows(path: Path, columns: frozenset[str]) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for number, row in enumerate(rows, start=2):
        if None in row or None in row.values() or not columns <= set(row):
            needed = ", ".join(sorted(columns))
            raise BadInput(f"Labels {path.name}", f"line {number}: {row}", f"Give the columns {needed}.")
    return rows


def _to_label(path: Path, row: dict[str, str], title: str, summary: str) -> Label:
    types = tuple(t for t in row["types"].split("|") if t != NONE)
    unknown = set(types) - set(read_taxonomy())
    if unknown or row["wrap"] not in ("0", "1") or row["risk"] not in ("-1", "0", "1"):
        raise BadInput(
            f"Labels {path.name}", f"{row}", "Types are those of the taxonomy, wrap 0 or 1, risk -1, 0 or 1."
        )
    return Label(title, summary, types, int(row["wrap"]), int(row["risk"]), hash_title(title))
