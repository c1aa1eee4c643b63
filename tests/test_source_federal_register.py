"""The source of the Federal Register: orders, proclamations and rules on trade, filed and printed."""

import json
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.source import Capture, Skipped, Window
from ingest.sources import federal_register
from kb.errors import Unreadable
from kb.records import Document, Precision

FETCHED = datetime(2025, 4, 20, 6, tzinfo=UTC)
ORDER = {
    "document_number": "2025-06063", "title": "Regulating Imports With a Reciprocal Tariff To Rectify Trade Practices",
    "type": "Presidential Document", "subtype": "Executive Order",
    "executive_order_number": "14257", "signing_date": "2025-04-02",
    "publication_date": "2025-04-07", "html_url": "https://www.federalregister.gov/documents/2025/04/07/2025-06063/x",
    "abstract": None, "agency_names": ["Executive Office of the President"],
}  # fmt: skip
RULE = {
    "document_number": "2025-07001", "title": "Notice of Action: Section 301 Investigation of Shipbuilding", "type": "Notice",
    "subtype": None, "executive_order_number": None, "signing_date": None, "publication_date": "2025-04-18",
    "html_url": "https://www.federalregister.gov/documents/2025/04/18/2025-07001/x", "abstract": "Fees on vessels.",
    "agency_names": ["Executive Office of the President", "Office of the United States Trade Representative"],
}  # fmt: skip
FILED = {
    "document_number": "2025-06063", "title": ORDER["title"], "type": "Presidential Document", "filing_type": "special",
    "filed_at": "2025-04-04T11:15:00.000-04:00", "publication_date": "2025-04-07", "html_url": "https://www.federalregister.gov/p/x",
    "agencies": [{"name": "Executive Office of the President", "slug": "executive-office-of-the-president"}],
    "toc_subject": "EXECUTIVE ORDERS",
}  # fmt: skip


def capture(body, name):
    """A capture as the client would hand it over; anything but bytes is written as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Capture("federal-register", name, "https://www.federalregister.gov/api/v1", FETCHED, "application/json", raw)


def parsed(items, name):
    """The documents and the notes that a list gives."""
    found = list(federal_register.parse(capture({"count": len(items), "results": items}, name)))
    return [r for r in found if isinstance(r, Document)], [r for r in found if isinstance(r, Skipped)]


def test_an_order_is_signed_days_before_it_is_printed():
    """Order 14257, signed on 2 April 2025, stood in the issue of 7 April: public by 08:45 New York, 12:45 UTC."""
    (doc,), skipped = parsed([ORDER], "printed/orders/1")
    assert doc.title == f"Executive Order 14257: {ORDER['title']}"
    assert (doc.public_lo, doc.precision) == (datetime(2025, 4, 7, 12, 45, tzinfo=UTC), Precision.INSTANT)
    assert doc.happened_at == datetime(2025, 4, 2, tzinfo=UTC)
    assert skipped == []


def test_public_inspection_tells_the_minute_and_is_the_same_document():
    """The filing of 4 April, 11:15 New York, has the id of the printed document."""
    (filed,), _ = parsed([FILED], "inspection/2025-04-04")
    (printed,), _ = parsed([ORDER], "printed/orders/1")
    assert filed.public_lo == filed.public_hi == datetime(2025, 4, 4, 15, 15, tzinfo=UTC)
    assert filed.document_id == printed.document_id


def test_a_notice_on_trade_names_its_office():
    """The bureau, not its department, leads the title."""
    (doc,), _ = parsed([RULE], "printed/trade/1")
    assert (
        doc.title
        == "Office of the United States Trade Representative: Notice of Action: Section 301 Investigation of Shipbuilding"
    )
    assert (doc.summary, doc.happened_at) == ("Fees on vessels.", None)


@pytest.mark.parametrize(
    ("title", "kept"),
    [
        ("Adjusting Imports of Steel Into the United States", 1),
        ("Continuation of the National Emergency With Respect to Trade", 1),
        ("National Donate Life Month, 2025", 0),
        ("Education and Sharing Day, U.S.A., 2025", 0),
    ],
)
def test_ceremonial_proclamations_are_passed_over(title, kept):
    """Days and weeks in honour of something are counted, not kept."""
    documents, skipped = parsed([{**ORDER, "subtype": "Proclamation", "title": title}], "printed/proclamations/1")
    assert (len(documents), len(skipped)) == (kept, 1 - kept)
    if kept:
        assert documents[0].title == f"Proclamation: {title}"
    else:
        assert skipped[0].item == "1"


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({}, 1),
        ({"toc_subject": None, "title": "Keeping Families Warm"}, 0),
        ({"type": "Notice", "title": "Tariff of Tolls", "agencies": [{"slug": "maritime-administration"}]}, 0),
        (
            {
                "type": "Rule",
                "title": "Export Controls on Chips",
                "agencies": [{"slug": "industry-and-security-bureau"}],
            },
            1,
        ),
        ({"type": "Rule", "title": "Export Controls on Chips", "agencies": None}, 0),
    ],
)
def test_the_list_on_inspection_is_sifted_as_the_searches_would(change, kept):
    """Orders, trade titles of the President, and trade titles of the three offices."""
    documents, _ = parsed([{**FILED, **change}], "inspection/2025-04-04")
    assert len(documents) == kept


BAD = [
    ("text", "no object"),
    ({**ORDER, "title": None}, "no title"),
    ({**ORDER, "title": "  "}, "no title"),
    ({**ORDER, "document_number": 7}, "no document_number"),
    ({**ORDER, "type": "Sonnet"}, "type 'Sonnet' is not known"),
    ({**ORDER, "publication_date": "04/07/2025"}, "printed on no day"),
    ({**ORDER, "publication_date": None}, "printed on no day"),
]


@pytest.mark.parametrize(("bad", "reason"), BAD)
def test_one_bad_item_does_not_stop_the_others(bad, reason):
    """It is set aside with its reason; the good one is kept."""
    documents, (skipped,) = parsed([bad, ORDER], "printed/orders/1")
    assert len(documents) == 1
    assert skipped.reason == reason


@pytest.mark.parametrize("filed_at", [None, 1790944500, "2025-04-31T08:45:00-04:00", "2025-04-04T08:45:00"])
def test_a_filing_without_its_instant_is_set_aside(filed_at):
    """No hour is guessed, nor its zone."""
    documents, skipped = parsed([{**FILED, "filed_at": filed_at}], "inspection/2025-04-04")
    assert documents == []
    assert "filed at" in skipped[0].reason


def test_an_issue_of_tomorrow_was_public_when_it_was_fetched():
    """The API lists an issue before its day: what was fetched at 06:00 is not dated later."""
    (doc,), _ = parsed([{**ORDER, "publication_date": "2025-04-21"}], "printed/orders/1")
    assert (doc.public_hi, doc.precision) == (FETCHED, Precision.CAPTURE)


def test_an_answer_without_documents_has_no_list():
    """The API leaves `results` out where the count is 0: nothing to report."""
    assert list(federal_register.parse(capture({"description": "x", "count": 0}, "printed/orders/1"))) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Bad gateway</html>",
        b'{"count": 2, "results": [',
        b"[]",
        b"null",
        b'{"count": 2}',
        b'{"errors": {}}',
    ],
)
@pytest.mark.parametrize("name", ["printed/orders/1", "inspection/2025-04-04"])
def test_what_is_no_answer_is_unreadable(body, name):
    """Empty, HTML, cut short, another shape: Unreadable."""
    with pytest.raises(Unreadable):
        list(federal_register.parse(capture(body, name)))


def test_a_name_that_nobody_gave_is_unreadable():
    """A search that is no longer listed is not read as something else."""
    with pytest.raises(Unreadable):
        list(federal_register.parse(capture({"count": 0}, "printed/sonnets/1")))


KEYS = sorted({*ORDER, *FILED, "slug"})
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=12,
)


@given(st.sampled_from([ORDER, FILED]), st.dictionaries(st.sampled_from(KEYS), json_values, max_size=4))
def test_values_of_any_sort_raise_nothing(good, changes):
    """Whatever stands in the fields, a record or a note comes out."""
    for name in ("printed/orders/1", "inspection/2025-04-04"):
        assert parsed([{**good, **changes}], name)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_raise_nothing_else(body):
    """At worst Unreadable."""
    try:
        list(federal_register.parse(capture(body, "printed/orders/1")))
    except Unreadable:
        pass


class Pages:
    """A client that answers any question with the pages it was told to count."""

    def __init__(self, total_pages):
        self.total_pages, self.asked = total_pages, []

    def get(self, page):
        self.asked.append(page)
        return capture({"count": 1, "total_pages": self.total_pages, "results": []}, page.name)

    def each(self, pages):
        return (self.get(p) for p in pages)


def test_fetch_asks_for_working_days_and_every_page():
    """Friday to Monday: two lists on inspection; then each search, page after page, in the publisher's own parameters."""
    client = Pages(total_pages=2)
    window = Window(datetime(2025, 4, 4, 12, tzinfo=UTC), datetime(2025, 4, 7, 12, tzinfo=UTC))
    names = [c.name for c in federal_register.fetch(client, window)]
    assert names == [
        "inspection/2025-04-04", "inspection/2025-04-07", "printed/orders/1", "printed/orders/2", "printed/proclamations/1",
        "printed/proclamations/2", "printed/trade/1", "printed/trade/2",
    ]  # fmt: skip
    assert [p.immutable for p in client.asked[:2]] == [True, False]
    asked = parse_qsl(urlsplit(client.asked[3].url).query)
    assert ("conditions[type][]", "PRESDOCU") in asked
    assert ("conditions[presidential_document_type][]", "executive_order") in asked
    assert ("conditions[publication_date][gte]", "2025-04-04") in asked
    assert ("conditions[publication_date][lte]", "2025-04-07") in asked
    assert ("fields[]", "signing_date") in asked
    assert ("page", "2") in asked
    trade = parse_qsl(urlsplit(client.asked[6].url).query)
    assert ("conditions[agencies][]", "u-s-customs-and-border-protection") in trade
    assert urlsplit(client.asked[0].url).query == "conditions%5Bavailable_on%5D=2025-04-04"


def test_fetch_stops_where_the_answer_cannot_be_read():
    """An error page is handed on once and not asked for without end."""
    client = Pages(total_pages=1)
    client.get = lambda page: capture(b"<html>", page.name)
    window = Window(datetime(2025, 4, 7, tzinfo=UTC), datetime(2025, 4, 7, 12, tzinfo=UTC))
    assert len(list(federal_register.fetch(client, window))) == 4
