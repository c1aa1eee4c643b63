"""Commands that write, and the tagger over a file."""

from __future__ import annotations

import json as json_format
import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

from kb.cli.progress import show_progress
from kb.cli.tables import print_json
from kb.errors import BadInput, WhyfellError
from kb.settings import Home

TAGGED_TOGETHER = 4_000  # items a batch: the tagger is fast only over many at once


def run_init(home: Home) -> None:
    """Fill the home from the case files and say what is in it."""
    with show_progress() as notify:
        built = import_module("ingest.init").initialise(home, notify)
    print(f"{home.path}: {built.events} events from the case files, published as {built.path.name}.")


def run_import(home: Home, kind: str, files: Sequence[Path], json: bool) -> None:
    """Import files one by one and report on each. Raises the first error after the other files were tried."""
    archive = import_module("ingest.archive")
    if kind not in archive.list_kinds():
        raise BadInput(f"Import of {kind!r}", "no such kind of file", f"Use one of {', '.join(archive.list_kinds())}.")
    outcomes, errors = archive.import_files(home, kind, files, show_progress)
    if json:
        print_json([_describe(o) for o in outcomes])
    for outcome in () if json else outcomes:
        counts = f"{outcome.new:,} new, {outcome.unchanged:,} already here, {outcome.rejected:,} set aside"
        print(f"{outcome.file.name}: {outcome.rows:,} rows, {counts}")
        for reason in outcome.reasons:
            print(f"  {reason}", file=sys.stderr)
        if outcome.rejected:
            print(f"  All {outcome.rejected:,} are in {home.rejected}.", file=sys.stderr)
    if errors:
        raise (
            errors[0]
            if len(errors) == 1
            else WhyfellError("Import", f"{len(errors)} files failed", " ".join(map(str, errors)))
        )


def _describe(outcome: Any) -> dict[str, Any]:
    return {
        "file": str(outcome.file), "rows": outcome.rows, "new": outcome.new, "unchanged": outcome.unchanged,
        "rejected": outcome.rejected, "reasons": outcome.reasons,
    }  # fmt: skip


def run_build_command(home: Home, start: str) -> None:
    """Build and publish, and say what was done."""
    with show_progress() as notify:
        built = import_module("ingest.build").run_build(home, start=start, notify=notify)
    print(f"Published {built.path.name}: {built.read:,} documents read, {built.events:,} events formed.")


def run_tag(file: Path) -> None:
    """Print one JSON line for each item of a file or of standard input, in order."""
    tagger = import_module("models.tagger").Tagger.load()
    items = _read_items(file)
    while batch := list(islice(items, TAGGED_TOGETHER)):
        lines = [json_format.dumps(_show_reading(r), ensure_ascii=False) for r in tagger.read(batch)]
        sys.stdout.write("\n".join(lines) + "\n")


def _show_reading(reading: Any) -> dict[str, Any]:
    types = [{"type": t.type, "score": round(t.score, 4)} for t in reading.types]
    return {
        "id": reading.document_id, "types": types, "wrap": int(reading.wrap), "risk": reading.risk,
        "stated_cause": reading.stated_cause or None,
    }  # fmt: skip


def _read_items(file: Path) -> Iterator[tuple[str, str, str]]:
    """(id, title, summary) of each item; lines of plain text are titles, numbered from 1."""
    if str(file) != "-" and file.suffix.lower() in import_module("ingest.tables").FORMATS:
        for number, row in import_module("ingest.tables").open_table(file)[1]:
            yield row.get("id") or str(number), row.get("title") or row.get("text") or "", row.get("summary") or ""
        return
    if str(file) != "-" and not file.is_file():
        raise BadInput(f"File {file}", "there is none", "Check the name, or use - for standard input.")
    with nullcontext(sys.stdin.buffer) if str(file) == "-" else file.open("rb") as stream:
        for number, raw in enumerate(stream, 1):
            yield _read_line(number, raw.decode("utf-8", errors="replace").rstrip("\r\n"))


def _read_line(number: int, line: str) -> tuple[str, str, str]:
    if line.startswith("{"):
        try:
            row = json_format.loads(line)
            return (
                str(row.get("id") or number),
                str(row.get("title") or row.get("text") or ""),
                str(row.get("summary") or ""),
            )
        except (json_format.JSONDecodeError, AttributeError):
            pass  # a title that begins with a brace
    return str(number), line, ""
