"""What the tests of the crypto venues share: pages as they came, a client that notes what is asked, and broken bodies."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.source import Capture, Skipped, Window
from kb.errors import SourceDown, Unreadable

FETCHED = datetime(2026, 1, 31, 3, 0, tzinfo=UTC)
NIGHT = Window(datetime(2026, 1, 29, 3, 0, tzinfo=UTC), FETCHED)
PROXY = b"<!DOCTYPE html><html><head><title>451</title></head><body>Not available where you are</body></html>"


def at(text):
    """The instant "2026-01-30 08:00" in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def ms(text):
    """The same as milliseconds since 1970."""
    return int(at(text).timestamp()) * 1000


def page(name, body, *, url="https://example.org", fetched_at=FETCHED):
    """A capture of this name; a body that is not bytes is written as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Capture("any", name, url, fetched_at, "application/json", raw)


def split(parsed):
    """Records and the reasons of what was set aside."""
    items = list(parsed)
    return [i for i in items if not isinstance(i, Skipped)], [i.reason for i in items if isinstance(i, Skipped)]


def source_of(sources, name):
    """The source of that name."""
    return next(s for s in sources if s.name == name)


class NotingClient:
    """Answers pages out of a dictionary by name (a list of bodies for one after the other), and notes what was asked.

    A page without an answer fails as a server that is down.
    """

    def __init__(self, answers=None, default=None):
        self.answers, self.default, self.asked = answers or {}, default, []

    def get(self, page_asked):
        """The prepared answer, else SourceDown."""
        self.asked.append(page_asked)
        body = self.answers.get(page_asked.name, self.default)
        if body is None:
            raise SourceDown(f"Page {page_asked.url}", "HTTP status 503", "It is tried again the next night.")
        return page(page_asked.name, body, url=page_asked.url)

    def each(self, pages):
        """The same for several, leaving out those that fail."""
        for one in pages:
            try:
                yield self.get(one)
            except SourceDown:
                continue


def check_broken_bodies(source, name, **more):
    """An empty body, a page of a proxy, a truncated body and JSON of another kind are Unreadable, with the page named."""
    for body in (b"", PROXY, b'[[1769731200, "1', b'"text"', b"7", b"null", b"[" * 100_000, b"\xff\xfe"):
        with pytest.raises(Unreadable) as told:
            list(source.parse(page(name, body, **more)))
        assert name in str(told.value), body[:20]


def check_anything(source, name, **more):
    """Whatever the bytes or the JSON, nothing but Unreadable is raised."""
    leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("1769731200000")
    keys = st.sampled_from(
        ["data", "result", "list", "code", "retCode", "details", "time", "timestamp", "symbol", "error"]
    )
    bodies = st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=8) | st.dictionaries(keys, inner, max_size=5), max_leaves=30
    )

    @given(st.binary(max_size=60) | bodies)
    def parse_anything(body):
        try:
            list(source.parse(page(name, body, **more)))
        except Unreadable:
            pass

    parse_anything()
