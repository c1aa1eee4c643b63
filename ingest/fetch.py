"""The one HTTP client: every request of the nightly sources goes through here.

Time limits, retries with jitter that obey Retry-After, conditional requests, a pace for each host, robots.txt, limits of
size and redirects, and no machine of one's own network. What a server sends is never trusted: a body is counted while it
is unpacked, so that a small gzip cannot fill the memory.
"""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from typing import Any
from urllib.parse import urljoin

import httpx2
import stamina

from ingest.addresses import check_address, check_machine
from ingest.robots import Refused, Robots
from ingest.source import Page
from kb.errors import BadInput, NotFound, SourceDown
from kb.settings import read_number, read_setting

MOST_BYTES = 256 * 2**20  # of one body, unpacked; the largest wanted, a quarter's index of filings, has 50 MB
MOST_REDIRECTS = 5
LONGEST_PAGE = 180.0  # seconds for one body, however slowly it drips
LONGEST_WAIT = 90.0  # seconds that a Retry-After may ask for; longer ones wait for the next night
LONGEST_DELAY = 30.0  # seconds between requests that a robots.txt may ask for
NOT_MODIFIED, TOO_MANY, REDIRECTS, SERVER_ERROR = 304, 429, (301, 302, 303, 307, 308), 500


@dataclass(frozen=True)
class Validators:
    """What a server gave to ask whether a page has changed: the ETag and Last-Modified headers, "" for none."""

    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True)
class Answer:
    """A server's answer: `body` is None where the page has not changed since the validators."""

    body: bytes | None
    content_type: str
    validators: Validators


class _TryAgain(SourceDown):
    """A failure that may pass; `wait` is what the server asked for, in seconds."""

    wait: float | None = None


class Fetcher:
    """Asks for pages. Safe to use from several threads; close it when done."""

    def __init__(self, *, private: bool | None = None, attempts: int = 4, timeout: float = 20.0) -> None:
        self._private = bool(read_number("WHYFELL_PRIVATE_ADDRESSES")) if private is None else private
        self._attempts = attempts
        self._client = httpx2.Client(timeout=timeout, headers={"User-Agent": name_agent()})
        self._robots = Robots(lambda url: self._try_page(Page("robots.txt", url), Validators()).body or b"")
        self._next: dict[str, float] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Give back the connections."""
        self._client.close()

    def fetch(self, page: Page, validators: Validators, *, rate: float, api: bool = False) -> Answer:
        """What the page's server answers, at most `rate` requests a second to its host.

        Raises NotFound for 404 and 410, SourceDown when the server refuses, fails or goes on failing, or robots.txt
        forbids the page (not read for an `api`), BadInput for an address that may not be asked.
        """
        host = check_address(page.url, private=self._private)
        delay = 0.0 if api else min(self._robots.check(page.url), LONGEST_DELAY)
        self._wait_turn(host, max(delay, 1 / rate))
        return self._try_page(page, validators)

    def _wait_turn(self, host: str, pause: float) -> None:
        with self._lock:
            turn = max(self._next.get(host, 0.0), time.monotonic())
            self._next[host] = turn + pause
        time.sleep(max(0.0, turn - time.monotonic()))

    def _try_page(self, page: Page, validators: Validators) -> Answer:
        retries = stamina.retry_context(
            on=_says_when,
            attempts=self._attempts,
            timeout=LONGEST_PAGE,
            wait_initial=0.5,
            wait_max=20.0,
            wait_jitter=1.0,
        )
        for attempt in retries:
            with attempt:
                return self._follow(page, validators)
        raise AssertionError("stamina gives an attempt or raises")

    def _follow(self, page: Page, validators: Validators) -> Answer:
        for _ in range(MOST_REDIRECTS + 1):
            check_address(page.url, private=self._private)
            answer = self._ask(page, validators)
            if isinstance(answer, Answer):
                return answer
            # The next address may be anybody's: neither secrets nor a body go along.
            page = replace(page, url=answer, params={}, secrets={}, body=None)
        raise SourceDown(f"Page {page.url}", f"more than {MOST_REDIRECTS} redirects", "Mend its address.")

    def _ask(self, page: Page, validators: Validators) -> Answer | str:
        try:
            with self._client.stream(
                "POST" if page.body is not None else "GET", page.url, params=_params(page) or None,
                headers=_headers(page, validators), content=page.body,
            ) as response:  # fmt: skip
                self._check_peer(page, response)
                if response.status_code in REDIRECTS:
                    return urljoin(page.url, response.headers.get("location", ""))
                return _read(page, response)
        except (httpx2.TransportError, httpx2.DecodingError) as error:
            reason = f"{type(error).__name__}: {_without_secrets(page, str(error))}"
            raise _TryAgain(f"Page {page.url}", reason, "It is tried again the next night.") from None
        except httpx2.InvalidURL as error:
            raise SourceDown(f"Page {page.url}", str(error), "Mend its address.") from None

    def _check_peer(self, page: Page, response: Any) -> None:
        """Whom we reached in the end: a name may resolve otherwise a moment after it was checked."""
        stream = response.extensions.get("network_stream")
        peer = stream.get_extra_info("server_addr") if stream else None
        if peer and not self._private and not _uses_proxy():
            check_machine(page.url, str(peer[0]))


def name_agent() -> str:
    """How the client names itself: the program, and whom to write to where the user has said."""
    contact = read_setting("WHYFELL_CONTACT")
    return f"whyfell/{version('whyfell')} (knowledge base of market events{'; ' + contact if contact else ''})"


def _uses_proxy() -> bool:
    return any(os.environ.get(name) for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY"))


def _secret(page: Page, variable: str) -> str:
    value = os.environ.get(variable)
    if not value:
        raise BadInput(f"Page {page.name}", f"the environment has no {variable}", f"Set {variable}.")
    return value


def _params(page: Page) -> dict[str, str]:
    secret = {k: _secret(page, v) for k, v in page.secrets.items() if not k.startswith("header:")}
    return {**page.params, **secret}


def _headers(page: Page, validators: Validators) -> dict[str, str]:
    headers = dict(page.headers)
    headers.update({k[7:]: _secret(page, v) for k, v in page.secrets.items() if k.startswith("header:")})
    if validators.etag:
        headers["If-None-Match"] = validators.etag
    if validators.last_modified:
        headers["If-Modified-Since"] = validators.last_modified
    return headers


def _without_secrets(page: Page, text: str) -> str:
    for variable in page.secrets.values():
        text = text.replace(os.environ.get(variable) or "\0", "***")
    return text


def _read(page: Page, response: Any) -> Answer:
    status, headers = response.status_code, response.headers
    validators = Validators(headers.get("etag", ""), headers.get("last-modified", ""))
    if status == NOT_MODIFIED:
        return Answer(None, "", validators)
    if status in (404, 410):
        raise NotFound(f"Page {page.url}", f"HTTP status {status}", "Look whether its address has changed.")
    if status == TOO_MANY or status >= SERVER_ERROR:
        error = _TryAgain(f"Page {page.url}", f"HTTP status {status}", "It is tried again the next night.")
        error.wait = read_retry_after(headers.get("retry-after", ""), datetime.now(UTC))
        raise error
    if status != 200:
        raise (Refused if 400 <= status < 500 else SourceDown)(
            f"Page {page.url}", f"HTTP status {status}", "See the publisher's terms and your key."
        )
    return Answer(_read_body(page, response), headers.get("content-type", ""), validators)


def _read_body(page: Page, response: Any) -> bytes:
    began, parts, size = time.monotonic(), [], 0
    for part in response.iter_bytes(2**16):
        size += len(part)
        parts.append(part)
        if size > MOST_BYTES:
            raise SourceDown(f"Page {page.url}", f"more than {MOST_BYTES:,} bytes", "Ask for less at a time.")
        if time.monotonic() - began > LONGEST_PAGE:
            raise SourceDown(f"Page {page.url}", f"not whole after {LONGEST_PAGE:g} s", "It is tried the next night.")
    return b"".join(parts)


def read_retry_after(text: str, now: datetime) -> float | None:
    """The seconds to wait that a Retry-After header asks for, as a number or as a date; None where it says nothing."""
    if text.strip().isdigit():
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (at.astimezone(UTC) - now) / timedelta(seconds=1))


def _says_when(error: Exception) -> bool | float:
    """Whether and when to try again: what may pass, as the server asks, unless that is too long."""
    if not isinstance(error, _TryAgain):
        return False
    if error.wait is None:
        return True
    return error.wait if error.wait <= LONGEST_WAIT else False
