"""The source of government shutdowns: today's operating status, and the facts of the past."""

import csv
import json
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from conftest import SHARED
from hypothesis import given
from hypothesis import strategies as st

from ingest.source import Capture, Skipped, Window
from ingest.sources import shutdowns
from kb.errors import Unreadable
from kb.records import Document, Precision

FETCHED = datetime(2026, 11, 1, 6, tzinfo=UTC)
OPEN = {
    "Id": 0, "Title": "Federal Government Operating Status in the Washington, DC, Area", "Location": "Washington, DC, Area",
    "StatusSummary": "Open", "ShortStatusMessage": "Offices are open.", "LongStatusMessage": "Offices are open.",
    "ExtendedInformation": "", "DateStatusPosted": "/Date(1422347400000)/", "CurrentDate": "/Date(1422347838546)/",
    "AppliesTo": "January 27, 2015", "Icon": "Open", "StatusType": "Open", "Url": "https://www.opm.gov/status",
}  # fmt: skip
LAPSED = {**OPEN, "StatusSummary": "Lapse in Appropriations", "Icon": "Alert", "LongStatusMessage": "Agencies differ."}


def capture(body, fetched_at=FETCHED):
    """A capture as the client would hand it over; anything but bytes is written as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Capture("shutdowns", "status", shutdowns.ADDRESS, fetched_at, "application/json", raw)


def parsed(status):
    """The documents and the notes that a status gives."""
    found = list(shutdowns.parse(capture(status)))
    return [r for r in found if isinstance(r, Document)], [r for r in found if isinstance(r, Skipped)]


def told(status):
    """What a status adds to the facts of the past."""
    past = {d.document_id for d in parsed(OPEN)[0]}
    documents, skipped = parsed(status)
    return [d for d in documents if d.document_id not in past], skipped


def test_an_open_government_gives_only_the_past():
    """The facts, each of its day, and a note that nothing is the matter."""
    documents, (skipped,) = parsed(OPEN)
    by_title = {d.title: d for d in documents}
    begun = [d for d in documents if d.title.startswith("US government shutdown begins")]
    assert {d.public_lo.date() for d in begun} >= {
        date(1995, 11, 14),
        date(2013, 10, 1),
        date(2018, 12, 22),
        date(2025, 10, 1),
    }
    assert by_title["US government shutdown ends after 34 full days"].public_lo == datetime(2019, 1, 25, tzinfo=UTC)
    over = by_title["US government shutdown ends after 42 full days"]
    assert (over.public_lo.date(), over.precision) == (date(2025, 11, 12), Precision.DAY)
    assert over.url == "https://www.congress.gov/119/plaws/publ37/PLAW-119publ37.htm"
    stopgap = by_title["US stopgap law signed: government funded through 30 January 2026"]
    assert stopgap.public_lo.date() == date(2025, 11, 12)
    assert len({d.document_id for d in documents}) == len(documents)
    assert skipped.reason == "operating status without a lapse of funding"


def test_a_lapse_is_told_at_the_minute_it_was_posted():
    """1422347400 seconds after 1970 is 27 January 2015, 08:30 UTC."""
    (doc,), skipped = told(LAPSED)
    assert doc.title == "US government operates under a lapse in funding: Lapse in Appropriations"
    assert doc.public_lo == doc.public_hi == datetime(2015, 1, 27, 8, 30, tzinfo=UTC)
    assert (doc.source, doc.url) == ("Office of Personnel Management", "https://www.opm.gov/status")
    assert "Agencies differ." in doc.summary
    assert skipped == []


def test_snow_is_no_shutdown():
    """An office closed for weather is noted and gives no document."""
    documents, (skipped,) = told({**OPEN, "StatusSummary": "Federal Offices in the Area Are Closed", "Icon": "Closed"})
    assert documents == []
    assert skipped.item == "Federal Offices in the Area Are Closed"


@pytest.mark.parametrize("posted", [None, 5, "2015-01-27", "/Date(x)/", "/Date(999999999999999)/"])
def test_a_lapse_posted_at_no_instant_is_set_aside(posted):
    """No hour is invented."""
    documents, skipped = told({**LAPSED, "DateStatusPosted": posted})
    assert documents == []
    assert skipped[-1].reason == "operating status posted at no instant"


def test_an_unknown_icon_is_reported():
    """A new sort of status is noted; the words still decide."""
    documents, (skipped,) = told({**LAPSED, "Icon": "Purple"})
    assert len(documents) == 1
    assert skipped == Skipped("operating status with an unknown icon", "Purple")


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"StatusSummary": "Op', b"[]", b"{}", b'{"StatusSummary": 3}'])
def test_what_is_no_status_is_unreadable(body):
    """Empty, HTML, cut short, another shape: Unreadable."""
    with pytest.raises(Unreadable):
        list(shutdowns.parse(capture(body)))


@given(
    st.dictionaries(
        st.sampled_from(list(OPEN)), st.none() | st.integers() | st.text() | st.lists(st.text()), max_size=5
    )
)
def test_values_of_any_sort_raise_nothing_else(changes):
    """At worst Unreadable, where the summary itself is no text."""
    try:
        list(shutdowns.parse(capture({**LAPSED, **changes})))
    except Unreadable:
        assert not isinstance({**LAPSED, **changes}["StatusSummary"], str)


def test_fetch_asks_for_the_one_page():
    """Whatever the window, the status is that of now."""

    class One:
        def get(self, page):
            assert page.url == "https://www.opm.gov/json/operatingstatus.json"
            return capture(OPEN)

    captures = list(shutdowns.fetch(One(), Window(FETCHED - timedelta(days=9), FETCHED)))
    assert [c.name for c in captures] == ["status"]


def test_the_shutdowns_on_record_are_among_the_facts():
    """Begin and end of each shutdown dated in the reference list."""
    path = SHARED / "macro" / "us_government_shutdowns.csv"
    if not path.is_file():
        pytest.skip(f"{path} is not here: third-party reference series are not part of the project")
    documents, _ = parsed(OPEN)
    begun = {str(d.public_lo.date()) for d in documents if "begins" in d.title}
    over = {str(d.public_lo.date()) for d in documents if "ends" in d.title}
    dated = [
        r for r in csv.DictReader(path.read_text("utf-8").splitlines()) if re.fullmatch(r"\d{4}-\d\d-\d\d", r["start"])
    ]
    assert len(dated) == 3
    assert {r["start"] for r in dated} <= begun
    assert {r["end"] for r in dated} <= over
