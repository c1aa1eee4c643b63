"""The embedded case files: famous sell-offs as facts, read into the ledger with `origin = 'case'`.

Each folder holds `case.toml`, `events.toml`, `bars.csv` and sometimes `releases.csv` and `liquidations.csv`. What a
careful reader named as causes (`reader_cause` in `case.toml`) is never written to the ledger: the engine must find it.
"""

from __future__ import annotations

import csv
import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from kb.errors import NotFound
from kb.ledger_write import store_records
from kb.records import Bar, Document, Liquidation, Origin, Precision, Release, hash_id

# When the embedded rows count as recorded: the files are part of the program, not of any run.
RECORDED_AT = datetime(2026, 11, 22, tzinfo=UTC)


@dataclass(frozen=True)
class Case:
    """One famous sell-off: its name, market, the sessions one would ask about, and what careful readers named."""

    name: str
    title: str
    market: str
    dates: tuple[date, ...]
    story: str
    reader_types: dict[date, tuple[str, ...]]


def find_cases() -> Path:
    """The folder of the case files: in the installed package, else in the checkout. Raises NotFound when neither is there."""
    inside = Path(__file__).parent / "_cases"
    checkout = Path(__file__).parents[1] / "data" / "cases"
    for folder in (inside, checkout):
        if folder.is_dir():
            return folder
    raise NotFound("The embedded case files", f"neither {inside} nor {checkout} is there", "Install whyfell again.")


@cache
def read_cases() -> tuple[Case, ...]:
    """All cases, in the order of their folders' names."""
    return tuple(_read_case(folder) for folder in sorted(find_cases().iterdir()) if (folder / "case.toml").exists())


def _read_case(folder: Path) -> Case:
    table = tomllib.loads((folder / "case.toml").read_text("utf-8"))
    causes = {c["date"]: tuple(c["types"]) for c in table["reader_cause"]}
    return Case(folder.name, table["title"], table["market"], tuple(table["dates"]), table["story"], causes)


def store_cases(engine: Engine) -> int:
    """How many rows of the case files were new to the ledger; storing them again changes nothing."""
    with engine.begin() as connection:  # those told by an earlier version, without their method, under another venue
        connection.execute(text("DELETE FROM liquidation WHERE origin = 'case' AND method = ''"))
    stored = 0
    for case in read_cases():
        folder = find_cases() / case.name
        stored += store_records(engine, _read_events(folder), RECORDED_AT)
        stored += store_records(engine, _read_bars(folder), RECORDED_AT)
        stored += store_records(engine, _read_releases(folder), RECORDED_AT)
        stored += store_records(engine, _read_liquidations(folder), RECORDED_AT)
    return stored


def _read_events(folder: Path) -> list[Document]:
    return [_make_document(folder.name, e) for e in tomllib.loads((folder / "events.toml").read_text("utf-8"))["event"]]


def _make_document(case: str, entry: dict[str, Any]) -> Document:
    if "public_at" in entry:
        lo = hi = entry["public_at"].astimezone(UTC)
        precision = Precision.INSTANT
    else:
        lo, hi = bracket_day(entry["date"])
        precision = Precision.DAY
    return Document(
        document_id=hash_id("case", case, entry["title"], lo.date().isoformat()),
        source=entry["source"], title=entry["title"], summary=entry.get("summary", ""), url=entry.get("url", ""),
        public_lo=lo, public_hi=hi, precision=precision, happened_at=entry.get("happened_at"), origin=Origin.CASE,
    )  # fmt: skip


def bracket_day(day: date) -> tuple[datetime, datetime]:
    """When an item of which only the day is known may have become public: 00:00 UTC to 12:00 UTC of the next day."""
    start = datetime.combine(day, time(), UTC)
    return start, start + timedelta(hours=36)


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _number(text: str) -> float | None:
    return float(text) if text else None


def _read_bars(folder: Path) -> list[Bar]:
    return [
        Bar(
            symbol=r["symbol"], session=date.fromisoformat(r["date"]), source=r["source"], close=float(r["close"]),
            open=_number(r["open"]), high=_number(r["high"]), low=_number(r["low"]), volume=_number(r["volume"]),
            origin=Origin.CASE,
        )
        for r in _rows(folder / "bars.csv")
    ]  # fmt: skip


def _read_releases(folder: Path) -> list[Release]:
    return [
        Release(
            indicator=r["indicator"], period=r["period"], released_at=datetime.fromisoformat(r["released_at"]),
            source=r["source"], actual=float(r["actual"]), consensus=_number(r["consensus"]),
            previous=_number(r["previous"]), origin=Origin.CASE,
        )
        for r in _rows(folder / "releases.csv")
    ]  # fmt: skip


def _read_liquidations(folder: Path) -> list[Liquidation]:
    return [
        Liquidation(
            asset=r["asset"], at=datetime.fromisoformat(r["at"]), venue=r["venue"], source=r["source"],
            long_usd=_number(r["long_usd"]), short_usd=_number(r["short_usd"]), method=r["method"],
            public_at=datetime.fromisoformat(r["public_at"]) if r["public_at"] else None, origin=Origin.CASE,
        )
        for r in _rows(folder / "liquidations.csv")
    ]  # fmt: skip
