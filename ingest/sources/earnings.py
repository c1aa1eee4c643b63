"""Figures in the text of a company's report of its quarter: earnings a share, revenue, which quarter. For `edgar`.

Only what is said without ambiguity is taken: a figure stated with its name in a sentence about the quarter, the same wherever it
is stated, or in a table whose heading shows which column is the quarter. In doubt there is no figure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from ingest.sources.filing_text import is_row, split_sentences

_T = TypeVar("_T", float, str)
MOST_SENTENCES = 400  # the report proper; footnotes and definitions come after
_AMOUNT = r"(?P<amount>[-(]?\s?\$\s?[-(]?\s?\d{1,4}\.\d\d\)?)(?!\d)(?!\s*(?:billion|million|trillion|[-–]))"
_SHARE = r"per\s+(?:common\s+|ordinary\s+)?share"
_INCOME = r"(?:net\s+)?(?:earnings|income|loss|profit)(?:\s+\(loss\))?(?:\s+from\s+continuing\s+operations)?"
_BASIS = r"on\s+an?\s+(?:non-)?(?:GAAP|adjusted)\s+basis"
_WHEN = rf"(?:\s*\((?:non-)?(?:GAAP|EPS)\))?(?:,?\s+(?:{_BASIS}|(?:for|in)\s+the\s+[^.;$]{{0,70}}?))?,?\s*"
_MOVE = r"(?:rose|increased|grew|climbed|improved|fell|decreased|declined|dropped|up|down)\b[^$;]{0,60}?\bto"
_VERB = rf"(?:(?:was|were)\s+{_MOVE}|was|were|of|totaled|reached|came\s+in\s+at|:|{_MOVE})?\s*(?:a\s+record\s+)?"
_EPS = [re.compile(pattern, re.I) for pattern in (
    rf"diluted\s+(?:EPS|{_INCOME}\s+{_SHARE}){_WHEN}{_VERB}{_AMOUNT}",
    rf"(?:EPS|{_INCOME}\s+{_SHARE})\s+-\s+diluted{_WHEN}{_VERB}{_AMOUNT}",
    rf"{_INCOME}\s+per\s+diluted\s+(?:common\s+)?share{_WHEN}{_VERB}{_AMOUNT}",
    rf"(?<!-)\bGAAP\s+EPS{_WHEN}{_VERB}{_AMOUNT}",
    rf"\b(?:non-GAAP|adjusted|core)\s+(?:EPS|{_INCOME}\s+{_SHARE}){_WHEN}{_VERB}{_AMOUNT}",
    rf"{_INCOME}\b[^;]{{0,160}}?(?:\bor|\bof|\()\s*{_AMOUNT}\s+(?:per\s+diluted\s+(?:common\s+)?share|{_SHARE}\s+on\s+a\s+diluted\s+basis)",
)]  # fmt: skip
_PLAIN, _ON = r"\$(\d{1,4}\.\d\d)", r"\(?(?:on\s+a\s+)?"
_EACH = r"(?:diluted\s+)?(?:EPS|[^$;]{0,60}share)"
_BASE = r"GAAP\s+basis\s+(?:was\s+)?"
_BOTH = [(re.compile(pattern, re.I), order) for pattern, order in (
    (rf"(?<!-)\bGAAP\s+and\s+non-GAAP\s+{_EACH}[^$;]{{0,90}}?{_PLAIN}\s+and\s+{_PLAIN}", (1, 2)),
    (rf"\bnon-GAAP\s+and\s+GAAP\s+{_EACH}[^$;]{{0,90}}?{_PLAIN}\s+and\s+{_PLAIN}", (2, 1)),
    (rf"diluted[^$;]{{0,80}}{_PLAIN}\s*{_ON}GAAP\b[^$;]{{0,40}}{_PLAIN}\s*{_ON}non-GAAP\b", (1, 2)),
    (rf"diluted[^$;]{{0,60}}(?<!-)\b{_BASE}{_PLAIN}[^$;]{{0,40}}\bnon-{_BASE}{_PLAIN}", (1, 2)),
)]  # fmt: skip
_REVENUE = re.compile(
    r"(?:^|[,:]\s+|\b(?:reported|posted|delivered|generated|record|quarterly|total|net|consolidated|company|firm)\s+)"
    rf"(?:total\s+|net\s+)?(?:revenues?|net\s+sales){_WHEN}{_VERB}"
    r"\$\s?(?P<number>\d[\d,]*(?:\.\d+)?)\s*(?P<unit>billion|million)", re.I,
)  # fmt: skip
_ADJUSTED = re.compile(r"non-GAAP|\badjusted\b|\bcore\b|\bexcluding\b", re.I)
_AFTER_ADJUSTED = re.compile(r"\s*\(?(?:on\s+an?\s+)?(?:non-GAAP|adjusted)", re.I)
_PART = re.compile(r"charge|benefit|impact|impairment|settlement|includ|dividend|repurchase|\btax(?:es)?\b", re.I)
_AHEAD = re.compile(
    r"expect|anticipat|outlook|guidance|forecast|\bwill\b|\brange\b|\bbetween\b|estimate|respectively", re.I
)
_LONGER = re.compile(
    r"full[- ]year|year[- ]to[- ]date|(?:six|nine|twelve)[- ]months?|(?:26|39|52|53)[- ]week|first half", re.I
)
_YEARLY = re.compile(r"fiscal year|year ended|\b(?:fiscal|for|in)\s+20\d\d\b|\bannual\b", re.I)
_EARLIER = re.compile(r"prior|previous|year[- ]ago|last year|year earlier|compared|versus", re.I)
_QUARTER = r"(first|second|third|fourth|1st|2nd|3rd|4th)[- ]quarter|\bQ([1-4])"
_LABELS = [re.compile(pattern, re.I) for pattern in (
    rf"(?:{_QUARTER})(?:\s+of)?(?:\s+(?:the\s+)?(?:fiscal(?:\s+year)?|FY))?\s*(20\d\d)\b",
    rf"(?<!\d)(20\d\d)\s+(?:{_QUARTER})",
)]  # fmt: skip
_ENDED = re.compile(r"(?:quarter|three\s+months)\s+ended\s+([A-Z][a-z]+)\s+(\d{1,2}),\s+(20\d\d)", re.I)
_NTH = {"first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4}
_SHORT_PERIOD = re.compile(r"three\s+months|quarters?\b|thirteen\s+weeks|13\s+weeks", re.I)
_LONG_PERIOD = re.compile(
    r"(?:six|nine|twelve)\s+months|\byears?\s+ended|(?:twenty|thirty|fifty|26|39|52|53)[-\w]*\s+weeks|full\s+year", re.I
)
_DILUTED_ROW = re.compile(
    r"^(?:diluted\b|(?:net\s+)?(?:earnings|income|loss)[^\t]*per[^\t]*share[^\t]*diluted)[^\t]*", re.I
)
_PER_SHARE = re.compile(r"per\s+(?:common\s+|ordinary\s+)?share|\bEPS\b", re.I)
_CELL = re.compile(r"(?:^|\t)\$?\t?(\(?-?\$?\d{1,4}\.\d\d)\)?(?=\t|$|\))")


@dataclass(frozen=True)
class Figures:
    """What a report says of its quarter. Earnings in dollars a share; `revenue` as stated ("81.3 billion"), "" for none.

    `period` is the fiscal quarter as the company counts ("2026-Q2"), else the last day of the quarter, else "".
    `mixed` tells that the report speaks of adjusted earnings too, so that those of GAAP are not what was forecast.
    """

    gaap_eps: float | None = None
    adjusted_eps: float | None = None
    revenue: str = ""
    period: str = ""
    mixed: bool = False


def read_figures(lines: list[str]) -> Figures:
    """The figures in the lines of a report (`filing_text.read_lines`)."""
    sentences = split_sentences(_leave_yearly(lines))[:MOST_SENTENCES]
    stated = [s for s in sentences if _is_of_the_quarter(s)]
    adjusted = {v for s in sentences for kind, v in _state_eps(s) if kind == "adjusted"}
    gaap = {v for s in sentences for kind, v in _state_eps(s) if kind == "gaap"} or set(_read_rows(lines))
    revenues = {f"{m['number'].replace(',', '')} {m['unit'].lower()}" for s in stated if (m := _first_revenue(s))}
    return Figures(
        gaap_eps=_only(gaap), adjusted_eps=_only(adjusted), revenue=_only(revenues) or "", period=_name_period(lines),
        mixed=any(_ADJUSTED.search(s) and _PER_SHARE.search(s) for s in [*sentences, *filter(is_row, lines)]),
    )  # fmt: skip


def _leave_yearly(lines: list[str]) -> Iterator[str]:
    """The lines without what stands under a heading of the year ("Fiscal Year 2026 Results"), up to one of a quarter."""
    yearly = False
    for line in lines:
        if (len(line) < 100 or line.endswith(":")) and not re.search(r"[$%]|\.$", line) and not is_row(line):
            of_quarter = _SHORT_PERIOD.search(line) is not None
            yearly = not of_quarter and (yearly or bool(_LONGER.search(line) or _YEARLY.search(line)))
        if not yearly:
            yield line


def _only(values: set[_T]) -> _T | None:
    return next(iter(values)) if len(values) == 1 else None


def _is_of_the_quarter(sentence: str) -> bool:
    if _AHEAD.search(sentence) or _LONGER.search(sentence):
        return False
    return not _YEARLY.search(sentence) or "quarter" in sentence.lower()


def _state_eps(sentence: str) -> Iterator[tuple[str, float]]:
    """The first statement of each kind in one sentence: gaap or adjusted, dollars a share."""
    for pattern, (gaap, adjusted) in _BOTH:
        match = pattern.search(sentence)
        if match and _is_of_the_quarter(sentence.replace("respectively", "")):
            yield from (("gaap", float(match[gaap])), ("adjusted", float(match[adjusted])))
            return
    if not _is_of_the_quarter(sentence):
        return
    found: dict[str, float] = {}
    for number, pattern in enumerate(_EPS):
        match = pattern.search(sentence)
        if match is None or _EARLIER.search(sentence[: match.start()]):
            continue
        if number == len(_EPS) - 1 and _PART.search(match[0]):
            continue  # "earnings included a charge of $0.12 per diluted share"
        near = sentence[max(0, match.start() - 30) : match.start("amount")]
        is_adjusted = _AFTER_ADJUSTED.match(sentence, match.end()) or _ADJUSTED.search(near)
        found.setdefault("adjusted" if is_adjusted else "gaap", _signed(match))
    yield from found.items()


def _signed(match: re.Match[str]) -> float:
    """The amount, below zero in brackets of its own, after a minus, or where a loss is stated."""
    text = match["amount"]
    value = float(re.sub(r"[^\d.]", "", text))
    name = match[0][: match.start("amount") - match.start()].replace("(loss)", "")
    closed = "(" in text and ")" in text
    return -value if closed or "-" in text or re.search(r"\bloss\b", name, re.I) else value


def _first_revenue(sentence: str) -> re.Match[str] | None:
    match = _REVENUE.search(sentence)
    return None if match is None or _EARLIER.search(sentence[: match.start()]) else match


def _read_rows(lines: list[str]) -> Iterator[float]:
    """Diluted earnings a share in tables whose heading names quarters of two years, the later one being meant."""
    for at, line in enumerate(lines):
        if not is_row(line) or not _DILUTED_ROW.match(line) or _ADJUSTED.search(line):
            continue
        near = " ".join(lines[max(0, at - 4) : at + 1])
        cells = [m[1] for m in _CELL.finditer(line)]
        column = _find_column(lines[max(0, at - 60) : at])
        if column is not None and column < len(cells) and _PER_SHARE.search(near) and not _ADJUSTED.search(near):
            value = float(re.sub(r"[^\d.]", "", cells[column]))
            yield -value if "(" in cells[column] or "-" in cells[column] else value


def _find_column(above: list[str]) -> int | None:
    """Which of the first two columns is the later year's quarter, read from the nearest heading; None in doubt."""
    for at in range(len(above) - 1, -1, -1):
        years = re.findall(r"\b20\d\d\b", above[at]) if is_row(above[at]) else []
        if len(years) < 2:
            continue
        heading = " ".join(above[max(0, at - 3) : at + 1])
        short, long = _SHORT_PERIOD.search(heading), _LONG_PERIOD.search(heading)
        if short is None or (long is not None and long.start() < short.start()) or years[0] == years[1]:
            return None
        return 0 if years[0] > years[1] else 1
    return None


def _name_period(lines: list[str]) -> str:
    """The first fiscal quarter named in the first lines ("2026-Q2"), else the last day of the first quarter named."""
    head = " \n".join(lines[:60]).replace("\t", " ")
    found = [(m.start(), m) for pattern in _LABELS if (m := pattern.search(head))]
    if found:
        parts = [g for g in min(found)[1].groups() if g]
        year = next(p for p in parts if len(p) == 4 and p.isdigit())
        nth = next(p.lower() for p in parts if p != year)
        return f"{year}-Q{_NTH.get(nth, nth)}"
    match = _ENDED.search(head)
    try:
        return _day(match).isoformat() if match else ""
    except ValueError:
        return ""


def _day(match: re.Match[str]) -> date:
    return datetime.strptime(f"{match[1]} {match[2]} {match[3]}", "%B %d %Y").date()  # noqa: DTZ007 - a day, no instant
