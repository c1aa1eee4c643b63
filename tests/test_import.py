"""`whyfell import`: the user's own files become rows of the ledger, once each, or are set aside with a reason."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from kb.ledger import hold_lock
from kb.settings import Home

NEWS = [
    # title, source, url, public_lo, public_hi, precision: by hand from recorded/news.*
    (
        "Fed holds rates, signals patience", "Example Wire", "https://example.org/fed",
        "2026-01-28 19:00:00", "2026-01-28 19:00:00", "instant",
    ),
    (
        "Gold & silver plunge", "Gazette", "https://example.org/gold",
        "2026-01-30 00:00:00", "2026-01-31 12:00:00", "day",
    ),
    ("President names new Fed chair", "Gazette", "", "2026-01-30 00:00:00", "2026-01-31 12:00:00", "day"),
    (
        "Producer prices rise 0.5% in December", "Bureau", "",
        "2026-01-30 13:30:00", "2026-01-30 13:30:00", "instant",
    ),
    (
        "Stocks slip as Microsoft sinks", "Example Wire", "https://example.org/close",
        "2026-01-29 21:10:00", "2026-01-29 21:10:00", "instant",
    ),
]  # fmt: skip
PRICES = [
    # symbol, session, open, high, low, close, volume: by hand from recorded/prices.*
    ("GLD", "2026-01-30", 462.49, None, None, 1444.95, None),
    ("^GSPC", "2026-01-29", 6977.74, 6992.84, 6870.80, 6969.01, 5690150000),
    ("^GSPC", "2026-01-30", None, None, None, 6939.03, None),
]
FIGURES = {
    # kind: a file, and by hand from it the table, its columns, its rows
    "funding": (
        "asset,at,venue,rate,source\n"
        "btc,2026-01-31T16:00:00Z,Venue A,-0.0002,\n"
        "ETH,2026-02-01T02:00:00+02:00,Venue A,0.0001,Desk\n"
        "BTC,2026-02-01,all venues,0,Desk\n",
        "funding",
        ("asset", "at", "venue", "source", "rate"),
        [
            ("BTC", "2026-01-31 16:00:00", "Venue A", "given", -0.0002),
            ("BTC", "2026-02-01 00:00:00", "all venues", "Desk", 0),
            ("ETH", "2026-02-01 00:00:00", "Venue A", "Desk", 0.0001),
        ],
    ),
    "open-interest": (
        'asset,at,venue,usd\nbtc,2026-01-31T16:00:00Z,Venue A,"12,500,000,000"\nETH,2026-02-01,all venues,3.1e10\n',
        "open_interest",
        ("asset", "at", "venue", "source", "usd"),
        [
            ("BTC", "2026-01-31 16:00:00", "Venue A", "given", 1.25e10),
            ("ETH", "2026-02-01 00:00:00", "all venues", "given", 3.1e10),
        ],
    ),
    "breadth": (
        "date,pct_above_ma20,pct_above_ma50,pct_above_ma200,note\n"
        "2026-01-29,48.5,55,62.25,calm\n2026-01-30,,41,100,\n2026-02-02,0,,,\n",
        "breadth",
        ("session", "above_20", "above_50", "above_200", "source"),
        [
            ("2026-01-29", 0.485, 0.55, 0.6225, "given"),
            ("2026-01-30", None, 0.41, 1, "given"),
            ("2026-02-02", 0, None, None, "given"),
        ],
    ),
}
TABLES = {"news": "document", "prices": "bar", "releases": "release", "liquidations": "liquidation"} | {
    kind: table for kind, (_, table, _, _) in FIGURES.items()
}
DOCUMENT = ("title", "source", "url", "public_lo", "public_hi", "precision")
BAR = ("symbol", "session", "open", "high", "low", "close", "volume")


@pytest.fixture
def home(tmp_path):
    """A home that does not exist yet."""
    return Home(tmp_path / "home")


@pytest.fixture
def bring(run, home, tmp_path):
    """Import text written to a file: `bring("news", "a.csv", text)` -> what the command said, as JSON."""

    def write_and_import(kind, name, content, code=0):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        done = run("import", kind, path, "--json", home=home)
        assert done.code == code, done.err
        return done.json[0] if code == 0 else done

    return write_and_import


def plain(rows):
    """Rows as tuples, instants without SQLite's fraction of a second."""
    return [tuple(v.removesuffix(".000000") if isinstance(v, str) else v for v in row.values()) for row in rows]


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_news_of_every_format_become_the_same_documents(run, home, recorded, ledger_rows, ending):
    """A recorded news file gives exactly the documents worked out by hand, whatever its format."""
    done = run("import", "news", recorded / f"news.{ending}", home=home)
    assert done.code == 0
    assert plain(ledger_rows(home, "document", *DOCUMENT)) == NEWS


def test_one_item_in_three_formats_is_one_document(run, home, recorded, ledger_rows):
    """CSV, JSONL and Parquet of the same items together hold no more documents than one of them."""
    files = [recorded / f"news.{e}" for e in ("csv", "jsonl", "parquet")]
    assert run("import", "news", *files, home=home).code == 0
    assert len(ledger_rows(home, "document")) == len(NEWS)


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_prices_of_every_format_become_the_same_bars(run, home, recorded, ledger_rows, ending):
    """A recorded price file gives exactly the bars worked out by hand; commas in thousands and `nan` are understood."""
    assert run("import", "prices", recorded / f"prices.{ending}", home=home).code == 0
    assert plain(ledger_rows(home, "bar", *BAR)) == PRICES


def test_releases_keep_their_instant_and_what_was_expected(run, home, recorded, ledger_rows):
    """08:30 in New York in January is 13:30 UTC; an absent consensus stays unknown."""
    assert run("import", "releases", recorded / "releases.csv", home=home).code == 0
    columns = ("indicator", "period", "released_at", "actual", "consensus", "previous")
    assert plain(ledger_rows(home, "release", *columns)) == [
        ("PPI m/m", "2025-12", "2026-01-30 13:30:00", 0.5, 0.2, 0.2),
        ("Unemployment rate", "2025-12", "2026-01-09 13:30:00", 4.4, None, 4.5),
    ]


def test_liquidations_are_kept_by_asset_hour_and_venue(run, home, recorded, ledger_rows):
    """Assets are in capitals, dollars by side as given, an unknown side stays unknown."""
    assert run("import", "liquidations", recorded / "liquidations.csv", home=home).code == 0
    rows = plain(ledger_rows(home, "liquidation", "asset", "at", "long_usd", "short_usd", "venue"))
    assert rows == [
        ("ALL", "2026-02-01 00:00:00", 2.2e9, None, "all venues"),
        ("BTC", "2026-01-31 18:00:00", 1.3e9, 2e8, "all venues"),
    ]


@pytest.mark.parametrize("kind", FIGURES)
def test_funding_open_interest_and_breadth_are_kept_as_given(bring, home, ledger_rows, kind):
    """Assets in capitals, instants in UTC, percentages as fractions; what is empty stays unknown, zero stays zero."""
    text, table, columns, rows = FIGURES[kind]
    for new in (len(rows), 0):
        assert bring(kind, "given.csv", text)["new"] == new
        assert plain(ledger_rows(home, table, *columns)) == rows
        assert {r["origin"] for r in ledger_rows(home, table)} == {"import"}


HOURS = (
    "asset,at,long_usd,short_usd,venue,hours,method\n"
    "BTC,2026-01-31T18:00:00Z,1300000000,,all venues,24,press report\n"
    "BTC,2026-01-31T18:00:00Z,400000000,100000000,all venues,4,venue feed\n"
    "BTC,2026-01-31T18:00:00Z,70000000,,all venues,0.5,\n"
    "ETH,2026-01-31T18:00:00Z,5000000,,all venues,,\n"
)


def test_totals_over_other_hours_stand_side_by_side(bring, home, ledger_rows):
    """4 and 24 hours up to one instant are two figures, each with its method; without hours a total is over 24."""
    for new in (4, 0):
        assert bring("liquidations", "l.csv", HOURS)["new"] == new
        rows = plain(ledger_rows(home, "liquidation", "asset", "hours", "method", "long_usd", "short_usd"))
        assert rows == [
            ("BTC", 0.5, "", 7e7, None),
            ("BTC", 24, "press report", 1.3e9, None),
            ("BTC", 4, "venue feed", 4e8, 1e8),
            ("ETH", 24, "", 5e6, None),
        ]


REVISED = {
    # kind: header and row up to the value that is revised, its column in the ledger, how many of the unit given make one there
    "liquidations": ("asset,at,venue,short_usd,hours,long_usd", "BTC,2026-01-31T18:00:00Z,V,,4,", "long_usd", 1),
    "funding": ("asset,at,venue,rate", "BTC,2026-01-31T16:00:00Z,V,0.", "rate", 100),
    "open-interest": ("asset,at,venue,usd", "BTC,2026-01-31T16:00:00Z,V,", "usd", 1),
    "breadth": ("date,pct_above_ma50", "2026-01-30,", "above_50", 100),
}


@pytest.mark.parametrize("kind", REVISED)
def test_a_revised_figure_is_a_new_row(bring, home, ledger_rows, kind):
    """40 → 41 → 41 → 40 are three rows in that order, and the two equal ones in between are one."""
    header, key, column, units = REVISED[kind]
    assert [bring(kind, "r.csv", f"{header}\n{key}{n}\n")["new"] for n in (40, 41, 41, 40)] == [1, 1, 0, 1]
    rows = sorted(ledger_rows(home, TABLES[kind], "recorded_at", column), key=lambda r: r["recorded_at"])
    assert [r[column] for r in rows] == [40 / units, 41 / units, 40 / units]


@pytest.mark.parametrize("kind", TABLES)
def test_importing_again_changes_nothing(run, home, recorded, ledger_rows, kind):
    """A second import of a file reports no new row and leaves every row as it was, `recorded_at` included."""
    table = TABLES[kind]
    run("import", kind, recorded / f"{kind}.csv", home=home)
    before = ledger_rows(home, table)
    again = run("import", kind, recorded / f"{kind}.csv", "--json", home=home)
    assert again.json[0]["new"] == 0
    assert again.json[0]["unchanged"] == again.json[0]["rows"] == len(before)
    assert ledger_rows(home, table) == before


def test_import_never_loads_the_case_files(run, home, recorded, ledger_rows):
    """A home begun by an import holds only what was imported."""
    run("import", "news", recorded / "news.csv", home=home)
    assert {r["origin"] for r in ledger_rows(home, "document")} == {"import"}
    assert ledger_rows(home, "bar") == []


@pytest.mark.parametrize(
    ("stamp", "public_hi"),
    [
        ("2026-01-30T13:30:00", "2026-01-30 13:30:00"),
        ("2026-01-30 13:30", "2026-01-30 13:30:00"),
        ("2026-01-30T08:30:00-05:00", "2026-01-30 13:30:00"),
        ("2026-01-30 13:30:00+00", "2026-01-30 13:30:00"),
        ("2026-07-30T08:30:00-0400", "2026-07-30 12:30:00"),
        ("2026-01-30T23:59:59.5Z", "2026-01-30 23:59:59.500000"),
    ],
)
def test_instants_are_utc(bring, home, ledger_rows, stamp, public_hi):
    """A time without a zone is UTC, one with an offset is converted."""
    bring("news", "n.csv", f"title,published_at\nStocks fall,{stamp}\n")
    row = ledger_rows(home, "document", "public_lo", "public_hi", "precision")[0]
    assert row["precision"] == "instant"
    assert row["public_lo"] == row["public_hi"]
    assert row["public_hi"].removesuffix(".000000") == public_hi


@pytest.mark.parametrize(
    "columns", ["title,date\nStocks fall,2026-03-31", "title,published_at\nStocks fall,2026-03-31",
                "title,published_at\nStocks fall,2026-03-31T00:00:00Z"],
)  # fmt: skip
def test_a_bare_day_is_a_bracket(bring, home, ledger_rows, columns):
    """A day, also one written as midnight, means: public between 00:00 UTC and 12:00 UTC of the next day."""
    bring("news", "n.csv", columns + "\n")
    assert plain(ledger_rows(home, "document", "public_lo", "public_hi", "precision")) == [
        ("2026-03-31 00:00:00", "2026-04-01 12:00:00", "day")
    ]


def captured(items, publishers, stamp="2026-01-30T18:40:07Z"):
    """News of a collector: so many items of so many publishers under one stamp."""
    rows = [f"Headline number {n},{stamp},Publisher {n % publishers}" for n in range(items)]
    return "title,published_at,source\n" + "\n".join(rows) + "\n"


@pytest.mark.parametrize(
    ("items", "publishers", "precision"), [(40, 8, "capture"), (3, 3, "instant"), (40, 1, "instant")]
)
def test_hours_of_collection_are_found(bring, home, ledger_rows, items, publishers, precision):
    """A stamp shared by many items of many publishers is when a collector looked: public up to 24 hours earlier."""
    bring("news", "n.csv", captured(items, publishers))
    rows = ledger_rows(home, "document", "public_lo", "public_hi", "precision")
    lo = "2026-01-29 18:40:07" if precision == "capture" else "2026-01-30 18:40:07"
    assert set(plain(rows)) == {(lo, "2026-01-30 18:40:07", precision)}


def test_a_revision_is_a_new_row_and_an_equal_bar_is_not(bring, home, ledger_rows):
    """100 → 101 → 101 → 100 are three rows: what was believed when stays known."""
    for close in (100, 101, 101.0, 100):
        bring("prices", "p.csv", f"symbol,date,close\nSPX,2026-01-30,{close}\n")
    rows = sorted(ledger_rows(home, "bar", "recorded_at", "close"), key=lambda r: r["recorded_at"])
    assert [r["close"] for r in rows] == [100, 101, 100]
    assert len({r["recorded_at"] for r in rows}) == 3


def test_bars_of_two_sources_stand_side_by_side(bring, home, ledger_rows):
    """The same session from two sources is two rows, neither a revision of the other."""
    bring("prices", "p.csv", "symbol,date,close,source\nSPX,2026-01-30,100,A\nSPX,2026-01-30,101,B\n")
    assert [(r["source"], r["close"]) for r in ledger_rows(home, "bar", "source", "close")] == [("A", 100), ("B", 101)]


BAD_ROWS = {
    "news": (
        "title,published_at,source\n"
        "Stocks fall,2026-01-30T21:00:00Z,Wire\n"
        ",2026-01-30T21:00:00Z,Wire\n"  # line 3: no title
        "Stocks rise,yesterday,Wire\n"  # line 4: no time
        "Stocks flat,2026-02-30T10:00:00Z,Wire\n"  # line 5: no such day
        "Stocks soar,,Wire\n"  # line 6: undated is unknown, never now
        "Stocks jump,0026-01-30T21:00:00Z,Wire\n"  # line 7: a year nobody meant
        "Stocks end lower,2026-01-30T21:05:00Z,Wire\n",
        {3: "title", 4: "published_at", 5: "published_at", 6: ("published_at", "date"), 7: "published_at"},
        2,
    ),
    "prices": (
        "symbol,date,close,volume\n"
        "SPX,2026-01-29,6969.01,1\n"
        "SPX,2026-01-30,n/a,1\n"  # line 3
        ",2026-01-30,6939.03,1\n"  # line 4
        "SPX,30.01.2026,6939.03,1\n"  # line 5
        "SPX,2026-01-30,inf,1\n"  # line 6
        "SPX,2026-01-30,,1\n"  # line 7
        "SPX,2026-01-30,6939.03,many\n"  # line 8
        "SPX,2026-01-30,6939.03,-1\n",  # line 9
        {3: "close", 4: "symbol", 5: "date", 6: "close", 7: "close", 8: "volume", 9: "volume"},
        1,
    ),
    "liquidations": (
        "asset,at,long_usd,short_usd,venue,hours\n"
        "BTC,2026-01-31T18:00:00Z,1,2,V,4\n"
        "BTC,2026-01-31T18:00:00Z,1,2,V,0\n"  # line 3: a total over no time
        "BTC,2026-01-31T18:00:00Z,1,2,V,200\n"  # line 4: more than a week
        "BTC,2026-01-31T18:00:00Z,1,2,V,-4\n"  # line 5
        "BTC,2026-01-31T18:00:00Z,-1,2,V,4\n"  # line 6
        "BTC,2026-01-31T18:00:00Z,1,-2,V,4\n"  # line 7
        "BTC,2026-01-31T18:00:00Z,1,2,,4\n"  # line 8
        "BTC,2026-01-31T18:00:00Z,1,2,V,a day\n"  # line 9
        "BTC,2026-01-31T18:00:00Z,1,,V,168\n",
        {3: "hours", 4: "hours", 5: "hours", 6: "long_usd", 7: "short_usd", 8: "venue", 9: "hours"},
        2,
    ),
    "funding": (
        "asset,at,venue,rate\n"
        "BTC,2026-01-31T16:00:00Z,V,-0.001\n"
        "BTC,2026-01-31T17:00:00Z,V,\n"  # line 3
        "BTC,2026-01-31T17:00:00Z,V,nan\n"  # line 4
        "BTC,2026-01-31T17:00:00Z,V,0.01%\n"  # line 5: a percentage is no fraction
        "BTC,soon,V,0.001\n"  # line 6
        ",2026-01-31T17:00:00Z,V,0.001\n"  # line 7
        "BTC,2026-01-31T17:00:00Z,,0.001\n",  # line 8
        {3: "rate", 4: "rate", 5: "rate", 6: "at", 7: "asset", 8: "venue"},
        1,
    ),
    "open-interest": (
        "asset,at,venue,usd\n"
        "BTC,2026-01-31T16:00:00Z,V,0\n"
        "BTC,2026-01-31T17:00:00Z,V,-1\n"  # line 3
        "BTC,2026-01-31T17:00:00Z,V,\n"  # line 4
        "BTC,2026-01-31T17:00:00Z,V,inf\n"  # line 5
        "BTC,,V,1\n",  # line 6
        {3: "usd", 4: "usd", 5: "usd", 6: "at"},
        1,
    ),
    "breadth": (
        "date,pct_above_ma20,pct_above_ma50,pct_above_ma200\n"
        "2026-01-29,0,,100\n"
        "2026-01-30,101,50,50\n"  # line 3
        "2026-01-30,50,-0.5,50\n"  # line 4
        "2026-01-30,50,50,half\n"  # line 5
        "2026-01-30,,,\n"  # line 6: nothing is said
        "30 January,50,50,50\n",  # line 7
        {
            3: "pct_above_ma20",
            4: "pct_above_ma50",
            5: "pct_above_ma200",
            7: "date",
            6: "pct_above_ma20, pct_above_ma50, pct_above_ma200",
        },
        1,
    ),
}


@pytest.mark.parametrize("kind", BAD_ROWS)
def test_bad_rows_are_set_aside_with_line_column_and_reason(bring, home, ledger_rows, kind):
    """Each bad row is reported with its place and why, kept whole in `rejected`, and the good ones are stored."""
    text, bad, good = BAD_ROWS[kind]
    said = bring(kind, f"mixed-{kind}.csv", text)
    assert (said["rejected"], said["new"]) == (len(bad), good)
    assert len(ledger_rows(home, TABLES[kind])) == good
    entries = [json.loads(line) for f in home.rejected.iterdir() for line in f.read_text("utf-8").splitlines()]
    assert {e["line"] for e in entries} == set(bad)
    for entry in entries:
        assert entry["column"] in bad[entry["line"]]
        assert entry["reason"]
        assert any(str(v) in text for v in entry["row"].values() if v)
    assert f"mixed-{kind}.csv, line 3, column {bad[3]}" in said["reasons"][0]


def test_a_decimal_comma_is_never_read_as_thousands(bring, home, ledger_rows):
    """`6939,03` is a European decimal, not 693,903: it is refused or read as 6939.03, nothing else."""
    bring("prices", "p.csv", 'symbol,date,close\nSPX,2026-01-30,"6939,03"\n')
    assert [r["close"] for r in ledger_rows(home, "bar")] in ([], [6939.03])


def test_a_date_followed_by_other_things_is_refused(bring, home, ledger_rows):
    """`2026-01-301` is a slip of the pen, not 30 January."""
    said = bring("prices", "p.csv", "symbol,date,close\nSPX,2026-01-301,100\n")
    assert said["rejected"] == 1
    assert ledger_rows(home, "bar") == []


def test_an_unquoted_comma_does_not_shift_values_silently(bring, home, ledger_rows):
    """A title with a bare comma pushes the time out of its column: that row is refused, the next one kept."""
    said = bring("news", "n.csv", "title,date\nStocks, bonds fall,2026-01-30\nGold falls,2026-01-30\n")
    assert said["rejected"] == 1
    assert [r["title"] for r in ledger_rows(home, "document")] == ["Gold falls"]


def test_lines_of_jsonl_that_are_not_objects_are_set_aside(bring, home, ledger_rows):
    """Broken JSON, a list and a bare word each cost one row."""
    lines = ['{"title": "Stocks fall", "date": "2026-01-30"}', '{"title": "half', "[1, 2]", "null",
             '{"title": "Gold falls", "date": "2026-01-30"}', ""]  # fmt: skip
    said = bring("news", "n.jsonl", "\n".join(lines) + "\n")
    assert (said["rejected"], said["new"]) == (3, 2)
    assert {r["title"] for r in ledger_rows(home, "document")} == {"Stocks fall", "Gold falls"}


@pytest.mark.parametrize(
    ("kind", "header", "named"),
    [
        ("news", "headline,published_at", ["title"]),
        ("news", "title,when", ["published_at", "date"]),
        ("prices", "symbol,close", ["date"]),
        ("releases", "indicator,period,actual", ["released_at"]),
        ("liquidations", "asset,at,long_usd,venue", ["short_usd"]),
        ("funding", "asset,at,venue", ["rate"]),
        ("open-interest", "asset,at,usd", ["venue"]),
        ("breadth", "date,above", ["pct_above_ma20", "pct_above_ma50", "pct_above_ma200"]),
    ],
)
def test_missing_columns_are_named(bring, home, kind, header, named):
    """Wrong columns end the import with exit code 1, naming what is needed and what was found; nothing is stored."""
    done = bring(kind, "wrong.csv", header + "\n" + ",".join("x" * (header.count(",") + 1)) + "\n", code=1)
    for word in [*named, *header.split(","), "wrong.csv"]:
        assert word in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.csv", b"", "empty"),
        ("empty.jsonl", b"", "empty"),
        ("notes.xlsx", b"PK\x03\x04", ".xlsx"),
        ("noending", b"title,date\n", "ending"),
        ("blank.csv", b"\n\n", "columns"),
        ("fake.parquet", b"title,date\nStocks fall,2026-01-30\n", "Parquet"),
    ],
)
def test_files_that_are_no_tables_end_with_a_sentence(bring, name, content, said):
    """An empty, foreign or false file is an error of one sentence with exit code 1."""
    done = bring("news", name, content, code=1)
    assert said in done.err
    assert done.err.count("\n") <= 2
    assert "Traceback" not in done.err


def test_a_header_without_rows_is_no_error(bring):
    """A file of only a header imports nothing and says so."""
    assert bring("news", "n.csv", "title,date\n")["rows"] == 0


def test_a_half_written_parquet_file_is_an_error(bring, home, recorded):
    """A Parquet file cut off in the middle stores nothing and is named."""
    whole = (recorded / "news.parquet").read_bytes()
    done = bring("news", "half.parquet", whole[: len(whole) // 2], code=1)
    assert "half.parquet" in done.err


def test_a_missing_file_does_not_stop_the_others(run, home, recorded, tmp_path, ledger_rows):
    """Of two files the one that is there is imported; the other is named, exit code 1."""
    done = run("import", "prices", tmp_path / "absent.csv", recorded / "prices.csv", home=home)
    assert done.code == 1
    assert "absent.csv" in done.err
    assert len(ledger_rows(home, "bar")) == len(PRICES)


def test_an_unknown_kind_names_the_kinds(run, home, recorded):
    """`import quotes` names the kinds that there are."""
    done = run("import", "quotes", recorded / "prices.csv", home=home)
    assert done.code == 1
    for kind in TABLES:
        assert kind in done.err


def test_many_duplicates_are_one_row(bring, home, ledger_rows):
    """200,000 equal rows give one document."""
    said = bring("news", "n.csv", "title,published_at\n" + "Stocks fall,2026-01-30T21:00:00Z\n" * 200_000)
    assert (said["rows"], said["new"]) == (200_000, 1)
    assert len(ledger_rows(home, "document")) == 1


def test_a_byte_order_mark_is_no_part_of_the_first_column(bring, home, ledger_rows):
    """A file as spreadsheets write it, with mark, CRLF and spaces in the header."""
    bring("news", "n.csv", b"\xef\xbb\xbftitle, date\r\nStocks fall,2026-01-30\r\n")
    assert [r["title"] for r in ledger_rows(home, "document")] == ["Stocks fall"]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_notes_above_the_header_are_passed_over(bring, home, ledger_rows, mark, end):
    """Lines that begin with # above the header are no rows; lines are still counted from the top of the file."""
    lines = [
        b'# By a desk, "in percent',
        b"#",
        b"date,pct_above_ma50",
        b"2026-01-29,40",
        b"2026-01-30,140",
        b"2026-02-02,50",
    ]
    said = bring("breadth", "b.csv", mark + end.join(lines) + end)
    assert (said["rows"], said["new"], said["rejected"]) == (3, 2, 1)
    assert "b.csv, line 5, column pct_above_ma50" in said["reasons"][0]
    entries = [json.loads(line) for f in home.rejected.iterdir() for line in f.read_text("utf-8").splitlines()]
    assert [e["line"] for e in entries] == [5]
    assert plain(ledger_rows(home, "breadth", "session", "above_50")) == [("2026-01-29", 0.4), ("2026-02-02", 0.5)]


def test_a_number_sign_below_the_header_is_text(bring, home, ledger_rows):
    """Only above the header is # a note: a title may begin with it."""
    assert bring("news", "n.csv", "title,date\n#1 retailer sinks,2026-01-30\n")["new"] == 1
    assert [r["title"] for r in ledger_rows(home, "document")] == ["#1 retailer sinks"]


def test_nul_and_bad_bytes_do_not_end_the_import(bring, home, ledger_rows):
    """NUL bytes vanish, a byte that is no UTF-8 becomes the replacement character."""
    bring("news", "n.csv", b"title,date\nStocks\0 fall,2026-01-30\nCaf\xe9 chain sinks,2026-01-30\n")
    assert {r["title"] for r in ledger_rows(home, "document")} == {"Stocks fall", "Caf\ufffd chain sinks"}


@pytest.mark.parametrize(
    ("raw", "title"),
    [
        ("S&amp;P 500 <b>sinks</b>", "S&P 500 sinks"),
        ("Oil&nbsp;&#8212; down &euro;2", "Oil — down €2"),
        ("Stocks  fall\t again", "Stocks fall again"),
        ("Yields < 4%, VIX > 30", "Yields < 4%, VIX > 30"),
    ],
)
def test_titles_lose_markup_and_entities(bring, home, ledger_rows, raw, title):
    """Markup and entities are gone, signs of comparison stay."""
    bring("news", "n.jsonl", json.dumps({"title": raw, "date": "2026-01-30"}) + "\n")
    assert [r["title"] for r in ledger_rows(home, "document")] == [title]


def test_a_title_of_markup_alone_is_set_aside(bring):
    """Where nothing is left without markup there is no title."""
    assert bring("news", "n.csv", "title,date\n<p></p>,2026-01-30\n")["rejected"] == 1


def test_huge_fields_are_cut_not_refused(bring, home, ledger_rows):
    """A summary of 300,000 characters is no error, and the ledger keeps its beginning."""
    text = "Banks fell. " * 25_000
    bring("news", "n.csv", f'title,date,summary\nStocks fall,2026-01-30,"{text}"\n')
    kept = ledger_rows(home, "document")[0]["summary"]
    assert text.startswith(kept)
    assert 100 <= len(kept) < len(text)


def test_a_field_beyond_all_measure_costs_one_row(bring, home, ledger_rows):
    """A field of eleven million characters is set aside or cut; the rows around it are kept."""
    rows = f"Stocks fall,2026-01-30,\nGold falls,2026-01-30,{'x' * 11_000_000}\nOil falls,2026-01-30,\n"
    bring("news", "n.csv", "title,date,summary\n" + rows)
    assert {"Stocks fall", "Oil falls"} <= {r["title"] for r in ledger_rows(home, "document")}


def test_one_address_with_two_titles_is_two_documents(bring, home, ledger_rows):
    """A page that carries many items (a day of current events) gives as many documents; the same title twice only one."""
    rows = ["Fed cuts rates", "Oil slumps", "Fed cuts rates"]
    lines = "".join(f"{t},2026-01-30,https://example.org/day,Chronicle\n" for t in rows)
    bring("news", "n.csv", "title,date,url,source\n" + lines)
    assert sorted(r["title"] for r in ledger_rows(home, "document")) == ["Fed cuts rates", "Oil slumps"]


def test_a_second_writer_is_told_who_writes(run, home, recorded):
    """While one command holds the home, another ends with exit code 1, naming the holder; afterwards it works."""
    with hold_lock(home, "nightly"):
        done = run("import", "prices", recorded / "prices.csv", home=home)
        assert done.code == 1
        assert "whyfell nightly" in done.err
        assert "process" in done.err
    assert run("import", "prices", recorded / "prices.csv", home=home).code == 0


def test_the_lock_of_a_killed_writer_is_free(run, home, recorded):
    """kill -9 leaves no lock behind."""
    code = (
        "import sys, time; from pathlib import Path; from kb.settings import Home; from kb.ledger import hold_lock\n"
        "with hold_lock(Home(Path(sys.argv[1])), 'build'):\n    print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code, str(home.path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "held\n"
    assert run("import", "prices", recorded / "prices.csv", home=home).code == 1
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    assert run("import", "prices", recorded / "prices.csv", home=home).code == 0


def test_an_import_killed_half_way_is_simply_run_again(run, home, tmp_path, spawn):
    """kill -9 after the first rows are stored, then the same import: every row is there once."""
    path = tmp_path / "n.csv"
    rows = 120_000
    lines = "".join(f"Headline number {n},2026-01-30T21:00:00Z\n" for n in range(rows))
    path.write_text("title,published_at\n" + lines, "utf-8")
    command = [sys.executable, "-m", "kb", "import", "news", str(path), "--home", str(home.path)]
    first = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while first.poll() is None and count_documents(home) == 0:
        time.sleep(0.02)
    first.send_signal(signal.SIGKILL)
    assert first.wait() == -signal.SIGKILL
    assert 0 < count_documents(home) < rows
    assert run("import", "news", path, home=home).code == 0
    assert count_documents(home) == rows


def count_documents(home):
    """How many documents the ledger holds by now; 0 while there is none."""
    if not home.ledger.exists():
        return 0
    connection = sqlite3.connect(home.ledger)
    try:
        return connection.execute("SELECT count(*) FROM document").fetchone()[0]
    except sqlite3.OperationalError:
        return 0
    finally:
        connection.close()


def test_half_a_surrogate_pair_stops_nothing(tmp_path, run):
    """A title with one is kept without it; a bad row with one is set aside as it came."""
    path = tmp_path / "n.jsonl"
    path.write_text('{"title":"kept \\ud800","date":"2020-03-16"}\n{"title":"","date":"x\\ud800"}\n', "utf-8")
    home = Home(tmp_path / "home")
    done = run("import", "news", path, "--json", home=home)
    assert done.code == 0
    assert (done.json[0]["new"], done.json[0]["rejected"]) == (1, 1)
    entry = json.loads(next(home.rejected.glob("*.jsonl")).read_text("utf-8"))
    assert entry["row"]["date"] == "x\ud800"
