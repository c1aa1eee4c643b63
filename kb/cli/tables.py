"""Rows as a table for people, or as JSON or CSV for programs."""

from __future__ import annotations

import csv as csv_format
import json as json_format
import math
import re
import shutil
import sys
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

NARROW_PIPE = 200  # columns of a table that goes into a pipe or a file
LONG_TEXT = 40  # characters of a cell that may be cut when the screen is narrow
FRACTIONS = frozenset(
    "drawdown ret return_on_date after_1 after_5 after_20 after_60 median low high all_median contribution residual".split()
)
SHARES = frozenset(("share", "unexplained_share", "share_up", "share_caught", "share_of_sessions"))
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


def print_rows(rows: Sequence[dict[str, Any]], if_empty: str, json: bool, csv: bool) -> None:
    """Print rows to standard output; `if_empty` says what it means that there is none."""
    if json:
        print_json(list(rows))
    elif not rows:
        print(if_empty, file=sys.stderr)
    else:
        print_table(list(rows[0]), [list(r.values()) for r in rows], csv=csv)


def print_json(value: Any) -> None:
    """Print a value as JSON, dates and instants as ISO text, NaN and infinity as null."""
    json_format.dump(make_plain(value), sys.stdout, ensure_ascii=False, indent=2, allow_nan=False)
    sys.stdout.write("\n")


def make_plain(value: Any) -> Any:
    """A value of lists, dictionaries, text, numbers, booleans and None only."""
    if isinstance(value, dict):
        return {str(k): make_plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set):
        return [make_plain(v) for v in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


def print_table(columns: Sequence[str], rows: Sequence[Sequence[Any]], *, csv: bool = False) -> None:
    """Print columns and rows, aligned for people or as CSV."""
    if csv:
        writer = csv_format.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([["" if v is None else make_plain(v) for v in row] for row in rows])
        return
    shown = [[_show(c, v) for c, v in zip(columns, row, strict=True)] for row in rows]
    widths = [max(len(c), *(len(r[n]) for r in shown), 0) if shown else len(c) for n, c in enumerate(columns)]
    room = shutil.get_terminal_size().columns if sys.stdout.isatty() else NARROW_PIPE
    if sum(min(w, LONG_TEXT) + 2 for w in widths) > room:
        _print_records(columns, shown)
        return
    spare = room - sum(min(w, LONG_TEXT) + 2 for w in widths)
    widths = [min(w, LONG_TEXT + spare) for w in widths]
    print("  ".join(c.ljust(w) for c, w in zip(columns, widths, strict=True)).rstrip())
    for row in shown:
        print("  ".join(_cut(v, w).ljust(w) for v, w in zip(row, widths, strict=True)).rstrip())


def _print_records(columns: Sequence[str], shown: Sequence[Sequence[str]]) -> None:
    """One value a line, as in a form: for rows too wide for the screen."""
    margin = max(len(c) for c in columns)
    for number, row in enumerate(shown, 1):
        print(f"row {number}")
        for column, value in zip(columns, row, strict=True):
            print(f"  {column.ljust(margin)}  {value}".rstrip())


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _show(column: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        if column in SHARES:
            return f"{100 * value:.1f} %"
        return f"{100 * value:+.1f} %" if column in FRACTIONS else f"{value:.4g}"
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(make_plain(value))
    return _CONTROL.sub(" ", text)  # a title could move the cursor or recolour the screen
