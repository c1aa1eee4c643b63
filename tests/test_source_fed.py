"""The source of the Federal Open Market Committee: calendars, statements, minutes."""

import csv
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from conftest import SHARED
from hypothesis import given
from hypothesis import strategies as st

from ingest.fomc_statement import Move, plain_words, read_decision, read_votes
from ingest.source import Capture, Page, Skipped, Window
from ingest.sources import fed
from kb.errors import Unreadable
from kb.records import Document, Precision, Release, ReleaseStatus

FETCHED = datetime(2026, 2, 20, 6, tzinfo=UTC)
CALENDAR = """<html><body><div class="panel panel-default"><div class="panel-heading"><h5>FOMC Search</h5></div></div>
<div class="panel panel-default"><div class="panel-heading"><h4><a id="42828">2026 FOMC Meetings</a></h4></div>
 <div class="row fomc-meeting" ">
  <div class="fomc-meeting__month col-xs-5"><strong>January</strong></div>
  <div class="fomc-meeting__date col-xs-4">27-28</div>
  <div class="col-lg-2"><strong>Statement:</strong><br>
   <a href="/monetarypolicy/files/monetary20260128a1.pdf">PDF</a> |
   <a href="/newsevents/pressreleases/monetary20260128a.htm">HTML</a><br>
   <a href="/newsevents/pressreleases/monetary20260128a1.htm">Implementation Note</a></div>
  <div class="fomc-meeting__minutes"><strong>Minutes:</strong><br>
   <a href="/monetarypolicy/files/fomcminutes20260128.pdf">PDF</a> |
   <a href="/monetarypolicy/fomcminutes20260128.htm">HTML</a><br> (Released February 18, 2026)</div>
 </div>
 <div class="fomc-meeting--shaded row fomc-meeting" ">
  <div class="fomc-meeting--shaded fomc-meeting__month"><strong>March</strong></div>
  <div class="fomc-meeting__date">17-18*</div></div>
 <div class="row fomc-meeting"><div class="fomc-meeting__month"><strong>April</strong></div>
  <div class="fomc-meeting__date">twenty-eight</div></div>
 <div class="row fomc-meeting"><div class="fomc-meeting__month"><strong>Oct/Nov</strong></div>
  <div class="fomc-meeting__date">31-1</div></div>
 <div class="row fomc-meeting"><div class="fomc-meeting__month"><strong>November</strong></div>
  <div class="fomc-meeting__date">17 (cancelled)</div></div>
</div>
<div class="panel panel-default"><div class="panel-heading"><h4><a id="42827">2025 FOMC Meetings</a></h4></div>
 <div class="row fomc-meeting"><div class="fomc-meeting__month"><strong>August</strong></div>
  <div class="fomc-meeting__date col-lg-2">22 (notation vote)</div>
  <a href="/newsevents/pressreleases/monetary20250822a.htm">HTML</a></div>
</div></body></html>"""
HISTORICAL = """<html><body>
<div class="panel panel-padded"><h5 class="panel-heading panel-heading--shaded">January 28-29 Meeting - 2020</h5>
 <a href="/newsevents/pressreleases/monetary20200129a.htm">Statement</a>
 <a href="/monetarypolicy/fomcminutes20200129.htm">HTML</a> (Released February 19, 2020)</div>
<div class="panel panel-padded"><h5 class="panel-heading panel-heading--shaded">March 2 (unscheduled) Meeting - 2020</h5>
 <a href="/newsevents/pressreleases/monetary20200303a.htm">Statement</a></div>
<div class="panel panel-padded"><h5 class="panel-heading panel-heading--shaded">March 15 (unscheduled) Meeting - 2020</h5>
 <a href="/newsevents/pressreleases/monetary20200315a.htm">Statement</a></div>
<div class="panel panel-padded"><h5 class="panel-heading panel-heading--shaded">March 17-18 (cancelled) Meeting - 2020</h5>
</div>
<div class="panel panel-padded"><h5 class="panel-heading panel-heading--shaded">March 23 (notation vote) - 2020</h5>
 <a href="/newsevents/pressreleases/monetary20200323a.htm">Statement</a></div>
</body></html>"""
OLD = """<html><body>
<div class="panel panel-default"><div class="panel-heading"><h5>January 3 Conference Call - 2001</h5></div>
 <a href="/boarddocs/press/general/2001/20010103/">Statement</a></div>
<div class="panel panel-default"><div class="panel-heading"><h5>June 26-27 Meeting - 2001</h5></div>
 <a href="https://www.federalreserve.gov/boarddocs/press/general/2001/20010627/default.htm">Statement</a></div>
</body></html>"""


def capture(body, name, fetched_at=FETCHED):
    """A capture as the client would hand it over."""
    raw = body if isinstance(body, bytes) else body.encode()
    return Capture("fomc", name, "https://www.federalreserve.gov/x.htm", fetched_at, "text/html", raw)


def statement(day, hour, words, heading="Federal Reserve issues FOMC statement"):
    """A press release of the Board, with our own words around its sentence of decision."""
    return (
        f'<html><body><nav>News</nav><div id="article"><p class="article__time">{day}</p><h3 class="title">{heading}</h3>'
        f'<p class="releaseTime">{hour}</p><div><p>Growth was steady.</p><p>{words}</p>'
        f"<p>For media inquiries, write to the Federal Reserve.</p></div></div></body></html>"
    )


def parsed(body, name, fetched_at=FETCHED):
    """All that a page gives, by sort: documents, releases, skipped."""
    found = list(fed.parse(capture(body, name, fetched_at)))
    return [[r for r in found if isinstance(r, kind)] for kind in (Document, Release, Skipped)]


def test_a_cut_gives_document_and_release():
    """The statement of 10 December 2025: 3.50 to 3.75 percent, a quarter lower, at 14:00 New York with three against."""
    words = (
        "The Committee decided to lower the target range for the federal funds rate by 1/4 percentage point to "
        "3‑1/2 to 3‑3/4 percent. It will watch. Voting for the action were A. B. See and D. E. Eff. Voting against this "
        "action were Stephen I. Miran, who preferred to lower the target range by 1/2 percentage point at this meeting; "
        "and X. Y. Zed Jr., who preferred no change at this meeting. The end."
    )
    page = statement("December 10, 2025", "For release at 2:00 p.m. EST", words)
    (doc,), (release,), skipped = parsed(page, "statement/2025-12-10/scheduled")
    assert doc.title == "Fed cuts its target range to 3-1/2 to 3-3/4 percent"
    assert doc.public_lo == doc.public_hi == datetime(2025, 12, 10, 19, tzinfo=UTC)
    assert doc.precision is Precision.INSTANT
    assert doc.summary.startswith("The Committee decided to lower the target range")
    assert doc.summary.endswith("and X. Y. Zed Jr., who preferred no change at this meeting.")
    assert "watch" not in doc.summary
    at = datetime(2025, 12, 10, 19, tzinfo=UTC)
    assert release == Release("fed_target_upper", "2025-12", at, "Federal Reserve", 3.75, previous=4.0)
    assert skipped == []


def test_the_vote_is_told_in_the_wording_of_2026():
    """The statements since June 2026 open with the count and name only those against."""
    words = plain_words(
        "approved the following statement for release by a 9 – 3 vote: The Committee decided to maintain the target range for "
        "the federal funds rate at 3-1/2 to 3-3/4 percent, in support of its mandate. Voting against were B. M. Hall and C. Low."
    )
    assert read_decision(words).move is Move.HOLD
    assert read_votes(words) == "The vote was 9 to 3. Voting against were B. M. Hall and C. Low."


WORDINGS = [
    ("decided today to lower its target for the federal funds rate by 50 basis points to 6 percent.", "cuts", 6.0, 6.5),
    ("decided today to lower its target for the federal funds rate 75 basis points to 2-1/4 percent.", "cuts", 2.25, 3.0),
    ("voted today to raise its target for the federal funds rate by 25 basis points to 5-1/2 percent.", "raises", 5.5, 5.25),
    ("decided today to establish a target range for the federal funds rate of 0 to 1/4 percent.", "sets", 0.25, None),
    ("will maintain the target range for the federal funds rate at 0 to 1/4 percent and expects", "holds", 0.25, 0.25),
    ("that the current 0 to 1/4 percent target range for the federal funds rate remains appropriate.", "holds", 0.25, 0.25),
    ("decided to raise the target range for the federal funds rate to 1/4 to 1/2 percent.", "raises", 0.5, None),
    ("decided today to lower the target range for the federal funds rate by 1/2 percentage point, to 1 to 1‑1/4 percent.",
     "cuts", 1.25, 1.75),
    ("expecting the federal funds rate to decline 1/4 percentage point to around 5-1/4 percent.", "cuts", 5.25, 5.5),
    ("decided to keep its target for the federal funds rate at 1 percent.", "holds", 1.0, 1.0),
    ("decided to maintain the target range for the federal funds rate at 3½ to 3¾ percent.", "holds", 3.75, 3.75),
]  # fmt: skip


@pytest.mark.parametrize(("words", "move", "upper", "previous"), WORDINGS)
def test_each_wording_since_1994_is_read(words, move, upper, previous):
    """Verb, upper bound and, where the size of the step is told, the bound before."""
    decision = read_decision(plain_words(f"Growth was steady. The Committee {words}"))
    assert (decision.move, decision.high, decision.previous) == (move, upper, previous)


@pytest.mark.parametrize(
    "words",
    [
        "who preferred to lower the target range for the federal funds rate to 3 to 3-1/4 percent.",
        "decided to ponder the target range for the federal funds rate at 3-1/2 to 3-3/4 percent.",
        "decided to maintain the target range for the federal funds rate at 3-3/4 to 3-1/2 percent.",
        "decided to maintain the target range for the federal funds rate at 35 to 35-1/4 percent.",
        "decided to maintain the target range for the federal funds rate at 1/0 to 3 percent.",
        "seeks inflation at the rate of 2 percent.",
    ],
)
def test_what_is_no_decision_gives_none(words):
    """A dissenter's wish, an unknown verb, a range upside down, too high or impossible is not taken for a target."""
    assert read_decision(plain_words(words)) is None


def test_a_decision_between_meetings_is_called_unscheduled():
    """3 and 15 March 2020: unscheduled by the calendar, at the hour of the page, 10:00 EST and 17:00 EDT."""
    half = "decided today to lower the target range for the federal funds rate by 1/2 percentage point, to 1 to 1-1/4 percent."
    page = statement("March 3, 2020", "For release at 10:00 a.m. EST", f"The Committee {half}")
    (doc,), (release,), _ = parsed(page, "statement/2020-03-03/unscheduled")
    assert doc.title == "Fed cuts its target range to 1 to 1-1/4 percent at an unscheduled meeting"
    assert (release.released_at, release.actual, release.previous) == (datetime(2020, 3, 3, 15, tzinfo=UTC), 1.25, 1.75)
    zero = "The Committee decided to lower the target range for the federal funds rate to 0 to 1/4 percent."
    page = statement("March 15, 2020", "For release at 5:00 p.m. EDT", zero)
    _, (release,), _ = parsed(page, "statement/2020-03-15/unscheduled")
    assert (release.released_at, release.actual) == (datetime(2020, 3, 15, 21, tzinfo=UTC), 0.25)


def test_statements_that_name_no_hour_have_it_from_the_list():
    """3 January 2001 came at 13:13, the meeting of 31 January 2001 at the usual 14:15; New York is 5 hours behind."""
    cut = "The Committee decided today to lower its target for the federal funds rate by 50 basis points to 6 percent."
    page = statement("January 3, 2001", "For immediate release", cut)
    _, (release,), _ = parsed(page, "statement/2001-01-03/unscheduled")
    assert release.released_at == datetime(2001, 1, 3, 18, 13, tzinfo=UTC)
    page = statement("January 31, 2001", "For immediate release", cut.replace("6 percent", "5-1/2 percent"))
    _, (release,), _ = parsed(page, "statement/2001-01-31/scheduled")
    assert (release.released_at, release.actual) == (datetime(2001, 1, 31, 19, 15, tzinfo=UTC), 5.5)


def test_an_unknown_hour_is_not_invented():
    """A decision between meetings whose hour nobody gives keeps its day; its figure is set aside."""
    cut = "The Committee decided today to lower its target for the federal funds rate by 50 basis points to 6 percent."
    page = statement("May 9, 2002", "For immediate release", cut)
    (doc,), releases, (skipped,) = parsed(page, "statement/2002-05-09/unscheduled")
    assert (doc.precision, doc.public_lo) == (Precision.DAY, datetime(2002, 5, 9, tzinfo=UTC))
    assert releases == []
    assert "unknown hour" in skipped.reason


def test_a_statement_without_a_target_is_told_under_its_own_heading():
    """The notation vote of 23 March 2020 was on purchases of securities."""
    page = statement("March 23, 2020", "For release at 8:00 a.m. EDT", "It will purchase what is needed.", "Board acts")
    (doc,), releases, (skipped,) = parsed(page, "statement/2020-03-23/notation")
    assert doc.title == "Fed: Board acts in a vote between meetings"
    assert doc.public_lo == datetime(2020, 3, 23, 12, tzinfo=UTC)
    assert "purchase what is needed" in doc.summary
    assert releases == []
    assert skipped.item == "2020-03-23"


def test_a_statement_of_another_day_is_set_aside():
    """An address that leads to another page than the calendar said gives nothing but a note."""
    page = statement("January 28, 2026", "For release at 2:00 p.m. EST", "The Committee waited.")
    documents, releases, (skipped,) = parsed(page, "statement/2026-03-18/scheduled")
    assert documents == releases == []
    assert "another date" in skipped.reason


def test_the_calendar_gives_meetings_to_come_and_minutes():
    """Seen on 20 February 2026: March and October are to come, January is past, its minutes came on 18 February."""
    (minutes,), releases, (skipped,) = parsed(CALENDAR, "calendar")
    assert minutes.title == "Fed publishes the minutes of its meeting of January 27-28, 2026"
    assert minutes.public_lo == datetime(2026, 2, 18, 19, tzinfo=UTC)
    assert minutes.url == "https://www.federalreserve.gov/monetarypolicy/fomcminutes20260128.htm"
    assert [(r.period, r.released_at, r.status, r.actual, r.public_at) for r in releases] == [
        ("2026-03", datetime(2026, 3, 18, 18, tzinfo=UTC), ReleaseStatus.SCHEDULED, None, FETCHED),
        ("2026-11", datetime(2026, 11, 1, 19, tzinfo=UTC), ReleaseStatus.SCHEDULED, None, FETCHED),
        ("2026-11", datetime(2026, 11, 17, 19, tzinfo=UTC), ReleaseStatus.CANCELLED, None, FETCHED),
    ]
    assert skipped.item == "April twenty-eight 2026"


def test_historical_pages_of_both_layouts_are_read():
    """Kinds and addresses of 2020 and 2001; the unscheduled meeting of 2 March announced itself on the 3rd."""
    meetings = list(fed.read_calendar(capture(HISTORICAL, "calendar-2020")))
    assert [(m.day, m.kind, m.statement_on) for m in meetings] == [
        (date(2020, 1, 29), "scheduled", date(2020, 1, 29)),
        (date(2020, 3, 2), "unscheduled", date(2020, 3, 3)),
        (date(2020, 3, 15), "unscheduled", date(2020, 3, 15)),
        (date(2020, 3, 18), "cancelled", None),
        (date(2020, 3, 23), "notation", date(2020, 3, 23)),
    ]
    assert meetings[0].minutes_on == date(2020, 2, 19)
    old = list(fed.read_calendar(capture(OLD, "calendar-2001")))
    assert [(m.day, m.kind, m.statement) for m in old] == [
        (date(2001, 1, 3), "unscheduled", "https://www.federalreserve.gov/boarddocs/press/general/2001/20010103/"),
        (
            date(2001, 6, 27),
            "scheduled",
            "https://www.federalreserve.gov/boarddocs/press/general/2001/20010627/default.htm",
        ),
    ]


@pytest.mark.parametrize(
    ("label", "year", "day"),
    [
        ("Jan/Feb 31-1", 2017, date(2017, 2, 1)),
        ("Apr/May 30-1*", 2024, date(2024, 5, 1)),
        ("July 31-August 1  Meeting", 2012, date(2012, 8, 1)),
        ("Dec/Jan 31-1", 2026, date(2027, 1, 1)),
        ("March 20", 2012, date(2012, 3, 20)),
    ],
)
def test_a_meeting_ends_on_its_last_day(label, year, day):
    """Over the end of a month, and of a year, in every spelling the pages use."""
    page = f'<div class="panel"><h5 class="panel-heading">{label} - {year}</h5></div>'
    (meeting,) = fed.read_calendar(capture(page, f"calendar-{year}"))
    assert (meeting.day, meeting.kind) == (day, "scheduled")


class Pages:
    """A client with prepared pages; it notes what is asked for."""

    def __init__(self, bodies):
        self.bodies, self.asked = bodies, []

    def get(self, page: Page) -> Capture:
        self.asked.append((page.name, page.url))
        return capture(self.bodies[page.url], page.name)

    def each(self, pages):
        for page in pages:
            yield self.get(page)


def test_fetch_asks_for_the_statements_of_the_window():
    """Two weeks around the meeting of January 2026 lead to the calendar and one statement."""
    site = "https://www.federalreserve.gov"
    address = f"{site}/newsevents/pressreleases/monetary20260128a.htm"
    client = Pages({f"{site}/monetarypolicy/fomccalendars.htm": CALENDAR, address: "<p>x</p>"})
    window = Window(datetime(2026, 1, 20, tzinfo=UTC), datetime(2026, 2, 3, tzinfo=UTC))
    captures = list(fed.fetch(client, window))
    assert [c.name for c in captures] == ["calendar", "statement/2026-01-28/scheduled"]
    assert client.asked[1] == ("statement/2026-01-28/scheduled", address)


def test_fetch_goes_back_to_the_pages_of_past_years():
    """March 2020 is no longer on the calendar page: the page of the year is asked for and leads to three statements."""
    site = "https://www.federalreserve.gov"
    bodies = dict.fromkeys((f"{site}/newsevents/pressreleases/monetary202003{d}a.htm" for d in ("03", "15", "23")), "x")
    bodies |= {
        f"{site}/monetarypolicy/fomccalendars.htm": CALENDAR,
        f"{site}/monetarypolicy/fomchistorical2020.htm": HISTORICAL,
    }
    window = Window(datetime(2020, 3, 1, tzinfo=UTC), datetime(2020, 3, 31, tzinfo=UTC))
    names = [c.name for c in fed.fetch(Pages(bodies), window)]
    assert names == [
        "calendar", "calendar-2020", "statement/2020-03-03/unscheduled", "statement/2020-03-15/unscheduled",
        "statement/2020-03-23/notation",
    ]  # fmt: skip


def test_fetch_hands_on_a_calendar_that_cannot_be_read():
    """The night does not end in fetch: parse reports it."""
    client = Pages({"https://www.federalreserve.gov/monetarypolicy/fomccalendars.htm": "<p>maintenance</p>"})
    window = Window(FETCHED - timedelta(days=1), FETCHED)
    client.each = lambda pages: iter(())
    assert [c.name for c in fed.fetch(client, window)] == ["calendar"]


@pytest.mark.parametrize(
    "name", ["calendar", "calendar-2020", "statement/2026-01-28/scheduled", "statement/x", "other"]
)
@pytest.mark.parametrize("body", [b"", b"<html><h1>503 Service Unavailable</h1></html>", CALENDAR.encode()[:200]])
def test_what_is_no_such_page_is_unreadable(name, body):
    """Empty, an error page, cut short, or a name nobody gave: Unreadable, not silence."""
    with pytest.raises(Unreadable):
        list(fed.parse(capture(body, name)))


@given(st.binary(max_size=300), st.sampled_from(["calendar", "statement/2026-01-28/scheduled"]))
def test_arbitrary_bytes_raise_nothing_else(body, name):
    """Whatever the bytes, at worst Unreadable."""
    try:
        list(fed.parse(capture(body, name)))
    except Unreadable:
        pass


@given(
    st.text(max_size=80),
    st.lists(
        st.sampled_from(
            ["decided", "to", "lower", "its", "target", "for the federal funds rate", "by", "1/0", "percent.", "9"]
        )
    ),
)
def test_arbitrary_words_raise_nothing(text, words):
    """Reading words never raises, and what it reads is a rate."""
    decision = read_decision(plain_words(f"{text} {' '.join(words)} {text}"))
    assert decision is None or 0 <= decision.low <= decision.high <= 25


def test_the_hours_are_those_on_record():
    """Every hour that the list or the usual rule gives for 1994 to 2023 is that of the published event dates."""
    path = SHARED / "macro" / "fomc_announcement_dates_1988_2026.csv"
    if not path.is_file():
        pytest.skip(f"{path} is not here: third-party reference series are not part of the project")
    wrong = []
    for row in csv.DictReader(path.read_text("utf-8").splitlines()):
        day = date.fromisoformat(row["date"])
        if day < date(1994, 1, 1) or not row["time_et"]:
            continue
        at = fed.find_release(day, scheduled=row["unscheduled"] == "0")
        if at is not None and f"{at.astimezone(fed.NEW_YORK):%-I:%M%p}".lower() != row["time_et"]:
            wrong.append((row["date"], row["time_et"], at))
    assert wrong == []


def test_the_headings_and_addresses_on_record_are_read():
    """Two hundred headings as the pages had them, 1996 to 2024: the last day is that in the address of the minutes."""
    duckdb = pytest.importorskip("duckdb")
    path = SHARED / "news" / "dated" / "fed_communications_1996_2024.parquet"
    if not path.is_file():
        pytest.skip(f"{path} is not here: third-party archives are not part of the project")
    rows = duckdb.sql(
        f"SELECT title, url FROM '{path}' WHERE category = 'minutes' AND title LIKE '%Meeting - %'"
    ).fetchall()
    wrong = []
    for title, url in rows:
        page = f'<div class="panel"><h5 class="panel-heading">{title.partition(": ")[2]}</h5><a href="{url}">HTML</a></div>'
        (meeting,) = fed.read_calendar(capture(page, "calendar-x"))
        days = re.search(r"(\d{8})\.htm", url)[1]
        if isinstance(meeting, Skipped) or f"{meeting.day:%Y%m%d}" != days or meeting.minutes != url:
            wrong.append((title, url))
    assert len(rows) > 100
    # Until January 2000 the address bears the first day of a meeting of two.
    assert [w for w in wrong if not re.search(r"/199\d{5}\.htm", w[1])] == []
