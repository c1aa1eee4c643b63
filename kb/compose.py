"""Composing an answer from rows of the mart: no figure is made here that SQL has not computed.

Reads the mart; writes only when a home does not exist yet, which the embedded case files then fill.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from kb.answer import Answer, Cause, Evidence, Json
from kb.calibration import Calibration
from kb.caveats import Known, list_caveats
from kb.errors import NotFound
from kb.lead import Standing, choose_lead, list_also, list_standings
from kb.markets import find_market, read_markets
from kb.mart import open_mart
from kb.narrow import SCORED, narrow_to, score_market
from kb.notify import Notify, stay_silent
from kb.settings import Home
from kb.sql_steps import fetch_rows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


# What stands for the unexplained of a session that was never scored.
ANALOGUES = 5  # earlier falls told with an answer
NOTHING_KNOWN: Json = {"share": 1.0, "reason": "not_ingested", "documents": 0, "of_sessions": 0}


@dataclass(frozen=True)
class Question:
    """What is asked: a session, a market (None: the one to lead with) and an instant (None: all that is known)."""

    session: date
    market: str | None
    as_of: datetime | None


def answer_day(home: Home, session: date, market: str | None, as_of: datetime | None) -> Answer:
    """The answer for one session. Raises as `kb.why` does."""
    ensure_home(home)
    with open_mart(home) as connection:
        return compose_answer(connection, Question(session, market, as_of))


def ensure_home(home: Home, notify: Notify = stay_silent) -> None:
    """Fill a home that does not exist yet from the embedded case files; leave any other alone."""
    if home.mart.exists() or home.ledger.exists():
        return
    from importlib import import_module

    import_module("ingest.init").initialise(home, notify)  # by name: kb imports neither room above it


def compose_answer(connection: DuckDBPyConnection, question: Question) -> Answer:
    """The answer to a question over an open mart. An `as_of` question leaves temporary tables behind."""
    meta = {r["name"]: r["value"] for r in fetch_rows(connection, "SELECT name, value FROM meta")}
    lead, standings = find_lead(connection, question)
    _prepare_attribution(connection, question, lead)
    return _compose(connection, question, lead, standings, meta)


def find_lead(connection: DuckDBPyConnection, question: Question) -> tuple[Standing, list[Standing]]:
    """The market that an answer is about, and how all stood that session; narrows the mart for an `as_of` question.

    Raises NotFound for an unknown market, and when no bar of the session is known.
    """
    known = frozenset(r["market"] for r in fetch_rows(connection, "SELECT market FROM market"))
    asked = find_market(question.market, known) if question.market else None
    if question.as_of:
        narrow_to(connection, asked or "SPX", question.session, question.as_of)
    standings = list_standings(connection, question.session)
    lead = choose_lead(standings, asked)
    if lead is None:
        raise _explain_absence(connection, question, asked)
    return lead, standings


def _prepare_attribution(connection: DuckDBPyConnection, question: Question, lead: Standing) -> None:
    """Score the lead live where its rows are not stored, or where an as-of question was narrowed to another market."""
    stored = fetch_rows(connection, "SELECT 1 AS one FROM asked_market WHERE market = $market", {"market": lead.market})
    if stored:
        return
    for table in ("asked_market", *SCORED):
        connection.execute(f"DROP TABLE IF EXISTS temp.{table}")
    score_market(connection, lead.market, question.session, question.session)


def _compose(
    connection: DuckDBPyConnection, question: Question, lead: Standing, standings: list[Standing], meta: dict[str, str]
) -> Answer:
    place = {"market": lead.market, "session": question.session}
    selloff = _plain(_fetch_one(connection, "selloff_on", place))
    rest = _fetch_one(connection, "unexplained_on", place) or NOTHING_KNOWN
    only_cases = _holds_only_cases(connection, question.as_of)
    state = _plain(_fetch_one(connection, "state_on", place)) or {}
    flags = tuple(state.get("bar_flags", ()))
    known = Known(question.session, question.as_of, rest["documents"], meta["trained_through"], only_cases, flags)
    return Answer(
        date=question.session.isoformat(),
        as_of=question.as_of.strftime("%Y-%m-%dT%H:%M:%SZ") if question.as_of else None,
        market=lead.market,
        validated=_is_validated(lead),
        built={k: meta[k] for k in ("run", "version", "model", "trained_through")},
        return_on_date=lead.ret,
        z=lead.z,
        selloff=selloff,
        state=state,
        causes=_list_causes(connection, lead, question.session, _read_calibration(meta, rest["documents"])),
        unexplained={"share": rest["share"], "reason": rest["reason"]},
        # Quiet sessions were scored on all that is known by now, so that an answer as of the past does without them.
        placebo=None if question.as_of else _rank_placebo(rest),
        analogues=tuple(_fetch(connection, "analogues_on", {**place, "most": ANALOGUES})) if selloff else (),
        also=list_also(standings, lead),
        caveats=(*list_caveats(lead, selloff, known), *_tell_rejected(_fetch(connection, "rejected_on", place))),
    )


def _tell_rejected(rows: list[Json]) -> list[str]:
    return [f"{r['who']} rejected {r['type']} as a cause: {r['why']}" for r in rows]


def _is_validated(lead: Standing) -> bool:
    # The human coding covers days on which a broad US index moved by more than 2.5 %.
    return lead.human_coded and lead.ret is not None and abs(lead.ret) >= 0.025


def _rank_placebo(rest: Json) -> Json | None:
    if not rest["of_sessions"]:
        return None
    return {"rank": rest["place"], "of": rest["of_sessions"] + 1, "base_rate": rest["base_rate"]}


def _holds_only_cases(connection: DuckDBPyConnection, as_of: datetime | None) -> bool:
    known = (
        "SELECT 1 AS one FROM main.document WHERE origin <> 'case' AND ($as_of IS NULL OR known_at <= $as_of) LIMIT 1"
    )
    return not fetch_rows(connection, known, {"as_of": as_of})


def _read_calibration(meta: dict[str, str], documents: int) -> Calibration:
    return Calibration(float(meta["confidence_intercept"]), float(meta["confidence_slope"]), documents)


def _list_causes(
    connection: DuckDBPyConnection, lead: Standing, session: date, calibration: Calibration
) -> tuple[Cause, ...]:
    rows = _fetch(connection, "causes_on", {"market": lead.market, "session": session})
    behind: dict[str, list[Json]] = {}
    for row in (
        _fetch(connection, "evidence_on", {"market": lead.market, "calendar": lead.calendar, "session": session})
        if rows
        else ()
    ):
        behind.setdefault(row["event_id"], []).append(row)
    return tuple(_make_cause(r, behind.get(r["event_id"], []), calibration) for r in rows)


def _make_cause(row: Json, documents: list[Json], calibration: Calibration) -> Cause:
    evidence = tuple(Evidence(d["title"], d["url"], d["source"], d["public_at"], d["role"]) for d in documents)
    happened = [d["happened_at"] for d in documents if d["happened_at"]]
    return Cause(
        event_id=row["event_id"], type=row["type"], bbds=row["category"], title=row["title"], share=row["share"],
        confidence=calibration.rate(row["category_share"]), public_at=row["public_at"],
        happened_at=min(happened, default=None), why=dict(row["why"]), evidence=evidence, measured=row["measured"],
        review=row["review"],
    )  # fmt: skip


def _explain_absence(connection: DuckDBPyConnection, question: Question, asked: str | None) -> NotFound:
    """Why there is no answer: the market has no session that day, or no bar for it is here."""
    market = asked or "SPX"
    declared = read_markets().get(market)
    calendar = declared.calendar if declared else "NYSE"
    place = {"calendar": calendar, "session": question.session, "market": market}
    row = _fetch(connection, "sessions_around", place)[0]
    what = f"{market} on {question.session} ({question.session:%A})"
    if not row["is_session"]:
        around = " and ".join(d for d in (row["before"], row["after"]) if d) or "none"
        return NotFound(what, f"no {calendar} session on that day", f"The sessions around it are {around}.")
    if row["first_bar"] is None:
        return NotFound(
            what, "no prices of that market are here", "Run `whyfell import prices FILE`, then `whyfell build`."
        )
    if _fetch(connection, "bad_ticks_on", {"market": market, "session": question.session}):
        found = "its price went far away on that bar and came back on the next: a bad tick, set aside"
        return NotFound(
            what, found, "See it in the table bar_flag; import a sound bar for that day, then `whyfell build`."
        )
    by = f" by {question.as_of:%Y-%m-%dT%H:%MZ} (bars are known 15 minutes after the close)" if question.as_of else ""
    found = f"no bar known{by}; those here run from {row['first_bar']} to {row['last_bar']}"
    return NotFound(what, found, "Ask for another date, or run `whyfell import prices FILE` and `whyfell build`.")


def _fetch_one(connection: DuckDBPyConnection, query: str, parameters: dict[str, Any]) -> Json | None:
    return next(iter(_fetch(connection, query, parameters)), None)


def _fetch(connection: DuckDBPyConnection, query: str, parameters: dict[str, Any]) -> list[Json]:
    from kb.sql_steps import read_query

    return fetch_rows(connection, read_query(query), parameters)


def _plain(row: Json | None) -> Json | None:
    """A row with its dates as text, as JSON wants them."""
    if row is None:
        return None
    return {k: v.isoformat() if isinstance(v, date) else v for k, v in row.items()}
