"""Commands that write, and the tagger over a file."""

from __future__ import annotations

import json as json_format
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from typing import Any

from kb.cli.progress import show_progress
from kb.cli.tables import print_json
from kb.errors import BadInput, WhyfellError
from kb.settings import Home


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


def run_tag(file: Path, least_confidence: float) -> None:
    """Print one JSON line for each item of a file or of standard input, in order; all cores read a long file."""
    if not 0 <= least_confidence <= 1:
        raise BadInput(f"--least-confidence {least_confidence}", "not a chance", "Give a number from 0 to 1.")
    parallel, lines = import_module("models.parallel"), import_module("models.tag_lines")
    tagger = import_module("models.tagger").Tagger.load()
    batches = parallel.cut_batches(_read_items(file))
    with show_progress() as notify:
        done = 0
        for text in parallel.read_all(tagger, batches, lines.show_lines, least_confidence=least_confidence):
            sys.stdout.write(text)
            done += text.count("\n")
            notify("tagging", done, 0)


def _read_items(file: Path) -> Iterator[tuple[str, str, str, str]]:
    """(id, title, summary, day) of each item; lines of plain text are titles, numbered from 1."""
    if str(file) != "-" and file.suffix.lower() in import_module("ingest.tables").FORMATS:
        for number, row in import_module("ingest.tables").open_table(file)[1]:
            yield _pick_columns(number, row)
        return
    if str(file) != "-" and not file.is_file():
        raise BadInput(f"File {file}", "there is none", "Check the name, or use - for standard input.")
    with nullcontext(sys.stdin.buffer) if str(file) == "-" else file.open("rb") as stream:
        for number, raw in enumerate(stream, 1):
            yield _read_line(number, raw.decode("utf-8", errors="replace").rstrip("\r\n"))


def _read_line(number: int, line: str) -> tuple[str, str, str, str]:
    if line.startswith("{"):
        try:
            return _pick_columns(number, json_format.loads(line))
        except (json_format.JSONDecodeError, AttributeError):
            pass  # a title that begins with a brace
    return str(number), line, "", ""


def _pick_columns(number: int, row: Mapping[str, Any]) -> tuple[str, str, str, str]:
    day = row.get("published_at") or row.get("date") or ""
    title, summary = row.get("title") or row.get("text") or "", row.get("summary") or ""
    return str(row.get("id") or number), str(title), str(summary), str(day)
