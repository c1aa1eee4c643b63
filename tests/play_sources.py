"""A local server that plays sources: each path is a small script of answers, given one after the other."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Play:
    """One answer: status, headers, body; `drip` seconds between its bytes; `cut` sends less than it promised."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    drip: float = 0.0
    cut: bool = False


class Stage:
    """What each path answers, and what was asked of it. The last answer of a path is given for ever."""

    def __init__(self) -> None:
        self.plays: dict[str, list[Play]] = {}
        self.asked: list[tuple[str, dict[str, str], bytes]] = []
        self.times: list[float] = []
        self.root = ""
        self.lock = threading.Lock()

    def play(self, path: str, *plays: Play) -> str:
        """Give a path its answers; returns its address."""
        self.plays[path] = list(plays)
        return self.root + path

    def next(self, path: str, headers: dict[str, str], body: bytes) -> Play:
        """The next answer of a path; 404 for one without."""
        with self.lock:
            self.asked.append((path, headers, body))
            self.times.append(time.monotonic())
            plays = self.plays.get(path.split("?", maxsplit=1)[0])
            if not plays:
                return Play(404)
            return plays.pop(0) if len(plays) > 1 else plays[0]

    def asked_for(self, path: str) -> list[dict[str, str]]:
        """The headers of each request for a path."""
        return [h for p, h, _ in self.asked if p.split("?")[0] == path]


@contextmanager
def play_sources() -> Iterator[Stage]:
    """A stage on a free port of this machine."""
    stage = Stage()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            play = stage.next(self.path, {k.lower(): v for k, v in self.headers.items()}, self.rfile.read(length))
            self.send_response(play.status)
            for name, value in play.headers.items():
                self.send_header(name, value)
            if play.status != 304:
                self.send_header("Content-Length", str(len(play.body) + (100 if play.cut else 0)))
            self.end_headers()
            try:
                self._send(play)
            except OSError:
                pass  # the client has had enough
            self.close_connection = play.cut

        do_POST = do_GET

        def _send(self, play: Play) -> None:
            if not play.drip:
                self.wfile.write(play.body)
                return
            for byte in play.body:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(play.drip)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    stage.root = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield stage
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def make_bomb(size: int) -> bytes:
    """A gzip of so many zero bytes: a thousandth of that on the wire."""
    return gzip.compress(bytes(size))
