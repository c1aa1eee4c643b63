"""EDGAR: filings become documents of their second of acceptance; results, outlook and items are read strictly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.edgar_filing import name_item, read_eps, read_guidance, read_submission, strip_markup
from ingest.source import Capture, Skipped, Window
from ingest.sources import edgar
from kb.errors import NotFound, Unreadable
from kb.records import Document, Release

NOON = datetime(2026, 2, 2, 12, tzinfo=UTC)
FETCHED = datetime(2026, 11, 1, tzinfo=UTC)
SUBMISSION = """<SEC-DOCUMENT>0000789019-26-000010.txt : 20260128
<SEC-HEADER>0000789019-26-000010.hdr.sgml : 20260128
<ACCEPTANCE-DATETIME>20260128160412
ACCESSION NUMBER:\t\t0000789019-26-000010
CONFORMED SUBMISSION TYPE:\t8-K
CONFORMED PERIOD OF REPORT:\t20260128
ITEM INFORMATION:\t\tResults of Operations and Financial Condition
ITEM INFORMATION:\t\tFinancial Statements and Exhibits
FILER:
\tCOMPANY DATA:
\t\tCOMPANY CONFORMED NAME:\t\t\tMICROSOFT CORP
\t\tCENTRAL INDEX KEY:\t\t\t0000789019
</SEC-HEADER>
<DOCUMENT>
<TYPE>8-K
<TEXT><html><body>cover</body></html></TEXT>
</DOCUMENT>
<DOCUMENT>
<TYPE>EX-99.1
<TEXT><html><head><title>x</title></head><body><p>Cloud and AI demand carries a strong second quarter</p>
<p>Diluted earnings per share was $4.14 and increased. The company raised its full-year outlook.</p></body></html></TEXT>
</DOCUMENT>
"""


def capture(body, name="8-K/x"):
    """A capture of these bytes."""
    return Capture(
        "edgar", name, "https://www.sec.gov/x", FETCHED, "text/plain", body.encode() if isinstance(body, str) else body
    )


def test_results_become_a_document_and_a_figure():
    """16:04:12 in New York is 21:04:12 UTC; the title says what the release says, the surprise's actual is kept."""
    document, skipped, release = edgar.parse(capture(SUBMISSION))
    assert isinstance(document, Document)
    assert document.title == "Microsoft reports earnings of 4.14 dollars a diluted share and raises its outlook"
    assert document.public_lo == document.public_hi == datetime(2026, 1, 28, 21, 4, 12, tzinfo=UTC)
    assert (
        document.url
        == "https://www.sec.gov/Archives/edgar/data/789019/000078901926000010/0000789019-26-000010-index.htm"
    )
    assert document.summary == "Cloud and AI demand carries a strong second quarter"
    assert skipped == Skipped("an item that is not kept", "Financial Statements and Exhibits")
    assert release == Release("eps:MSFT", "2026-01-28", document.public_hi, "SEC EDGAR", 4.14)


def test_summer_time_is_new_yorks():
    """In July the same clock is four hours from UTC."""
    summer = SUBMISSION.replace("20260128160412", "20260728160412")
    assert read_submission(summer.encode()).accepted_at == datetime(2026, 7, 28, 20, 4, 12, tzinfo=UTC)


def test_other_forms_and_strangers_are_no_trouble():
    """A 10-Q is set aside; a company that is not watched keeps the SEC's own name and gives no figure."""
    (only,) = edgar.parse(capture(SUBMISSION.replace("TYPE:\t8-K", "TYPE:\t10-Q")))
    assert only == Skipped("form 10-Q", "0000789019-26-000010")
    given_back = list(edgar.parse(capture(SUBMISSION.replace("0000789019\n", "0000000001\n"))))
    assert given_back[0].title.startswith("MICROSOFT CORP reports")
    assert not any(isinstance(r, Release) for r in given_back)


@pytest.mark.parametrize(
    "body", ["", "<html>Request Rate Threshold Exceeded</html>", SUBMISSION[:200], "<SEC-HEADER></SEC-HEADER>x"]
)
def test_what_is_no_submission_is_unreadable(body):
    """Empty, an error page, cut within the header, a header without fields."""
    with pytest.raises(Unreadable):
        list(edgar.parse(capture(body)))


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("Bankruptcy or Receivership", "1.03"),
        ("Results of Operations and Financial Condition", "2.02"),
        ("Non-Reliance on Previously Issued Financial Statements or a Related Audit Report", "4.02"),
        ("Departure of Directors or Certain Officers; Election of Directors", "5.02"),
        ("Regulation FD Disclosure", "7.01"),
        ("Other Events", "8.01"),
        ("Financial Statements and Exhibits", None),
    ],
)
def test_items_by_their_words(words, number):
    """The six items kept, by the header's words, and one that is not."""
    assert name_item(words) == number


@pytest.mark.parametrize(
    ("said", "eps"),
    [
        ("Diluted earnings per share was $4.14", 4.14),
        ("Diluted net loss per share was $(0.35)", -0.35),
        ("Diluted earnings per share was $4.14. Non-GAAP diluted earnings per share was $4.40", None),
        ("Earnings per share: see table", None),
    ],
)
def test_earnings_are_read_only_where_they_are_plain(said, eps):
    """Said once; two different figures, or none, give none."""
    assert read_eps(said) == eps


@pytest.mark.parametrize(
    ("said", "outlook"),
    [
        ("The company lowered its full-year revenue guidance", "lowers its outlook"),
        ("We are raising our outlook", "raises its outlook"),
        ("Management reaffirms its guidance", "keeps its outlook"),
        ("It raised guidance for sales and cut its outlook for margins", None),
        ("Net sales rose", None),
    ],
)
def test_outlook_is_read_only_where_it_is_plain(said, outlook):
    """One direction or none."""
    assert read_guidance(said) == outlook


def test_markup_is_stripped():
    """Blocks become lines; scripts and heads go."""
    assert (
        strip_markup("<head><title>t</title></head><body><p>Net  income</p><script>x()</script><p>rose</p></body>")
        == "Net income\nrose"
    )


ENTRY = (
    "<entry><title>8-K - {name} ({cik:010}) (Filer)</title>"
    '<link rel="alternate" type="text/html" href="https://www.sec.gov/Archives/edgar/data/{cik}/{bare}/{accession}-index.htm"/></entry>'
)


def make_entry(cik, accession, name="X"):
    """One entry of the list of current filings."""
    return ENTRY.format(cik=cik, name=name, accession=accession, bare=accession.replace("-", ""))


class Played:
    """A client that has a list of current filings and one daily index."""

    def __init__(self):
        self.asked = []

    def get(self, page):
        self.asked.append(page)
        if page.name == "current-0":
            entries = [make_entry(789019, "0000789019-26-000010")] + [
                make_entry(1, f"0000000001-26-{n:06}") for n in range(99)
            ]
            return capture("<feed>" + "".join(entries), page.name)
        if page.name == "current-1":
            return capture("<feed>" + make_entry(789019, "0000789019-26-000010"), page.name)
        if page.name == "index-2026-01-28":
            line = "8-K              NVIDIA CORP        1045810     20260128    edgar/data/1045810/0001045810-26-000001.txt\n"
            return capture(line + line.replace("8-K  ", "10-K ") + line.replace("1045810 ", "1 "), page.name)
        raise NotFound("x", "y", "z")

    def each(self, pages):
        self.asked.extend(pages)
        return iter(())


def test_a_window_asks_for_the_watched_companies_filings_once():
    """Current list page by page until a short one, daily indexes of working days before; each filing once, with the agent."""
    client = Played()
    list(edgar.fetch(client, Window(NOON - timedelta(days=6), NOON)))
    names = [p.name for p in client.asked]
    # Until 31 January: the 27th to the 30th were a Tuesday to a Friday.
    assert names[:4] == ["index-2026-01-27", "index-2026-01-28", "index-2026-01-29", "index-2026-01-30"]
    assert names[4:] == ["current-0", "current-1", "8-K/0001045810-26-000001", "8-K/0000789019-26-000010"]
    assert all(p.secrets == {"header:User-Agent": "WHYFELL_CONTACT"} for p in client.asked)
    assert client.asked[-2].url == "https://www.sec.gov/Archives/edgar/data/1045810/0001045810-26-000001.txt"
    assert client.asked[-1].immutable


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=300))
def test_no_exhibit_breaks_it(more):
    """Whatever stands in the documents, the header's facts stand."""
    body = SUBMISSION.encode() + b"<DOCUMENT>\n<TYPE>EX-99.2" + more
    assert sum(isinstance(r, Document) for r in edgar.parse(capture(body))) == 1


@pytest.mark.parametrize(
    ("part", "title", "at"),
    [
        ("TestNvidia8KGroundTruth_0", "Nvidia files an 8-K: a change of directors or officers", "2026-03-06T21:11:25"),
        ("test_issue_879_jpm_8k_2", "JPMorgan files an 8-K: a change of directors or officers", "2026-06-25T11:59:33"),
        ("test_issue_879_meta_8k_4", "Meta files an 8-K: a change of directors or officers", "2025-12-19T22:00:37"),
    ],
)
def test_real_submissions(shared, part, title, at):
    """Three captured filings: item and second as their headers say (16:11:25 and 17:00:37 EST, 07:59:33 EDT)."""
    (path,) = (shared / "feeds" / "edgar" / "8k").glob(f"{part}*.txt")
    documents = [r for r in edgar.parse(capture(path.read_bytes())) if isinstance(r, Document)]
    assert [(d.title, d.public_hi) for d in documents] == [(title, datetime.fromisoformat(at).replace(tzinfo=UTC))]


def test_real_lists_and_pages(shared):
    """Captured lists of all forms hold no 8-K of a watched company; a page about a missing CIK is no submission."""
    folder = shared / "feeds" / "edgar"
    for path in folder.glob("getcurrent*.atom"):
        assert edgar.list_current(path.read_text("latin-1")) == []
    with pytest.raises(Unreadable):
        list(edgar.parse(capture((folder / "secedgar_cik_not_found.html").read_bytes())))
