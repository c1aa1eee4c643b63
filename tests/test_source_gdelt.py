"""The source of GDELT's bulk files: which pages are kept, when they were public, and what a bad file comes to."""

import gzip
import io
import pickle
import re
import struct
import tomllib
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.source import Capture, Skipped, Window
from ingest.sources import gdelt
from kb.errors import Unreadable
from kb.records import Document, Precision

NAME = "20260130193000.gkg.csv.zip"
SEEN = datetime(2026, 1, 30, 19, 30, tzinfo=UTC)
FETCHED = datetime(2026, 1, 31, 6, tzinfo=UTC)


def row(title="Gold slides as dollar firms", *, stamp="", **columns):
    """A row of GKG 2.1: 27 columns of which those that matter are filled."""
    cells = [""] * 27
    cells[0], cells[1], cells[2], cells[3] = "20260130193000-12", "20260130193000", "1", "reuters.com"
    cells[4], cells[7], cells[8] = (
        "https://www.reuters.com/markets/gold-1",
        "TAX_FNCACT;ECON_GOLDPRICE;",
        "ECON_GOLDPRICE,44;LEADER,9",
    )
    cells[26] = "<PAGE_LINKS>https://a.example/x</PAGE_LINKS>"
    cells[26] += f"<PAGE_PRECISEPUBTIMESTAMP>{stamp}</PAGE_PRECISEPUBTIMESTAMP>" if stamp else ""
    cells[26] += f"<PAGE_TITLE>{title}</PAGE_TITLE>" if title else ""
    for place, value in columns.items():
        cells[int(place[1:])] = value
    return "\t".join(cells)


def pack(*lines, names=("20260130193000.gkg.csv",), method=zipfile.ZIP_DEFLATED):
    """A zip as GDELT makes it; lines may be text or bytes."""
    text = b"".join((line if isinstance(line, bytes) else line.encode()) + b"\n" for line in lines)
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", method) as archive:
        for name in names:
            archive.writestr(name, text)
    return kept.getvalue()


def parse(body, fetched_at=FETCHED, name=NAME):
    """What the parser gives for a body."""
    return list(gdelt.parse(Capture("gdelt", name, f"{gdelt.ADDRESS}/{name}", fetched_at, "application/zip", body)))


def test_a_page_becomes_a_document():
    """Title unescaped, publisher by name, address as id; without a stamp public by the file's instant, up to a day before."""
    found = parse(pack(row("Gold &amp; silver slide &#x2013; dollar firms")))
    assert found == [
        Document(
            document_id=found[0].document_id, source="Reuters", title="Gold & silver slide – dollar firms", summary="",
            url="https://www.reuters.com/markets/gold-1", public_lo=datetime(2026, 1, 29, 19, 30, tzinfo=UTC), public_hi=SEEN,
            precision=Precision.CAPTURE,
        )
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("stamp", "lo", "hi"),
    [
        ("20260130185100", "2026-01-30T18:51", "2026-01-30T19:30"),  # forty minutes earlier
        ("20260130193000", "2026-01-30T19:30", "2026-01-30T19:30"),
        ("20260130193001", "2026-01-29T19:30", "2026-01-30T19:30"),  # later than the file: of another zone, of no use
        (
            "20260128120000",
            "2026-01-28T12:00",
            "2026-01-30T00:00",
        ),  # met two days late: a zone and a day after its stamp
        ("20260129000000", "2026-01-29T00:00", "2026-01-30T12:00"),  # a mere date
        ("20260230000000", "2026-01-29T19:30", "2026-01-30T19:30"),  # no such day
    ],
)
def test_a_stamp_begins_the_bracket_and_never_ends_it_too_early(stamp, lo, hi):
    """The publisher's stamp may be hours of another zone: the page counts as public only when it surely was."""
    (doc,) = parse(pack(row(stamp=stamp)))
    assert [f"{t:%Y-%m-%dT%H:%M}" for t in (doc.public_lo, doc.public_hi)] == [lo, hi]
    assert doc.precision == Precision.CAPTURE


def test_an_old_page_met_again_is_no_news():
    """A stamp of eight days before is set aside, one of exactly seven is kept."""
    assert parse(pack(row(stamp="20260122120000"))) == [
        Skipped("stamped over 7 days before GDELT met it", "https://www.reuters.com/markets/gold-1")
    ]
    (doc,) = parse(pack(row(stamp="20260123193000")))
    assert doc.public_hi == datetime(2026, 1, 25, 7, 30, tzinfo=UTC)


def test_a_file_read_before_the_instant_in_its_name():
    """GDELT writes files some ten minutes before their instant: what we hold was public when we got it."""
    early = SEEN - timedelta(minutes=8)
    (doc,) = parse(pack(row()), fetched_at=early)
    assert (doc.public_lo, doc.public_hi) == (early - timedelta(days=1), early)


def test_pages_of_other_publishers_and_themes_are_passed_over():
    """A local paper on gold and Reuters on sport are not kept; a theme counts in either column and only whole."""
    assert parse(pack(row(c3="wacotrib.com"), row(c7="SPORTS;", c8="SPORTS,3"))) == []
    assert parse(pack(row(c7="ECON_GOLDPRICES;XECON_STOCKMARKET", c8="ECON,7"))) == []
    assert [
        d.title for d in parse(pack(row(c7="", c8="LEADER,3;ECON_INFLATION,77"), row(c4="https://b.example/2", c8="")))
    ] == ["Gold slides as dollar firms"] * 2


def test_reports_are_counted_once():
    """Two rows of one address are one document, in one file and, by their id, over two."""
    found = parse(pack(row(), row("Gold slides further"), row(c4="https://www.reuters.com/markets/gold-2")))
    assert [d.url[-6:] for d in found] == ["gold-1", "gold-2"]
    (again,) = parse(pack(row(c1="20260130194500")))
    assert again.document_id == found[0].document_id
    (elsewhere,) = parse(pack(row(c3="cnbc.com")))
    assert elsewhere.document_id != found[0].document_id


@pytest.mark.parametrize(
    ("domain", "title", "kept"),
    [
        ("reuters.com", "Gold slides | Reuters", "Gold slides"),
        ("wsj.com", "Stocks fall - WSJ", "Stocks fall"),
        ("bbc.co.uk", "Oil at $70 - bbc news", "Oil at $70"),
        ("reuters.com", "Fed - what Reuters saw", "Fed - what Reuters saw"),
        ("cnbc.com", "Blow for Reuters | Reuters", "Blow for Reuters | Reuters"),
        ("forbes.com", "  Rates   &lt; 4 %  ", "Rates < 4 %"),
    ],
)
def test_the_publishers_name_is_no_part_of_the_title(domain, title, kept):
    """What a publisher appends to every title is taken off, its name elsewhere stays."""
    assert [d.title for d in parse(pack(row(title, c3=domain)))] == [kept]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (row(""), "no title"),
        (row(" <b> </b> "), "no title"),
        (row(c2="2"), "not a page of the open web"),
        (row(c4="javascript:x"), "not a page of the open web"),
        (row(c25="srclc:fra;eng:GT-FRA 1.0"), "a title in another language"),
        (row(c1="0"), "no instant of the file"),
        (row(c1="20260130"), "no instant of the file"),
        (row(c1="20150101000000"), "no instant of the file"),
        ("20260130193000-3\t20260130193000\t1", "row of 3 columns instead of 27"),
        (row() + "\tmore", "row of 28 columns instead of 27"),
    ],
)
def test_one_bad_row_among_good_ones(bad, reason):
    """It is set aside with its reason and the others are read."""
    found = parse(pack(row(c4="https://b.example/1"), bad, row(c4="https://b.example/2")))
    assert [r.reason if isinstance(r, Skipped) else r.url for r in found] == [
        "https://b.example/1",
        reason,
        "https://b.example/2",
    ]


def test_a_byte_of_another_encoding_spoils_nothing():
    """Raw Latin-1 bytes occur in addresses; the rest of the row and of the file is read."""
    spoilt = row().encode().replace(b"/x<", b"/\xe1<")
    assert [d.title for d in parse(pack(spoilt))] == ["Gold slides as dollar firms"]


@pytest.mark.parametrize(
    ("columns", "kind"),
    [(11, "GKG 1.0"), (16, "mentions 2.0"), (57, "events 1.0"), (58, "events 1.0"), (61, "events 2.0")],
)
def test_older_forms_are_known_and_give_nothing(columns, kind):
    """Files of GDELT's other forms hold no titles: one note says so, whatever their length."""
    lines = ["\t".join(["20170701"] * columns)] * 3
    assert parse(pack(*lines)) == [Skipped(f"a file of GDELT's {kind}, which holds no titles", NAME)]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"", "a broken zip"),
        (b"<html><body>503 Service Unavailable</body></html>", "a broken zip"),
        (pack(row())[:-40], "a broken zip"),
        (pack(row()).replace(b"20260130193000.gkg.csv", b"20260130193000.gkg.csw", 1), "a broken zip"),
        (pack(row(), names=("a.csv", "b.csv")), "a zip of 2 files"),
        (pack(row(), names=()), "a zip of 0 files"),
        (pack(), "no row"),
        (pack("<html>moved</html>"), "no row"),
    ],
)
def test_what_is_no_file_of_gdelts_is_unreadable(body, found):
    """Empty, a page of HTML, cut short, names that differ, several files, no row: said, not passed over."""
    with pytest.raises(Unreadable, match=found):
        parse(body)


def test_damage_inside_the_zip_is_noticed():
    """A byte changed in the packed rows fails the zip's own checksum."""
    body = bytearray(pack(row(), method=zipfile.ZIP_STORED))
    body[body.index(b"Gold slides")] = ord("C")
    with pytest.raises(Unreadable, match="a broken zip"):
        parse(bytes(body))


def test_a_small_zip_cannot_fill_the_memory(monkeypatch):
    """Reading stops at a bound of what is unpacked, whatever size the zip's directory claims; also within one row."""
    with pytest.raises(Unreadable, match="a row of more than"):
        parse(pack(b"x" * (gdelt.LONGEST_ROW + 1)))
    body = pack(*(row(c4=f"https://b.example/{n}") for n in range(50)))
    monkeypatch.setattr(gdelt, "MOST_BYTES", 5_000)
    with pytest.raises(Unreadable, match="more than 5,000 bytes"):
        parse(body)
    place = body.index(b"PK\x01\x02") + 24  # the directory's claim
    with pytest.raises(Unreadable):
        parse(body[:place] + struct.pack("<I", 10) + body[place + 4 :])


class Asked:
    """A client that notes what it is asked for and gives each page's rows."""

    def __init__(self):
        self.pages = []

    def each(self, pages):
        for page in pages:
            self.pages.append(page)
            yield Capture("gdelt", page.name, page.url, FETCHED, "application/zip", pack(row()))


def ask(since, until):
    """The pages asked for in a window."""
    client = Asked()
    captures = list(gdelt.fetch(client, Window(since, until)))
    assert [c.name for c in captures] == [p.name for p in client.pages]
    return client.pages


def test_the_files_of_the_window_are_asked_for():
    """12:07 to 13:20: the quarters from 12:15 to half an hour before the end, each once and for ever."""
    pages = ask(datetime(2026, 1, 30, 12, 7, tzinfo=UTC), datetime(2026, 1, 30, 13, 20, tzinfo=UTC))
    assert [p.name[:14] for p in pages] == ["20260130121500", "20260130123000", "20260130124500"]
    assert pages[0].url == "https://data.gdeltproject.org/gdeltv2/20260130121500.gkg.csv.zip"
    assert all(p.immutable and not p.params for p in pages)


def test_a_day_has_96_files_and_nights_leave_no_gap():
    """Two nights in a row ask for every quarter of an hour between them, over the end of a month."""
    first = ask(datetime(2026, 1, 30, 6, tzinfo=UTC), datetime(2026, 1, 31, 6, tzinfo=UTC))
    lag = gdelt.SOURCES[0].lag
    second = ask(datetime(2026, 1, 31, 6, tzinfo=UTC) - lag, datetime(2026, 2, 1, 6, tzinfo=UTC))
    assert [p.name[:14] for p in (first[0], first[-1])] == ["20260130060000", "20260131053000"]
    assert {p.name for p in first} < {p.name for p in second}
    assert len({p.name for p in second}) == len(second) == 191


def test_nothing_is_asked_for_before_the_files_began():
    """GDELT 2.0 began on 18 February 2015 at 23:00."""
    assert ask(datetime(2014, 1, 1, tzinfo=UTC), datetime(2015, 2, 1, tzinfo=UTC)) == []
    pages = ask(datetime(2013, 1, 1, tzinfo=UTC), datetime(2015, 2, 18, 23, 50, tzinfo=UTC))
    assert [p.name[:14] for p in pages] == ["20150218230000", "20150218231500"]
    assert ask(SEEN, SEEN) == []


def test_the_lists_are_whole():
    """No domain or theme stands twice; each publisher has a name."""
    lists = tomllib.loads(Path(gdelt.__file__).with_suffix(".toml").read_text("utf-8"))
    domains = [p["domain"] for p in lists["publisher"]]
    assert len(set(domains)) == len(domains)
    assert len(set(lists["themes"])) == len(lists["themes"])
    assert all(p["name"].strip() for p in lists["publisher"])


@settings(max_examples=60, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=300),
        st.lists(st.text(max_size=80), max_size=5).map(
            lambda rows: pack(*(r.encode("utf-8", "replace") for r in rows))
        ),
    )
)
def test_no_bytes_break_it(body):
    """Whatever arrives, the parser gives items or says that the whole is unreadable."""
    try:
        found = parse(body)
    except Unreadable:
        return
    assert all(isinstance(item, Document | Skipped) for item in found)


@settings(max_examples=60, deadline=None)
@given(before=st.integers(-1_000, 20_000), late=st.integers(-30, 30_000))
def test_a_bracket_ends_by_the_file_and_by_the_fetch(before, late):
    """For any stamp: earliest ≤ latest, latest no later than the file or the fetch, and at most a day and a half wide."""
    stamp, fetched_at = SEEN - timedelta(minutes=before), SEEN + timedelta(minutes=late)
    found = gdelt.bracket_page(SEEN, stamp, fetched_at)
    if found is None:
        assert stamp < min(SEEN, fetched_at) - timedelta(days=7)
        return
    assert found[0] <= found[1] <= min(SEEN, fetched_at)
    assert found[1] - found[0] <= timedelta(hours=36)


# Captured bytes


class _Part:
    """Stands for any class of a pickled table, so that reading one runs none of its code."""

    def __init__(self, *given):
        self.given, self.state = given, None

    def __setstate__(self, state):
        self.state = state


class _Reader(pickle.Unpickler):
    def find_class(self, module, name):
        return (
            (lambda text, _: text.encode("latin1"))
            if (module, name) == ("_codecs", "encode")
            else type(name, (_Part,), {})
        )


def read_captured(path):
    """The rows of a captured table of GDELT's, the columns in their order."""
    frame = _Reader(io.BytesIO(gzip.decompress(path.read_bytes())), encoding="latin1").load()
    blocks, places = frame.state["_data"].state[1], frame.state["_data"].state[3]["0.14.1"]["blocks"]
    columns = {}
    for block, place in zip(blocks, places, strict=True):
        (width, height), held = block.state[1], block.state[4]
        if isinstance(held, bytes):
            held = struct.unpack(f"<{width * height}{'d' if width == 1 else 'q'}", held)
        where = place["mgr_locs"].given
        numbers = [n for n in range(27) if n not in columns] if not isinstance(where[0], int) else list(range(*where))
        for i, number in enumerate(numbers):
            columns[number] = ["" if v != v else str(v) for v in held[i * height : (i + 1) * height]]
    return ["\t".join(columns[n][i] for n in sorted(columns)) for i in range(len(columns[0]))]


@pytest.fixture
def captured(shared):
    """The folder of captured files of GDELT's."""
    folder = shared / "feeds" / "gdelt"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not here")
    return folder


def test_captured_rows_of_2017(captured):
    """Of 50 pages of 1 July 2017 seven are of publishers kept, one on unemployment too: it has no title, as none then had."""
    rows = read_captured(captured / "gkg2samp.gz")
    assert (len(rows), {len(r.split("\t")) for r in rows}) == (50, {27})
    assert parse(pack(*rows)) == [
        Skipped("no title", "http://www.latimes.com/local/lanow/la-me-ln-garcetti-inaugural-20170701-story.html")
    ]


def test_captured_rows_with_a_title_of_ours(captured, monkeypatch):
    """Every captured page is kept once all are asked for and have a title: their brackets follow from the captured stamps."""
    rows = [f"{r}<PAGE_TITLE>Title of ours</PAGE_TITLE>" for r in read_captured(captured / "gkg2samp.gz")]
    everyone = {r.split("\t")[3]: gdelt.Publisher("Somebody", re.compile("$^")) for r in rows}
    themes = frozenset(t for r in rows for t in r.split("\t")[7].split(";"))
    monkeypatch.setattr(gdelt, "_read_lists", lambda: (themes, everyone))
    found = parse(pack(*rows), fetched_at=datetime(2017, 7, 2, 6, tzinfo=UTC))
    assert len([d for d in found if isinstance(d, Document)]) == 50
    by_url = {d.url: (d.public_lo, d.public_hi) for d in found}
    seen = datetime(2017, 7, 1, 23, 45, tzinfo=UTC)
    # No stamp; a stamp 24 minutes after the file, Nigerian time; 33 hours before it; 58 hours before it.
    assert by_url["http://www.modbee.com/news/business/article159231724.html"] == (seen - timedelta(days=1), seen)
    nigerian = "http://thenationonlineng.net/osun-student-emerges-best-medicine-graduate-ukraine/"
    assert by_url[nigerian] == (seen - timedelta(days=1), seen)
    reprint = "http://www.businessinsider.com/r-un-closes-ivory-coast-mission-security-remains-fragile-2017-6"
    assert by_url[reprint] == (datetime(2017, 6, 30, 14, 59, tzinfo=UTC), seen)
    farmers = "http://www.thetowntalk.com/story/news/2017/06/29/la-farmers-weve-been-getting-hammered/437069001/"
    assert by_url[farmers] == (datetime(2017, 6, 29, 13, 59, tzinfo=UTC), datetime(2017, 7, 1, 1, 59, tzinfo=UTC))


def test_captured_translated_rows_are_in_other_languages(captured, monkeypatch):
    """The 50 rows of the translated file of the same hour are told by their column of translation."""
    rows = [f"{r}<PAGE_TITLE>Titel</PAGE_TITLE>" for r in read_captured(captured / "gkg2Transsamp.gz")]
    everyone = {r.split("\t")[3]: gdelt.Publisher("Somebody", re.compile("$^")) for r in rows}
    monkeypatch.setattr(
        gdelt, "_read_lists", lambda: (frozenset(t for r in rows for t in r.split("\t")[7].split(";")), everyone)
    )
    found = parse(pack(*rows))
    assert [r.reason for r in found] == ["a title in another language"] * 50


def test_captured_older_rows_give_one_note(captured):
    """The captured rows of GKG 1.0 are known by their 11 columns."""
    frame = _Reader(io.BytesIO(gzip.decompress((captured / "gkg1samp.gz").read_bytes())), encoding="latin1").load()
    (block,) = frame.state["_data"].state[1]
    (width, height), held = block.state[1], block.state[4]
    rows = ["\t".join(str(held[i * height + j]) for i in range(width)) for j in range(height)]
    assert parse(pack(*rows)) == [Skipped("a file of GDELT's GKG 1.0, which holds no titles", NAME)]


def test_themes_are_spelt_as_gdelt_spells_them(captured):
    """Each theme asked for stands in GDELT's own list of themes."""
    known = {line.split("\t")[0] for line in (captured / "LOOKUP-GKGTHEMES.TXT").read_text("utf-8").splitlines()}
    lists = tomllib.loads(Path(gdelt.__file__).with_suffix(".toml").read_text("utf-8"))
    assert set(lists["themes"]) - known == set()
