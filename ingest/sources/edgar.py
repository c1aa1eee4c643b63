"""SEC EDGAR: 8-K filings of the companies in watched.toml, from the list of current filings and the daily indexes.

The list gives today's and yesterday's filings, the daily index any past day; each filing of a watched company is then
fetched whole, once. Its acceptance time, to the second, is when it became public.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib import resources

from ingest.documents import make_document
from ingest.edgar_filing import ITEMS, NEW_YORK, Filing, name_item, read_eps, read_guidance, read_submission
from ingest.source import Capture, Client, Page, Parsed, Skipped, Source, Verified, Window
from kb.errors import NotFound
from kb.records import Release

ROOT = "https://www.sec.gov"
AGENT = {"header:User-Agent": "WHYFELL_CONTACT"}  # the SEC wants name and mail address there, sec.gov/os/webmaster-faq
LISTED = timedelta(days=2)  # the list of current filings goes back over about as many days
MOST_PAGES, PER_PAGE = 20, 100
_LISTED_FILING = re.compile(
    r"<title>8-K(?:/A)? - .*?\((\d{10})\).*?</title>.*?<link[^>]*href=\"([^\"]+)-index\.html?\"", re.S
)
_INDEXED_FILING = re.compile(r"^8-K(?:/A)?\s.*?\s(\d{1,10})\s+\d{4}-?\d\d-?\d\d\s+(edgar/data/\S+?\.txt)\s*$", re.M)


@dataclass(frozen=True)
class Company:
    """A company watched: its ticker and the name people use."""

    ticker: str
    name: str


@cache
def read_watched() -> dict[int, Company]:
    """The companies of watched.toml by CIK."""
    text = resources.files("ingest.sources").joinpath("watched.toml").read_text("utf-8")
    return {c["cik"]: Company(ticker, c["name"]) for ticker, c in tomllib.loads(text)["company"].items()}


def fetch(client: Client, window: Window) -> Iterator[Capture]:
    """The submissions of watched companies accepted in the window."""
    found: dict[str, None] = {}
    for address in (*_list_indexed(client, window), *_list_current(client, window)):
        found.setdefault(address)
    yield from client.each([_page_of(address) for address in found])


def _page_of(address: str) -> Page:
    return Page(f"8-K/{address.rpartition('/')[2].removesuffix('.txt')}", address, secrets=AGENT, immutable=True)


def _list_indexed(client: Client, window: Window) -> Iterator[str]:
    """Addresses in the daily indexes of the days before those that the current list covers."""
    day, last = window.since.astimezone(NEW_YORK).date(), (window.until - LISTED).astimezone(NEW_YORK).date()
    while day < last:
        if day.weekday() < 5:
            try:
                index = client.get(_index_page(day)).body.decode("latin-1")
            except NotFound:
                index = ""  # a holiday has none
            yield from (f"{ROOT}/Archives/{path}" for path in list_indexed(index))
        day += timedelta(days=1)


def _index_page(day: date) -> Page:
    place = f"/Archives/edgar/daily-index/{day.year}/QTR{(day.month + 2) // 3}/form.{day:%Y%m%d}.idx"
    return Page(f"index-{day}", ROOT + place, secrets=AGENT, immutable=True)


def _list_current(client: Client, window: Window) -> Iterator[str]:
    """Addresses in the list of current filings, page by page until one is short."""
    if window.until - window.since <= timedelta(0):
        return
    for n in range(MOST_PAGES):
        params = {
            "action": "getcurrent",
            "type": "8-K",
            "count": str(PER_PAGE),
            "start": str(n * PER_PAGE),
            "output": "atom",
        }
        page = Page(f"current-{n}", f"{ROOT}/cgi-bin/browse-edgar", params=params, secrets=AGENT)
        text = client.get(page).body.decode("latin-1")
        yield from list_current(text)
        if text.count("<entry>") < PER_PAGE:
            return


def list_current(atom: str) -> list[str]:
    """Addresses of the submissions of watched companies in a page of the current list."""
    entries = (m for entry in atom.split("<entry>")[1:] if (m := _LISTED_FILING.search(entry)))
    watched = [m[2] for m in entries if int(m[1]) in read_watched()]
    return [f"{address if address.startswith('http') else ROOT + address}.txt" for address in watched]


def list_indexed(index: str) -> list[str]:
    """Paths of the 8-K submissions of watched companies in a daily or quarterly form index."""
    return [m[2] for m in _INDEXED_FILING.finditer(index) if int(m[1]) in read_watched()]


def parse(capture: Capture) -> Parsed:
    """One document an item that moves markets, and the earnings per share where a release states them plainly."""
    filing = read_submission(capture.body)
    company = read_watched().get(filing.cik, Company("", filing.company))
    if filing.form not in ("8-K", "8-K/A"):
        yield Skipped(f"form {filing.form}", filing.accession)
        return
    for words in filing.items:
        number = name_item(words)
        if number is None:
            yield Skipped("an item that is not kept", words)
            continue
        yield _make_document(capture, filing, company, number)
    eps = read_eps(filing.release)
    if company.ticker and eps is not None and "2.02" in map(name_item, filing.items):
        yield Release(f"eps:{company.ticker}", _write_day(filing.period), filing.accepted_at, "SEC EDGAR", eps)


def _write_day(text: str) -> str:
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}"


def _make_document(capture: Capture, filing: Filing, company: Company, number: str):  # noqa: ANN202 Document | Skipped
    told = f"{company.name} files an 8-K{' amendment' if filing.form.endswith('/A') else ''}: {ITEMS[number][1]}"
    if number == "2.02":
        told = _tell_results(filing, company.name) or told
    heading = next((line for line in filing.release.splitlines() if 30 <= len(line) <= 200), "")
    place = f"{ROOT}/Archives/edgar/data/{filing.cik}/{filing.accession.replace('-', '')}/{filing.accession}-index.htm"
    return make_document(
        capture,
        "SEC EDGAR",
        told,
        filing.accepted_at,
        native=f"{filing.accession}/{number}",
        url=place,
        summary=heading,
    )


def _tell_results(filing: Filing, name: str) -> str:
    eps, outlook = read_eps(filing.release), read_guidance(filing.release)
    said = [] if eps is None else [f"reports earnings of {eps:.2f} dollars a diluted share"]
    said += [outlook] if outlook else []
    return f"{name} {' and '.join(said)}" if said else ""


SOURCES = (
    Source(
        name="edgar", publisher="US Securities and Exchange Commission", address=f"{ROOT}/edgar",
        licence="public; at most 10 requests a second with a user agent that names a person (sec.gov/os/accessing-edgar-data)",
        cadence=timedelta(days=1), rate=5.0, rows_a_day=(0, 120), parser_version=1, verified=Verified.CAPTURE,
        fetch=fetch, parse=parse, lag=timedelta(days=3), needs=("WHYFELL_CONTACT",), api=True,
    ),
)  # fmt: skip
