"""Time a large night on top of a million documents: `python tests/bench/night_scale.py [DOCUMENTS] [--home HOME]`.

Generated (seed 20260101): 200 feeds of 50 entries, 5,000 rows of GDELT, 300 filings and 60 figures with vintages, through the
real parsers, kept bytes, ledger, tagger, events and mart; only the servers are played, in this process, so that what is
timed is all but the network. With --home a copy of that home is used as it is, instead of generated documents. Bounds: 90 s
and 1.5 GB for the night; a second night may change nothing.
"""

from __future__ import annotations

import io
import json
import random
import resource
import shutil
import sys
import tempfile
import time
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ingest import gathering
from ingest.build import run_build
from ingest.fetch import Answer, Validators
from ingest.snapshot import Snapshots
from ingest.source import Page
from ingest.source_client import SourceClient
from ingest.sources import edgar, fred, gdelt, rss
from ingest.sources.watched import read_companies_by_cik
from kb.ledger import open_ledger
from kb.ledger_write import store_records
from kb.records import Document, Precision, hash_id
from kb.settings import Home

LONGEST, LARGEST = 90.0, 1_500_000  # seconds, kB
CHANCE = random.Random(20260101)
NOW = datetime.now(UTC)
SUBJECTS = (
    "Fed|ECB|White House|Congress|Apple|Nvidia|oil|gold|bitcoin|China|payrolls|inflation|banks|stocks|yields".split("|")
)
VERBS = "rises|falls|slides|warns of|votes on|delays|raises|cuts|beats|misses|sues|halts|extends|reviews|rejects|backs".split(
    "|"
)
OBJECTS = (
    "rates|tariffs|shutdown|earnings|jobs report|sanctions|outlook|budget|merger|default|exports|strike|lawsuit".split(
        "|"
    )
)


def make_title():
    """A headline out of words, with a number and a name that few share."""
    word = "".join(CHANCE.choice("bcdfglmnprst") + CHANCE.choice("aeiou") for _ in range(3))
    said = " ".join(CHANCE.choice(words) for words in (SUBJECTS, VERBS, OBJECTS))
    return f"{said} as {word.title()} {CHANCE.randrange(10_000)}"


def fill(home, count):
    """Documents over twenty years up to now, and a build."""
    engine, step = open_ledger(home, create=True), timedelta(days=7300) / count
    for start in range(0, count, 50_000):
        docs = []
        for n in range(start, min(start + 50_000, count)):
            at = NOW - timedelta(hours=2) - n * step
            docs.append(
                Document(hash_id("made", str(n)), f"wire {n % 40}", make_title(), "", "", at, at, Precision.INSTANT)
            )
        store_records(engine, docs, NOW)
    engine.dispose()
    run_build(home)


class Played:
    """Answers each address with its prepared bytes, as the fetcher would."""

    def __init__(self, bodies):
        self.bodies = bodies

    def fetch(self, page, _validators, **_):
        """The bytes of a page."""
        return Answer(self.bodies[page.url], "", Validators('"1"'))


def make_feed(n):
    """A feed of fifty entries of the last day."""
    items = [
        f"<item><title>{make_title()}</title><link>https://example.org/{n}/{k}</link><guid>{n}-{k}</guid>"
        f"<pubDate>{NOW - timedelta(minutes=k * 25):%a, %d %b %Y %H:%M:%S} +0000</pubDate></item>"
        for k in range(50)
    ]
    return f"<?xml version='1.0'?><rss version='2.0'><channel><title>x</title>{''.join(items)}</channel></rss>".encode()


def make_gdelt(n, rows):
    """A file of rows of GKG 2.1 that are kept."""
    at = f"{NOW - timedelta(hours=1):%Y%m%d%H}0000"
    lines = []
    for k in range(rows):
        cells = [""] * 27
        cells[0], cells[1], cells[2], cells[3] = f"{at}-{k}", at, "1", "reuters.com"
        cells[4], cells[7] = f"https://www.reuters.com/{n}/{k}", "ECON_GOLDPRICE;"
        cells[26] = f"<PAGE_TITLE>{make_title()}</PAGE_TITLE>"
        lines.append("\t".join(cells))
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{at}.gkg.csv", "\n".join(lines) + "\n")
    return kept.getvalue()


def make_filing(n):
    """An 8-K of a watched company with a release of forty kilobytes."""
    watched = list(read_companies_by_cik())
    cik = watched[n % len(watched)]
    head = (
        f"<SEC-HEADER>x\n<ACCEPTANCE-DATETIME>{NOW - timedelta(hours=9):%Y%m%d%H%M%S}\nACCESSION NUMBER:\t{n:010}-26-000001\n"
        "CONFORMED SUBMISSION TYPE:\t8-K\nCONFORMED PERIOD OF REPORT:\t20261126\nITEM INFORMATION:\tOther Events\n"
        f"COMPANY CONFORMED NAME:\tX\nCENTRAL INDEX KEY:\t{cik}\n</SEC-HEADER>\n<DOCUMENT>\n<TYPE>EX-99.1\n<TEXT><html><body>"
    )
    return (head + "".join(f"<p>{make_title()}</p>" for _ in range(600)) + "</body></html></TEXT></DOCUMENT>").encode()


def make_series(_):
    """Fifteen months of levels, each revised four times."""
    rows = [
        {"date": f"{2025 + m // 12}-{m % 12 + 1:02}-01", "value": str(100 + m + r / 10),
         "realtime_start": f"2026-{r + 6:02}-{m + 1:02}",
         "realtime_end": f"2026-{r + 7:02}-{m:02}" if r < 3 and m else "9999-12-31"}
        for m in range(15) for r in range(4)
    ]  # fmt: skip
    return json.dumps({"count": len(rows), "observations": rows}).encode()


def name_gdelt(n):
    """The name of a file of so many quarters of an hour ago."""
    return f"{NOW - timedelta(minutes=15 * n):%Y%m%d%H%M}00.gkg.csv.zip"


def prepare():
    """The night's sources with their pages, and the bytes of each."""
    feeds = [f.name for f in rss.list_feeds()]
    series = ["cpi_mom", "ppi_mom", "unemployment_rate", "retail_sales_mom"]
    kinds = [
        (rss.SOURCES[0], 200, make_feed, lambda n: feeds[n % len(feeds)]),
        (gdelt.SOURCES[0], 50, lambda n: make_gdelt(n, 100), name_gdelt),
        (edgar.SOURCES[0], 300, make_filing, lambda n: f"8-K/{n}"),
        (fred.SOURCES[0], 4, make_series, lambda n: series[n]),
    ]  # fmt: skip
    sources, bodies = [], {}
    for source, count, make, name in kinds:
        pages = [Page(name(n), f"https://example.org/{source.name}/{n}") for n in range(count)]
        bodies.update({p.url: make(n) for n, p in enumerate(pages)})
        sources.append(replace(source, fetch=lambda client, _, pages=pages: client.each(pages), rate=1e6))
    return sources, bodies


def run_once(home, sources, bodies):
    """Seconds of gathering and of the build, and how many rows were new."""
    began = time.monotonic()
    engine, snapshots, fetcher = open_ledger(home), Snapshots(home.snapshots), Played(bodies)
    jobs = [(s, gathering.find_window(s, {}, None, NOW)) for s in sources]
    gathered = gathering.gather(engine, jobs, lambda s, marks: SourceClient(s, fetcher, snapshots, marks))
    engine.dispose()
    middle = time.monotonic()
    for g in gathered:
        print(f"  {g.source.name}: {g.records} rows, {g.new} new, {g.skipped or 'none set aside'}, {g.errors[:1]}")
    new = sum(g.new for g in gathered)
    if new:
        run_build(home)
    return middle - began, time.monotonic() - middle, new


def main():
    """Fill or copy a home, run the night twice, print and hold the bounds."""
    count = next((int(a) for a in sys.argv[1:] if a.isdigit()), 1_000_000)
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home")
        if "--home" in sys.argv:
            shutil.copytree(sys.argv[sys.argv.index("--home") + 1], home.path, symlinks=True)
        else:
            fill(home, count)
        sources, bodies = prepare()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        gather_seconds, build_seconds, new = run_once(home, sources, bodies)
        largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(f"{new} new rows: gathering {gather_seconds:.1f} s, build {build_seconds:.1f} s")
        print(f"largest process {largest / 1e6:.2f} GB, before the night {before / 1e6:.2f} GB")
        again = run_once(home, sources, bodies)[2]
        print(f"second night: {again} new rows")
    if gather_seconds + build_seconds > LONGEST or largest > LARGEST or again:
        raise SystemExit(f"Passed a bound: {LONGEST:.0f} s, {LARGEST / 1e6:.1f} GB, no new row the second time.")


if __name__ == "__main__":
    main()
