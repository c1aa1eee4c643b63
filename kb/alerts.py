"""What is to be told of a new fall: which falls are fresh, and the message about each.

Reads the mart and composes; `ingest.alerts` sends, and keeps what was sent.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING

from kb.answer import Answer, Cause, Json
from kb.caveats import REASONS
from kb.cli.state import percent
from kb.cli.tables import make_plain
from kb.compose import Question, compose_answer
from kb.mart import open_mart
from kb.settings import Home
from kb.sql_steps import fetch_rows, read_query
from kb.taxonomy import read_taxonomy

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SESSIONS = 5  # of the newest in the mart: older falls are no news, so a first run over an archive tells of none
TOLD = 3  # causes in the text; the answer beside it has all
LONGEST_TITLE = 160  # characters of a headline in the text
SHARES = "as shares of a newspaper coder's attention, not of the fall"
# Headlines are other people's text: they may neither ring everybody of a chat nor break the message's lines.
_TAMED = str.maketrans({"@": "@\u200b", "<": "‹", ">": "›"})
_BLANK = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")


@dataclass(frozen=True)
class FreshFall:
    """One fall that has reached a grade. `alert_id` is the fall's id and the grade: one for ever.

    `session` is the one on which the grade was reached, `drawdown` the fall from `peak` to the lowest close, a fraction;
    a fall that is not `fresh` is no news any more.
    """

    alert_id: str
    market: str
    name: str
    kind: str
    grade: str
    peak: str
    session: str
    drawdown: float
    fresh: bool

    @property
    def title(self) -> str:
        """The fall in one line: "S&P 500 −2.7 % on 2026-01-30: sell-off (jump)"."""
        if self.kind == "jump":
            return f"{self.name} {percent(self.drawdown)} on {self.session}: {self.grade} (jump)"
        since = f"{self.name} {percent(self.drawdown)} since {self.peak}"
        return f"{since}: {self.grade} ({self.kind}), reached on {self.session}"


@dataclass(frozen=True)
class Alert:
    """The message about one fall: title and text for people, the whole answer for programs."""

    fall: FreshFall
    text: str
    answer: Answer

    def to_json(self) -> bytes:
        """The message as UTF-8 JSON: what a webhook gets. `return` is the session's, `drawdown` the whole fall's."""
        fall = asdict(self.fall)
        told: Json = {k: fall[k] for k in ("alert_id", "market", "kind", "grade", "session")}
        told |= {"return": self.answer.return_on_date, "drawdown": self.fall.drawdown, "title": self.fall.title}
        told |= {"text": self.text, "answer": self.answer.to_dict()}
        return json.dumps(make_plain(told), ensure_ascii=False, allow_nan=False).encode()


def list_fresh_falls(home: Home, asked: Iterable[str] = ()) -> list[FreshFall]:
    """The falls of named markets that reached their grade within the newest sessions, and those of the alerts asked for.

    Raises NotFound where nothing is published.
    """
    with open_mart(home) as connection:
        given = {"sessions": SESSIONS, "asked": list(asked)}
        return [FreshFall(**row) for row in fetch_rows(connection, read_query("fresh_falls"), given)]


def compose_alert(home: Home, fall: FreshFall) -> Alert:
    """The message about a fall, from the answer on the session on which it reached its grade. Raises as `kb.why`."""
    with open_mart(home) as connection:
        answer = _answer(connection, fall)
    return Alert(fall, "\n".join(_tell(fall, answer)), answer)


def _answer(connection: DuckDBPyConnection, fall: FreshFall) -> Answer:
    return compose_answer(connection, Question(date.fromisoformat(fall.session), fall.market, None))


def _tell(fall: FreshFall, answer: Answer) -> list[str]:
    """The lines of the text, which stands under the title."""
    moved = "" if answer.return_on_date is None else f" ({percent(answer.return_on_date)})"
    left = answer.unexplained
    return [
        f"Why on {fall.session}{moved}, {SHARES}:",
        *[_tell_cause(cause) for cause in answer.causes[:TOLD]],
        *_tell_rest(answer.causes[TOLD:]),
        f"{100 * left['share']:.0f} % unexplained: {REASONS[left['reason']]}",
        f"Validated against human coding: {'yes' if answer.validated else 'no'}",
        *[f"Note: {_tame(caveat)}" for caveat in answer.caveats],
        f"whyfell alert {fall.alert_id}",
    ]


def _tell_cause(cause: Cause) -> str:
    proof = next(iter(cause.evidence), None)
    headline = textwrap.shorten(_tame(proof.title if proof else cause.title), LONGEST_TITLE, placeholder=" …")
    link = proof.url if proof and re.fullmatch(r"https?://[^\s<>]+", proof.url) else ""
    told = f"{100 * cause.share:.0f} % {read_taxonomy()[cause.type].title}: {headline}"
    return f"{told} {link}".rstrip()


def _tell_rest(causes: tuple[Cause, ...]) -> list[str]:
    return [f"{100 * sum(c.share for c in causes):.0f} % {len(causes)} more causes"] if causes else []


def _tame(text: str) -> str:
    """A line of somebody else's text, fit for a message."""
    return _BLANK.sub(" ", text).strip().translate(_TAMED)
