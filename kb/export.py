"""Export: every table of the mart as a Parquet file."""

from __future__ import annotations

from pathlib import Path

from kb.errors import BadInput
from kb.mart import open_mart
from kb.settings import Home
from kb.sql_steps import read_steps


def export_mart(home: Home, folder: Path) -> list[Path]:
    """The files written to `folder`, one a table and view. Each appears whole or not at all; older ones are replaced.

    Raises BadInput when `folder` is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise BadInput(f"Export to {folder}", "it is a file", "Name a folder.")
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    with open_mart(home) as connection:
        for step in read_steps():
            if step.kind == "macro":
                continue
            path = folder / f"{step.name}.parquet"
            part = path.with_suffix(".part")
            target = str(part).replace("'", "''")
            connection.execute(f"COPY (SELECT * FROM {step.name}) TO '{target}' (FORMAT parquet)")  # noqa: S608 our own names
            part.replace(path)
            written.append(path)
    return written
