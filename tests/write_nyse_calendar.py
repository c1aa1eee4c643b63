"""Write `kb/nyse_calendar.csv`: weekdays without a New York session (no hour) and half days (their closing hour).

Run by `make calendar` with the dev dependencies; the run time reads the table and needs no calendar library. The last
row is the first weekday after the table's reach, so that its end is known.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import exchange_calendars
import pandas

# Half days since 1952; the library knows the holidays only since about 1970, so the mart takes the dates of prices before
# 1971. It ends about a year ahead.
FIRST, LAST = "1952-01-01", "2027-11-19"


def list_irregular_days() -> list[tuple[str, str]]:
    """(day, closing hour in New York or "") for every weekday that is not a full session."""
    calendar = exchange_calendars.get_calendar("XNYS", start=FIRST, end=LAST)
    closes = calendar.schedule["close"].dt.tz_convert("America/New_York").dt.strftime("%H:%M")
    closed = [(day.strftime("%Y-%m-%d"), "") for day in pandas.bdate_range(FIRST, LAST) if day not in closes.index]
    half = [(day.strftime("%Y-%m-%d"), hour) for day, hour in closes.items() if hour != "16:00"]
    return sorted(closed + half)


def main() -> None:
    """Write the table to the path given, else to its place in `kb`."""
    default = Path(__file__).parents[1] / "kb" / "nyse_calendar.csv"
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["day", "closes_at"])
        writer.writerows(list_irregular_days())
        writer.writerow([LAST, "16:00"])


if __name__ == "__main__":
    main()
