"""robots.txt, read as RFC 9309 says: not given (404, 403) means all is allowed, unreachable nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kb.errors import NotFound, SourceDown

if TYPE_CHECKING:
    from protego import Protego


class Refused(SourceDown):
    """A server answered that it will not give the page (HTTP status 400 to 499)."""


class Forbidden(SourceDown):
    """The host's robots.txt asks that the page be left alone."""


AGENT = "whyfell"  # the name that a robots.txt would address


class Robots:
    """What each host asks of crawlers. `read` gives the text of an address; it is asked once a host."""

    def __init__(self, read: Callable[[str], bytes]) -> None:
        self._read = read
        self._rules: dict[str, Protego | SourceDown] = {}
        self._lock = threading.Lock()

    def check(self, url: str) -> float:
        """The seconds that the host wants between two requests, 0 where it says nothing. Raises SourceDown if refused."""
        parts = urlsplit(url)
        root = f"{parts.scheme}://{parts.netloc}"
        with self._lock:
            if root not in self._rules:
                self._rules[root] = self._load(root)
            rules = self._rules[root]
        if isinstance(rules, SourceDown):
            raise rules
        if not rules.can_fetch(url, AGENT):
            raise Forbidden(f"Page {url}", "the host's robots.txt forbids it", "Leave this page out.")
        return float(rules.crawl_delay(AGENT) or 0)

    def _load(self, root: str) -> Protego | SourceDown:
        from protego import Protego

        try:
            return Protego.parse(self._read(f"{root}/robots.txt").decode("utf-8", "replace"))
        except (NotFound, Refused):
            return Protego.parse("")
        except SourceDown as error:
            return SourceDown(f"Host {root}", f"its robots.txt cannot be read ({error.found})", "Try again later.")
