"""Asking from Python: `why`, the public function.

The command line asks through `kb.cli.reading`; both compose the same answer.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

from kb.answer import Answer
from kb.compose import answer_day
from kb.dates import parse_day, parse_instant
from kb.settings import find_home


def why(
    day: str | date, market: str | None = None, *, as_of: str | datetime | None = None, home: str | Path | None = None
) -> Answer:
    """Why a market fell on a session: `why("2020-03-16").causes`.

    Without `market` the answer leads with the S&P 500 if it fell hard that day, else with the market hit hardest in its
    own units. `as_of` (UTC when naive) uses only what was public by then. Raises BadInput for an impossible date, NotFound
    for an unknown market, a day without a session, or a home without data.
    """
    session = parse_day(day) if isinstance(day, str) else day
    instant = parse_instant(as_of.isoformat() if isinstance(as_of, datetime) else as_of) if as_of else None
    return answer_day(find_home(None if home is None else Path(home)), session, market, instant)
