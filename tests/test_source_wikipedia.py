"""The source of Wikipedia's current events: day pages of each form into items, their ids, what is asked for."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.source import Capture, Skipped, Window
from ingest.sources import wikipedia
from ingest.wikitext import LONGEST_BULLET, read_sentence
from kb.errors import Unreadable
from kb.records import Document, Precision, hash_id

FETCHED = datetime(2026, 2, 3, 6, tzinfo=UTC)
TITLE = "Portal:Current events/2026 January 30"
# An invented day in the form of the pages until mid-2026.
DAY = """{{Current events|year=2026|month=01|day=30|content=

<!-- All news items below this line -->
'''Armed conflicts and attacks'''
*[[Example crisis (2023–present)|Example crisis]]
**[[2026 Example Strait crisis]]
***The [[Example Navy|navy]] of [[Exampleland]] boards a ship. [https://a.example (AFP via ''Paper'')] [https://b.example (Radio)]
***Three [[Exampleland]]ers are hurt {{convert|12|km|mi}} off the coast.<ref>{{cite web|url=https://x.example/y
|title=Hurt at sea}}</ref> [https://www.example.com/b (Reuters)]

'''Business and economy'''
*[[Gold]] falls by more than nine per cent in a day, its most since 1983. [https://www.example.com/gold (Reuters)]
*The [[Example Bank|bank]] says its head will leave.<!-- keep short --> [https://www.example.com/bank (''Financial Paper'')]
*[[2026 Example strike]]
<!-- All news items above this line -->}}
"""


def capture(body, name="2026-01-30..2026-01-30", fetched_at=FETCHED):
    """A capture as the client would hand it over; anything but bytes is written as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Capture("wikipedia", name, wikipedia.API, fetched_at, "application/json", raw)


def page(text, title=TITLE, revid=1335000000):
    """A page of the API's answer, format version 2."""
    version = {"revid": revid, "parentid": 1, "timestamp": "2026-02-02T10:00:00Z"}
    version["slots"] = {"main": {"contentmodel": "wikitext", "contentformat": "text/x-wiki", "content": text}}
    return {"pageid": 7, "ns": 100, "title": title, "revisions": [version]}


def parse(*pages, fetched_at=FETCHED, **more):
    """What the parser gives for an answer with these pages."""
    return list(
        wikipedia.parse(
            capture({"batchcomplete": True, "query": {"pages": list(pages)}, **more}, fetched_at=fetched_at)
        )
    )


def read(text):
    """Title and summary of each document of a day, the reason of each item set aside."""
    return [r.reason if isinstance(r, Skipped) else (r.title, r.summary) for r in parse(page(text))]


def test_each_bullet_without_others_below_is_an_item():
    """Words without markup and sources; heading, topics and publishers in the summary; a topic alone is set aside."""
    above = "Armed conflicts and attacks; Example crisis; 2026 Example Strait crisis"
    assert read(DAY) == [
        (
            "The navy of Exampleland boards a ship.",
            f"{above}; reported by AFP via Paper, Radio",
        ),
        ("Three Examplelanders are hurt 12 km off the coast.", f"{above}; reported by Reuters"),
        (
            "Gold falls by more than nine per cent in a day, its most since 1983.",
            "Business and economy; reported by Reuters",
        ),
        ("The bank says its head will leave.", "Business and economy; reported by Financial Paper"),
        "a topic without an item",
    ]


def test_an_item_is_known_to_the_day_and_links_the_version_read():
    """From 00:00 of its day to 12:00 of the next, UTC; the address names the version, in whose history the authors stand."""
    first = parse(page(DAY))[0]
    assert (first.public_lo, first.public_hi) == (
        datetime(2026, 1, 30, tzinfo=UTC),
        datetime(2026, 1, 31, 12, tzinfo=UTC),
    )
    assert (first.precision, first.source) == (Precision.DAY, "Wikipedia")
    assert (
        first.url == "https://en.wikipedia.org/w/index.php?title=Portal:Current_events/2026_January_30&oldid=1335000000"
    )


def test_todays_items_were_public_when_they_were_read():
    """A page read at 18:00 of its own day: nothing on it became public later."""
    at = datetime(2026, 1, 30, 18, tzinfo=UTC)
    docs = [r for r in parse(page(DAY), fetched_at=at) if isinstance(r, Document)]
    assert {(d.public_lo, d.public_hi) for d in docs} == {(datetime(2026, 1, 30, tzinfo=UTC), at)}


@pytest.mark.parametrize(
    "text",
    [
        # since mid-2026 a template stands before the items and one after them
        "{{Current events|year=2026|month=01|day=30|top=yes}}\n<!-- All news items below this line -->\n"
        "'''Business and economy'''\n*[[Oil]] rises. [https://a.example (AP)]\n<!-- All news items above this line -->\n"
        "{{Current events|year=2026|month=01|day=30|bottom=yes}}",
        # until 2017: a table
        "{{Current events header|2026|01|30}}\n\n<!-- All news items below this line -->\n"
        ";Business and economy\n"
        "* [[Oil]] rises. [https://a.example (AP)]\n<!-- All news items above this line -->|}",
        "{{Current events header|2026|01|30}}\n{|\n|-\n|\n"
        "=== Business and economy ===\n* [[Oil]] rises. [https://a.example AP]\n|}",
        # a brace too many
        "{{Current events|year=2026|month=01|day=30|content=\n"
        ";Business and economy:\n*[[Oil]] rises. [https://a.example (AP)]\n}}}}",
    ],
)
def test_every_form_of_the_page(text):
    """The frames that the pages had over the years, with headings in bold, after a semicolon, or between signs."""
    assert read(text) == [("Oil rises.", "Business and economy; reported by AP")]


def test_pages_of_the_first_years():
    """No headings, topics with a colon, reports in brackets or none at all."""
    text = (
        "{{Current events|year=2003|month=04|day=21|content=\n* [[Example war]]:\n** Troops leave. [http://a.example/1 BBC]\n"
        "** Talks begin ([http://b.example/2 Reuters], [http://c.example/3 AP]).\n* A city votes.\n}}"
    )
    found = parse(page(text, "Portal:Current events/2003 April 21"))
    assert [(d.title, d.summary) for d in found] == [
        ("Troops leave.", "Example war; reported by BBC"),
        ("Talks begin.", "Example war; reported by Reuters, AP"),
        ("A city votes.", ""),
    ]
    assert {d.public_lo for d in found} == {datetime(2003, 4, 21, tzinfo=UTC)}


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("[[A (b)|]] and [[:C]] meet [[D#E|d]].", "A and C meet d."),
        ("'''Bold''' and ''italic'' and '''''both'''''.", "Bold and italic and both."),
        ("Shops close in [https://a.example Springfield] after a fire.", "Shops close in Springfield after a fire."),
        ("A fire. [https://a.example (''The [[Paper]]'')], [https://b.example (AP)]", "A fire."),
        ("It says so. https://a.example/x", "It says so."),
        ("Talks end [https://a.example (AP)].", "Talks end."),
        ("Talks end. [https://a.example]", "Talks end."),
        ("[[File:Flag.svg|thumb|A [[flag]] of X]]The flag falls.", "The flag falls."),
        ("One\u200b two\u200c.", "One two."),
        ('"We are in." (sic) he says [https://a.example]', '"We are in." (sic) he says'),
    ],
)
def test_a_sentence_without_its_markup(markup, words):
    """Links give their words, pictures none; a link that is a word of the sentence stays, a citation goes."""
    assert read_sentence(markup).words == words


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("{{nowrap|[[Ship|MV ''Ship'']]}} sinks {{convert|5|nmi|km|abbr=on}} off {{flag|Oz}}.", "MV Ship sinks 5 nmi off Oz."),
        ("Rates {{ndash}} all of them {{ndash}} fall{{dead link|date=May 2020}}.", "Rates – all of them – fall."),
        ("Rates fall.<ref name=a /><ref name=b>{{cite news|url=https://a.example|quote={{lang|fr|non}}}}</ref>", "Rates fall."),
        ("{{lang|fr|Banque}} and {{abbr|ECB|European Central Bank}} act &amp; wait<br />now.", "Banque and ECB act & wait now."),
    ],
)  # fmt: skip
def test_templates_that_stand_for_words(markup, words):
    """Measures, flags, foreign words and dashes are read out; footnotes and notes of editors vanish."""
    assert [t for t, _ in read(f"* {markup}")] == [words]


def test_a_bullet_that_cites_is_an_item_although_others_stand_below():
    """A report with details below it gives both; it is not a topic of theirs."""
    text = ";Economy\n*[[Shares]]\n**Shares fall. [https://a.example/1 (AP)]\n***Banks most. [https://a.example/2 (AP)]"
    above = "Economy; Shares"
    assert read(text) == [("Shares fall.", f"{above}; reported by AP"), ("Banks most.", f"{above}; reported by AP")]


def test_topics_end_with_their_bullets():
    """A bullet at the same depth, and a new heading, close what stood above."""
    text = ";One\n*[[A]]\n**[[B]]\n***b goes up.\n**a goes up.\n*alone goes up.\n;Two\n**deep goes up."
    assert read(text) == [
        ("b goes up.", "One; A; B"), ("a goes up.", "One; A"), ("alone goes up.", "One"), ("deep goes up.", "Two"),
    ]  # fmt: skip


def test_an_id_outlasts_edits():
    """Mended words, another place on the page, an archived or safer address, a later version: the same document."""
    before = parse(page("* Gold falls 8 %. [http://www.example.com/gold/ (Reuters)]"))
    after = parse(
        page(
            ";Business and economy\n* Oil rises. [https://b.example/oil (AP)]\n* [[Gold]] falls by nine per cent."
            " [https://web.archive.org/web/20260131000000/http://example.com/gold#top (Reuters)]",
            revid=2,
        )
    )
    assert after[1].document_id == before[0].document_id == hash_id("Wikipedia", "2026-01-30|example.com/gold")
    assert after[0].document_id != before[0].document_id
    other_day = parse(
        page("* Gold falls. [http://example.com/gold (Reuters)]", "Portal:Current events/2026 January 31")
    )
    assert other_day[0].document_id != before[0].document_id


def test_two_items_of_one_report_are_two():
    """What cites first what another of its day does is told apart by its words; items that cite nothing by them alone."""
    text = "* Gold falls. [https://a.example/l (AP)]\n* Oil rises. [https://a.example/l (AP)]\n* Rain falls.\n* [[Rain]] falls!"
    found = parse(page(text))
    assert len({d.document_id for d in found[:3]}) == 3
    assert found[3].document_id == found[2].document_id


def test_one_bad_page_among_good_ones():
    """Missing pages, hidden text, other titles, stray lines and overlong bullets are set aside, each with its reason."""
    good = page("* Oil rises. [https://a.example (AP)]")
    found = parse(
        {"title": "Portal:Current events/2026 January 29", "missing": True},
        page("x", "Portal:Current events/2026 February 30"),
        page("x", "Main Page"),
        "page",
        {"title": TITLE},
        {"title": TITLE, "revisions": [{"revid": 1, "slots": {"main": {"texthidden": True}}}]},
        {"title": TITLE, "revisions": None},
        page(None),
        page(f"See the talk page.\n* {'x' * (LONGEST_BULLET + 1)}"),
        good,
    )
    assert [r.reason for r in found[:-1]] == [
        "no page of that day", *["a page that is no day's"] * 3, *["a page without text"] * 4, "a line that is no bullet",
        f"a bullet of more than {LONGEST_BULLET} characters",
    ]  # fmt: skip
    assert found[-1].title == "Oil rises."


def test_an_empty_day_gives_nothing():
    """The page that a robot lays out for tomorrow, and tables, switches and categories, are no items and no faults."""
    items = "<!-- All news items below this line -->\n*\n* \n"
    text = f"{{{{Current events|year=2026|month=01|day=30|content=\n{items}}}}}\n__NOTOC__\n[[Category:X]]\n<br />"
    assert parse(page(text)) == []


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"", "no JSON object"),
        (b"<!DOCTYPE html><html>Too many requests</html>", "no JSON object"),
        (json.dumps({"query": {"pages": [page(DAY)]}}).encode()[:-9], "no JSON object"),
        ([1], "no JSON object"),
        ({"error": {"code": "maxlag", "info": "Waiting for a server: 7 seconds lagged"}}, "maxlag"),
        ({"batchcomplete": True}, "no list of pages"),
        ({"query": {"pages": {"7": page(DAY)}}}, "no list of pages"),
        ({"query": []}, "no list of pages"),
        (b"[" * 100_000, "no JSON object"),
    ],
)
def test_what_is_no_answer_is_unreadable(body, found):
    """Empty, HTML, cut short, an error of the API, another version of its format: said, not passed over."""
    with pytest.raises(Unreadable, match=found):
        list(wikipedia.parse(capture(body)))


class Asked:
    """A client that notes what it is asked for and gives prepared answers, then empty ones."""

    def __init__(self, *answers):
        self.pages, self.answers = [], list(answers)

    def get(self, asked):
        self.pages.append(asked)
        return capture(self.answers.pop(0) if self.answers else {"query": {"pages": []}}, asked.name)


def ask(since, until, *answers):
    """The pages asked for in a window."""
    client = Asked(*answers)
    captures = list(wikipedia.fetch(client, Window(since, until)))
    assert [c.name for c in captures] == [p.name for p in client.pages]
    return client.pages


def test_a_night_asks_for_the_week_again_in_one_question():
    """The window's days with the lag, today included, named as the portal names them, without zeros."""
    until = datetime(2026, 2, 3, 6, tzinfo=UTC)
    (asked,) = ask(until - wikipedia.SOURCES[0].lag, until)
    assert asked.params["titles"].split("|") == [
        *(f"Portal:Current events/2026 January {n}" for n in (27, 28, 29, 30, 31)),
        *(f"Portal:Current events/2026 February {n}" for n in (1, 2, 3)),
    ]
    assert (asked.name, asked.url, asked.immutable) == (
        "2026-01-27..2026-02-03",
        "https://en.wikipedia.org/w/api.php",
        False,
    )
    told = {k: asked.params[k] for k in ("action", "prop", "rvprop", "rvslots", "format", "formatversion", "maxlag")}
    assert told == {
        "action": "query", "prop": "revisions", "rvprop": "content|ids|timestamp", "rvslots": "main", "format": "json",
        "formatversion": "2", "maxlag": "5",
    }  # fmt: skip


def test_a_year_is_asked_for_fifty_days_at_a_time():
    """365 days are eight questions that leave out no day and name none twice."""
    pages = ask(datetime(2013, 1, 1, tzinfo=UTC), datetime(2013, 12, 31, 23, tzinfo=UTC))
    titles = [t for p in pages for t in p.params["titles"].split("|")]
    assert (len(pages), len(titles), len(set(titles))) == (8, 365, 365)
    assert max(len(p.params["titles"].split("|")) for p in pages) == 50
    assert titles[58:60] == ["Portal:Current events/2013 February 28", "Portal:Current events/2013 March 1"]


def test_no_day_before_the_first():
    """Months before July 2002 have pages of another form, which are not asked for."""
    assert ask(datetime(1987, 10, 1, tzinfo=UTC), datetime(2002, 6, 30, 23, tzinfo=UTC)) == []
    (asked,) = ask(datetime(1987, 10, 1, tzinfo=UTC), datetime(2002, 7, 2, tzinfo=UTC))
    assert asked.params["titles"] == "Portal:Current events/2002 July 1|Portal:Current events/2002 July 2"


def test_an_answer_in_parts_is_followed_and_read_once():
    """What an answer did not hold is asked for with the words it gives; its pages without text are no fault."""
    first, second = (
        page("* Oil rises. [https://a.example (AP)]"),
        page("* Gold falls.", "Portal:Current events/2026 January 31"),
    )
    bare = [{"title": p["title"], "pageid": 1, "ns": 100} for p in (first, second)]
    parts = [
        {"continue": {"rvcontinue": "2026|8", "continue": "||"}, "query": {"pages": [first, bare[1]]}},
        {"batchcomplete": True, "query": {"pages": [bare[0], second]}},
    ]
    since = datetime(2026, 1, 30, tzinfo=UTC)
    pages = ask(since, since + timedelta(days=1), *parts)
    assert [p.name for p in pages] == ["2026-01-30..2026-01-31", "2026-01-30..2026-01-31/2"]
    assert "rvcontinue" not in pages[0].params
    assert {k: pages[1].params[k] for k in ("rvcontinue", "continue", "titles")} == {
        "rvcontinue": "2026|8", "continue": "||", "titles": pages[0].params["titles"],
    }  # fmt: skip
    found = [r for p, body in zip(pages, parts, strict=True) for r in wikipedia.parse(capture(body, p.name))]
    assert [d.title for d in found] == ["Oil rises.", "Gold falls."]


def test_an_answer_that_goes_on_for_ever_is_cut():
    """A server that always has more is asked at most fifty times a question."""
    more = {"continue": {"continue": "||"}, "query": {"pages": []}}
    since = datetime(2026, 1, 30, tzinfo=UTC)
    assert len(ask(since, since, *[more] * 200)) == 50


def test_names_of_pages():
    """The title of a day, as the portal writes it."""
    assert wikipedia.name_page(date(2008, 9, 5)) == "Portal:Current events/2008 September 5"


MARKS = st.text(st.sampled_from("*;:#[]{}|='<>-! \n/a.().,"), max_size=200)


@settings(max_examples=200, deadline=None)
@given(st.one_of(MARKS, MARKS.map(lambda t: "* [https://a.example (b)] [[c|d]]" + t), st.text(max_size=100)))
def test_no_markup_breaks_it(text):
    """Whatever editors leave on a page, it gives items whose titles hold no link, template or quotes of markup."""
    for item in parse(page(text)):
        assert isinstance(item, Document | Skipped)
        if isinstance(item, Document):
            assert item.title
            assert "{{" not in item.title
            assert "https://a.example" not in item.title


FIELDS = st.sampled_from("query pages title revisions slots main content missing continue error".split())
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=100), JSON, JSON.map(lambda j: {"query": {"pages": [j, {"title": TITLE, "revisions": j}]}})
    )
)
def test_no_answer_breaks_it(body):
    """Whatever arrives, parser and fetch give items or say that the whole is unreadable."""
    try:
        found = list(wikipedia.parse(capture(body)))
    except Unreadable:
        found = []
    assert all(isinstance(item, Document | Skipped) for item in found)
    since = datetime(2026, 1, 30, tzinfo=UTC)
    assert ask(since, since, body)


OPENINGS = ["[http://a", "[[", "{{a|", "<ref>", "'''x ", "<!--", "* [[a|", "{{ Current events|", "(,"]


@pytest.mark.parametrize("piece", OPENINGS)
def test_markup_that_never_closes_gives_no_item(piece):
    """Half a megabyte of opening marks is read to its end, as no pattern goes back over what it read, and set aside."""
    found = parse(page(piece * (500_000 // len(piece))))
    assert all(isinstance(item, Skipped) for item in found)
