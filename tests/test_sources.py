"""Every declared source keeps the contract: it says who it is, asks only where it may, and no bytes break its parser."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.plan import plan_source
from ingest.registry import list_sources
from ingest.source import Capture, Skipped, Window
from kb.errors import Unreadable
from kb.ledger_write import TABLES

SOURCES = list_sources()
NOON = datetime(2026, 1, 30, 12, tzinfo=UTC)
NAMES = ["", "x", "cpi-2026", "8-K/0001045810-26-000024", "2026-01-30", "20260130120000.gkg.csv.zip", "BTC-USD"]
# Beginnings of the forms that publishers use: without them no random bytes would get past the first line of a parser.
FORMS = [
    b"",
    b"{}",
    b"[]",
    b"[[1]]",
    b'{"data": [null]}',
    b"null",
    b"<html>",
    b"<rss><channel><item><title>x",
    b"PK\x03\x04",
    b"a,b\n1,2\n",
]


@pytest.fixture(params=SOURCES, ids=lambda s: s.name)
def source(request):
    """Each declared source."""
    return request.param


@pytest.fixture
def with_secrets(source, monkeypatch):
    """The environment variables that the source needs."""
    for name in source.needs:
        monkeypatch.setenv(name, "x" * 8)


def test_it_says_who_it_is(source):
    """Publisher, address, licence or terms in words, a pace and an expectation that make sense."""
    assert all((source.publisher, source.address, len(source.licence) > 10))
    assert 0 < source.rate <= 10
    assert 0 <= source.rows_a_day[0] <= source.rows_a_day[1]
    assert source.parser_version >= 1
    assert timedelta(minutes=1) <= source.cadence <= timedelta(days=400)
    assert re.fullmatch(r"[a-z0-9-]+", source.name)
    assert all(re.fullmatch(r"[A-Z0-9_]+", name) for name in source.needs)


@pytest.mark.parametrize("days", [1, 30])
def test_it_asks_the_open_internet_only(source, with_secrets, days):
    """For a night and for a month: at least one page, http or https, no key in any address, no name twice."""
    planned = plan_source(source, Window(NOON - timedelta(days=days), NOON))
    assert planned.pages
    assert [p.url for p in planned.pages if not re.match(r"https?://[^/@]+\.[a-z]+/", p.url)] == []
    assert [p.url for p in planned.pages if "x" * 8 in p.url] == []
    assert len({p.name for p in planned.pages}) == len(planned.pages)
    assert {v for p in planned.pages for v in p.secrets.values()} <= {*source.needs, *OPTIONAL_SECRETS}


OPTIONAL_SECRETS = {"WHYFELL_CONTACT"}


@settings(max_examples=60, deadline=None)
@given(
    form=st.sampled_from(FORMS),
    more=st.binary(max_size=60),
    name=st.sampled_from(NAMES),
    kind=st.sampled_from(["", "text/html; charset=utf-16"]),
)
def test_no_bytes_break_its_parser(form, more, name, kind):
    """Whatever arrives, each parser gives records, items set aside, or says that the whole is unreadable."""
    for source in SOURCES:
        for page in (name, *NAMED.get(source.name, ())):
            capture = Capture(source.name, page, "https://example.org/x", NOON, kind, form + more)
            try:
                given_back = list(source.parse(capture))
            except Unreadable:
                continue
            assert all(isinstance(item, (Skipped, *TABLES)) for item in given_back)


def name_first_page(source):
    """The name of the first page that a source asks for, which its parser knows."""
    planned = plan_source(source, Window(NOON - timedelta(days=2), NOON))
    return tuple(p.name for p in planned.pages[:1])


NAMED = {s.name: name_first_page(s) for s in SOURCES}


def test_records_are_of_the_ledgers_kinds():
    """Each kind of record that a source may give has its table and its fields there."""
    for record, table in TABLES.items():
        assert {f.name for f in fields(record)} <= set(table.model_fields)
