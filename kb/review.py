"""Reviews: what people say of causes and tags, kept for ever in the ledger; the next build brings them into the answers.

Reads the mart (what the machine said) and the ledger; writes the ledger's table `review`, to which rows are only added.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Engine, text

from kb.compose import answer_day
from kb.dates import parse_days
from kb.errors import BadInput, NotFound
from kb.ledger import hold_lock, open_ledger
from kb.ledger_tables import ReviewRow
from kb.ledger_write import append_rows, record_run
from kb.records import Review, hash_id
from kb.settings import Home
from kb.taxonomy import read_taxonomy

NONE = "none"


@dataclass(frozen=True)
class Reviewer:
    """Who says it, and why: both are kept and shown."""

    who: str
    why: str


def judge_cause(home: Home, action: str, day: str, type_: str, market: str | None, *, by: Reviewer) -> Review:
    """Accept or reject a cause of an answer. Raises NotFound when the answer has no cause of that type, BadInput as `kb.why`."""
    session, asked, shares = _read_answer(home, day, market)
    _check_types([type_])
    if type_ not in shares:
        there = ", ".join(shares) or "none"
        raise NotFound(
            f"Cause {type_!r} of {asked} on {session}", f"causes there: {there}", "Name one, or use `review cause`."
        )
    return _keep(home, by, action=action, market=asked, session=session, types=type_, machine=f"{shares[type_]:.2f}")


def add_cause(home: Home, day: str, type_: str, market: str | None, *, document: str, by: Reviewer) -> Review:
    """Name a cause that a document gives for a session; it counts as one market report naming it. Raises as `judge_cause`."""
    session, asked, shares = _read_answer(home, day, market)
    _check_types([type_])
    machine = f"{shares.get(type_, 0.0):.2f}"
    return _keep(
        home, by, action="cause", market=asked, session=session, types=type_, machine=machine, document_id=document
    )


def retag_document(home: Home, document: str, types: list[str], by: Reviewer) -> Review:
    """Give a document other types, primary first, or `none`; they hold against any model. Raises NotFound, BadInput."""
    if types != [NONE]:
        _check_types(types)
    return _keep(home, by, action="retag", types=",".join(types), document_id=document)


def list_reviews(home: Home) -> list[dict[str, Any]]:
    """All reviews, the latest first, with what the machine said then and whether it agreed. Raises NotFound without a ledger."""
    engine = open_ledger(home)
    query = text("SELECT r.*, coalesce(d.title, '') AS title FROM review r LEFT JOIN document d USING (document_id)")
    with engine.connect() as connection:
        rows = [dict(r) for r in connection.execute(query).mappings()]
    engine.dispose()
    rows.sort(key=lambda r: (str(r["reviewed_at"]), r["review_id"]), reverse=True)
    return [_show(r) for r in rows]


def _show(row: dict[str, Any]) -> dict[str, Any]:
    about = row["document_id"] if row["action"] == "retag" else f"{row['market']} {row['session']}"
    return {
        "reviewed_at": str(row["reviewed_at"])[:19], "who": row["who"], "action": row["action"], "about": about,
        "people": row["types"], "machine": row["machine"], "agreed": _agrees(row), "why": row["why"],
        "title": row["title"],
    }  # fmt: skip


def _agrees(row: dict[str, Any]) -> bool:
    """A cause accepted; a document whose types stayed; a cause that had a share already."""
    if row["action"] == "retag":
        return bool(row["types"] == row["machine"])
    return row["action"] == "accept" or (row["action"] == "cause" and float(row["machine"]) > 0)


def _read_answer(home: Home, day: str, market: str | None) -> tuple[date, str, dict[str, float]]:
    """The session, its market and the share of each type in the answer that is being reviewed."""
    days = parse_days(day)
    if len(days) != 1:
        raise BadInput(f"Review of {day!r}", "a range", "Review one session at a time.")
    answer = answer_day(home, days[0], market, None)
    return days[0], answer.market, answer.sum_shares()


def _check_types(types: list[str]) -> None:
    unknown = [t for t in types if t not in read_taxonomy()]
    if unknown or len(set(types)) < len(types) or len(types) > 3:
        raise BadInput(
            f"Types {', '.join(types)}", "not up to three different trigger types", f"Use {', '.join(read_taxonomy())}."
        )


def _keep(home: Home, by: Reviewer, **said: Any) -> Review:
    """The review, written to the ledger with its instant."""
    if not by.who.strip() or not by.why.strip():
        raise BadInput("Review", "it does not say who or why", "Give --who and --why.")
    now = datetime.now(UTC)
    with hold_lock(home, "review"):
        engine = open_ledger(home)
        if said.get("document_id"):
            tags = _read_tags(engine, said["document_id"])
            said.setdefault("machine", tags)
        review = Review(
            hash_id(now.isoformat(), by.who, *map(str, said.values())), now, by.who.strip(), by.why.strip(), **said
        )
        with engine.begin() as connection:
            append_rows(connection, ReviewRow, [asdict(review) | {"reviewed_at": now.replace(tzinfo=None)}])
        record_run(engine, "review", now, f"{review.action} {review.types}")
        engine.dispose()
    return review


def _read_tags(engine: Engine, document: str) -> str:
    """The types of a document by the model that read it last, `none` where it has none. Raises NotFound for no such document."""
    with engine.connect() as connection:
        if not connection.execute(text("SELECT 1 FROM document WHERE document_id = :d"), {"d": document}).first():
            remedy = (
                "Find it with `whyfell sql \"SELECT document_id, title FROM evidence WHERE session = '2020-03-16'\"`."
            )
            raise NotFound(f"Document {document!r}", "there is none in the ledger", remedy)
        query = (
            "SELECT type FROM trigger WHERE document_id = :d AND model = "
            "(SELECT model FROM reading WHERE document_id = :d ORDER BY rowid DESC LIMIT 1) ORDER BY rank"
        )
        types = connection.execute(text(query), {"d": document}).scalars().all()
    return ",".join(types) or NONE
