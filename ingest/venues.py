"""Crypto venues: what their symbols stand for (`sources/venues.toml`) and how their JSON answers are read.

Stands under the modules of `ingest.sources` that read a venue. Pure: bytes in, figures out; neither network nor clock.
"""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from ingest.columns import YEARS
from ingest.source import Capture, Client, Page, Parsed, Record, Skipped, Window
from kb.errors import Unreadable, WhyfellError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SHOWN = 200  # characters of an item or a complaint that are repeated in a message
FINE = ("0", "00000")  # what OKX and Bitget say where nothing is wrong; Binance has a code, an integer, only in errors


class BadFigure(ValueError):
    """A field that is missing or is not what it should be; the text says which."""


@cache
def _load_venues() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "sources" / "venues.toml").read_text("utf-8"))


def list_symbols(kind: str, venue: str) -> dict[str, Any]:
    """The venue's symbols of a table of venues.toml (`bars`, `funding`, ...) and what each stands for."""
    symbols: dict[str, Any] = _load_venues()[kind][venue]
    return symbols


def list_not_covered() -> dict[str, str]:
    """The venues whose forced closes are not counted, each with the reason."""
    reasons: dict[str, str] = _load_venues()["liquidations_not_covered"]
    return reasons


def find_symbol(kind: str, venue: str, capture: Capture) -> tuple[str, Any]:
    """The symbol in a page's name ("BTCUSDT/0") and what it stands for. Raises Unreadable for one that is not declared."""
    symbol = capture.name.rpartition("/")[0].rpartition("/")[2]
    meaning = list_symbols(kind, venue).get(symbol)
    if meaning is None:
        raise Unreadable(f"Page {capture.name} of {venue}", f"{symbol!r} is not in venues.toml", "Add it there.")
    return symbol, meaning


def read_json(capture: Capture) -> Any:
    """The body as JSON. Raises Unreadable when it is none, or is a complaint of the venue, whose words are repeated."""
    try:
        body = json.loads(capture.body)
    except (ValueError, RecursionError):
        raise _unreadable(capture, f"no JSON: {_show_bytes(capture.body)}") from None
    complaint = _find_complaint(body)
    if complaint:
        raise _unreadable(capture, f"the venue says {complaint}")
    return body


def read_rows(capture: Capture, *path: str) -> list[Any]:
    """The list at these keys of the answer, the whole answer without any. Raises Unreadable when there is no list."""
    found = read_json(capture)
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    if not isinstance(found, list):
        raise _unreadable(capture, f"no list at {'.'.join(path) or 'the top'}: {_show_bytes(capture.body)}")
    return found


def _find_complaint(body: Any) -> str:
    """What a venue says is wrong: Binance code and msg, OKX and Bitget the same, Bybit retCode, Kraken error, others message."""
    if not isinstance(body, dict):
        return ""
    code, return_code = body.get("code", "0"), body.get("retCode", 0)
    if code in FINE and return_code == 0 and not body.get("error") and not ("message" in body or "label" in body):
        return ""
    said = {k: body[k] for k in ("code", "msg", "retCode", "retMsg", "error", "label", "message") if body.get(k)}
    return show(said or body)


def _unreadable(capture: Capture, found: str) -> Unreadable:
    return Unreadable(f"Page {capture.name} ({capture.url})", found, "Look whether the venue's answer has changed.")


def _show_bytes(body: bytes) -> str:
    return repr(body[:SHOWN].decode("utf-8", "replace"))


def show(item: Any) -> str:
    """The beginning of an item, for a message."""
    return str(item)[:SHOWN]


def pick(row: Any, key: str | int) -> Any:
    """The field of an object or a list. Raises BadFigure when there is none."""
    if isinstance(row, dict) and key in row:
        return row[key]
    if isinstance(row, list) and isinstance(key, int) and key < len(row):
        return row[key]
    raise BadFigure(f"no field {key}")


def read_figure(row: Any, key: str | int) -> float:
    """A field that is a number or a number in quotes. Raises BadFigure."""
    value = pick(row, key)
    try:
        if isinstance(value, bool) or not isinstance(value, int | float | str) or "_" in str(value):
            raise ValueError
        figure = float(value)
    except (ValueError, OverflowError):
        raise BadFigure(f"{key} is not a number") from None
    if not math.isfinite(figure):
        raise BadFigure(f"{key} is not finite")
    return figure


def read_stamp(row: Any, key: str | int, *, per_second: int = 1000) -> datetime:
    """A field that counts milliseconds (or seconds, `per_second=1`) since 1970, as an aware UTC instant. Raises BadFigure."""
    try:
        at = EPOCH + timedelta(seconds=read_figure(row, key) / per_second)
    except OverflowError:
        raise BadFigure(f"{key} is no instant") from None
    if at.year not in YEARS or at.year < EPOCH.year:
        raise BadFigure(f"{key} is in the year {at.year}")
    return at


def read_iso(row: Any, key: str) -> datetime:
    """A field such as "2026-01-30T12:00:00.000Z" as an aware UTC instant. Raises BadFigure."""
    try:
        at = datetime.fromisoformat(str(pick(row, key)))
        if at.tzinfo is None or at.year not in YEARS:
            raise ValueError
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadFigure(f"{key} is no instant with a zone") from None


def read_each(rows: Iterable[Any], read: Callable[[Any], Iterable[Record | Skipped]]) -> Parsed:
    """What `read` makes of each row; a row that raises BadFigure is set aside with its reason."""
    for row in rows:
        try:
            yield from list(read(row))
        except BadFigure as error:
            yield Skipped(str(error), show(row))


def floor_instant(at: datetime, step: timedelta) -> datetime:
    """The last whole step since 1970 (UTC): midnight for a day, the full hour for an hour."""
    return at - (at - EPOCH) % step


def to_stamp(at: datetime, *, per_second: int = 1000) -> str:
    """An instant as the venues want it: milliseconds (or seconds) since 1970."""
    return str(int((at - EPOCH).total_seconds() * per_second))


def split_window(window: Window, longest: timedelta) -> Iterator[Window]:
    """The window in stretches of at most `longest`, the latest first, so that each night asks for the same first page."""
    until = window.until
    while until > window.since:
        since = max(window.since, until - longest)
        yield Window(since, until)
        until = since


def walk_back(
    client: Client, make_page: Callable[[int], Page], is_last: Callable[[Capture], bool]
) -> Iterator[Capture]:
    """Pages 0, 1, ... one after the other until `is_last`; a page that fails, which the client has noted, ends them too."""
    number = 0
    while True:
        try:
            capture = client.get(make_page(number))
        except WhyfellError:
            return
        yield capture
        try:
            if is_last(capture):
                return
        except (Unreadable, BadFigure):
            return  # `parse` says what is wrong with it
        number += 1
