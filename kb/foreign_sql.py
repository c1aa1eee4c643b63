"""SQL that came from outside: one reading statement, no files, no network, no settings, within limits of time and rows."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Timer
from typing import Any

from kb.compose import ensure_home
from kb.errors import BadInput, WhyfellError
from kb.mart import open_mart
from kb.settings import Home, read_number


@dataclass(frozen=True)
class Table:
    """Rows with their column names; `cut` says that there were more than the limit."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    cut: bool


def run_foreign_sql(home: Home, statement: str) -> Table:
    """The rows of one SELECT (or EXPLAIN, DESCRIBE, SHOW) over the mart.

    Raises BadInput for anything else, for an error in the SQL, and when the time limit is passed.
    """
    ensure_home(home)
    with open_mart(home, locked=True) as connection:
        return _run_limited(connection, statement)


def _run_limited(connection: Any, statement: str) -> Table:
    import duckdb

    seconds, most = read_number("WHYFELL_SQL_SECONDS"), read_number("WHYFELL_SQL_ROWS")
    _check_statement(connection, statement)
    timer = Timer(seconds, connection.interrupt)
    timer.start()
    try:
        cursor = connection.execute(statement)
        rows = cursor.fetchmany(most + 1)
        columns = tuple(d[0] for d in cursor.description or ())
    except duckdb.InterruptException:
        raise BadInput("SQL", f"took longer than {seconds} s", "Narrow it, or raise WHYFELL_SQL_SECONDS.") from None
    except duckdb.Error as error:
        raise BadInput("SQL", str(error).strip(), '`whyfell sql "SHOW TABLES"` lists what is there.') from error
    finally:
        timer.cancel()
    return Table(columns, tuple(rows[:most]), len(rows) > most)


def _check_statement(connection: Any, statement: str) -> None:
    import duckdb

    allowed = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN}
    try:
        statements = connection.extract_statements(statement)
    except duckdb.Error as error:
        raise BadInput("SQL", str(error).strip(), "Mend the statement.") from error
    if len(statements) != 1 or statements[0].type not in allowed:
        found = f"{len(statements)} statements" if len(statements) != 1 else f"a {statements[0].type.name} statement"
        raise WhyfellError("SQL", found, "Give one SELECT: the knowledge base is read-only.")
