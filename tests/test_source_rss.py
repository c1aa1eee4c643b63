"""Feeds: what becomes of each item, of its date and its publisher; feeds that are none; the list of feeds."""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from conftest import SHARED
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.columns import clean_text
from ingest.source import Capture, Page, Skipped, Verified, Window
from ingest.sources.feed_dates import UnclearDate, read_date
from ingest.sources.feed_entries import read_entries
from ingest.sources.rss import SOURCES, fetch_feeds, list_feeds, parse_feed
from kb.errors import Unreadable
from kb.records import Document, Precision

FETCHED = datetime(2026, 8, 1, 6, tzinfo=UTC)
CAPTURED = SHARED / "feeds"


def capture(body, name="cnbc_top", content_type="", url="https://feeds.example/a/feed.xml"):
    """A capture of a feed with these bytes."""
    return Capture("rss", name, url, FETCHED, content_type, body.encode() if isinstance(body, str) else body)


def parse(body, name="cnbc_top", content_type=""):
    """The documents and the reasons for items set aside."""
    items = list(parse_feed(capture(body, name, content_type)))
    return [i for i in items if isinstance(i, Document)], [i.reason for i in items if isinstance(i, Skipped)]


def rss(*items, head='<?xml version="1.0" encoding="utf-8"?>'):
    """An RSS 2.0 feed of these items."""
    inner = "".join(f"<item>{i}</item>" for i in items)
    return (
        f'{head}<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>A feed</title>'
        f"<link>https://feeds.example/</link>{inner}</channel></rss>"
    )


def item(title="Oil rises", when="<pubDate>Fri, 30 Jan 2026 08:30:00 -0500</pubDate>", rest=""):
    """An item of an RSS feed."""
    return f"<title>{title}</title><guid isPermaLink='false'>{title}</guid>{when}{rest}"


# Items


def test_an_item_of_rss_becomes_a_document():
    """Title, text, address and instant are the publisher's; entities are characters, relative addresses whole."""
    body = rss(
        "<title>S&amp;amp;P 500 falls 2.1% &#8211; worst day of 2026</title><link>/markets/1.html</link>"
        "<guid isPermaLink='false'>77</guid><description><![CDATA[<p>Banks <b>led</b> the fall.</p>"
        "<script>track('x')</script>]]></description><pubDate>Fri, 30 Jan 2026 16:05:00 -0500</pubDate>"
    )
    (doc,), reasons = parse(body)
    assert reasons == []
    assert (doc.source, doc.title) == ("CNBC", "S&P 500 falls 2.1% – worst day of 2026")
    assert (doc.summary, doc.url) == ("Banks led the fall.", "https://feeds.example/markets/1.html")
    assert doc.public_lo == doc.public_hi == datetime(2026, 1, 30, 21, 5, tzinfo=UTC)
    assert doc.precision is Precision.INSTANT


def test_an_entry_of_atom_is_dated_by_its_publication():
    """`published` counts, not the later `updated`; an entry with `updated` alone is dated by that."""
    body = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>F</title><id>f</id>'
        "<entry><id>a</id><title>One</title><published>2026-01-30T10:00:00Z</published>"
        '<updated>2026-01-30T18:00:00Z</updated><link href="https://x.example/1"/></entry>'
        "<entry><id>b</id><title>Two</title><updated>2026-01-30T18:00:00.250+01:00</updated></entry></feed>"
    )
    (one, two), _ = parse(body)
    assert (one.public_hi.hour, two.public_hi.hour) == (10, 17)
    assert (one.url, two.url) == ("https://x.example/1", "")


def test_the_dublin_core_date_of_rss_1_is_read():
    """RSS 1.0 has `dc:date`; here 21:00 in Tokyo is noon UTC."""
    body = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://b.example/"><title>B</title></channel>'
        '<item rdf:about="https://b.example/1"><title>Policy statement</title><link>https://b.example/1</link>'
        "<dc:date>2026-01-23T21:00:00+09:00</dc:date></item></rdf:RDF>"
    )
    (doc,), _ = parse(body, "boj_whatsnew")
    assert (doc.source, doc.public_hi) == ("Bank of Japan", datetime(2026, 1, 23, 12, tzinfo=UTC))


def test_an_item_of_json_feed_becomes_a_document():
    """JSON Feed 1.1: a number serves as id, external_url as link, date_modified as date, HTML as text; no title, no document."""
    items = [
        {"id": 5, "title": "Rates held", "date_published": "2026-01-28T14:00:00-05:00", "content_html": "<p>At 3.75&nbsp;%</p>"},
        {"id": "6", "external_url": "https://y.example/6", "title": "B", "date_modified": "2026-01-29T00:30:00Z"},
        {"id": "7", "content_text": "A note without a title", "date_published": "2026-01-29T01:00:00Z"},
        "not an item",
    ]  # fmt: skip
    body = "\ufeff" + json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "J", "items": items})
    docs, reasons = parse(body, content_type="application/feed+json")
    assert [(d.title, d.summary, d.url) for d in docs] == [
        ("Rates held", "At 3.75 %", ""),
        ("B", "", "https://y.example/6"),
    ]
    assert docs[0].public_hi == datetime(2026, 1, 28, 19, tzinfo=UTC)
    assert reasons == ["no title", "no title"]


def test_each_id_gives_one_document():
    """A second item of the same id is set aside; the same id in another feed of the publisher is the same document."""
    body = rss(item("A"), item("B"), item("A"))
    docs, reasons = parse(body)
    assert ([d.title for d in docs], reasons) == (["A", "B"], ["an id met before in the same feed"])
    again, _ = parse(body, "cnbc_world")
    assert [d.document_id for d in again] == [d.document_id for d in docs]


def test_ids_that_come_again_are_told_apart_by_their_dates():
    """BLS gives each month's release the same address: two months are two documents, and of the hour only the day is kept."""
    link = "<link>https://www.bls.gov/news.release/cpi.nr0.htm</link>"
    body = rss(
        f"<title>CPI for January</title>{link}<pubDate>Fri, 13 Feb 2026 07:51:00 -0500</pubDate>",
        f"<title>CPI for December</title>{link}<pubDate>Tue, 13 Jan 2026 20:00:00 -0500</pubDate>",
    )
    docs, _ = parse(body, "bls_latest")
    assert len({d.document_id for d in docs}) == 2
    assert {d.precision for d in docs} == {Precision.DAY}
    assert [d.public_lo.day for d in docs] == [13, 13]  # in Washington, where the 14th had begun by UTC
    assert len(parse(body)[0]) == 1


def test_an_undated_item_is_never_dated_by_the_fetch():
    """Without a date there is no document."""
    assert parse(rss(item(when=""))) == ([], ["undated"])


def test_one_bad_item_does_not_stop_the_others():
    """An unreadable date, an empty title and half an emoji cost one item, one item and one character."""
    body = rss(item("A &#55357;&#56841; B"), item("C", "<pubDate>soon</pubDate>"), item(""), item("D"))
    docs, reasons = parse(body)
    assert [d.title for d in docs] == ["A \ufffd\ufffd B", "D"]
    assert reasons == ["a date in no known form", "no title"]


def test_an_address_that_is_none_of_the_web_is_left_out():
    """`javascript:` and broken addresses do not reach the reader."""
    body = rss(item("A", rest="<link>javascript:alert(1)</link>"), item("B", rest="<link>http://[x/</link>"))
    assert [d.url for d in parse(body)[0]] == ["", ""]


# Aggregators and status pages


def test_an_aggregators_item_is_of_its_publisher():
    """<source> names the publisher, in our spelling; the title loses it; the aggregator's list of headlines is dropped."""
    element = '<source url="https://apnews.com">AP News</source><description>Oil rises AP News</description>'
    (doc,), _ = parse(rss(item("Oil rises - up 3% - AP News", rest=element)), "reuters")
    assert (doc.source, doc.title, doc.summary) == ("Associated Press", "Oil rises - up 3%", "")


def test_the_tail_of_a_title_names_a_publisher_only_if_we_know_it():
    """Without <source>, "- Reuters" is a publisher and "- analysts" is not."""
    docs, reasons = parse(rss(item("Oil rises - Reuters"), item("Oil may rise - analysts")), "reuters")
    assert [(d.source, d.title) for d in docs] == [("Reuters", "Oil rises")]
    assert reasons == ["an aggregator names no publisher that we know"]


def test_a_status_page_names_its_exchange():
    """The title says whose incident it is; text that grows after the notice is left out."""
    body = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>S</title><entry><id>tag:s,2005:Incident/1</id>'
        "<published>2026-01-31T18:04:00Z</published><updated>2026-01-31T22:00:00Z</updated>"
        "<title>Withdrawals delayed</title><content type='html'>Resolved</content></entry></feed>"
    )
    (doc,), _ = parse(body, "status_kraken")
    assert (doc.source, doc.title, doc.summary) == ("Kraken", "Kraken: Withdrawals delayed", "")
    assert doc.public_hi.hour == 18


# Dates

EXACT = [
    ("Fri, 30 Jan 2026 08:30:00 EST", (1, 30, 13, 30)),
    ("Fri, 30 Jan 2026 08:30 ET", (1, 30, 13, 30)),
    ("Tue, 14 Jul 2026 08:30:00 ET", (7, 14, 12, 30)),  # summer: feedparser says 13:30
    ("Tue, 14 Jul 2026 08:30:00 EDT", (7, 14, 12, 30)),
    ("14 Jul 26 08:30:00 PDT", (7, 14, 15, 30)),
    ("Tue, 14 Jul 2026 12:00:00 BST", (7, 14, 11, 0)),  # feedparser says 12:00
    ("Fri, 30 Jan 2026 12:00:00 CET", (1, 30, 11, 0)),  # feedparser says 12:00
    ("Fri, 30 Jan 2026 08:30:00 GMT", (1, 30, 8, 30)),
    ("Fri, 30 Jan 2026 08:30:00 UTC", (1, 30, 8, 30)),
    ("Fri, 30 Jan 2026 08:30:00 GMT+0100", (1, 30, 7, 30)),
    ("Fri, 30 Jan 2026 08:30:00 GMT-05:00", (1, 30, 13, 30)),
    ("Fri, 30 Jan 2026 08:30:00 -0500 (EST)", (1, 30, 13, 30)),
    ("Friday, 30 January 2026 08:30:00 +0530", (1, 30, 3, 0)),
    ("30-Jan-2026 08:30:00 Z", (1, 30, 8, 30)),
    ("Fri, 30 Jan 2026 08:30:00", (1, 30, 8, 30)),  # no zone: UTC
    ("2026-01-30T08:30:00Z", (1, 30, 8, 30)),
    ("2026-01-30T08:30:59.999-05:00", (1, 30, 13, 30)),
    ("2026-01-30T23:30-05", (1, 31, 4, 30)),
    ("2026-01-30 08:30:00 EST", (1, 30, 13, 30)),
]


@pytest.mark.parametrize(("text", "expected"), EXACT)
def test_an_instant_is_read_as_its_publisher_wrote_it(text, expected):
    """Offsets, names of zones with their seasons, two-digit years, fractions; the result is UTC."""
    at = read_date(text)
    assert (at.month, at.day, at.hour, at.minute) == expected
    assert (at.year, at.tzinfo) == (2026, UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-30", "Fri, 30 Jan 2026", "30 Jan 26", "2026-01-30T00:00:00Z", "Fri, 30 Jan 2026 00:00:00 EST",
        "Fri, 30 Jan 2026 00:00:00 +0900",
    ],
)  # fmt: skip
def test_a_date_without_an_hour_is_a_date(text):
    """Neither a bare date nor the midnight that stands for one is an instant, in whatever zone it is written."""
    assert read_date(text) == date(2026, 1, 30)
    (doc,), _ = parse(rss(item(when=f"<pubDate>{text}</pubDate>")))
    assert (doc.precision, doc.public_lo) == (Precision.DAY, datetime(2026, 1, 30, tzinfo=UTC))


def test_a_zone_of_the_wrong_season_leaves_the_hour_open():
    """Publishers who write EST all year mean the clock on the wall, or not: one knows the day alone."""
    assert read_date("Tue, 14 Jul 2026 08:30:00 EST") == date(2026, 7, 14)
    assert read_date("Fri, 30 Jan 2026 08:30:00 EDT") == date(2026, 1, 30)


def test_a_time_without_zone_is_of_the_feeds_zone_where_the_list_names_one():
    """08:30 in New York is 13:30 UTC in winter and 12:30 in summer; midnight there, written in UTC, is a date."""
    assert read_date("Fri, 30 Jan 2026 08:30:00", "America/New_York").hour == 13
    assert read_date("2026-07-14T08:30:00", "America/New_York").hour == 12
    assert read_date("Fri, 30 Jan 2026 05:00:00 GMT", "America/New_York") == date(2026, 1, 30)
    assert read_date("Fri, 30 Jan 2026 00:00:00 GMT", "America/New_York") == date(2026, 1, 30)
    for text in ("Fri, 30 Jan 2026 08:30:00", "2026-01-30T08:30:00"):
        (doc,), _ = parse(rss(item(when=f"<pubDate>{text}</pubDate>")), "cftc_press")
        assert doc.public_hi == datetime(2026, 1, 30, 13, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Fri, 30 Jan 2026 08:30:00 XYZ", "unknown time zone"),
        ("Fri, 30 Jan 2026 04:30 PM", "unknown time zone"),  # feedparser takes PM for UTC
        ("Fri, 30 Jan 2026 04:30 PM EST", "no known form"),
        ("--01-30", "no known form"),  # feedparser adds this year
        ("yesterday", "no known form"),
        ("30 Jan 65 08:30:00 GMT", "century"),
        ("2026-02-30", "no calendar"),
        ("30 Foo 2026", "no calendar"),
        ("2026-01-30T25:00:00Z", "no calendar"),
        ("2026-01-30T08:30:00+15:00", "impossible offset"),
        ("0001-01-01T00:30:00+05:00", "no calendar"),
    ],
)
def test_an_unclear_date_is_refused(text, reason):
    """What cannot be read with certainty sets the item aside with the reason."""
    with pytest.raises(UnclearDate, match=reason):
        read_date(text)
    docs, reasons = parse(rss(item(when=f"<pubDate>{text}</pubDate>")))
    assert docs == []
    assert reason in reasons[0]


def test_two_readings_that_differ_are_both_refused():
    """feedparser drops the minutes of +0530 in ISO form, so that this date is not believed; with the colon both agree."""
    wrong, right = (rss(item(when=f"<dc:date>2026-01-30T08:30:00{z}</dc:date>")) for z in ("+0530", "+05:30"))
    assert parse(wrong) == ([], ["a date that two parsers read differently"])
    assert parse(right)[0][0].public_hi == datetime(2026, 1, 30, 3, tzinfo=UTC)


# Bytes


@pytest.mark.parametrize(
    ("encoding", "declared", "content_type"),
    [
        ("utf-8-sig", "utf-8", ""),
        ("utf-16", "utf-16", "application/xml"),
        ("windows-1252", "utf-8", "application/rss+xml; charset=windows-1252"),  # the header counts
        ("iso-8859-1", "iso-8859-1", "text/html"),
        ("utf-8", "us-ascii", ""),  # wrongly declared
        ("utf-8", "utf-8", "text/xml; charset=nonsense"),
    ],
)
def test_the_encoding_is_the_servers_then_the_documents(encoding, declared, content_type):
    """The charset of the Content-Type header, else the declaration, a byte-order mark or a guess; letters come out whole."""
    body = rss(item("Société Générale: café £5"), head=f'<?xml version="1.0" encoding="{declared}"?>').encode(encoding)
    assert [d.title for d in parse(body, content_type=content_type)[0]] == ["Société Générale: café £5"]


def test_an_ill_formed_feed_is_read_as_far_as_it_goes():
    """Bare ampersands, unclosed elements and unknown entities cost neither items nor letters."""
    body = rss(item("AT&T & P&G fall", rest="<link>/x?a=1&copy=2</link>"), item("B <b>bold"), item("C&nbsp;&mdash; D"))
    docs, _ = parse(body)
    assert [d.title for d in docs] == ["AT&T & P&G fall", "B bold", "C — D"]
    assert docs[0].url == "https://feeds.example/x?a=1&copy=2"


def test_quoted_text_and_other_encodings_are_left_as_they_are():
    """An ampersand within CDATA, in UTF-16 or in the shifted letters of ISO-2022-JP is no fault."""
    title = "<![CDATA[Q&A: S&amp;P & more]]>"
    for encoding in ("utf-8", "utf-16"):
        body = rss(item(title), head=f'<?xml version="1.0" encoding="{encoding}"?>').encode(encoding)
        assert [d.title for d in parse(body)[0]] == ["Q&A: S&P & more"]
    greek = rss(item("Α市場"), head='<?xml version="1.0" encoding="iso-2022-jp"?>').encode("iso-2022-jp")
    assert b"&!" in greek
    assert [d.title for d in parse(greek)[0]] == ["Α市場"]


def test_a_feed_cut_short_loses_the_item_that_was_cut():
    """A title that may be half a title is not kept; what stands before it is."""
    body = rss(item("Whole"), item("Fed cuts rates by half a point"))
    docs, reasons = parse(body[: body.index(" by half")])
    assert [d.title for d in docs] == ["Whole"]
    assert reasons == ["the feed ends in the middle of it"]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"\xef\xbb\xbf \n", b"<!DOCTYPE html><html><head><title>503</title></head><body>Sorry</body></html>",
        b"Access denied", b"/etc/hostname", b"https://feeds.example/", b"\x89PNG\r\n\x1a\n\x00\x00",
        b'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>x</loc></url></urlset>',
        b'{"error": "forbidden"}', b'{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1", "ti', b"[1, 2]",
        b'{"version": 1.1, "items": []}', b'{"version": "https://jsonfeed.org/version/1.1", "items": 5}', b"[" * 100_000,
        b'<rss version="2.0"><channel><title>A feed that',
    ],
)  # fmt: skip
def test_what_is_no_feed_is_unreadable(body):
    """An error page, a sitemap, other JSON, a feed cut before its first item: never mistaken for a feed without news."""
    with pytest.raises(Unreadable, match="Feed cnbc_top"):
        parse(body)


def test_bytes_that_name_a_file_do_not_open_it(tmp_path):
    """feedparser opens a file when it is handed its path: a server must not choose what is read here."""
    (tmp_path / "feed.xml").write_text(rss(item()), "utf-8")
    with pytest.raises(Unreadable):
        parse(str(tmp_path / "feed.xml"))


def test_an_empty_feed_is_no_error():
    """RSS and JSON Feed without items give no rows."""
    assert parse(rss()) == ([], [])
    assert parse('{"version": "https://jsonfeed.org/version/1.1", "title": "J", "items": []}') == ([], [])


def test_a_feed_that_is_not_listed_is_unreadable():
    """Bytes of a feed whose table was deleted say so instead of giving documents of nobody."""
    with pytest.raises(Unreadable, match="retired"):
        parse(rss(item()), "no_such_feed")


VALID = rss(item("A"), item("B &#8211; C", rest="<source url='u'>R</source>"), item("D")).encode()
PIECES = st.sampled_from(
    [b"<item>", b"</item>", b"<rss>", b"<feed>", b"</rss>", b"<title>", b"<guid>", b"&#0;", b"&#xD800;", b"&#99999999999;",
     b"&x;", b"&", b"<![CDATA[", b"]]>", b"<!DOCTYPE x [<!ENTITY y 'z'>", b"<pubDate>", b"\xff\xfe", b"<link href='http://[' />",
     b"<source>", b"<published>", b"0000-00-00T99:99:99+99:99", b"<dc:date>", b'{"items":', b"<content type='xhtml'>",
     b"<?xml encoding='u16'?>"]
)  # fmt: skip


@settings(max_examples=250, deadline=None)
@given(st.data())
def test_no_bytes_break_the_parser(data):
    """Arbitrary bytes, tokens of feeds in any order, and feeds with a piece torn out or put in: rows, reasons or Unreadable."""
    cut = st.tuples(st.integers(0, len(VALID)), st.integers(0, len(VALID)), st.binary(max_size=8))
    body = data.draw(
        st.one_of(
            st.binary(max_size=200),
            st.lists(st.one_of(PIECES, st.binary(max_size=6)), max_size=20).map(b"".join),
            cut.map(lambda c: VALID[: c[0]] + c[2] + VALID[c[1] :]),
        )
    )
    name = data.draw(st.sampled_from(["cnbc_top", "reuters", "bls_latest", "status_kraken"]))
    kind = data.draw(st.sampled_from(["", "text/html", "application/xml; charset=utf-16", "text/xml; charset=idna"]))
    try:
        found = list(parse_feed(capture(body, name, kind)))
    except Unreadable:
        return
    assert all(isinstance(i, Document | Skipped) for i in found)
    ids = [i.document_id for i in found if isinstance(i, Document)]
    assert len(ids) == len(set(ids))
    assert all(i.public_lo <= i.public_hi <= FETCHED for i in found if isinstance(i, Document))


@settings(max_examples=300, deadline=None)
@given(st.integers(631_152_000, 2_524_607_999), st.integers(-28, 28))  # 1990 to 2049
def test_a_date_written_with_an_offset_reads_back(seconds, half_hours):
    """Any instant written as RFC 822 or ISO 8601 in a zone of half hours comes back, or as its date at midnight."""
    wall = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    sign, minutes = "-" if half_hours < 0 else "+", abs(half_hours) * 30
    offset = f"{sign}{minutes // 60:02}{minutes % 60:02}"
    zoned = datetime.fromisoformat(f"{wall.isoformat()}{offset[:3]}:{offset[3:]}")
    expected = wall.date() if wall.time() == datetime.min.time() else zoned
    assert read_date(zoned.isoformat()) == expected
    assert read_date(f"{wall:%a, %d %b %Y %H:%M:%S} {offset}") == expected


# Captured feeds

# file, feed, items in it by count of "<item" or "<entry", and of the first: title begins, instant
REAL = [
    ("rss_real/crawinsight_cnbc.xml", "cnbc_world", 30, "Oil surges above $100 a barrel; Trump says", "2026-03-08T23:58:37Z"),
    ("rss_real/crawinsight_google.xml", "reuters", 100, "Canada's labor market dips sharply", "2026-03-13T12:33:03Z"),
    ("rss_real/crawinsight_nytimes.xml", "cnbc_top", 50, "Oil Prices Surge Above $100 a Barrel", "2026-03-08T23:24:20Z"),
    ("rss_real/crawinsight_seekingalpha.xml", "cnbc_top", 20, "Wall Street Week Ahead", "2026-03-08T11:23:46Z"),
    ("gov_excerpts/fed_press_all_bom.xml", "fed_press_all", 2, "Agencies issue joint statement", "2026-07-16T18:00:00Z"),
    ("gov_excerpts/ecb_press.xml", "ecb_press", 2, "Philip R. Lane: Outlook", "2026-07-24T15:30:00Z"),
    ("gov_excerpts/edgar_getcurrent_2024-03-17_form4.atom", "cnbc_top", 1, "4 - ESGEN LLC", "2024-03-16T01:45:18Z"),
]  # fmt: skip


def captured(path):
    """The bytes of a captured file; the test is skipped without them."""
    if not (CAPTURED / path).exists():
        pytest.skip(f"{CAPTURED / path} is not here: captured feeds are not part of the project")
    return (CAPTURED / path).read_bytes()


@pytest.mark.parametrize(("path", "name", "count", "title", "at"), REAL)
def test_captured_feeds_give_all_their_items(path, name, count, title, at):
    """Every item of a real feed becomes a document; the first has the title and the instant that stand in the bytes."""
    docs, reasons = parse(captured(path), name)
    assert (len(docs), reasons) == (count, [])
    assert docs[0].title.startswith(title)
    assert docs[0].public_hi == datetime.fromisoformat(at)
    assert all(d.url.startswith("https://") and d.precision is Precision.INSTANT for d in docs)


def test_captured_aggregator_items_are_of_reuters():
    """Google News names Reuters in each item; no title keeps the name but one that had it twice ("Transcript - Reuters")."""
    docs, _ = parse(captured("rss_real/crawinsight_google.xml"), "reuters")
    assert {d.source for d in docs} == {"Reuters"}
    assert [d.title for d in docs if d.title.endswith("Reuters")] == ["Transcript - Reuters"]
    assert {d.summary for d in docs} == {""}


def test_captured_central_banks_have_their_own_details():
    """The Fed repeats each title as text, which is dropped; ECB's 14:15 at +0200 is 12:15 UTC."""
    fed, _ = parse(captured("gov_excerpts/fed_press_all_bom.xml"), "fed_press_all")
    ecb, _ = parse(captured("gov_excerpts/ecb_press.xml"), "ecb_press")
    assert [(d.source, d.summary) for d in fed] == [("Federal Reserve", "")] * 2
    assert fed[1].url == "https://www.federalreserve.gov/newsevents/pressreleases/monetary20260714a.htm"
    assert (ecb[1].title, ecb[1].public_hi) == ("Monetary policy decisions", datetime(2026, 7, 23, 12, 15, tzinfo=UTC))


def test_a_captured_sitemap_is_no_feed():
    """Bloomberg's news sitemap has dates and titles, and is refused all the same."""
    with pytest.raises(Unreadable, match="no RSS or Atom"):
        parse(captured("rss_real/crawinsight_bloomberg.xml"), "cnbc_top")


# feedparser's own suite of odd feeds: 2,107 files, most with one element of one entry

_HEADER = re.compile(rb"^Header:\s*content-type:\s*(.*?)\s*$", re.I | re.M)
_TEXT = r"('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
_EXPECTED = re.compile(rf"Expect:.*entries\[0\]\['(title|link|id|summary|description)'\] == u?{_TEXT}\s*$", re.M)
_EXPECTED_DATE = re.compile(r"Expect:.*entries\[0\]\['(?:published|updated)_parsed'\] == (\([\d, ]+\))")
FIELDS = {"title": "title", "link": "link", "id": "native", "summary": "summary", "description": "summary"}


@pytest.fixture(scope="module")
def suite():
    """Each file of the suite: name, bytes, Content-Type."""
    folder = CAPTURED / "feedparser_suite"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not here: feedparser's tests are not part of the project")
    bodies = [(p.name, p.read_bytes()) for p in sorted(folder.rglob("*")) if p.suffix in (".xml", ".json")]
    return [(n, b, m[1].decode("latin-1") if (m := _HEADER.search(b)) else "") for n, b in bodies]


def test_no_odd_feed_breaks_the_parser(suite):
    """2,107 odd and broken feeds give documents, reasons or Unreadable; how many of each is as measured, or better."""
    counts: Counter[str] = Counter()
    for _, body, content_type in suite:
        try:
            found = list(parse_feed(capture(body, content_type=content_type)))
        except Unreadable:
            counts["unreadable"] += 1
            continue
        counts["readable"] += 1
        counts.update("skipped" if isinstance(i, Skipped) else "kept" for i in found)
    assert counts["readable"] + counts["unreadable"] == 2107
    assert counts["kept"] >= 29  # all of those with a title and a date
    assert counts["kept"] + counts["skipped"] >= 1211  # entries in all
    assert 0 < counts["unreadable"] <= 27  # 16 in a dialect of 1997 or empty, the others cut before their first entry


def test_odd_feeds_say_what_their_authors_expect(suite):
    """Where a file of the suite states what a text of its first entry is, that is what we read, markup aside."""
    counts: Counter[bool] = Counter()
    for _, body, content_type in suite:
        expected = _EXPECTED.search(body.decode("utf-8", "replace"))
        if expected is None:
            continue
        try:
            entry = read_entries(body, content_type, "suite")[0]
        except (Unreadable, IndexError):
            counts[False] += 1
            continue
        counts[clean_text(getattr(entry, FIELDS[expected[1]])) == clean_text(ast.literal_eval(expected[2]))] += 1
    assert counts[True] >= 650
    assert counts[False] <= 8  # relative links, which are made whole later; files cut short; one of line noise


def test_odd_feeds_are_dated_as_their_authors_expect(suite):
    """Where a file of the suite states the date of its first entry, that is what we read."""
    read = 0
    for name, body, content_type in suite:
        expected = _EXPECTED_DATE.search(body.decode("utf-8", "replace"))
        if expected is None or name.startswith("item_lastmod"):  # a dialect of 1997 that is no RSS
            continue
        entry = read_entries(body, content_type, "suite")[0]
        assert read_date(entry.date, "", entry.date_read) == datetime(*ast.literal_eval(expected[1])[:6], tzinfo=UTC)
        read += 1
    assert read >= 8


# The list and the source


class FakeClient:
    """Answers each page with an empty feed and remembers the pages."""

    def __init__(self):
        self.asked: list[Page] = []

    def each(self, pages):
        """A capture a page."""
        for page in pages:
            self.asked.append(page)
            yield capture(rss(), page.name, url=page.url)

    def get(self, page):
        """Not used by feeds."""
        raise AssertionError(page)


def test_every_feed_is_asked_for_once_and_can_be_read():
    """One page a feed, named like it, at its address, whatever the window; each capture finds its table again."""
    client = FakeClient()
    captures = list(fetch_feeds(client, Window(FETCHED, FETCHED)))
    assert [(p.name, p.url) for p in client.asked] == [(f.name, f.url) for f in list_feeds()]
    assert all("xml" in p.headers["accept"] and not p.secrets and p.body is None for p in client.asked)
    assert [list(parse_feed(c)) for c in captures] == [[]] * len(list_feeds())


def test_the_list_of_feeds_is_sound():
    """Names and addresses are unique and safe, ranges are ranges, zones exist, terms are said, aggregators are marked."""
    feeds = list_feeds()
    assert len(feeds) >= 40
    assert len({f.url for f in feeds}) == len(feeds)
    for feed in feeds:
        assert re.fullmatch(r"[a-z0-9_]+", feed.name)
        assert feed.url.startswith("https://")
        assert 0 <= feed.rows_a_day[0] < feed.rows_a_day[1]
        assert feed.publisher
        assert feed.terms
        assert re.fullmatch("[a-z]{2}", feed.language)
        assert feed.verified in (Verified.DOCS, Verified.CAPTURE)
        assert feed.aggregator or "news.google.com" not in feed.url
        assert feed.status_page == ("/history.atom" in feed.url)
        assert not feed.zone or ZoneInfo(feed.zone)


def test_only_feeds_whose_bytes_were_parsed_say_so():
    """The feeds marked as captured are those that the tests of captured bytes read under their own name."""
    read = {name for _, name, *_ in REAL} - {"cnbc_top"}  # which stands in for feeds that are not listed
    assert {f.name for f in list_feeds() if f.verified is Verified.CAPTURE} == read


def test_a_retired_feed_is_read_but_not_asked_for():
    """Bytes kept of a feed given up still give documents."""
    assert "marketwatch_pulse" not in {f.name for f in list_feeds()}
    assert [d.source for d in parse(rss(item()), "marketwatch_pulse")[0]] == ["MarketWatch"]


def test_the_source_expects_what_its_feeds_do():
    """One source named rss, whose fewest and most rows are the sums over its feeds."""
    (source,) = SOURCES
    assert (source.name, source.needs) == ("rss", ())
    assert source.rows_a_day == tuple(sum(f.rows_a_day[i] for f in list_feeds()) for i in (0, 1))
