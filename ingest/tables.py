"""Tables in files: CSV, JSONL and Parquet as rows of text with their line numbers.

The way in for the user's own archive. Every value arrives as text (None when absent); meaning is given in
`ingest.columns`.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any, TextIO

from kb.errors import BadInput, Unreadable
from kb.mart import read_parquet

Row = dict[str, str | None]
FORMATS = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
UNREADABLE = "\0line"  # stands for the columns of a JSONL line that is no object; no header can hold it
LOOKED_AT = 100  # JSONL lines whose keys together count as the columns


def open_table(path: Path) -> tuple[list[str], Iterator[tuple[int, Row]]]:
    """The column names of a file and its rows, each with its line (for Parquet: row) number, from 1.

    Raises BadInput for an unknown ending or an empty file, Unreadable for damaged content.
    """
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        raise BadInput(f"File {path}", f"ending {path.suffix or '(none)'}", f"Use one of {', '.join(FORMATS)}.")
    if path.stat().st_size == 0:
        raise BadInput(f"File {path}", "it is empty", "Give a file with a header and rows.")
    if kind == "parquet":
        names, rows = read_parquet(path)
        return names, ((n, dict(zip(names, row, strict=True))) for n, row in enumerate(rows, 1))
    return _open_csv(path) if kind == "csv" else _open_jsonl(path)


def _open_text(path: Path) -> TextIO:
    # utf-8-sig: many spreadsheets write a byte-order mark; a bad byte becomes U+FFFD instead of ending the import.
    return path.open(encoding="utf-8-sig", errors="replace", newline="")


def _open_csv(path: Path) -> tuple[list[str], Iterator[tuple[int, Row]]]:
    csv.field_size_limit(sys.maxsize)  # the default of 131,072 characters refuses long articles; they are cut later
    with _open_text(path) as file:
        comments = 0
        while (line := file.readline()).startswith("#"):  # notes above the header, as some publishers of figures write
            comments += 1
        names = [n.strip() for n in next(csv.reader(chain([line], file)), [])]
    return names, _read_csv(path, names, comments)


def _read_csv(path: Path, names: list[str], comments: int) -> Iterator[tuple[int, Row]]:
    with _open_text(path) as file:
        reader = csv.reader(line.replace("\0", "") for line in islice(file, comments, None))
        next(reader, None)
        try:
            for values in reader:
                if values:
                    yield comments + reader.line_num, dict(zip(names, values, strict=False))
        except csv.Error as error:
            raise Unreadable(
                f"CSV file {path}", f"line {comments + reader.line_num}: {error}", "Mend that line."
            ) from error


def _open_jsonl(path: Path) -> tuple[list[str], Iterator[tuple[int, Row]]]:
    rows = _read_jsonl(path)
    head = list(islice(rows, LOOKED_AT))
    names = list(dict.fromkeys(key for _, row in head for key in row))
    return names, chain(head, rows)


def _read_jsonl(path: Path) -> Iterator[tuple[int, Row]]:
    with _open_text(path) as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                value = json.loads(line)
            except json.JSONDecodeError as error:
                value = {UNREADABLE: f"not JSON: {error.msg}"}
            yield number, _as_row(value)


def _as_row(value: Any) -> Row:
    if not isinstance(value, dict):
        return {UNREADABLE: f"not an object: {type(value).__name__}"}
    return {str(k): None if v is None else v if isinstance(v, str) else json.dumps(v) for k, v in value.items()}
