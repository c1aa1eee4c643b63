"""Dates and instants as people write them on the command line."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from kb.errors import BadInput

LONGEST_RANGE = 400  # days in one question: more is an analysis, for which there is SQL


def parse_day(text: str) -> date:
    """The day: "2026-01-30", "today" or "yesterday" (by New York's clock). Raises BadInput for anything else."""
    named = {"today": 0, "yesterday": 1}
    if text.lower() in named:
        from zoneinfo import ZoneInfo

        return datetime.now(ZoneInfo("America/New_York")).date() - timedelta(days=named[text.lower()])
    try:
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            raise ValueError("not of the form 2026-01-30")
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"Date {text!r}", str(error), "Write it like 2026-01-30, or `yesterday`.") from None


def parse_days(text: str) -> list[date]:
    """The days of "2026-01-30" or of a range "2026-01-26..2026-01-30", in order. Raises BadInput."""
    if ".." not in text:
        return [parse_day(text)]
    first, last = (parse_day(part) for part in text.split("..", 1))
    if last < first:
        raise BadInput(f"Range {text!r}", "it ends before it begins", "Write the earlier date first.")
    if (last - first).days > LONGEST_RANGE:
        raise BadInput(
            f"Range {text!r}", f"{(last - first).days} days", f"Ask for at most {LONGEST_RANGE}, or use `whyfell sql`."
        )
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def parse_instant(text: str) -> datetime:
    """The instant in UTC: "2026-01-30T22:00Z", other offsets are converted, none means UTC. Raises BadInput."""
    try:
        at = datetime.fromisoformat(text)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadInput(f"Instant {text!r}", "not a time", "Write it like 2026-01-30T22:00Z.") from None
