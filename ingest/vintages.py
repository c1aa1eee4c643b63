"""Figures as they were printed: levels with the days on which each was valid become first prints and revisions.

A change since the month before is computed from levels that were valid on the same day, never from one revised later. That
is the difference between what a trader saw and what today's series says. Pure: rows in, prints out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Level:
    """What a series said for one period from one day on, until the day before the next such row; None: no value."""

    period: date
    valid_from: date
    valid_to: date
    value: float | None


@dataclass(frozen=True)
class Transform:
    """How a level becomes the printed figure: kind (see series.toml), times `scale`, rounded to `decimals`."""

    kind: str
    scale: float = 1.0
    decimals: int = 1

    @property
    def months_back(self) -> int:
        """Months between a period and the one it is compared with; 0 for a level."""
        return {"level": 0, "change": 1, "percent_change": 1, "percent_change_12": 12}[self.kind]


@dataclass(frozen=True)
class Print:
    """One figure published on a day for a period; `first` for the first, else a revision; `previous` as then known."""

    period: date
    day: date
    first: bool
    actual: float
    previous: float | None


def list_prints(levels: Iterable[Level], transform: Transform) -> Iterator[Print]:
    """First prints and revisions in the order of periods and days. A revision that changes no printed digit is none."""
    by_period: dict[date, list[Level]] = {}
    for level in levels:
        by_period.setdefault(level.period, []).append(level)
    periods = sorted(by_period)
    for n, period in enumerate(periods):
        shown: float | None = None
        for day in _list_days(by_period, period, transform):
            actual = _compute(by_period, period, day, transform)
            if actual is None or actual == shown:
                continue
            before = _compute(by_period, periods[n - 1], day, transform) if n else None
            yield Print(period, day, shown is None, actual, before)
            shown = actual


def _list_days(by_period: dict[date, list[Level]], period: date, transform: Transform) -> list[date]:
    """The days on which the figure of a period may have changed: from its own first on."""
    own = [level.valid_from for level in by_period[period]]
    base = [level.valid_from for level in by_period.get(go_back(period, transform.months_back), [])]
    return sorted({*own, *(d for d in base if d >= min(own))})


def _compute(by_period: dict[date, list[Level]], period: date, day: date, transform: Transform) -> float | None:
    now = _find(by_period, period, day)
    if now is None:
        return None
    if transform.kind == "level":
        return round(now * transform.scale, transform.decimals)
    base = _find(by_period, go_back(period, transform.months_back), day)
    if base is None or (base == 0 and transform.kind != "change"):
        return None
    moved = now - base if transform.kind == "change" else 100 * (now / base - 1)
    return round(moved * transform.scale, transform.decimals) + 0.0  # no minus zero


def _find(by_period: dict[date, list[Level]], period: date, day: date) -> float | None:
    return next((x.value for x in by_period.get(period, ()) if x.valid_from <= day <= x.valid_to), None)


def go_back(period: date, months: int) -> date:
    """The same day some months earlier: 2026-01-01 less 1 -> 2025-12-01. Periods of months begin on the first."""
    if months == 0:
        return period
    total = period.year * 12 + period.month - 1 - months
    return date(total // 12, total % 12 + 1, period.day)
