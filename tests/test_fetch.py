"""The HTTP client against a server that plays every trick: nothing hangs, nothing leaks, what may pass is tried again."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
import stamina
from play_sources import Play, make_bomb, play_sources

from ingest import fetch
from ingest.addresses import check_address
from ingest.fetch import Fetcher, Validators, read_retry_after
from ingest.source import Page
from kb.errors import BadInput, NotFound, SourceDown

NONE = Validators()
FAST = 1000.0  # requests a second


@pytest.fixture
def stage():
    """A server that plays sources."""
    with play_sources() as played:
        yield played


@pytest.fixture
def fetcher():
    """A client that may ask this machine, and that waits as long as it should, times a thousandth."""
    client = Fetcher(private=True, attempts=3, timeout=1.0)
    with stamina.set_testing(True, attempts=3):
        yield client
    client.close()


def ask(fetcher, url, validators=NONE, **page):
    """One page from the stage, as a documented interface."""
    return fetcher.fetch(Page("page", url, **page), validators, rate=FAST, api=True)


def test_a_page_comes_with_its_type_and_validators(stage, fetcher):
    """200: the body as it is, its content type, and what to ask with the next time."""
    headers = {
        "Content-Type": "application/rss+xml; charset=x",
        "ETag": '"1"',
        "Last-Modified": "Fri, 30 Jan 2026 10:00:00 GMT",
    }
    answer = ask(fetcher, stage.play("/feed", Play(body="\ufeffé".encode(), headers=headers)))
    assert (answer.body, answer.content_type) == (b"\xef\xbb\xbf\xc3\xa9", headers["Content-Type"])
    assert answer.validators == Validators('"1"', headers["Last-Modified"])


def test_an_unchanged_page_is_not_sent_again(stage, fetcher):
    """304: the validators were sent, and there is no body."""
    url = stage.play("/feed", Play(304))
    assert ask(fetcher, url, Validators('"1"', "Fri, 30 Jan 2026 10:00:00 GMT")).body is None
    (headers,) = stage.asked_for("/feed")
    assert headers["if-none-match"] == '"1"'
    assert headers["if-modified-since"] == "Fri, 30 Jan 2026 10:00:00 GMT"


def test_it_says_who_it_is(stage, fetcher, monkeypatch):
    """The agent names the program and, where set, whom to write to."""
    ask(fetcher, stage.play("/a", Play(body=b"x")))
    monkeypatch.setenv("WHYFELL_CONTACT", "Ada ada@example.org")
    with_contact = Fetcher(private=True)
    ask(with_contact, stage.play("/b", Play(body=b"x")))
    with_contact.close()
    assert stage.asked_for("/a")[0]["user-agent"].startswith("whyfell/")
    assert "Ada ada@example.org" in stage.asked_for("/b")[0]["user-agent"]


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_what_may_pass_is_tried_again(stage, fetcher, status):
    """Two failures of the server, then an answer: the answer counts."""
    url = stage.play("/busy", Play(status), Play(status), Play(body=b"at last"))
    assert ask(fetcher, url).body == b"at last"
    assert len(stage.asked) == 3


def test_a_server_that_goes_on_failing_is_given_up(stage, fetcher):
    """After all attempts the sentence names address and status."""
    with pytest.raises(SourceDown, match=r"/busy: HTTP status 503"):
        ask(fetcher, stage.play("/busy", Play(503)))
    assert len(stage.asked) == 3


@pytest.mark.parametrize(("status", "kind"), [(403, SourceDown), (401, SourceDown), (404, NotFound), (410, NotFound)])
def test_a_refusal_is_not_tried_again(stage, fetcher, status, kind):
    """403 and 404 are answers: asked once, told by their own class."""
    with pytest.raises(kind, match=f"HTTP status {status}"):
        ask(fetcher, stage.play("/no", Play(status)))
    assert len(stage.asked) == 1


def test_retry_after_is_obeyed(stage):
    """429 with Retry-After: the next request comes no sooner than asked for."""
    client = Fetcher(private=True, attempts=2)
    assert ask(client, stage.play("/busy", Play(429, headers={"Retry-After": "1"}), Play(body=b"ok"))).body == b"ok"
    client.close()
    assert stage.times[1] - stage.times[0] >= 1.0


def test_a_retry_after_of_hours_waits_for_another_night(stage):
    """The page fails at once; nobody sleeps for an hour."""
    client = Fetcher(private=True, attempts=3)
    began = time.monotonic()
    with pytest.raises(SourceDown, match="429"):
        ask(client, stage.play("/busy", Play(429, headers={"Retry-After": "3600"})))
    client.close()
    assert len(stage.asked) == 1
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        ("Fri, 30 Jan 2026 12:01:00 GMT", 60.0),
        ("Fri, 30 Jan 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_may_be_a_number_or_a_date(text, seconds):
    """RFC 9110, section 10.2.3; anything else says nothing."""
    assert read_retry_after(text, datetime(2026, 1, 30, 12, tzinfo=UTC)) == seconds


def test_a_redirect_is_followed(stage, fetcher):
    """301 to another path: its body."""
    stage.play("/new", Play(body=b"moved"))
    assert ask(fetcher, stage.play("/old", Play(301, headers={"Location": "/new"}))).body == b"moved"


def test_redirects_without_end_are_cut(stage, fetcher):
    """A page that redirects to itself fails after five, and is not tried again."""
    with pytest.raises(SourceDown, match="more than 5 redirects"):
        ask(fetcher, stage.play("/round", Play(302, headers={"Location": "/round"})))
    assert len(stage.asked) == 6


def test_a_secret_does_not_follow_a_redirect(stage, fetcher, monkeypatch):
    """The key goes to the address it is for, and to no other."""
    monkeypatch.setenv("SOME_KEY", "s3cret")
    stage.play("/other", Play(body=b"x"))
    url = stage.play("/api", Play(302, headers={"Location": "/other"}))
    ask(fetcher, url, secrets={"api_key": "SOME_KEY", "header:X-Key": "SOME_KEY"})
    paths = [path for path, _, _ in stage.asked]
    assert paths == ["/api?api_key=s3cret", "/other"]
    assert "x-key" not in stage.asked_for("/other")[0]


def test_a_secret_is_in_no_error(stage, fetcher, monkeypatch):
    """The sentence about a refusal shows the address without the key."""
    monkeypatch.setenv("SOME_KEY", "s3cret")
    with pytest.raises(SourceDown) as refused:
        ask(fetcher, stage.play("/api", Play(403)), secrets={"api_key": "SOME_KEY"})
    assert "s3cret" not in str(refused.value)


def test_a_missing_secret_is_named(fetcher):
    """Without the variable nothing is asked."""
    with pytest.raises(BadInput, match="no SOME_KEY"):
        ask(fetcher, "http://127.0.0.1:9/api", secrets={"api_key": "SOME_KEY"})


def test_a_body_is_posted(stage, fetcher):
    """A page with a body is a POST with exactly that."""
    ask(fetcher, stage.play("/post", Play(body=b"x")), body=b'{"a": 1}')
    assert stage.asked[0][2] == b'{"a": 1}'


def test_a_gzip_bomb_is_cut(stage, fetcher, monkeypatch):
    """A small body that unpacks to more than the limit is refused while it is unpacked."""
    monkeypatch.setattr(fetch, "MOST_BYTES", 2**20)
    url = stage.play("/bomb", Play(body=make_bomb(2**26), headers={"Content-Encoding": "gzip"}))
    with pytest.raises(SourceDown, match="more than 1,048,576 bytes"):
        ask(fetcher, url)


def test_a_damaged_gzip_is_told(stage, fetcher):
    """Bytes that are not what their encoding says fail with a sentence."""
    with pytest.raises(SourceDown, match="DecodingError"):
        ask(fetcher, stage.play("/bad", Play(body=b"not gzip", headers={"Content-Encoding": "gzip"})))


def test_a_cut_body_is_not_taken_for_whole(stage, fetcher):
    """A connection that ends early: tried again, then told."""
    with pytest.raises(SourceDown, match="RemoteProtocolError"):
        ask(fetcher, stage.play("/cut", Play(body=b"half", cut=True)))
    assert ask(fetcher, stage.play("/once", Play(body=b"half", cut=True), Play(body=b"whole"))).body == b"whole"


def test_a_dripping_body_ends(stage, fetcher, monkeypatch):
    """A server that sends a byte now and then is left after the longest time for a page."""
    monkeypatch.setattr(fetch, "LONGEST_PAGE", 0.3)
    with pytest.raises(SourceDown, match="not whole after"):
        ask(fetcher, stage.play("/drip", Play(body=b"x" * 100, drip=0.05)))


def test_a_silent_server_ends(stage, fetcher):
    """No byte within the time limit: told as a timeout."""
    with pytest.raises(SourceDown, match="ReadTimeout"):
        ask(fetcher, stage.play("/hang", Play(body=b"xx", drip=5.0)))


def test_a_closed_port_is_told(fetcher):
    """Nobody there: a sentence with the reason."""
    with pytest.raises(SourceDown, match="ConnectError"):
        ask(fetcher, "http://127.0.0.1:9/feed")


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1/", "http://localhost/", "http://10.0.0.1/", "http://[::1]/", "http://169.254.169.254/latest"],
)
def test_the_own_network_is_not_asked(url):
    """Addresses of one's own network are refused, with the setting that allows them."""
    with pytest.raises(BadInput, match="WHYFELL_PRIVATE_ADDRESSES"):
        check_address(url)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.org/", "http:///x"])
def test_only_http_is_asked(url):
    """Other schemes are refused."""
    with pytest.raises(BadInput, match="not http or https"):
        check_address(url)


def test_a_redirect_into_the_own_network_is_refused(stage, fetcher, monkeypatch):
    """A public page may send us to a private one: it is not asked. (Here the first hop passes by a patched check.)"""
    url = stage.play("/public", Play(302, headers={"Location": "http://169.254.169.254/latest"}))
    monkeypatch.setattr(fetch, "check_address", lambda u, private=False: check_address(u, private=u == url))
    with pytest.raises(BadInput, match=r"169\.254"):
        ask(fetcher, url)


def test_the_pace_of_a_host_is_kept(stage, fetcher):
    """Five pages at twenty a second take at least a fifth of a second."""
    url = stage.play("/a", Play(body=b"x"))
    for _ in range(5):
        fetcher.fetch(Page("a", url), NONE, rate=20.0, api=True)
    assert stage.times[-1] - stage.times[0] >= 0.19


def test_robots_are_obeyed(stage, fetcher):
    """What robots.txt forbids is not asked; it is read once a host, and not for a documented interface."""
    stage.play("/robots.txt", Play(body=b"User-agent: *\nDisallow: /private*\nAllow: /"))
    open_page, closed = stage.play("/open", Play(body=b"x")), stage.play("/private/x", Play(body=b"y"))
    assert fetcher.fetch(Page("a", open_page), NONE, rate=FAST).body == b"x"
    with pytest.raises(SourceDown, match=r"robots\.txt forbids"):
        fetcher.fetch(Page("b", closed), NONE, rate=FAST)
    assert len(stage.asked_for("/robots.txt")) == 1
    assert stage.asked_for("/private/x") == []
    assert ask(fetcher, closed).body == b"y"


@pytest.mark.parametrize(("status", "allowed"), [(404, True), (403, True), (500, False)])
def test_robots_that_are_not_there(stage, fetcher, status, allowed):
    """RFC 9309, section 2.3.1: what is absent or not given allows all; what is unreachable nothing."""
    stage.play("/robots.txt", Play(status))
    page = Page("a", stage.play("/open", Play(body=b"x")))
    if allowed:
        assert fetcher.fetch(page, NONE, rate=FAST).body == b"x"
    else:
        with pytest.raises(SourceDown, match=r"robots\.txt cannot be read"):
            fetcher.fetch(page, NONE, rate=FAST)
