"""Snapshots: the bytes that sources gave, kept as they came under `{home}/snapshots/<source>/<day>/`.

Everything parsed can be parsed again from here without a network. A file is the gzip of one line of JSON (what was asked,
when, what kind of content) and the body; its name is made of the page's name and the content, so that the same answer of
the same day is kept once and the first hour stands.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import zlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from ingest.source import Capture
from kb.errors import Unreadable
from kb.records import hash_id


class Snapshots:
    """The kept bytes of one home."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, capture: Capture) -> tuple[str, Capture]:
        """Where the capture lies under the folder, and the capture as kept: with the hour it was first seen that day.

        On disk whole or not at all, also after a kill.
        """
        digest = hash_id(capture.name, digest_body(capture.body))
        place = f"{capture.source}/{capture.fetched_at:%Y-%m-%d}/{hash_id(capture.name)}-{digest}.gz"
        path = self._folder / place
        if path.exists():
            try:
                return place, self.load(place)
            except Unreadable:
                pass  # damaged since: written anew
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}.part")
        with partial.open("wb") as file:
            file.write(gzip.compress(_head(capture) + capture.body, compresslevel=6, mtime=0))
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        return place, capture

    def load(self, place: str) -> Capture:
        """The capture kept at a place that `keep` gave. Raises Unreadable when it is not there or damaged."""
        path = self._folder / place
        try:
            head, _, body = gzip.decompress(path.read_bytes()).partition(b"\n")
            told = json.loads(head)
            at = datetime.fromisoformat(told["fetched_at"])
            return Capture(place.split("/", maxsplit=1)[0], told["name"], told["url"], at, told["content_type"], body)
        except (OSError, EOFError, zlib.error, ValueError, KeyError) as error:
            raise Unreadable(f"Snapshot {path}", str(error) or type(error).__name__, "Fetch it again.") from error

    def has(self, place: str) -> bool:
        """Whether something lies at a place."""
        return bool(place) and (self._folder / place).exists()

    def list_places(self, source: str, since: date = date.min) -> list[str]:
        """All places of one source from a day on, by day and, within it, by name."""
        folder = self._folder / source
        days = sorted(d for d in folder.iterdir() if d.name >= since.isoformat()) if folder.is_dir() else []
        return [f"{source}/{d.name}/{p.name}" for d in days for p in sorted(d.glob("*.gz"))]

    def replay(self, source: str, since: date = date.min) -> Iterator[Capture | Unreadable]:
        """The captures of one source in the order they came; a damaged one is given as its error."""
        day: list[Capture] = []
        for place in self.list_places(source, since):
            try:
                capture = self.load(place)
            except Unreadable as error:
                yield error
                continue
            if day and capture.fetched_at.date() != day[0].fetched_at.date():
                yield from sorted(day, key=lambda c: c.fetched_at)
                day = []
            day.append(capture)
        yield from sorted(day, key=lambda c: c.fetched_at)

    def forget(self, keep_days: int, now: datetime) -> int:
        """How many files of days before the last `keep_days` were removed; 0 keeps all."""
        if not keep_days or not self._folder.is_dir():
            return 0
        first = (now.astimezone(UTC) - timedelta(days=keep_days)).strftime("%Y-%m-%d")
        old = [p for p in self._folder.glob("*/*/*") if p.parent.name < first]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)


def digest_body(body: bytes) -> str:
    """A stable name of a body's content."""
    return hashlib.blake2b(body, digest_size=16).hexdigest()


def _head(capture: Capture) -> bytes:
    told = {
        "name": capture.name, "url": capture.url, "fetched_at": capture.fetched_at.astimezone(UTC).isoformat(),
        "content_type": capture.content_type,
    }  # fmt: skip
    return json.dumps(told).encode() + b"\n"
