"""Events formed step by step are those of one pass over everything, whatever comes late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import forming
from models.event_state import load_former, save_former
from models.events import EventFormer, TaggedDocument, form_events

WORDS = "bitcoin tariff payroll inflation stock fed rate slump surge bank oil strike vote storm yield chip".split()
START = datetime(2026, 1, 1, tzinfo=UTC)
TITLES = st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(" ".join)
DOCUMENTS = st.lists(st.tuples(st.integers(0, 24 * 20), TITLES, st.sampled_from(["labor", "growth"])), max_size=60)


def make_documents(drawn):
    """Tagged documents in their order: hour since the start, title, type."""
    docs = [TaggedDocument(f"d{n:03}", t, title, START + timedelta(hours=h)) for n, (h, title, t) in enumerate(drawn)]
    return sorted(docs, key=lambda d: (d.public_hi, d.document_id))


@settings(max_examples=60, deadline=None)
@given(DOCUMENTS, st.lists(st.integers(0, 24 * 20), max_size=3))
def test_a_kept_memory_goes_on_as_if_never_interrupted(drawn, cuts):
    """Saved and loaded at any instants, the former makes the events of one pass, link by link."""
    docs = make_documents(drawn)
    former, events, links = EventFormer(), {}, []
    instants = sorted(START + timedelta(hours=h) for h in cuts)
    for doc in docs:
        while instants and doc.public_hi >= instants[0]:
            former = keep(former, instants.pop(0), events, links)
        former.place(doc)
    keep(former, START + timedelta(days=99), events, links)
    whole = list(form_events(docs))
    assert sorted(events) == sorted((e.event_id, e.type, e.title, e.public_hi) for e in whole)
    assert sorted(links) == sorted((e.event_id, x.document_id, x.novelty) for e in whole for x in e.links)


def keep(former, before, events, links):
    """Write down what a former has formed, and go on from its memory."""
    for e in former.founded:
        events[e.event_id, e.type, e.title, e.public_hi] = True
    for e in (*former.carried, *former.founded):
        links.extend((e.event_id, x.document_id, x.novelty) for x in e.links)
    return load_former(save_former(former, before))


def make_news(days, prefix=""):
    """A headline a day, several of one story, from 60 days before the end of January 2026 on."""
    start = datetime(2025, 12, 2, 15, tzinfo=UTC)
    return [
        {"title": f"{prefix}Payrolls fall short as unemployment rises, report {n // 3} shows", "source": "wire",
         "published_at": (start + timedelta(days=n)).isoformat()}
        for n in days
    ]  # fmt: skip


def formed(home, ledger_rows):
    """Events and links of a ledger."""
    return ledger_rows(home, "event"), ledger_rows(home, "event_document")


@pytest.mark.full
def test_a_night_goes_on_from_the_last_memory_and_a_late_row_from_an_earlier_one(small_home, ledger_rows, monkeypatch):
    """New, late and very late rows: the events are those of a home that had all of them at once; few are formed again."""
    placed = []
    place = EventFormer.place
    monkeypatch.setattr(EventFormer, "place", lambda self, doc: (placed.append(doc), place(self, doc)))
    home = small_home(news=make_news(range(58)))
    steps = [(make_news([58]), 3), (make_news([55], "Late: "), 10), (make_news([5], "Very late: "), 61)]
    given_so_far = make_news(range(58))
    assert len(ledger_rows(home, "event_checkpoint", "before")) == len(forming.KEPT_BEFORE)
    for news, most in steps:
        placed.clear()
        small_home.add(home, news=news)
        given_so_far += news
        assert 0 < len({d.document_id for d in placed}) <= most
        assert formed(home, ledger_rows) == formed(small_home(news=given_so_far), ledger_rows)


def test_a_document_given_other_types_is_formed_anew(small_home, ledger_rows, run):
    """A review changes triggers of long ago: the memories after it are not trusted."""
    home = small_home(news=make_news(range(30)))
    (first, *_) = sorted(ledger_rows(home, "document", "public_hi", "document_id"), key=lambda r: r["public_hi"])
    assert run("review", "retag", first["document_id"], "growth", "--why", "x", "--who", "Ada", home=home).code == 0
    assert run("build", home=home).code == 0
    assert [r["type"] for r in ledger_rows(home, "event") if r["public_hi"] == first["public_hi"]] == ["growth"]
