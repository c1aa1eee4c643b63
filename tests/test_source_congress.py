"""The sources from congress.gov: nominations to offices that steer markets, and bills that fund the government."""

import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.source import Capture, Skipped, Window
from ingest.sources import congress
from kb.errors import Unreadable
from kb.records import Document, Precision

FETCHED = datetime(2026, 5, 20, 6, tzinfo=UTC)
WARSH = {
    "citation": "PN855-1", "congress": 119, "number": 855, "partNumber": "01", "organization": "Federal Reserve System",
    "description": "Kevin Warsh, of Florida, to be Chairman of the Board of Governors of the Federal Reserve System for a term "
    "of four years, vice Jerome H. Powell, term expiring.",
    "nominationType": {"isCivilian": True}, "receivedDate": "2026-03-04", "updateDate": "2026-05-14 04:25:15+00:00",
    "latestAction": {"actionDate": "2026-05-13", "text": "Confirmed by the Senate by Yea-Nay Vote. 54 - 45."},
    "url": "https://api.congress.gov/v3/nomination/119/855?format=json",
}  # fmt: skip


def capture(body, name):
    """A capture as the client would hand it over; anything but bytes is written as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Capture("congress", name, "https://api.congress.gov/v3", FETCHED, "application/json", raw)


def split(found):
    """Documents and notes apart."""
    records = list(found)
    return [r for r in records if isinstance(r, Document)], [r for r in records if isinstance(r, Skipped)]


def nominations(*items):
    """What a list of nominations gives."""
    return split(congress.parse_nominations(capture({"nominations": list(items)}, "nominations/119/0")))


def actions(*items, name="funding/119/hr/5371"):
    """What the actions on a bill give."""
    return split(congress.parse_bills(capture({"actions": list(items)}, name)))


def test_a_nomination_gives_its_receipt_and_its_decision():
    """Kevin Warsh: received on 4 March, confirmed on 13 May 2026, days without an hour."""
    (received, confirmed), skipped = nominations(WARSH)
    office = "Chairman of the Board of Governors of the Federal Reserve System"
    assert received.title == f"President nominates Kevin Warsh as {office}"
    assert (received.public_lo, received.precision) == (datetime(2026, 3, 4, tzinfo=UTC), Precision.DAY)
    assert confirmed.title == f"Senate confirms Kevin Warsh as {office}"
    assert confirmed.public_lo == datetime(2026, 5, 13, tzinfo=UTC)
    assert confirmed.url == "https://www.congress.gov/nomination/119th-congress/855/1"
    assert "54 - 45" in confirmed.summary
    assert skipped == []


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Received message of withdrawal of nomination from the President.", "President withdraws the nomination of"),
        ("Returned to the President under the provisions of Senate Rule XXXI.", "Senate returns the nomination of"),
        ("Placed on Senate Executive Calendar. Calendar No. 7.", None),
        ("Cloture motion presented in Senate.", None),
    ],
)
def test_only_decisions_are_told_besides_the_receipt(text, title):
    """Withdrawn and returned are; a step on the way is not."""
    documents, _ = nominations({**WARSH, "latestAction": {"actionDate": "2026-05-13", "text": text}})
    assert [d.title.split(" Kevin")[0] for d in documents[1:]] == ([title] if title else [])


@pytest.mark.parametrize(
    ("description", "office"),
    [
        ("Ann Poe, of the District of Columbia, to be Secretary of the Treasury.", "Secretary of the Treasury"),
        (
            "Bo Roe, Jr., of Utah, to be a Member of the Securities and Exchange Commission for the remainder of the term "
            "expiring June 5, 2029, vice Cy Low, resigned.",
            "Member of the Securities and Exchange Commission",
        ),
        (
            "Di Fox, of Ohio, to be Comptroller of the Currency for a term of five years. (Reappointment)",
            "Comptroller of the Currency",
        ),
        (
            "Eve Oak, of Maine, to be Commissioner of Labor Statistics, Department of Labor, for a term of four years",
            "Commissioner of Labor Statistics, Department of Labor",
        ),
        ("Gus Elm, of Iowa, to be United States Circuit Judge for the Eighth Circuit, vice Ida Ash, retired.", None),
        ("The following named officer for appointment in the United States Army to the grade indicated.", None),
    ],
)
def test_the_office_is_read_out_of_the_description(description, office):
    """Term, predecessor and remarks fall away; other offices are counted and passed over."""
    documents, skipped = nominations({**WARSH, "description": description, "latestAction": None})
    if office is None:
        assert documents == []
        assert skipped == [Skipped("nominations to other offices", "1")]
    else:
        (doc,) = documents
        assert doc.title.endswith(f" as {office}")


@pytest.mark.parametrize(
    "bad", ["x", None, {**WARSH, "description": None}, {**WARSH, "citation": 3}, {**WARSH, "congress": "119"}]
)
def test_one_bad_nomination_does_not_stop_the_others(bad):
    """It is set aside, the good one is kept."""
    documents, (skipped,) = nominations(bad, WARSH)
    assert len(documents) == 2
    assert skipped.reason == "nomination without description, citation or Congress"


def test_an_undated_nomination_is_set_aside():
    """Undated is unknown, never now."""
    documents, skipped = nominations(
        {**WARSH, "receivedDate": "March", "latestAction": {"text": "Confirmed by the Senate"}}
    )
    assert documents == []
    assert [s.reason for s in skipped] == ["undated", "undated"]


def test_the_steps_of_a_funding_bill_are_told():
    """H.R. 5371: House 19 September, blocked on 30 September, Senate, House and President in November 2025."""
    found, skipped = actions(
        {"actionDate": "2025-11-12", "text": "Became Public Law No: 119-37.", "type": "BecameLaw"},
        {"actionDate": "2025-11-12", "text": "Signed by President.", "type": "President"},
        {
            "actionDate": "2025-11-12", "actionTime": "20:21:08",
            "text": "On motion that the House agree to the Senate amendment Agreed to by the Yeas and Nays: 222 - 209.",
        },
        {"actionDate": "2025-11-10", "text": "Passed Senate with an amendment by Yea-Nay Vote. 60 - 40."},
        {"actionDate": "2025-09-30", "text": "Cloture on the motion to proceed to the measure not invoked in Senate by Yea-Nay "
         "Vote. 55 - 45. Record Vote Number: 535."},
        {"actionDate": "2025-09-19", "text": "Passed/agreed to in House: On passage Passed by the Yeas and Nays: 217 - 212."},
        {
            "actionDate": "2025-09-19", "actionTime": "10:40:00", "text": "On passage Passed by the Yeas and Nays: 217 - 212.",
            "recordedVotes": [{"chamber": "House", "date": "2025-09-19T14:39:31Z", "rollNumber": 281}],
        },
    )  # fmt: skip
    bill = "government funding bill H.R. 5371"
    assert [(d.title, d.public_lo, d.precision) for d in found] == [
        (f"President signs {bill}", datetime(2025, 11, 12, tzinfo=UTC), Precision.DAY),
        (
            f"House agrees to the Senate's version of {bill}",
            datetime(2025, 11, 13, 1, 21, 8, tzinfo=UTC),
            Precision.INSTANT,
        ),
        (f"Senate passes {bill}", datetime(2025, 11, 10, tzinfo=UTC), Precision.DAY),
        (f"Senate blocks {bill}", datetime(2025, 9, 30, tzinfo=UTC), Precision.DAY),
        (f"House passes {bill}", datetime(2025, 9, 19, 14, 39, 31, tzinfo=UTC), Precision.INSTANT),
    ]
    assert found[0].url == "https://www.congress.gov/bill/119th-congress/house-bill/5371"
    assert skipped == [Skipped("actions that decide nothing", "2")]


def test_a_cloture_that_was_invoked_is_no_block():
    """The two differ by one word."""
    (doc,), _ = actions(
        {"actionDate": "2025-11-09", "text": "Cloture on the motion to proceed to the measure invoked in Senate."}
    )
    assert doc.title.startswith("Senate clears the way for a vote on")


def test_a_debt_limit_bill_is_called_so():
    """What sort of bill it is stands in the name of its page."""
    (doc,), _ = actions(
        {"actionDate": "2023-05-31", "text": "On passage Passed by the Yeas and Nays."}, name="debt-limit/118/hr/3746"
    )
    assert doc.title == "House passes debt limit bill H.R. 3746"


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b'{"nominations": [', b"[]", b"{}", b'{"nominations": {}, "actions": 4}']
)
def test_what_is_no_answer_is_unreadable(body):
    """Empty, HTML, cut short, another shape: Unreadable."""
    with pytest.raises(Unreadable):
        list(congress.parse_nominations(capture(body, "nominations/119/0")))
    with pytest.raises(Unreadable):
        list(congress.parse_bills(capture(body, "funding/119/hr/5371")))


@pytest.mark.parametrize("name", ["bills/119/hr/0", "funding/119/sres/5", "sonnets/119/hr/5"])
def test_a_page_of_no_known_bill_is_unreadable(name):
    """A list handed on because it could not be read is reported."""
    with pytest.raises(Unreadable):
        list(congress.parse_bills(capture({"actions": []}, name)))


ANY = (
    st.none()
    | st.integers()
    | st.text(max_size=30)
    | st.lists(st.text(max_size=5), max_size=2)
    | st.just({"text": "\ud800"})
)


@given(st.dictionaries(st.sampled_from(list(WARSH)), ANY, max_size=4))
def test_values_of_any_sort_raise_nothing(changes):
    """Whatever stands in the fields, a record or a note comes out."""
    documents, skipped = nominations({**WARSH, **changes})
    assert documents or skipped


@given(st.dictionaries(st.sampled_from(["actionDate", "actionTime", "text", "recordedVotes"]), ANY, max_size=4))
def test_actions_of_any_sort_raise_nothing(changes):
    """The same for actions."""
    documents, skipped = actions({"actionDate": "2025-09-19", "text": "On passage Passed by voice vote.", **changes})
    assert documents or skipped


@pytest.mark.parametrize(
    ("day", "number"),
    [(date(2025, 1, 2), 118), (date(2025, 1, 3), 119), (date(2026, 12, 31), 119), (date(2001, 6, 1), 107)],
)
def test_congresses_are_numbered_from_1789(day, number):
    """A new one begins on 3 January of odd years."""
    assert congress.number_congress(day) == number


class Pages:
    """A client with lists of a given length; it notes what is asked for."""

    def __init__(self, count, bills=()):
        self.count, self.bills, self.asked = count, bills, []

    def get(self, page):
        self.asked.append(page)
        body = {"pagination": {"count": self.count}, "nominations": [], "bills": list(self.bills), "actions": []}
        return capture(body, page.name)

    def each(self, pages):
        return (self.get(p) for p in pages)


WINDOW = Window(datetime(2026, 5, 10, tzinfo=UTC), datetime(2026, 5, 14, 6, tzinfo=UTC))


def test_fetch_asks_for_every_page_of_nominations():
    """501 nominations are three pages of 250; the key is named, not given."""
    client = Pages(count=501)
    assert [c.name for c in congress.fetch_nominations(client, WINDOW)] == [f"nominations/119/{n}" for n in range(3)]
    page = client.asked[2]
    assert page.url == "https://api.congress.gov/v3/nomination/119"
    assert dict(page.params) == {
        "format": "json", "limit": "250", "offset": "500", "sort": "updateDate asc",
        "fromDateTime": "2026-05-10T00:00:00Z", "toDateTime": "2026-05-14T06:00:00Z",
    }  # fmt: skip
    assert dict(page.secrets) == {"api_key": "CONGRESS_API_KEY"}


def test_fetch_over_new_year_asks_both_congresses():
    """The window from 30 December 2024 to 6 January 2025 lies in the 118th and the 119th."""
    client = Pages(count=1)
    window = Window(datetime(2024, 12, 30, tzinfo=UTC), datetime(2025, 1, 6, tzinfo=UTC))
    assert [c.name for c in congress.fetch_nominations(client, window)] == ["nominations/118/0", "nominations/119/0"]


def test_fetch_finds_funding_bills_and_asks_for_their_actions():
    """Of the bills updated, those on funding and debt lead to their actions; the lists themselves are not handed on."""
    bills = [
        {"number": "5371", "title": "Continuing Appropriations, Agriculture, and Extensions Act, 2026", "type": "HR"},
        {"number": "3746", "title": "Fiscal Responsibility Act of 2023", "type": "HR"},
        {"number": "12", "title": "A bill to name a post office", "type": "HR"},
        {"number": "../1", "title": "Defense Appropriations Act", "type": "HR"},
        {"number": "7", "title": None},
        "x",
    ]
    client = Pages(count=6, bills=bills)
    names = [c.name for c in congress.fetch_bills(client, WINDOW)]
    assert names[:2] == ["funding/119/hr/5371", "debt-limit/119/hr/3746"]
    assert len(names) == 6
    assert client.asked[0].url == "https://api.congress.gov/v3/bill/119/hr"
    assert client.asked[1].url == "https://api.congress.gov/v3/bill/119/hr/5371/actions"


def test_fetch_hands_on_a_list_that_cannot_be_read():
    """An error page is reported by parse and asked for once."""
    client = Pages(count=1)
    client.get = lambda page: capture(b"<html>", page.name)
    assert [c.name for c in congress.fetch_bills(client, WINDOW)] == [
        "bills/119/hr/0",
        "bills/119/hjres/0",
        "bills/119/s/0",
    ]
