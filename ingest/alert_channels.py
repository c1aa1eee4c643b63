"""Where alerts go: webhooks and Apprise services, as the environment names them.

An address may hold a secret, as those of most chats do: a channel is known by its kind, host and a hash, and no address
stands in an error or in the ledger.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from importlib.metadata import version
from importlib.util import find_spec
from typing import Protocol
from urllib.parse import urlsplit

from kb.alerts import Alert
from kb.errors import SourceDown, WhyfellError
from kb.records import hash_id
from kb.settings import read_setting

NEXT_NIGHT = "It is tried again the next night."
THIS_MACHINE = ("127.0.0.1", "::1", "localhost")
LONGEST_CALL = 30.0  # seconds for one message by Apprise


class Poster(Protocol):
    """What a webhook needs of an HTTP client."""

    def post(self, url: str, content: bytes, headers: Mapping[str, str]) -> int:
        """The status that a server answers. Raises SourceDown where none did."""


class Channel(Protocol):
    """One receiver of alerts. `name` is the same every night and tells no secret; `fault` says why it cannot be used, or ""."""

    name: str
    fault: str

    def send(self, alert: Alert) -> None:
        """Deliver one message. Raises SourceDown where nobody answered, WhyfellError where it was refused."""


class Webhook:
    """An address that gets the alert as JSON by POST.

    Headers: `Idempotency-Key`, the alert's id, the same whenever it is sent again; with a secret `X-Whyfell-Signature`,
    "sha256=" and the hexadecimal HMAC-SHA256 of the body.
    """

    def __init__(self, url: str, secret: str, poster: Poster) -> None:
        self._url, self._secret, self._poster = url, secret, poster
        self.name, self.fault = _name("webhook", _find_host(url), url), _find_fault(url)

    def send(self, alert: Alert) -> None:
        """Post the message; any answer but a status of 200 to 299 is a refusal."""
        body = alert.to_json()
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": alert.fall.alert_id,
            "User-Agent": f"whyfell/{version('whyfell')}",
        }
        if self._secret:
            headers["X-Whyfell-Signature"] = sign(self._secret, body)
        status = self._poster.post(self._url, body, headers)
        if not 200 <= status < 300:
            raise WhyfellError(f"Channel {self.name}", f"HTTP status {status}", NEXT_NIGHT)


class AppriseService:
    """One of the chat, mail and push services that the library Apprise knows, by its address there."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.name, self.fault = _name("apprise", _find_scheme(url), url), ""
        if find_spec("apprise") is None:
            self.fault = "the library apprise is not installed: pip install 'whyfell[alerts]'"
        elif self._make() is None:
            self.fault = "not an address that Apprise knows"

    def _make(self):  # noqa: ANN202 Apprise's own type, absent without it
        import apprise

        service = apprise.Apprise.instantiate(self._url, suppress_exceptions=True)
        if service is not None and "overflow=" not in self._url:
            service.overflow_mode = apprise.OverflowMode.SPLIT  # some chats refuse long messages
        return service

    def send(self, alert: Alert) -> None:
        """Hand over title and text. Apprise has no idempotency key: the alert's id is the last line of the text."""
        import apprise

        sender = apprise.Apprise()
        sender.add(self._make())
        text = {"title": alert.fall.title, "body": alert.text, "body_format": apprise.NotifyFormat.TEXT}
        if not sender.notify(**text, timeout=LONGEST_CALL):
            raise WhyfellError(f"Channel {self.name}", "Apprise could not deliver the message", NEXT_NIGHT)


class HttpPoster:
    """The HTTP client for webhooks: a limit of time, three tries, no redirects, and no answer read beyond its status."""

    def __init__(self, *, timeout: float = 10.0, attempts: int = 3, wait: float = 0.5) -> None:
        self._timeout, self._attempts, self._wait = timeout, attempts, wait

    def post(self, url: str, content: bytes, headers: Mapping[str, str]) -> int:
        """The status answered, the last one where a server goes on failing. Raises SourceDown where none answers."""
        import httpx2
        import stamina

        status = 0
        retries = stamina.retry_context(
            on=(_Busy, httpx2.TransportError), attempts=self._attempts, wait_initial=self._wait, wait_jitter=self._wait
        )
        try:
            for attempt in retries:
                with attempt, httpx2.Client(timeout=self._timeout, follow_redirects=False) as client:
                    with client.stream("POST", url, content=content, headers=dict(headers)) as response:
                        status = response.status_code
                    if status >= 500 or status == 429:
                        raise _Busy
        except _Busy:
            pass  # the status says it
        except (httpx2.TransportError, httpx2.InvalidURL) as error:
            raise SourceDown("Webhook", type(error).__name__, NEXT_NIGHT) from None  # its text may hold the address
        return status


class _Busy(Exception):
    """A server that asks for another try."""


def list_channels(poster: Poster | None = None) -> list[Channel]:
    """The channels that the environment names; each says in `fault` why it cannot be used, if it cannot."""
    secret, client = read_setting("WHYFELL_ALERT_SECRET"), poster or HttpPoster()
    webhooks = [url.strip() for url in read_setting("WHYFELL_ALERT_WEBHOOK").split(",")]
    services = read_setting("WHYFELL_ALERT_APPRISE").split()
    return [
        *[Webhook(url, secret, client) for url in dict.fromkeys(webhooks) if url],
        *[AppriseService(url) for url in dict.fromkeys(services)],
    ]


def sign(secret: str, body: bytes) -> str:
    """The signature of a body: "sha256=" and its HMAC-SHA256 in hexadecimal digits."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _name(kind: str, place: str, url: str) -> str:
    return f"{kind} {place} {hash_id(url)[:8]}"


def _find_scheme(url: str) -> str:
    found = re.match(r"([a-z0-9]{1,20})://", url.lower())
    return found[1] if found else "nowhere"


def _find_host(url: str) -> str:
    try:
        return urlsplit(url).hostname or "nowhere"
    except ValueError:
        return "nowhere"


def _find_fault(url: str) -> str:
    host, scheme = _find_host(url), url.partition("://")[0].lower()
    if host == "nowhere" or (scheme != "https" and not (scheme == "http" and host in THIS_MACHINE)):
        return "not an https address (http only on this machine)"
    return ""
