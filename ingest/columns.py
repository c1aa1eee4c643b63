"""What the columns of the user's files mean: a row of text becomes a record, or a reason why not.

Contract of `whyfell import`: naive times are UTC; extra columns are ignored.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from ingest.tables import UNREADABLE, Row
from kb.cases import bracket_day
from kb.records import (
    Bar,
    Breadth,
    Document,
    Funding,
    Liquidation,
    OpenInterest,
    Precision,
    Release,
    hash_id,
)  # fmt: skip

# kind: columns needed, columns of which one is needed, columns that may be there
COLUMNS: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "news": (("title",), ("published_at", "date"), ("summary", "url", "source", "id")),
    "prices": (("symbol", "date", "close"), (), ("open", "high", "low", "volume", "source")),
    "releases": (("indicator", "period", "released_at", "actual"), (), ("consensus", "previous", "source")),
    "liquidations": (("asset", "at", "long_usd", "short_usd", "venue"), (), ("hours", "method", "public_at", "source")),
    "funding": (("asset", "at", "venue", "rate"), (), ("source",)),
    "open-interest": (("asset", "at", "venue", "usd"), (), ("source",)),
    "breadth": (("date",), ("pct_above_ma20", "pct_above_ma50", "pct_above_ma200"), ("source",)),
}
MAX_TITLE, MAX_SUMMARY = 1_000, 4_000  # characters kept: a headline and its first lines, not the article
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")  # 6,939.03; a lone comma may be a decimal one and is refused
_DAY = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d.*)?")
_MIDNIGHT = re.compile(r"^\d{4}-\d\d-\d\d([T ]00:00(:00(\.0+)?)?\s*(Z|[+-]\d\d(:?\d\d)?)?)?$")
_TAG = re.compile(r"</?[a-zA-Z!][^<>]{0,500}>")  # markup, not "yields < 4 %"
YEARS = range(1850, 2101)  # outside these a date is a slip of the pen
LONGEST_WINDOW = 168  # hours that a total of liquidations may cover
CAPTURE_LAG = timedelta(hours=24)  # an item may have been public this long before a collector stamped it


class BadRow(ValueError):
    """A row that cannot be used: the column at fault and the reason."""

    def __init__(self, column: str, reason: str) -> None:
        self.column, self.reason = column, reason
        super().__init__(f"column {column}: {reason}")


def make_record(kind: str, row: Row, stem: str, captures: frozenset[str]) -> Any:
    """The record that a row of this kind stands for. `stem` names the source where the row does not.

    `captures` are values of `published_at` known to be hours of collection. Raises BadRow.
    """
    if UNREADABLE in row:
        raise BadRow("(line)", row[UNREADABLE] or "unreadable")
    if kind == "news":
        return _make_document(row, stem, captures)
    return _MAKERS[kind](row, _text(row, "source") or stem)


def _make_document(row: Row, stem: str, captures: frozenset[str]) -> Document:
    title = clean_text(_need(row, "title"))[:MAX_TITLE]
    if not title:
        raise BadRow("title", "nothing is left of it without markup")
    lo, hi, precision = _bracket_publication(row, captures)
    source = clean_text(_text(row, "source")) or stem
    url = _clean_url(_text(row, "url"))
    # A page may carry many items (a day of an encyclopaedia's current events), so an address alone names none of them.
    native = _text(row, "id") or (url + title if url else title + lo.date().isoformat())
    return Document(
        document_id=hash_id(source, native), source=source, title=title,
        summary=clean_text(_text(row, "summary"))[:MAX_SUMMARY], url=url, public_lo=lo, public_hi=hi, precision=precision,
    )  # fmt: skip


def _bracket_publication(row: Row, captures: frozenset[str]) -> tuple[datetime, datetime, Precision]:
    stamp = _text(row, "published_at")
    if not stamp:
        return *bracket_day(_day(row, "date")), Precision.DAY
    at = _instant(row, "published_at")
    if _MIDNIGHT.search(stamp):  # a date written as an instant, in whatever zone
        return *bracket_day(_day(row, "published_at")), Precision.DAY
    if stamp in captures:
        return at - CAPTURE_LAG, at, Precision.CAPTURE
    return at, at, Precision.INSTANT


def _make_bar(row: Row, source: str) -> Bar:
    return Bar(
        symbol=_need(row, "symbol"), session=_day(row, "date"), source=source, close=_need_number(row, "close"),
        open=_number(row, "open"), high=_number(row, "high"), low=_number(row, "low"), volume=_positive(row, "volume"),
    )  # fmt: skip


def _make_release(row: Row, source: str) -> Release:
    return Release(
        indicator=_need(row, "indicator"), period=_need(row, "period"), released_at=_instant(row, "released_at"),
        source=source, actual=_need_number(row, "actual"), consensus=_number(row, "consensus"),
        previous=_number(row, "previous"),
    )  # fmt: skip


def _make_liquidation(row: Row, source: str) -> Liquidation:
    hours = _number(row, "hours")
    if hours is not None and not 0 < hours <= LONGEST_WINDOW:
        raise BadRow("hours", f"{hours:g} is not above 0 and at most {LONGEST_WINDOW}")
    sides = (_positive(row, "long_usd"), _positive(row, "short_usd"))
    if sides == (None, None):
        raise BadRow("long_usd, short_usd", "both are empty")
    return Liquidation(
        asset=_need(row, "asset").upper(), at=_instant(row, "at"), venue=_need(row, "venue"), source=source,
        long_usd=sides[0], short_usd=sides[1], hours=hours or 24.0, method=_text(row, "method"),
        public_at=_instant(row, "public_at") if _text(row, "public_at") else None,
    )  # fmt: skip


def _make_funding(row: Row, source: str) -> Funding:
    where = (_need(row, "asset").upper(), _instant(row, "at"), _need(row, "venue"), source)
    rate = _need_number(row, "rate")
    if abs(rate) > 1:
        raise BadRow("rate", f"{rate:g} is no fraction of the position")
    return Funding(*where, rate=rate)


def _make_open_interest(row: Row, source: str) -> OpenInterest:
    where = (_need(row, "asset").upper(), _instant(row, "at"), _need(row, "venue"), source)
    usd = _positive(row, "usd")
    if usd is None:
        raise BadRow("usd", "is empty")
    return OpenInterest(*where, usd=usd)


def _make_breadth(row: Row, source: str) -> Breadth:
    shares = [_share(row, f"pct_above_ma{n}") for n in (20, 50, 200)]
    if shares == [None] * 3:
        raise BadRow("pct_above_ma20, pct_above_ma50, pct_above_ma200", "all are empty")
    return Breadth(_day(row, "date"), source, *shares)


def _share(row: Row, column: str) -> float | None:
    """A percentage as a fraction."""
    percent = _number(row, column)
    if percent is not None and not 0 <= percent <= 100:
        raise BadRow(column, f"{percent:g} is not a percentage of 0 to 100")
    return None if percent is None else percent / 100


def _positive(row: Row, column: str) -> float | None:
    value = _number(row, column)
    if value is not None and value < 0:
        raise BadRow(column, f"{value:g} is below zero")
    return value


_MAKERS: dict[str, Callable[[Row, str], Any]] = {
    "prices": _make_bar, "releases": _make_release, "liquidations": _make_liquidation, "funding": _make_funding,
    "open-interest": _make_open_interest, "breadth": _make_breadth,
}  # fmt: skip


def _text(row: Row, column: str) -> str:
    text = (row.get(column) or "").strip()
    # JSON can spell half a surrogate pair, which no database stores.
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _need(row: Row, column: str) -> str:
    value = _text(row, column)
    if not value:
        raise BadRow(column, "is empty")
    return value


def _number(row: Row, column: str) -> float | None:
    text = _text(row, column)
    if not text or text.lower() in {"nan", "null", "none", "na"}:
        return None
    if _THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    try:
        value = float(text)
    except ValueError:
        raise BadRow(column, f"{text!r} is not a number") from None
    if not math.isfinite(value):
        raise BadRow(column, f"{text!r} is not finite")
    return value


def _need_number(row: Row, column: str) -> float:
    value = _number(row, column)
    if value is None:
        raise BadRow(column, "is empty")
    return value


def _day(row: Row, column: str) -> date:
    text = _need(row, column)
    try:
        if not _DAY.fullmatch(text):
            raise ValueError
        day = date.fromisoformat(text[:10])
    except ValueError:
        raise BadRow(column, f"{text!r} is not a date like 2026-01-30") from None
    return _check_year(column, day)


def _instant(row: Row, column: str) -> datetime:
    text = _need(row, column)
    try:
        at = datetime.fromisoformat(re.sub(r"(:\d\d(?:\.\d+)?[+-]\d\d)$", r"\1:00", text))
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadRow(column, f"{text!r} is not an instant like 2026-01-30T14:30:00Z") from None
    _check_year(column, at.date())
    return at


def _check_year(column: str, day: date) -> date:
    if day.year not in YEARS:
        raise BadRow(column, f"year {day.year} is not within {YEARS.start} to {YEARS.stop - 1}")
    return day


def clean_text(text: str) -> str:
    """One line without markup and control characters: "A &amp; <b>B</b>" -> "A & B"."""
    if "<" in text or "&" in text:
        text = html.unescape(_TAG.sub(" ", text))
    return re.sub(r"[\s\x00-\x1f\x7f\u200b\ufeff]+", " ", text).strip()


def _clean_url(text: str) -> str:
    inner = re.fullmatch(r"<!\[CDATA\[(.*)\]\]>", text, re.S)
    return html.unescape(inner[1].strip() if inner else text)
