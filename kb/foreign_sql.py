"""SQL that came from outside: one reading statement, no files, no network, no settings, within limits of time and rows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from threading import Timer
from typing import Any

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
    with open_mart(home, locked=True) as connection:
        return _run_limited(connection, statement)


def _run_limited(connection: Any, statement: str) -> Table:
    import duckdb

    seconds, most = read_number("WHYFELL_SQL_SECONDS"), read_number("WHYFELL_SQL_ROWS")
    _check_statement(connection, statement)
    timer = Timer(seconds, connection.interrupt)
    timer.start()
    try:
        cursor = connection.execute(_limit_rows(statement, most + 1))
        rows = cursor.fetchmany(most + 1)
        columns = tuple(d[0] for d in cursor.description or ())
    except duckdb.InterruptException:
        raise BadInput("SQL", f"took longer than {seconds} s", "Narrow it, or raise WHYFELL_SQL_SECONDS.") from None
    except duckdb.Error as error:
        found = str(error).strip().split("\n")[0]
        raise BadInput("SQL", found, '`whyfell sql "SHOW TABLES"` lists what is there.') from error
    finally:
        timer.cancel()
    return Table(columns, tuple(rows[:most]), len(rows) > most)


def _limit_rows(statement: str, most: int) -> str:
    """A query that stops after `most` rows; what does not begin like one (EXPLAIN, SHOW) is short by itself."""
    if not re.match(r"\s*(select|with|from|values|\()", statement, re.I):
        return statement
    return f"SELECT * FROM ({statement.rstrip().rstrip(';')}\n) LIMIT {most}"  # noqa: S608 the locked connection runs it


def _check_statement(connection: Any, statement: str) -> None:
    import duckdb

    allowed = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN}
    try:
        statements = connection.extract_statements(statement)
    except duckdb.Error as error:
        raise BadInput("SQL", str(error).strip().split("\n")[0], "Mend the statement.") from error
    if len(statements) != 1 or statements[0].type not in allowed:
        found = f"{len(statements)} statements" if len(statements) != 1 else f"a {statements[0].type.name} statement"
        raise WhyfellError("SQL", found, "Give one SELECT: the knowledge base is read-only.")
