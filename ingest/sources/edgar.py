"""Reports on Form 8-K of the watched companies at the SEC: results, officers, bankruptcies, and what else they must tell at once.

The SEC's own servers, in plain HTTP. `fetch` finds the filings in the indexes of each day (or quarter) and, for what these do not
cover yet, in the feed of the latest; `parse` reads one filing, whose header says to the second when it was accepted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta

from ingest.documents import make_document
from ingest.source import Capture, Client, Page, Parsed, Skipped, Source, Verified, Window
from ingest.sources.earnings import Figures, read_figures
from ingest.sources.edgar_filings import NEW_YORK, Filing, Item, find_headline, find_item, find_statement, read_filing
from ingest.sources.edgar_lists import FORMS, Listed, read_current, read_index, read_last_day, read_listing
from ingest.sources.filing_text import cut_text
from ingest.sources.guidance import Guidance, read_guidance
from ingest.sources.watched import Company, read_companies_by_cik
from kb.errors import NotFound
from kb.records import Release, ReleaseStatus

PUBLISHER = "SEC EDGAR"
SITE = "https://www.sec.gov"
CONTACT = {"header:User-Agent": "WHYFELL_CONTACT"}  # the SEC answers those only who say how to reach a person
MOST_DAYS = 20  # of one quarter: beyond that its one index costs less than those of its days
PAGE_ENTRIES, MOST_PAGES = 100, 40
FEED_REACH = timedelta(days=7)  # the feed's pages end a few days back
FIRST_OWNER = ("2.02", "7.01", "8.01", "1.03", "4.02", "5.02")  # whose the press release is, if several items could be


def fetch(client: Client, window: Window) -> Iterator[Capture]:
    """Every 8-K of a watched company that the window's days hold, as full submission text."""
    since, until = (at.astimezone(NEW_YORK).date() for at in (window.since, window.until))
    seen: set[str] = set()
    covered: date | None = None
    for first, last in _split_quarters(since, until):
        listed, covered = _list_quarter(client, first, last)
        yield from client.each(list(_make_pages(listed, seen)))
    if covered is None or covered < until:
        # What was accepted after 17:30 of the last day covered stands in no index yet.
        start = window.since if covered is None else max(window.since, _start_of(covered))
        yield from client.each(list(_make_pages(_list_current(client, start, window.until), seen)))


def _split_quarters(since: date, until: date) -> Iterator[tuple[date, date]]:
    """First and last day of the window within each quarter of the calendar that it touches."""
    while since <= until:
        month = (since.month - 1) // 3 * 3 + 4
        following = date(since.year + month // 12, month % 12, 1) if month > 12 else date(since.year, month, 1)
        yield since, min(until, following - timedelta(days=1))
        since = following


def _list_quarter(client: Client, first: date, last: date) -> tuple[list[Listed], date | None]:
    """Filings of these days (of one quarter) by the SEC's indexes, and the last day that these cover."""
    quarter = f"{first.year}/QTR{(first.month + 2) // 3}"
    days: list[date] = []
    if (last - first).days < MOST_DAYS:
        # The folder is read first: a day without an index, as a Sunday, is answered like a client that is refused.
        days = _ask_listing(client, quarter)
    if days:
        wanted = [day for day in days if first <= day <= last]
        return [row for day in wanted for row in read_index(client.get(_day_page(quarter, day)).body)], days[-1]
    try:
        body = client.get(_page(f"master-{quarter}", f"/Archives/edgar/full-index/{quarter}/master.gz")).body
    except NotFound:
        return [], None  # the first day of a quarter, before its first night
    rows = [row for row in read_index(body) if first <= row.day <= last]
    return rows, read_last_day(body)


def _ask_listing(client: Client, quarter: str) -> list[date]:
    try:
        return read_listing(
            client.get(_page(f"listing-{quarter}", f"/Archives/edgar/daily-index/{quarter}/index.json")).body
        )
    except NotFound:
        return []


def _list_current(client: Client, start: datetime, until: datetime) -> Iterator[Listed]:
    """Filings of the feed of the latest, page by page, until it is older than `start`; none for a window long past."""
    for number in range(MOST_PAGES):
        params = {"action": "getcurrent", "type": "8-K", "owner": "include", "count": str(PAGE_ENTRIES),
                  "start": str(number * PAGE_ENTRIES), "output": "atom"}  # fmt: skip
        page = Page(f"latest-{number}", f"{SITE}/cgi-bin/browse-edgar", params=params, secrets=CONTACT)
        capture = client.get(page)
        if capture.fetched_at - until > FEED_REACH:
            return
        listed, oldest, entries = read_current(capture.body)
        yield from (row for row in listed if row.day <= until.astimezone(NEW_YORK).date())
        if oldest is None or oldest < start or entries < PAGE_ENTRIES:
            return


def _make_pages(listed: Iterable[Listed], seen: set[str]) -> Iterator[Page]:
    """One page for each filing of a watched company not `seen` yet."""
    for row in listed:
        if row.cik in read_companies_by_cik() and row.accession not in seen:
            seen.add(row.accession)
            path = f"/Archives/edgar/data/{int(row.cik)}/{row.accession}.txt"
            yield _page(f"8-K/{row.accession}", path, immutable=True)


def _day_page(quarter: str, day: date) -> Page:
    return _page(f"master-{day:%Y%m%d}", f"/Archives/edgar/daily-index/{quarter}/master.{day:%Y%m%d}.idx")


def _page(name: str, path: str, *, immutable: bool = False) -> Page:
    return Page(name, SITE + path, secrets=CONTACT, immutable=immutable)


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time(), NEW_YORK).astimezone(UTC)


def parse(capture: Capture) -> Parsed:
    """One document for each item of a filing that tells news, and the earnings a share of a report of results."""
    filing = read_filing(capture.body)
    company = next((read_companies_by_cik()[cik] for cik in filing.ciks if cik in read_companies_by_cik()), None)
    if company is None:
        yield Skipped("company not watched", f"{filing.accession}: {', '.join(filing.ciks)}")
        return
    if filing.form not in FORMS:
        yield Skipped(f"form {filing.form}", filing.accession)
        return
    if not filing.items:
        yield Skipped("no item", filing.accession)
    kept: dict[str, Item] = {}
    for heading in filing.items:
        item = find_item(heading)
        if item is None:
            yield Skipped("unknown item", f"{filing.accession}: {heading}")
        elif not item.says:
            yield Skipped(f"item {item.number}", f"{filing.accession}: {heading}")
        else:
            kept[item.number] = item
    owner = next((number for number in FIRST_OWNER if number in kept), "")
    for item in kept.values():
        yield from _read_item(capture, filing, company, item, owns=item.number == owner)


def _read_item(capture: Capture, filing: Filing, company: Company, item: Item, *, owns: bool) -> Parsed:
    release = filing.lines_of("EX-99") if owns else []
    figures = read_figures(release) if item.number == "2.02" else Figures()
    guidance = read_guidance(release) if item.exhibit else None
    cik = next(cik for cik in filing.ciks if cik in company.ciks)
    path = f"/Archives/edgar/data/{int(cik)}/{filing.accession.replace('-', '')}/{filing.accession}-index.htm"
    yield make_document(
        capture, PUBLISHER, _compose_title(filing, company, item, figures, guidance), filing.public_at,
        native=f"{filing.accession} {item.number}", url=SITE + path, summary=_compose_summary(filing, item, release, guidance),
    )  # fmt: skip
    if item.number == "2.02":
        yield from _make_releases(filing, company, figures)


def _compose_title(filing: Filing, company: Company, item: Item, figures: Figures, guidance: Guidance | None) -> str:
    """A sentence of ours: "Microsoft reports adjusted EPS of $4.14 and revenue of $81.3 billion, and cuts its guidance"."""
    verb = "amends" if filing.form.endswith("/A") else "files"
    stated = _join(list(_state_figures(figures)))
    if stated and verb == "files":
        turn = f", and {guidance.turn.value}" if guidance else ""
        return f"{company.name} reports {stated}{turn} (8-K, item {item.number})"
    turn = f" and {guidance.turn.value}" if guidance else ""
    found = f", {stated}" if stated else ""
    return f"{company.name} {verb} an 8-K{turn}: {item.says}{found} (item {item.number})"


def _join(phrases: list[str]) -> str:
    """The phrases as one: "a, b and c"."""
    return " and ".join([", ".join(phrases[:-1]), phrases[-1]] if len(phrases) > 1 else phrases)


def _state_figures(figures: Figures) -> Iterator[str]:
    for name, eps in (("diluted", figures.gaap_eps), ("adjusted", figures.adjusted_eps)):
        if eps is not None:
            yield f"{name} EPS of ${eps:.2f}" if eps >= 0 else f"{name} loss of ${-eps:.2f} a share"
    if figures.revenue:
        yield f"revenue of ${figures.revenue}"


def _compose_summary(filing: Filing, item: Item, release: list[str], guidance: Guidance | None) -> str:
    """The headline of the press release, else the first lines under the item; then the sentence on what is ahead."""
    said = find_headline(release) or find_statement(filing.lines_of("8-K"), item)
    ahead = f"Guidance: {cut_text(guidance.sentence, 200)}" if guidance else ""
    return " ".join(part for part in (said, ahead) if part)


def _make_releases(filing: Filing, company: Company, figures: Figures) -> Parsed:
    """Earnings a share: `eps_gaap:X` by GAAP, `eps:X` on the basis that is forecast, adjusted where the company adjusts."""
    values = {"eps_gaap": figures.gaap_eps, "eps": figures.adjusted_eps}
    if figures.adjusted_eps is None and not figures.mixed:
        values["eps"] = figures.gaap_eps
    at = filing.public_at
    if not any(v is not None for v in values.values()):
        yield Skipped("no earnings a share stated without ambiguity", filing.accession)
    elif not isinstance(at, datetime) or not figures.period:
        yield Skipped("earnings a share without quarter or instant", filing.accession)
    else:
        status = ReleaseStatus.REVISION if filing.form.endswith("/A") else ReleaseStatus.FIRST
        for name, value in values.items():
            if value is not None:
                yield Release(f"{name}:{company.ticker}", figures.period, at, PUBLISHER, value, status=status)


SOURCES: tuple[Source, ...] = (
    Source(
        name="edgar",
        publisher="U.S. Securities and Exchange Commission",
        address=f"{SITE}/search-filings/edgar-search-assistance/accessing-edgar-data",
        licence="Public information, may be copied and passed on (sec.gov/privacy); at most 10 requests a second",
        cadence=timedelta(days=1),
        rate=5.0,
        rows_a_day=(0, 200),  # about 80 companies, 15 filings a year each, bunched in four seasons
        parser_version=1,
        verified=Verified.CAPTURE,
        fetch=fetch,
        parse=parse,
        api=True,
        lag=timedelta(days=4),  # Friday evening's filings are given out on Monday, or Tuesday after a holiday
        needs=("WHYFELL_CONTACT",),
    ),
)
