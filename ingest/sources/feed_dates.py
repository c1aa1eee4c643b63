"""When a feed's item was published, out of the text that its publisher wrote: RFC 822 (RSS) or ISO 8601 (Atom, JSON Feed).

feedparser reads dates too, but says UTC for every time zone it does not know ("CET", "PM"), takes "ET" for winter time
all year, makes midnight of a bare date, and fills what is missing from the clock. So the text is read here, strictly,
and feedparser's answer serves as a second reading: where the two differ on a plain offset, neither is believed.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

_ZONE = r"(?P<zone>Z|[+-]\d\d(?::?\d\d)?|(?:GMT|UTC|UT)[+-]\d{1,2}(?::?\d\d)?|[A-Z]{1,4})"
_HOUR = rf"(?P<hour>\d\d?):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,]\d+)?)?\s*{_ZONE}?"
_DATES = (
    re.compile(rf"(?P<year>\d{{4}})-(?P<month>\d\d)-(?P<day>\d\d)(?:[T ]{_HOUR})?", re.A | re.I),
    re.compile(
        r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6},?\s*)?"
        rf"(?P<day>\d\d?)[\s-](?P<month>[A-Z]{{3}})[a-z]*\.?[\s-](?P<year>\d{{4}}|\d\d)(?:,?\s+{_HOUR})?",
        re.A | re.I,
    ),
)
_OFFSET = re.compile(r"(?:GMT|UTC|UT)?(?P<sign>[+-])(?P<hours>\d\d?)(?::?(?P<minutes>\d\d))?", re.A | re.I)
_COMMENT = re.compile(r"\s*\([^()]*\)$")  # "08:30:00 -0500 (EST)"
_MONTHS = {m: n for n, m in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_UTC_NAMES = ("UT", "UTC", "GMT", "Z")
# Names of time zones: where, and the hours from UTC that the name claims; None is whatever the clocks there show.
_NAMES: dict[str, tuple[str, int | None]] = {
    "ET": ("America/New_York", None), "EST": ("America/New_York", -5), "EDT": ("America/New_York", -4),
    "CT": ("America/Chicago", None), "CST": ("America/Chicago", -6), "CDT": ("America/Chicago", -5),
    "MT": ("America/Denver", None), "MST": ("America/Denver", -7), "MDT": ("America/Denver", -6),
    "PT": ("America/Los_Angeles", None), "PST": ("America/Los_Angeles", -8), "PDT": ("America/Los_Angeles", -7),
    "BST": ("Europe/London", 1), "CET": ("Europe/Berlin", 1), "CEST": ("Europe/Berlin", 2), "JST": ("Asia/Tokyo", 9),
}  # fmt: skip
LONGEST_DATE = 100  # characters; the longest form in use has half of them
LONGEST_OFFSET = timedelta(hours=14)  # Kiritimati; no clock is further from UTC


class UnclearDate(ValueError):
    """A date that cannot be read with certainty; its text is the reason, one of a few."""


def read_date(text: str, zone: str = "", second_reading: datetime | None = None) -> datetime | date:
    """The instant (aware UTC) that the text says, or the date where it gives no hour. Raises UnclearDate.

    "Fri, 30 Jan 2026 08:30:00 EST" -> 13:30 UTC; "2026-01-30" -> the date. Midnight is how programs write that they know
    no hour, so that it gives the date as well, at the cost of a true midnight. A time without a zone is of `zone`, a key
    of the time-zone database that the feed is known by, else UTC, as RSS readers take it. A name that does not fit
    the season ("EST" in July) leaves the hour open, hence the date. `second_reading` is another parser's instant (UTC).
    """
    if len(text) > LONGEST_DATE:
        raise UnclearDate("a date in no known form")
    plain = _COMMENT.sub("", text.strip())
    found = next((m for m in (pattern.fullmatch(plain) for pattern in _DATES) if m), None)
    if found is None:
        raise UnclearDate("a date in no known form")
    try:
        return _read(found, zone, second_reading)
    except UnclearDate:
        raise
    except (ValueError, OverflowError):
        raise UnclearDate("a date that no calendar has") from None


def _read(found: re.Match[str], zone: str, second_reading: datetime | None) -> datetime | date:
    day = date(_read_year(found["year"]), _read_month(found["month"]), int(found["day"]))
    if found["hour"] is None:
        return day
    wall = datetime.combine(day, time(int(found["hour"]), int(found["minute"]), int(found["second"] or 0)))
    name = (found["zone"] or "").upper()
    if name in _NAMES:
        at = _read_name(wall, name)
    else:
        at = _read_offset(wall, name, zone)
        # feedparser knows no zone but the one written, so that its answer is no second reading of ours.
        if second_reading is not None and second_reading != at and (name or not zone):
            raise UnclearDate("a date that two parsers read differently")
    if at is None or wall.time() == time():
        return day
    local = at.astimezone(ZoneInfo(zone)) if zone else wall
    return local.date() if local.time() == time() else at


def _read_year(text: str) -> int:
    year = int(text)
    if len(text) == 4:
        return year
    if 50 <= year < 90:
        raise UnclearDate("a year of two digits in no clear century")
    return year + (1900 if year >= 90 else 2000)


def _read_month(text: str) -> int:
    return int(text) if text.isdigit() else _MONTHS.get(text.lower(), 0)


def _read_name(wall: datetime, name: str) -> datetime | None:
    """The instant of a wall clock in a zone of that name, or None if the name is not that of the season."""
    place, hours = _NAMES[name]
    at = wall.replace(tzinfo=ZoneInfo(place))
    return at.astimezone(UTC) if hours is None or at.utcoffset() == timedelta(hours=hours) else None


def _read_offset(wall: datetime, name: str, zone: str) -> datetime:
    if not name:
        return wall.replace(tzinfo=ZoneInfo(zone) if zone else UTC).astimezone(UTC)
    if name in _UTC_NAMES:
        return wall.replace(tzinfo=UTC)
    found = _OFFSET.fullmatch(name)
    if found is None:
        raise UnclearDate("a date in an unknown time zone")
    offset = timedelta(hours=int(found["hours"]), minutes=int(found["minutes"] or 0))
    if offset > LONGEST_OFFSET or int(found["minutes"] or 0) > 59:
        raise UnclearDate("a date with an impossible offset")
    return wall.replace(tzinfo=timezone(-offset if found["sign"] == "-" else offset)).astimezone(UTC)
