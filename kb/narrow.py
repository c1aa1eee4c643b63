"""Narrowing a mart: the same SQL over fewer rows, as temporary tables that shadow those of the file.

Three uses: an answer as of a past hour, an answer for a market whose attribution is not stored, and an evaluation that
leaves the case files out. Reads the mart, writes nothing that outlives the connection.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from kb.sql_steps import read_steps, run_steps

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FIGURES = ("bar", "release", "liquidation", "funding", "open_interest", "breadth")
SCORED = ("type_share", "attribution", "unexplained", "measured")
# Features look back 60 sessions, about 87 days in New York; documents before this many days cannot matter.
LOOKED_BACK = timedelta(days=130)


def score_market(connection: DuckDBPyConnection, market: str, first: date, last: date) -> None:
    """Attribute the sessions `first..last` of one market, from the features as they stand."""
    _ask(connection, market)
    run_steps(connection, SCORED, {"from_session": first, "to_session": last}, temporary=True)


def narrow_to(connection: DuckDBPyConnection, market: str, session: date, as_of: datetime) -> None:
    """Rebuild everything that an answer for one session needs from rows that were public by `as_of`."""
    _ask(connection, market)
    documents = {"from": session - LOOKED_BACK, "as_of": as_of}
    connection.execute(
        "CREATE TEMP TABLE document AS SELECT * FROM main.document WHERE known_at >= $from AND known_at <= $as_of",
        documents,
    )
    for table in (*FIGURES, "event", "review"):
        connection.execute(
            f"CREATE TEMP TABLE {table} AS SELECT * FROM main.{table} WHERE known_at <= $as_of",  # noqa: S608 our own names
            {"as_of": as_of},
        )
    run_steps(connection, _derived(), {"from_session": session, "to_session": session}, temporary=True)


def leave_cases_out(connection: DuckDBPyConnection, market: str) -> None:
    """Rebuild the attribution of one market for all sessions from rows that did not come from the case files."""
    _ask(connection, market)
    for table in (*FIGURES, "document"):
        connection.execute(f"CREATE TEMP TABLE {table} AS SELECT * FROM main.{table} WHERE origin <> 'case'")  # noqa: S608 our own names
    connection.execute(
        "CREATE TEMP TABLE review AS SELECT * FROM main.review WHERE false"
    )  # people said it of these days
    run_steps(connection, _derived(), {"from_session": date.min, "to_session": date.max}, temporary=True)


def _derived() -> list[str]:
    """The steps that compute something from bars and documents, in order; placebo days stay those of the mart."""
    names = [s.name for s in read_steps() if s.kind != "macro"]
    return [n for n in names[names.index("bar_flag") :] if n != "placebo"]


def _ask(connection: DuckDBPyConnection, market: str) -> None:
    connection.execute("CREATE TEMP TABLE asked_market AS SELECT $market AS market", {"market": market})
