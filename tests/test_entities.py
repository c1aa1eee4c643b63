"""Entities: what a headline names, ambiguous names give no link, offices know their holders by day."""

from __future__ import annotations

import csv
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.errors import NotFound
from models.entities import find_entities, find_holder
from models.entity_names import load_index


def link(text: str, on: date | None = None) -> list[str]:
    return [entity.id for entity in find_entities(text, on)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Microsoft beats estimates, shares fall", ["company:MSFT"]),
        ("Goldman Sachs and JPMorgan raise pay", ["company:GS", "company:JPM"]),
        ("Lehman Brothers files for bankruptcy", ["company:LEHMAN"]),
        ("Facebook buys WhatsApp", ["company:META"]),
        ("Apple's shares slip after the launch", ["company:AAPL"]),
        ("Target Corp cuts its outlook", ["company:TGT"]),
        ("$TSLA dips before the bell", ["company:TSLA"]),
        ("Oracle (NYSE: ORCL) plans bonds", ["company:ORCL"]),
        ("Bitcoin slides below $90,000 as Binance halts withdrawals", ["coin:BTC", "exchange:binance"]),
        ("SPY sees record outflow", ["fund:SPY"]),
        ("ECB and Bank of England hold rates", ["institution:ecb", "institution:boe"]),
        ("U.S. and China resume talks", ["country:US", "country:CN"]),
        ("Turkey's lira hits a record low", ["country:TR"]),
        ("Bureau of Labor Statistics postpones the jobs report", ["institution:bls"]),
    ],
)
def test_names_are_linked(text: str, expected: list[str]) -> None:
    assert link(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "An apple a day keeps the doctor away",
        "Visa rules change for students",
        "Ford's grandson recalls the president",
        "Hitting the target at last",
        "Fires spread across the Amazon",
        "Thanksgiving turkey gets dearer",
        "Oracle of Delphi, a history",
        "Stocks fall in May on light volume",
        "IT ALL ENDS TODAY",
    ],
)
def test_ambiguous_words_give_no_link(text: str) -> None:
    assert link(text) == []
    assert link(text, date(2018, 5, 2)) == []


def test_an_office_links_to_its_holder_of_the_day() -> None:
    text = "Fed chair warns of risks"
    assert link(text) == ["institution:federal-reserve"]
    assert link(text, date(2005, 6, 1)) == ["person:alan-greenspan"]
    assert link(text, date(2011, 8, 8)) == ["person:ben-bernanke"]
    assert link(text, date(2026, 6, 1)) == ["person:kevin-warsh"]


def test_a_shared_surname_needs_the_day() -> None:
    """Two presidents were called Bush: without the day there is no link."""
    assert link("Bush signs the bill") == []
    assert link("Bush signs the bill", date(1990, 3, 1)) == ["person:george-hw-bush"]
    assert link("Bush signs the bill", date(2003, 3, 1)) == ["person:george-w-bush"]
    assert link("Bush signs the bill", date(2015, 3, 1)) == []
    assert link("Bernanke speaks at Jackson Hole") == ["person:ben-bernanke"]


@pytest.mark.parametrize(
    ("office", "day", "holder"),
    [
        ("fed-chair", date(2018, 2, 4), "person:janet-yellen"),
        ("fed-chair", date(2018, 2, 5), "person:jerome-powell"),
        ("fed-chair", date(1940, 1, 1), None),
        ("treasury-secretary", date(2008, 9, 15), "person:henry-paulson"),
        ("us-president", date(2017, 1, 19), "person:barack-obama"),
        ("us-president", date(2017, 1, 20), "person:donald-trump"),
        ("ecb-president", date(2012, 7, 26), "person:mario-draghi"),
        ("house-speaker", date(2023, 10, 10), None),
        ("boj-governor", date(2008, 3, 25), None),
        ("fed-chair", date(2031, 1, 1), None),
    ],
)
def test_holders_by_day(office: str, day: date, holder: str | None) -> None:
    """Boundary days, vacancies, and days that the record does not reach."""
    assert find_holder(office, day) == holder


def test_an_unknown_office_is_explained() -> None:
    with pytest.raises(NotFound, match="fed-chair"):
        find_holder("king-of-spain", date(2020, 1, 1))


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200), st.none() | st.dates())
def test_any_text_gives_spans_that_do_not_overlap(text: str, on: date | None) -> None:
    found = find_entities(text, on)
    assert all(0 <= e.start < e.end <= len(text) for e in found)
    assert all(a.end <= b.start for a, b in pairwise(found))


def test_the_members_of_the_index_are_known(shared: Path) -> None:
    """Every ticker of the S&P 500 as listed beside the project; second classes of shares go by the first."""
    with (shared / "market" / "sp500_constituents_datasets.csv").open(encoding="utf-8") as file:
        symbols = {row["Symbol"] for row in csv.DictReader(file)}
    assert symbols - set(load_index().tickers) == {"GOOG", "FOX", "NWS"}
