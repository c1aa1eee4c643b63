"""What happened on each day since July 2002, from Wikipedia's portal of current events: one document a bullet.

The pages of days are read through the MediaWiki API, fifty a question. A page goes on changing for days, so a night asks
for the last week again; an item keeps its id while its words are mended, as long as it cites the same report first. Months
before July 2002 stand on pages of a month in another form and are not asked for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from ingest.documents import make_document
from ingest.source import Capture, Client, Page, Parsed, Skipped, Source, Verified, Window
from ingest.wikitext import LONGEST_BULLET, Bullet, Sentence, drop_templates, has_prose, read_bullets, read_sentence
from kb.errors import Unreadable
from kb.records import Document

API = "https://en.wikipedia.org/w/api.php"
PUBLISHER = "Wikipedia"
PORTAL = "Portal:Current events/"
FIRST_DAY = date(2002, 7, 1)
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip
AT_ONCE = 50  # titles a question, the API's limit for everybody
MOST_PARTS = 50  # answers to one question; one is the rule, as the page of a day has some 30 kB
# To the API a busy server is one whose copies lag this many seconds; it then answers with an error
# (https://www.mediawiki.org/wiki/Manual:Maxlag_parameter), and the next night asks again.
MAXLAG = "5"
_PAGE_TITLE = re.compile(rf"{PORTAL}(\d{{4}}) ({'|'.join(MONTHS)}) (\d{{1,2}})")
# A template held the items, {{Current events|year=…|content= items }}; since mid-2026 one stands before and one after them.
_WRAPPER = re.compile(r"\{\{\s*Current events\s*\|[^{}]*?\bcontent\s*=", re.I)
_ARCHIVE = re.compile(r"^web\.archive\.org/web/\w+/(?:https?:/+)?", re.I)


def fetch(client: Client, window: Window) -> Iterator[Capture]:
    """The pages of the window's days (UTC), one question after the other, as the API's etiquette asks."""
    since, until = (at.astimezone(UTC).date() for at in (window.since, window.until))
    first = max(since, FIRST_DAY)
    days = [first + timedelta(days=n) for n in range((until - first).days + 1)]
    for start in range(0, len(days), AT_ONCE):
        batch = days[start : start + AT_ONCE]
        more: dict[str, str] = {}
        for part in range(MOST_PARTS):
            capture = client.get(_page(batch, more, part))
            yield capture
            more = _read_continuation(capture)
            if not more:
                break


def _page(days: list[date], more: dict[str, str], part: int) -> Page:
    asked = {
        "action": "query", "format": "json", "formatversion": "2", "maxlag": MAXLAG, "prop": "revisions",
        "rvprop": "content|ids|timestamp", "rvslots": "main", "titles": "|".join(name_page(d) for d in days),
    }  # fmt: skip
    name = f"{days[0]}..{days[-1]}"
    return Page(f"{name}/{part + 1}" if part else name, API, params={**asked, **more})


def name_page(day: date) -> str:
    """The title of a day's page: "Portal:Current events/2026 January 30"."""
    return f"{PORTAL}{day.year} {MONTHS[day.month - 1]} {day.day}"


def _read_continuation(capture: Capture) -> dict[str, str]:
    """What to add to the question for the pages that one answer did not hold; nothing where it held all."""
    try:
        more = _read_answer(capture).get("continue")
    except Unreadable:
        return {}  # `parse` says so
    return {k: str(v) for k, v in more.items()} if isinstance(more, dict) else {}


def _read_answer(capture: Capture) -> dict[str, Any]:
    asked = f"Wikipedia's answer for the days {capture.name}"
    try:
        answer = json.loads(capture.body)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise Unreadable(asked, f"no JSON object but {capture.body[:60]!r}", "Look at the kept bytes.")
    if "error" in answer:
        raise Unreadable(asked, f"the error {str(answer['error'])[:200]}", "The next night asks again.")
    query = answer.get("query")
    if not isinstance(query, dict) or not isinstance(query.get("pages"), list):
        raise Unreadable(asked, "no list of pages", "Look at the kept bytes.")
    return answer


def parse(capture: Capture) -> Parsed:
    """The items of the days in one answer. Raises Unreadable for an error of the API or another kind of answer."""
    answer = _read_answer(capture)
    in_parts = "continue" in answer or "/" in capture.name
    for page in answer["query"]["pages"]:
        title = page.get("title") if isinstance(page, dict) else None
        day = _read_day(title)
        if day is None:
            yield Skipped("a page that is no day's", str(title or page)[:100])
            continue
        revision = _read_revision(page)
        if isinstance(revision, tuple):
            yield from _read_items(capture, day, *revision)
        elif page.get("missing") or "revisions" in page or not in_parts:
            yield revision  # else its text stands in another part of the answer


def _read_day(title: object) -> date | None:
    found = _PAGE_TITLE.fullmatch(title) if isinstance(title, str) else None
    try:
        return date(int(found[1]), MONTHS.index(found[2]) + 1, int(found[3])) if found else None
    except ValueError:
        return None


def _read_revision(page: dict[str, Any]) -> tuple[str, int | None] | Skipped:
    """The wikitext of a page and the number of its version, or why there is none."""
    if page.get("missing"):
        return Skipped("no page of that day", page["title"])
    try:
        version = page["revisions"][0]
        text, number = version["slots"]["main"]["content"], version.get("revid")
    except (KeyError, IndexError, TypeError, AttributeError):
        return Skipped("a page without text", page["title"])
    if not isinstance(text, str):
        return Skipped("a page without text", page["title"])
    # JSON can spell half a surrogate pair, which no database stores.
    return text.encode("utf-8", "replace").decode("utf-8"), number if isinstance(number, int) else None


def _read_items(capture: Capture, day: date, text: str, revision: int | None) -> Iterator[Document | Skipped]:
    url, used = _address(day, revision), set[str]()
    for bullet in read_bullets(drop_templates(_WRAPPER.sub("\n", text))):
        if isinstance(bullet, str):
            yield Skipped("a line that is no bullet", f"{day} {bullet[:100]}")
            continue
        if len(bullet.markup) > LONGEST_BULLET:
            yield Skipped(f"a bullet of more than {LONGEST_BULLET} characters", f"{day} {bullet.markup[:100]}")
            continue
        sentence = read_sentence(bullet.markup)
        if sentence.words and (sentence.addresses or (bullet.leaf and has_prose(bullet.markup))):
            native = name_item(day, sentence, used)
            used.add(native)
            yield make_document(
                capture, PUBLISHER, sentence.words, day, native=native, url=url, summary=_summarise(bullet, sentence)
            )
        elif bullet.leaf:
            yield Skipped("a topic without an item", f"{day} {sentence.words[:100]}")


def _address(day: date, revision: int | None) -> str:
    """The page as it was read: the licence asks to name the authors, who stand in its history."""
    title = name_page(day).replace(" ", "_")
    if revision is None:
        return f"https://en.wikipedia.org/wiki/{quote(title, safe=':/')}"
    return f"https://en.wikipedia.org/w/index.php?{urlencode({'title': title, 'oldid': revision}, safe=':/')}"


def name_item(day: date, sentence: Sentence, used: set[str]) -> str:
    """A name of the item that outlasts edits: its day and the first report it cites, else its words.

    Addresses are compared without scheme, www. and archive, which robots change. An item that cites first what another of
    its day does (in `used`) is told apart by its words.
    """
    words = " ".join(re.findall(r"\w+", sentence.words.casefold()))
    if not sentence.addresses:
        return f"{day}|{words}"
    address = re.sub(r"^(?:https?:)?//", "", sentence.addresses[0], flags=re.I)
    address = re.sub(r"^www\.", "", _ARCHIVE.sub("", address), flags=re.I).partition("#")[0].rstrip("/")
    name = f"{day}|{address}"
    return f"{name}|{words}" if name in used else name


def _summarise(bullet: Bullet, sentence: Sentence) -> str:
    """Heading, topics and who reported it: "Business and economy; 2026 oil crisis; reported by Reuters"."""
    above = [read_sentence(markup[:LONGEST_BULLET]) for markup in bullet.above]
    topics = [s.words.rstrip(" :") for s in above if not s.addresses]
    reported = f"reported by {', '.join(sentence.publishers)}" if sentence.publishers else ""
    return "; ".join(part for part in (bullet.heading, *topics, reported) if part)


SOURCES = (
    Source(
        name="wikipedia", publisher=PUBLISHER, address="https://en.wikipedia.org/wiki/Portal:Current_events",
        licence="CC BY-SA 4.0 (https://creativecommons.org/licenses/by-sa/4.0/): name Wikipedia, link the page, share alike",
        # Days from 2023 to March 2026 had 3 to 45 items, half of them 14 or fewer (a published collection of the pages).
        cadence=timedelta(days=1), rate=1.0, rows_a_day=(3, 60), parser_version=1, verified=Verified.DOCS, fetch=fetch,
        parse=parse, lag=timedelta(days=7), lookback=timedelta(days=4), api=True,
    ),
)  # fmt: skip
