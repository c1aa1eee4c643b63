"""Which market an answer leads with, and which others broke."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from kb.sql_steps import fetch_rows, read_query

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

BROKE = -2.0  # z at or below which a market counts as broken although its return is no jump
WEAK = -1.0  # z at or below which it does when its return is also half of a jump


@dataclass(frozen=True)
class Standing:
    """How one market stood on the session; `kind` and `grade` are those of the innermost fall it was in."""

    market: str
    name: str
    asset_class: str
    calendar: str
    named: bool
    human_coded: bool
    jump_return: float
    ret: float | None
    z: float | None
    kind: str | None
    grade: str | None
    jumped: bool

    @property
    def fell_hard(self) -> bool:
        """In a sell-off on that session: a jump, or a lower close within a slide."""
        return self.jumped or (self.kind == "slide" and (self.ret or 0) < 0)

    @property
    def broke(self) -> bool:
        """Fell out of the ordinary: a jump, two standard deviations, or one together with half of a jump."""
        if self.ret is None or self.z is None:
            return self.jumped
        return self.jumped or self.z <= BROKE or (self.z <= WEAK and self.ret <= self.jump_return / 2)


def list_standings(connection: DuckDBPyConnection, session: date) -> list[Standing]:
    """All markets with a bar on the session, the hardest hit in its own units first."""
    return [Standing(**row) for row in fetch_rows(connection, read_query("lead"), {"session": session})]


def choose_lead(standings: list[Standing], asked: str | None) -> Standing | None:
    """The market asked for; else the S&P 500 if it fell hard; else the named market hit hardest that jumped; else the
    S&P 500, or whichever named market has a bar. None when there is none.
    """
    by_name = {s.market: s for s in standings}
    if asked is not None:
        return by_name.get(asked)
    spx = by_name.get("SPX")
    if spx is not None and spx.fell_hard:
        return spx
    named = [s for s in standings if s.named]
    jumped = [s for s in named if s.jumped]
    return next(iter(jumped), None) or spx or next(iter(named), None)


def list_also(standings: list[Standing], lead: Standing) -> tuple[dict[str, Any], ...]:
    """The other named markets that broke on the session, hardest hit first, and the S&P 500 when it does not lead."""
    others = [s for s in standings if s.named and s.market != lead.market]
    broke = [s for s in others if s.broke or s.market == "SPX"]
    return tuple(
        {"market": s.market, "return_on_date": s.ret, "z": s.z, "grade": s.grade if s.fell_hard else None}
        for s in broke
    )
