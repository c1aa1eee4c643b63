"""Documents out of what sources publish: ids, cleaned text, and the bracket of the instant of publication."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from ingest.columns import CAPTURE_LAG, MAX_SUMMARY, MAX_TITLE, YEARS, clean_text
from ingest.source import Capture, Skipped
from kb.cases import bracket_day
from kb.records import Document, Precision, hash_id

CLOCK_SKEW = timedelta(minutes=5)  # a publisher's clock may run so far ahead of ours


def make_document(
    capture: Capture,
    source: str,
    title: str,
    published: datetime | date | None,
    *,
    native: str = "",
    url: str = "",
    summary: str = "",
    happened_at: datetime | None = None,
) -> Document | Skipped:
    """The document that an item of a capture stands for, or why there is none.

    `source` is the publisher as people know it; `published` an aware instant, or a date where no hour is given;
    `native` the publisher's own lasting id. An undated item is set aside: its hour is unknown, never now. An instant
    later than the fetch cannot be right: the item was public by then, and up to a day earlier.
    """
    cleaned = clean_text(title)[:MAX_TITLE]
    if not cleaned:
        return Skipped("no title", url or native)
    if published is None:
        return Skipped("undated", cleaned)
    if published.year not in YEARS:
        return Skipped(f"year {published.year}", cleaned)
    lo, hi, precision = bracket(published, capture.fetched_at)
    key = native or (url + title if url else title + lo.date().isoformat())
    return Document(
        document_id=hash_id(source, key), source=source, title=cleaned, summary=clean_text(summary)[:MAX_SUMMARY], url=url,
        public_lo=lo, public_hi=hi, precision=precision, happened_at=happened_at,
    )  # fmt: skip


def bracket(published: datetime | date, fetched_at: datetime) -> tuple[datetime, datetime, Precision]:
    """Earliest and latest instant (UTC) at which an item became public, and how exactly that is known.

    An item that was fetched was public by then, so that no bracket ends later.
    """
    if not isinstance(published, datetime):
        lo, hi = bracket_day(published)
        return min(lo, fetched_at), min(hi, fetched_at), Precision.DAY
    at = published.astimezone(UTC)
    if at > fetched_at + CLOCK_SKEW:
        return fetched_at - CAPTURE_LAG, fetched_at, Precision.CAPTURE
    at = min(at, fetched_at)
    return at, at, Precision.INSTANT
