"""Filings at the SEC: lists, submissions, documents and releases; the text of the examples is our own."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, date, datetime

import pytest
from conftest import SHARED
from hypothesis import given
from hypothesis import strategies as st

from ingest.source import Capture, Skipped, Window
from ingest.sources.edgar import SOURCES, fetch, parse
from ingest.sources.edgar_filings import find_headline, find_item, read_filing, read_items
from ingest.sources.edgar_lists import Listed, read_current, read_index, read_last_day, read_listing
from ingest.sources.filing_text import read_lines
from ingest.sources.watched import read_companies, read_companies_by_cik
from kb.errors import NotFound, Unreadable
from kb.records import Document, Precision, Release, ReleaseStatus

FETCHED = datetime(2026, 11, 1, tzinfo=UTC)
RESULTS = "Results of Operations and Financial Condition"
OFFICERS = "Departure of Directors or Certain Officers; Election of Directors; Appointment of Certain Officers"
EXHIBITS = "Financial Statements and Exhibits"
RELEASE = """<html><body><p>Exhibit 99.1</p><p><b>Microsoft Grows Again in Its Second Quarter of Fiscal Year 2026</b></p>
<p>REDMOND, Wash. - Our own text of an example, made long enough that nobody could take it for a heading of any kind,
as it runs on and on for many more words than a heading would ever have, and then for a few words more, to be sure, and some
beyond those, until it has more letters than any line that a person would still read as the title of a news release.</p>
<ul><li>Revenue was $81.3 billion and increased 17%</li><li>Diluted earnings per share was $5.16</li>
<li>Non-GAAP diluted earnings per share was $4.14 and increased 24%</li></ul>
<p>The company expects third-quarter revenue of $80.65 billion to $81.75 billion, and cuts its operating margin outlook.</p>
</body></html>"""


def submission(
    *items,
    form="8-K",
    accepted="20260128160712",
    filed="20260128",
    cik="0000789019",
    release=RELEASE,
    main="<html><p>Nothing</p></html>",
):
    """A full submission text as the SEC lays it out, with one filer and, if given, an exhibit 99.1."""
    lines = "\n".join(f"ITEM INFORMATION:\t\t{item}" for item in items)
    exhibit = (
        f"<DOCUMENT>\n<TYPE>EX-99.1\n<SEQUENCE>2\n<FILENAME>r.htm\n<TEXT>\n{release}\n</TEXT>\n</DOCUMENT>\n"
        if release
        else ""
    )
    return (
        f"<SEC-DOCUMENT>0000789019-26-000007.txt : {filed}\n<SEC-HEADER>0000789019-26-000007.hdr.sgml : {filed}\n"
        f"<ACCEPTANCE-DATETIME>{accepted}\nACCESSION NUMBER:\t\t0000789019-26-000007\nCONFORMED SUBMISSION TYPE:\t{form}\n"
        f"CONFORMED PERIOD OF REPORT:\t20260128\n{lines}\nFILED AS OF DATE:\t\t{filed}\n\nFILER:\n\n\tCOMPANY DATA:\t\n"
        f"\t\tCOMPANY CONFORMED NAME:\t\t\tSOME FILER\n\t\tCENTRAL INDEX KEY:\t\t\t{cik}\n</SEC-HEADER>\n"
        f"<DOCUMENT>\n<TYPE>{form}\n<SEQUENCE>1\n<FILENAME>m.htm\n<TEXT>\n{main}\n</TEXT>\n</DOCUMENT>\n{exhibit}"
        "<DOCUMENT>\n<TYPE>GRAPHIC\n<SEQUENCE>3\n<FILENAME>g.jpg\n<TEXT>\nbegin 644 g.jpg\nM_]C_X\nend\n</TEXT>\n</DOCUMENT>\n"
        "</SEC-DOCUMENT>\n"
    ).encode()


def read(body, name="8-K/0000789019-26-000007"):
    """All that parse gives for these bytes."""
    return list(parse(Capture("edgar", name, "https://www.sec.gov/x", FETCHED, "text/plain", body)))


def of(kind, rows):
    """The rows of one class."""
    return [r for r in rows if isinstance(r, kind)]


# One filing


def test_a_report_of_results_becomes_one_sentence_with_its_figures():
    """Item 2.02 of 16:07:12 New York, which is 21:07:12 UTC in January, with earnings, revenue and the turn of guidance."""
    (doc,) = of(Document, read(submission(RESULTS, EXHIBITS)))
    assert doc.title == (
        "Microsoft reports diluted EPS of $5.16, adjusted EPS of $4.14 and revenue of $81.3 billion, and cuts its guidance "
        "(8-K, item 2.02)"
    )
    assert doc.summary.startswith(
        "Microsoft Grows Again in Its Second Quarter of Fiscal Year 2026 Guidance: The company expects"
    )
    assert doc.url == "https://www.sec.gov/Archives/edgar/data/789019/000078901926000007/0000789019-26-000007-index.htm"
    assert (doc.source, doc.public_lo, doc.public_hi) == (
        "SEC EDGAR",
        *[datetime(2026, 1, 28, 21, 7, 12, tzinfo=UTC)] * 2,
    )
    assert doc.precision is Precision.INSTANT


def test_earnings_are_releases_by_gaap_and_on_the_basis_that_is_forecast():
    """Both bases of the quarter the company names, released when the filing was accepted, without a forecast."""
    at = datetime(2026, 1, 28, 21, 7, 12, tzinfo=UTC)
    assert of(Release, read(submission(RESULTS))) == [
        Release("eps_gaap:MSFT", "2026-Q2", at, "SEC EDGAR", 5.16),
        Release("eps:MSFT", "2026-Q2", at, "SEC EDGAR", 4.14),
    ]


def test_gaap_alone_is_not_taken_for_what_was_forecast_where_the_company_adjusts():
    """A report that speaks of adjusted earnings without saying them plainly gives no `eps:`."""
    release = RELEASE.replace(
        "Non-GAAP diluted earnings per share was $4.14", "Non-GAAP earnings per share are explained below"
    )
    assert [r.indicator for r in of(Release, read(submission(RESULTS, release=release)))] == ["eps_gaap:MSFT"]


def test_an_amendment_says_so_and_its_earnings_are_a_revision():
    """8-K/A: "amends" in the title, status revision."""
    rows = read(submission(RESULTS, form="8-K/A"))
    (doc,) = of(Document, rows)
    assert doc.title.startswith(
        "Microsoft amends an 8-K and cuts its guidance: results of operations, diluted EPS of $5.16"
    )
    assert {r.status for r in of(Release, rows)} == {ReleaseStatus.REVISION}


def test_results_without_readable_figures_still_make_a_document():
    """No figure is guessed: the plain sentence, no release, and the reason."""
    rows = read(submission(RESULTS, release=""))
    assert [d.title for d in of(Document, rows)] == ["Microsoft files an 8-K: results of operations (item 2.02)"]
    assert [s.reason for s in of(Skipped, rows)] == ["no earnings a share stated without ambiguity"]


def test_each_item_kept_is_a_document_and_each_other_is_accounted_for():
    """Kept: 5.02 and 8.01 with ids of their own. Passed over by name: 9.01, 1.01 and a heading nobody knows."""
    rows = read(
        submission(OFFICERS, "Other Events", EXHIBITS, "Entry into a Material Definitive Agreement", "Something New")
    )
    docs = of(Document, rows)
    assert [d.title.split(": ")[1] for d in docs] == [
        "change of directors or officers (item 5.02)",
        "other events (item 8.01)",
    ]
    assert len({d.document_id for d in docs}) == 2
    assert [s.reason for s in of(Skipped, rows)] == ["item 9.01", "item 1.01", "unknown item"]


def test_the_press_release_belongs_to_one_item():
    """With results and a change of officers its headline goes to the results; the other has the form's own words."""
    said = "On January 28, the finance chief told the board that she leaves in May."
    main = f"<html><p>Item 5.02 Departure of Directors</p><p>{said}</p></html>"
    results, officers = of(Document, read(submission(RESULTS, OFFICERS, main=main)))
    assert results.summary.startswith("Microsoft Grows Again")
    assert officers.summary == said


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("Bankruptcy or Receivership", "bankruptcy or receivership (item 1.03)"),
        (
            "Non-Reliance on Previously Issued Financial Statements or a Related Audit Report",
            "can no longer be relied on (item 4.02)",
        ),
        ("Regulation FD Disclosure", "statement under Regulation FD (item 7.01)"),
        ("Other events", "other events (item 8.01)"),
    ],
)
def test_headings_of_the_items_kept(heading, words):
    """Whatever the case, each heading leads to its item and our words."""
    (doc,) = of(Document, read(submission(heading, release="")))
    assert doc.title.endswith(words)


def test_what_was_accepted_in_the_evening_is_public_the_next_morning():
    """Accepted Friday 2026-03-06 at 18:05, filed as of Monday: given out on Monday at 06:00 New York (10:00 UTC, summer time)."""
    (doc,) = of(Document, read(submission(OFFICERS, accepted="20260306180500", filed="20260309")))
    assert doc.public_lo == datetime(2026, 3, 9, 10, 0, tzinfo=UTC)


def test_an_old_filing_without_instant_has_only_its_day():
    """No acceptance: the day it was filed, as a bracket; and no release, as its instant is unknown."""
    rows = read(submission(RESULTS, accepted="", filed="20010118"))
    (doc,) = of(Document, rows)
    assert (doc.precision, doc.public_lo.date()) == (Precision.DAY, date(2001, 1, 18))
    assert of(Release, rows) == []
    assert "earnings a share without quarter or instant" in [s.reason for s in of(Skipped, rows)]


def test_a_filing_of_others_and_another_form_are_passed_over():
    """Nothing but a reason for a company that is not watched, and for a form that is none of ours."""
    assert [r.reason for r in read(submission(RESULTS, cik="0000885245"))] == ["company not watched"]
    assert [r.reason for r in read(submission(RESULTS, form="8-K12B"))] == ["form 8-K12B"]


def test_a_predecessor_number_leads_to_the_company():
    """Exxon Mobil Corporation, 34088, was followed by a holding of another number in 2026."""
    (doc,) = of(Document, read(submission("Other Events", cik="0000034088", release="")))
    assert doc.title == "ExxonMobil files an 8-K: other events (item 8.01)"
    assert "/data/34088/" in doc.url


def test_pictures_and_archives_are_not_read_and_text_has_a_limit(monkeypatch):
    """A filing of many megabytes of pictures costs nothing; text beyond the limit is cut."""
    body = submission(OFFICERS).replace(b"M_]C_X", b"M" * 3_000_000)
    assert [kind for kind, _ in read_filing(body).texts] == ["8-K", "EX-99.1"]
    monkeypatch.setattr("ingest.sources.edgar_filings.MOST_TEXT", 100)
    assert sum(len(text) for _, text in read_filing(body).texts) <= 100


@pytest.mark.parametrize(
    "body",
    [
        b"", b"<html><body><h1>No matching Ticker Symbol.</h1></body></html>", b"{}",
        submission(RESULTS)[:700], submission(RESULTS)[:-40],
        submission(RESULTS).replace(b"ACCESSION NUMBER:", b"ACCESSION:"),
    ],
    ids=["empty", "page of an error", "json", "cut in the header", "cut at the end", "no accession number"],
)  # fmt: skip
def test_what_is_no_submission_is_unreadable(body):
    """Said so, and never taken for a filing without items."""
    with pytest.raises(Unreadable):
        read(body)


@given(
    st.one_of(
        st.binary(max_size=300),
        st.integers(0, len(submission(RESULTS))).map(lambda n: submission(RESULTS)[:n] + b"</SEC-DOCUMENT>"),
    )
)
def test_any_bytes_are_read_or_refused(body):
    """Arbitrary bytes and submissions cut anywhere raise nothing but Unreadable."""
    try:
        assert all(isinstance(r, Document | Release | Skipped) for r in read(body))
    except Unreadable:
        pass


# Lists of filings

INDEX = (
    "Description:           Daily Index of EDGAR Dissemination Feed\nLast Data Received:    {day}\n"
    "Comments:              webmaster@sec.gov\n \n"
    "CIK|Company Name|Form Type|Date Filed|File Name\n" + "-" * 80 + "\n{rows}\n"
)
ROWS = "\n".join([
    "1045810|NVIDIA CORP|8-K|20260306|edgar/data/1045810/0001045810-26-000024.txt",
    "1045810|NVIDIA CORP|4|20260306|edgar/data/1045810/0001045810-26-000025.txt",
    "320193|Apple Inc.|8-K/A|20260306|edgar/data/320193/0000320193-26-000011.txt",
    "885245|BUCKLE INC|8-K|20260306|edgar/data/885245/0000885245-26-000003.txt",
    "a line that is none",
])  # fmt: skip


def index(day="Mar 6, 2026", rows=ROWS):
    """An index as the SEC writes it."""
    return INDEX.format(day=day, rows=rows).encode()


def test_an_index_names_the_reports_of_all_companies():
    """8-K and 8-K/A with number, accession number and day; other forms and broken lines do not count."""
    day = date(2026, 3, 6)
    assert list(read_index(index())) == [
        Listed("8-K", "0001045810", "0001045810-26-000024", day),
        Listed("8-K/A", "0000320193", "0000320193-26-000011", day),
        Listed("8-K", "0000885245", "0000885245-26-000003", day),
    ]
    assert list(read_index(gzip.compress(index(), mtime=0))) == list(read_index(index()))


@pytest.mark.parametrize(
    ("text", "day"), [("Mar 6, 2026", date(2026, 3, 6)), ("December 31, 2018", date(2018, 12, 31)), ("soon", None)]
)
def test_an_index_says_how_far_it_reaches(text, day):
    """Both spellings of the month."""
    assert read_last_day(index(text)) == day


@pytest.mark.parametrize("body", [b"", b"<html>Undeclared Automated Tool</html>", gzip.compress(index(), mtime=0)[:60]])
def test_what_is_no_index_is_unreadable(body):
    """A refusal of the SEC is a page of HTML, and a damaged archive is no empty day."""
    with pytest.raises(Unreadable):
        list(read_index(body))


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"directory": {}}', b'{"directory": {"item": [1]}}'])
def test_what_is_no_listing_is_unreadable(body):
    """A listing is the JSON of a folder."""
    with pytest.raises(Unreadable):
        read_listing(body)


def entry(accession, updated, title="8-K - NVIDIA CORP (0001045810) (Filer)", form="8-K"):
    """One entry of the feed of the latest filings."""
    return (
        f'<entry><title>{title}</title><link rel="alternate" type="text/html" href="https://www.sec.gov/x-index.htm"/>'
        f'<summary type="html">Filed</summary><updated>{updated}</updated>'
        f'<category scheme="https://www.sec.gov/" label="form type" term="{form}"/>'
        f"<id>urn:tag:sec.gov,2008:accession-number={accession}</id></entry>"
    )


def feed(*entries):
    """The feed around entries."""
    head = '<?xml version="1.0" encoding="ISO-8859-1" ?>\n<feed xmlns="http://www.w3.org/2005/Atom"><title>Latest Filings</title>'
    return (head + "".join(entries) + "</feed>").encode()


def test_the_feed_of_the_latest_names_filings_with_their_instant():
    """One bad entry among good ones is left out; the oldest instant counts all entries."""
    body = feed(
        entry("0001045810-26-000024", "2026-03-06T16:11:25-05:00"),
        entry("no number", "2026-03-06T16:10:00-05:00"),
        entry("0001045810-26-000030", "2026-03-06T16:00:00-05:00", form="4"),
        entry("0000320193-26-000011", "yesterday"),
    )
    assert read_current(body) == (
        [Listed("8-K", "0001045810", "0001045810-26-000024", date(2026, 3, 6))],
        datetime(2026, 3, 6, 21, tzinfo=UTC),
        4,
    )
    with pytest.raises(Unreadable):
        read_current(b"<html>Request Rate Threshold Exceeded</html>")


# Fetching


class FakeClient:
    """Answers from a table of name to bytes, on a day in March; notes what was asked for."""

    def __init__(self, answers, now=datetime(2026, 3, 9, 20, tzinfo=UTC)):
        self.answers, self.now, self.asked = answers, now, []

    def get(self, page):
        self.asked.append(page)
        if page.name not in self.answers:
            raise NotFound(page.url, "404", "")
        return Capture("edgar", page.name, page.url, self.now, "", self.answers[page.name])

    def each(self, pages):
        for page in pages:
            self.asked.append(page)
            yield Capture("edgar", page.name, page.url, self.now, "", b"filing")


def listing(*days):
    """The folder of a quarter's daily indexes."""
    names = [f"{kind}.{day}.idx" for day in days for kind in ("form", "master")]
    return json.dumps(
        {"directory": {"item": [{"name": n, "type": "file"} for n in [*names, "sitemap.quarterlyindex1.xml"]]}}
    ).encode()


def test_a_night_reads_the_days_indexed_and_the_feed_for_the_rest():
    """Thursday's index is not asked for as it is outside; Friday's is, then the feed back to Friday; each filing once."""
    client = FakeClient({
        "listing-2026/QTR1": listing("20260305", "20260306"), "master-20260306": index(),
        "latest-0": feed(entry("0001045810-26-000024", "2026-03-06T16:11:25-05:00"),
                         entry("0000019617-26-000100", "2026-03-09T07:00:00-04:00", "8-K - JPMORGAN (0000019617) (Filer)")),
    })  # fmt: skip
    window = Window(datetime(2026, 3, 6, 12, tzinfo=UTC), datetime(2026, 3, 9, 12, tzinfo=UTC))
    assert [c.name for c in fetch(client, window)] == [
        "8-K/0001045810-26-000024", "8-K/0000320193-26-000011", "8-K/0000019617-26-000100",
    ]  # fmt: skip
    filing = client.asked[2]
    assert filing.url == "https://www.sec.gov/Archives/edgar/data/1045810/0001045810-26-000024.txt"
    assert filing.immutable
    assert {tuple(p.secrets.items()) for p in client.asked} == {(("header:User-Agent", "WHYFELL_CONTACT"),)}
    assert client.asked[0].url == "https://www.sec.gov/Archives/edgar/daily-index/2026/QTR1/index.json"
    assert client.asked[1].url == "https://www.sec.gov/Archives/edgar/daily-index/2026/QTR1/master.20260306.idx"
    (latest,) = [p for p in client.asked if p.name.startswith("latest")]
    assert dict(latest.params) == {
        "action": "getcurrent", "type": "8-K", "owner": "include", "count": "100", "start": "0", "output": "atom",
    }  # fmt: skip


def test_the_feed_is_paged_until_it_is_older_than_the_window():
    """Two full pages newer than the day covered, the third reaches back: three are asked for, at 0, 100 and 200."""
    new = [entry(f"0001045810-26-{n:06}", "2026-03-09T10:00:00-04:00") for n in range(200)]
    old = [entry("0001045810-26-000900", "2026-03-05T10:00:00-05:00")] * 100
    client = FakeClient({
        "listing-2026/QTR1": listing("20260306"), "master-20260306": index(rows=""),
        "latest-0": feed(*new[:100]), "latest-1": feed(*new[100:]), "latest-2": feed(*old), "latest-3": feed(*old),
    })  # fmt: skip
    list(fetch(client, Window(datetime(2026, 3, 6, 12, tzinfo=UTC), datetime(2026, 3, 9, 20, tzinfo=UTC))))
    assert [p.params["start"] for p in client.asked if p.name.startswith("latest")] == ["0", "100", "200"]


def test_a_backfill_reads_one_index_a_quarter_and_no_feed():
    """Two quarters of 2018, packed; the last reaches to the end of the window. Days outside the window do not count."""
    autumn = index("December 31, 2018", "320193|Apple Inc.|8-K|2018-11-01|edgar/data/320193/0000320193-18-000142.txt")
    summer = index(
        "September 30, 2018",
        "320193|Apple Inc.|8-K|2018-07-31|edgar/data/320193/0000320193-18-000098.txt\n"
        "320193|Apple Inc.|8-K|2018-07-02|edgar/data/320193/0000320193-18-000090.txt",
    )
    client = FakeClient({"master-2018/QTR3": gzip.compress(summer, mtime=0), "master-2018/QTR4": gzip.compress(autumn)})
    window = Window(datetime(2018, 7, 20, tzinfo=UTC), datetime(2018, 12, 20, tzinfo=UTC))
    assert [c.name for c in fetch(client, window)] == ["8-K/0000320193-18-000098", "8-K/0000320193-18-000142"]
    assert client.asked[0].url == "https://www.sec.gov/Archives/edgar/full-index/2018/QTR3/master.gz"
    assert len(client.asked) == 4


def test_the_first_day_of_a_quarter_has_no_index_yet():
    """Neither listing nor index: the feed alone, back to the start of the window and no further than its end."""
    entries = [
        entry("0001045810-26-000040", "2026-04-01T16:11:25-04:00"),
        entry("0001045810-26-000041", "2026-04-03T16:11:25-04:00"),
    ]
    client = FakeClient({"latest-0": feed(*entries)})
    window = Window(datetime(2026, 4, 1, 12, tzinfo=UTC), datetime(2026, 4, 2, 3, tzinfo=UTC))
    assert [c.name for c in fetch(client, window)] == ["8-K/0001045810-26-000040"]


def test_a_window_long_past_takes_nothing_from_the_feed():
    """Saturday 2018-06-30 has no index; the feed of today is not paged for it."""
    today = feed(*[entry(f"0001045810-26-{n:06}", "2026-03-09T10:00:00-04:00") for n in range(100)])
    client = FakeClient(
        {"listing-2018/QTR2": listing("20180629"), "master-20180629": index(rows=""), "latest-0": today}
    )
    assert (
        list(fetch(client, Window(datetime(2018, 6, 29, 12, tzinfo=UTC), datetime(2018, 6, 30, 12, tzinfo=UTC)))) == []
    )
    assert [p.name for p in client.asked] == ["listing-2018/QTR2", "master-20180629", "latest-0"]


# What is declared


def test_every_watched_company_has_a_name_and_numbers_of_its_own():
    """Ten digits, none twice."""
    companies = read_companies()
    ciks = [cik for c in companies.values() for cik in c.ciks]
    assert all(c.name and c.ciks for c in companies.values())
    assert all(len(cik) == 10 and cik.isdigit() for cik in ciks)
    assert len(ciks) == len(set(ciks)) == len(read_companies_by_cik())


def test_the_numbers_watched_are_those_of_the_list_of_members():
    """Each watched member of the S&P 500 bears the number that the public list of members gives it."""
    path = SHARED / "market" / "sp500_constituents_datasets.csv"
    if not path.exists():
        pytest.skip(f"{path} is not here")
    import csv

    with path.open(encoding="utf-8") as file:
        listed = {row["Symbol"]: row["CIK"].zfill(10) for row in csv.DictReader(file)}
    watched = {t: c.ciks[0] for t, c in read_companies().items() if t in listed}
    assert len(watched) > 70
    assert watched == {t: listed[t] for t in watched}


def test_items_are_told_apart():
    """Each heading finds the item whose number the form gives it: none hides behind the beginning of another."""
    assert {item.number for item in read_items().values()} == {
        find_item(item.heading).number for item in read_items().values()
    }
    assert all(find_item(item.heading) == item for item in read_items().values())


def test_the_source_declares_itself():
    """Named, polite (the SEC allows ten requests a second), and left out without a contact."""
    (source,) = SOURCES
    assert (source.name, source.needs, source.rate <= 10) == ("edgar", ("WHYFELL_CONTACT",), True)


# Captured bytes


def captured(name):
    """Bytes captured from the SEC, or a skip."""
    path = SHARED / "feeds" / "edgar" / name
    if not path.exists():
        pytest.skip(f"{path} is not here")
    return path.read_bytes()


NVIDIA = "8k/TestNvidia8KGroundTruth_0_Archives_edgar_data_1045810_000104581026000024_0001045810-26-000024.txt"
JPMORGAN = "8k/test_issue_879_jpm_8k_2_Archives_edgar_data_19617_000001961726000241_0000019617-26-000241.txt"
META = "8k/test_issue_879_meta_8k_4_Archives_edgar_data_1326801_000162828025058337_0001628280-25-058337.txt"


@pytest.mark.parametrize(
    ("name", "company", "at", "said"),
    [
        (NVIDIA, "Nvidia", datetime(2026, 3, 6, 21, 11, 25, tzinfo=UTC), "Adoption of Fiscal Year 2027"),
        (JPMORGAN, "JPMorgan", datetime(2026, 6, 25, 11, 59, 33, tzinfo=UTC), "On June 25, 2026, JPMorgan Chase & Co."),
        (
            META,
            "Meta Platforms",
            datetime(2025, 12, 19, 22, 0, 37, tzinfo=UTC),
            "(b) On December 19, 2025, Dina Powell McCormick",
        ),
    ],
)
def test_captured_submissions(name, company, at, said):
    """Three filings of 2025 and 2026, each on officers: instant as in the header, first words as in the form."""
    rows = read(captured(name))
    (doc,) = of(Document, rows)
    assert doc.title == f"{company} files an 8-K: change of directors or officers (item 5.02)"
    assert (doc.public_lo, doc.precision) == (at, Precision.INSTANT)
    assert doc.summary.startswith(said)
    assert len(doc.summary) <= 200
    assert of(Release, rows) == []
    assert [s.reason for s in of(Skipped, rows)] == (["item 9.01"] if name == NVIDIA else [])


def test_captured_page_of_an_unknown_company_is_unreadable():
    """The SEC answers an unknown company with a page of HTML and status 200."""
    with pytest.raises(Unreadable):
        read(captured("secedgar_cik_not_found.html"))
    with pytest.raises(Unreadable):
        list(read_index(captured("secedgar_cik_not_found.html")))


def test_captured_feed_of_the_latest():
    """Page 2 of 2025-12-12: thirteen reports, the first of Flux Power at 17:31:08 New York; page 4 holds an amendment."""
    listed, oldest, entries = read_current(captured("getcurrent_1_any_start100.atom"))
    assert (len(listed), entries) == (13, 100)
    assert listed[0] == Listed("8-K", "0001083743", "0001493152-25-027595", date(2025, 12, 12))
    assert oldest == datetime(2025, 12, 12, 22, 24, 45, tzinfo=UTC)
    amended = [row for row in read_current(captured("getcurrent_3_any_start300.atom"))[0] if row.form == "8-K/A"]
    assert [row.cik for row in amended] == ["0001853070"]


def test_captured_indexes():
    """2018-12-31: one report, Novavax; the fourth quarter of 1993: one too; both say how far they reach."""
    day = captured("secedgar_master.20181231.idx")
    assert list(read_index(day)) == [Listed("8-K", "0001000694", "0001144204-18-066755", date(2018, 12, 31))]
    assert read_last_day(day) == date(2018, 12, 31)
    assert list(read_index(captured("secedgar_master.idx"))) == [
        Listed("8-K", "0000060512", "0000060512-94-000008", date(1993, 10, 29))
    ]
    assert read_last_day(captured("secedgar_master.idx")) == date(1993, 12, 31)


def test_captured_headings_of_items_are_all_known():
    """Every heading of the 8-Ks in eight captured pages finds the item of its number."""
    import html
    import re

    checked = 0
    for number in range(8):
        text = html.unescape(
            captured(f"getcurrent_{number}_any_start{number * 100 if number else 0}.atom").decode("latin-1")
        )
        for item, heading in re.findall(r"<br>Item (\d\.\d\d): ([^\n<]+)", text):
            assert find_item(heading).number == item
            checked += 1
    assert checked > 80


def test_captured_headlines():
    """A release of 2024 with address, telephone and contacts before its headline."""
    lines = read_lines(captured("8k/BuckleInc.8-K.EX99.1.html").decode("utf-8"))
    assert find_headline(lines) == "THE BUCKLE, INC. REPORTS THIRD QUARTER NET INCOME"
