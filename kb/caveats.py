"""What limits an answer, said with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from kb.lead import Standing

SHARES = (
    "Shares are the weights a newspaper coder would be expected to give, not parts of the return; "
    "this attributes, it does not prove."
)
REASONS = {
    "not_ingested": "no documents are here for that session",
    "no_candidate": "no document of that session carries a trigger",
    "candidates_too_weak": "the candidates are too weak",
    "several_tied": "several causes are about equally likely",
}
FEW_DOCUMENTS = 20  # fewer for a session than this, and one item more could turn the answer
PAPERS_WRITE = timedelta(hours=24)  # after the close, by which most reports of a session are public


@dataclass(frozen=True)
class Known:
    """What the answer rests on: documents, the youngest coding in the weights, whether only cases are here, faults of the bar."""

    session: date
    as_of: datetime | None
    documents: int
    trained_through: str
    only_cases: bool
    bar_flags: tuple[str, ...] = ()


def list_caveats(lead: Standing, selloff: dict[str, Any] | None, known: Known) -> tuple[str, ...]:
    """The sentences, most important first; the one about shares is always there."""
    found = [SHARES, *_about_the_fall(lead, selloff), *_about_the_bar(known), *_about_validation(lead)]
    found += _about_documents(known)
    if known.trained_through > known.session.isoformat():
        found.append(f"The weights were fitted on codings up to {known.trained_through}, later than this session.")
    return tuple(found)


def _about_the_fall(lead: Standing, selloff: dict[str, Any] | None) -> list[str]:
    if lead.ret is None:
        return ["The session has no return: it is the first after a hole or a split in the prices."]
    if selloff is None:
        return [f"{lead.name} was in no sell-off that session."]
    if lead.ret >= 0:
        return [f"{lead.name} rose that session; it stood within a longer fall."]
    return []


def _about_the_bar(known: Known) -> list[str]:
    wrong = [flag for flag in known.bar_flags if flag != "hole"]  # told with the missing return
    return (
        [f"The price of that session looks wrong in the source: {', '.join(wrong)} (table bar_flag)."] if wrong else []
    )


def _about_validation(lead: Standing) -> list[str]:
    if not lead.human_coded:
        return ["Not validated: no published human coding covers this market."]
    if lead.ret is not None and abs(lead.ret) < 0.025:
        return ["Not validated: the human coding covers only moves of 2.5 % or more."]
    return []


def _about_documents(known: Known) -> list[str]:
    found = []
    if known.only_cases:
        found.append("From the embedded case files alone; `whyfell import news FILE` brings an archive.")
    elif 0 < known.documents < FEW_DOCUMENTS:
        found.append(f"Only {known.documents} documents are here for this session.")
    if known.as_of is not None:
        close = datetime.combine(known.session, datetime.min.time(), UTC) + timedelta(hours=21)
        if known.as_of < close + PAPERS_WRITE:
            found.append("Asked as of an hour at which most reports of the session were not yet written.")
    return found
