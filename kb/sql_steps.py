"""The `.sql` files: read in order, run with only the parameters they name, commented in the database.

A step file holds one SELECT and a header: `-- table name: what a row is`, `-- in: what it reads`, `-- col name: meaning`.
The same SELECT makes a table of the mart during a build and a temporary table when an answer is asked as of a past hour.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from kb.errors import BadInput

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class Step:
    """One `.sql` file: the kind of thing it makes, its name, its comments and its text."""

    file: str
    kind: str  # table, view or macro
    name: str
    comment: str
    columns: dict[str, str]
    sql: str

    @property
    def parameters(self) -> set[str]:
        """Names of the `$parameters` in the text."""
        return set(re.findall(r"\$([a-z_]+)", self.sql))


@cache
def read_steps() -> tuple[Step, ...]:
    """All steps in the order of their file names. Raises BadInput for a file without its header."""
    folder = resources.files("kb").joinpath("sql")
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    return tuple(_parse_step(f.name, f.read_text("utf-8")) for f in files)


def _parse_step(file: str, text: str) -> Step:
    head = re.search(r"^-- (table|view|macro) (\w+): (.+)$", text, re.M)
    if head is None:
        raise BadInput(f"SQL step {file}", "no header", "Begin it with `-- table name: what a row is`.")
    joined = re.sub(r"\n--     ", " ", text)  # a long comment goes on in lines that are indented further
    columns = dict(re.findall(r"^-- col (\w+): (.+)$", joined, re.M))
    body = "\n".join(line for line in text.splitlines() if not line.startswith("-- ")).strip()
    return Step(file, head[1], head[2], head[3], columns, body)


def _make(connection: DuckDBPyConnection, step: Step, given: Mapping[str, Any], temporary: bool) -> None:
    import duckdb

    place = "TEMP " if temporary else ""
    try:
        if step.kind == "macro":
            connection.execute(step.sql)
        else:
            connection.execute(f"CREATE {place}{step.kind.upper()} {step.name} AS {step.sql}", given)
    except duckdb.Error as error:
        error.add_note(f"in step {step.file}")
        raise


def run_steps(
    connection: DuckDBPyConnection,
    names: Iterable[str],
    parameters: Mapping[str, Any],
    *,
    temporary: bool = False,
) -> None:
    """Make each named step, in file order. `temporary` tables shadow those of a mart opened read-only."""
    wanted = set(names)
    for step in read_steps():
        if step.name not in wanted:
            continue
        if step.kind == "macro" and temporary:
            continue
        _make(connection, step, {k: v for k, v in parameters.items() if k in step.parameters}, temporary)
        if not temporary:
            _comment(connection, step)


def _comment(connection: DuckDBPyConnection, step: Step) -> None:
    what = "MACRO TABLE" if step.kind == "macro" else step.kind.upper()
    connection.execute(f"COMMENT ON {what} {step.name} IS {_quote(step.comment)}")
    for column, meaning in step.columns.items():
        connection.execute(f"COMMENT ON COLUMN {step.name}.{column} IS {_quote(meaning)}")


@cache
def read_query(name: str) -> str:
    """The text of a read-only query in `sql/queries`."""
    return resources.files("kb").joinpath("sql").joinpath("queries").joinpath(f"{name}.sql").read_text("utf-8")


def fetch_rows(
    connection: DuckDBPyConnection, sql: str, parameters: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """The rows of a query as dictionaries by column name. Instants must be turned to text in the SQL."""
    cursor = connection.execute(sql, dict(parameters or {}))
    names = [d[0] for d in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
