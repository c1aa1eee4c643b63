"""Alerts: each new fall is told once on each channel, what fails is tried on three nights, and a kill loses nothing."""

from __future__ import annotations

import hashlib
import hmac
import importlib.util
import json
import signal
import socket
from datetime import UTC, datetime, timedelta

import pytest
from play_sources import Play, play_sources

from ingest.alert_channels import HttpPoster, list_channels, sign
from ingest.alerts import Due, list_due, send_alerts, summarise
from kb.alerts import compose_alert, list_fresh_falls
from kb.errors import NotFound, SourceDown, WhyfellError
from kb.ledger import hold_lock, open_ledger
from kb.settings import Home

pytestmark = pytest.mark.full  # many small homes are built: minutes, run by `make check-full`

# From 101 to 95 in two sessions, 5 % of it in the last: a jump, and an episode (its slide from the same peak is the same fall).
BARS = (("2021-03-02", 101), ("2021-03-03", 100), ("2021-03-04", 95))
WAR = "Stocks plunge @everyone after missile strikes send yields <4 % on fears of a wider war"
JUMP, EPISODE = "SPX-jump-2021-03-04-sell-off", "SPX-episode-2021-03-03-sell-off"
TITLES = {
    JUMP: "S&P 500 −5.0 % on 2021-03-04: sell-off (jump)",
    EPISODE: "S&P 500 −5.9 % since 2021-03-02: sell-off (episode), reached on 2021-03-04",
}
NIGHT = datetime(2021, 3, 5, 3, 30, tzinfo=UTC)
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:apprise", "ignore:'imghdr' is deprecated")
FAST = HttpPoster(timeout=0.3, attempts=3, wait=0.01)


def bars_of(symbol, bars):
    """Rows of prices."""
    return [{"symbol": symbol, "date": d, "close": c} for d, c in bars]


def story_of(day, title=WAR):
    """One item of news, half an hour after the close."""
    return {
        "source": "Paper",
        "title": title,
        "url": f"https://paper.example/{day}",
        "published_at": f"{day}T21:30:00Z",
    }


@pytest.fixture(scope="module")
def base(small_home):
    """A home with one fall of the S&P 500, the same of a company, and one item of news."""
    return small_home(prices=bars_of("SPX", BARS) + bars_of("ABC", BARS), news=[story_of("2021-03-04")])


@pytest.fixture
def home(base, small_home):
    """A copy of it, to be told of."""
    return small_home.copy(base)


@pytest.fixture
def stage():
    """A local server whose paths are receivers."""
    with play_sources() as played:
        yield played


@pytest.fixture
def hook(stage, monkeypatch):
    """A receiver that takes everything, named in the environment."""
    monkeypatch.setenv("WHYFELL_ALERT_WEBHOOK", stage.play("/hook-s3cret", Play(200)))
    return "/hook-s3cret"


@pytest.fixture
def send():
    """Send what is due on a night: `send(home, nights=1)` is the night after the first."""

    def send_on(home, nights=0, poster=FAST):
        engine = open_ledger(home)
        try:
            return send_alerts(home, engine, poster=poster, now=NIGHT + timedelta(days=nights))
        finally:
            engine.dispose()

    return send_on


def told(sent):
    """Alert and outcome of each message."""
    return [(s.alert_id, str(s.outcome)) for s in sent]


def bodies(stage, path):
    """The JSON that a receiver got."""
    return [json.loads(body) for p, _, body in stage.asked if p == path]


# What is told


def test_a_new_fall_is_told_with_its_answer(base, home, stage, hook, send, run):
    """One message for the jump, one for the episode, none for the company; each holds the answer that the command gives."""
    assert told(send(home)) == [(EPISODE, "sent"), (JUMP, "sent")]
    got = {b["alert_id"]: b for b in bodies(stage, hook)}
    assert {a: b["title"] for a, b in got.items()} == TITLES
    jump = got[JUMP]
    assert {k: jump[k] for k in ("market", "kind", "grade", "session")} == {
        "market": "SPX",
        "kind": "jump",
        "grade": "sell-off",
        "session": "2021-03-04",
    }
    assert jump["return"] == pytest.approx(-0.05)
    assert got[EPISODE]["drawdown"] == pytest.approx(95 / 101 - 1)
    assert jump["answer"] == run("2021-03-04", "--market", "SPX", "--json", home=base).json
    assert set(jump) == {
        "alert_id", "market", "kind", "grade", "session", "return", "drawdown", "title", "text", "answer",
    }  # fmt: skip


def test_the_text_says_shares_evidence_and_limits(home):
    """What shares are, causes with link, the unexplained, validation, caveats, and the id last."""
    fall = next(f for f in list_fresh_falls(home) if f.alert_id == JUMP)
    alert = compose_alert(home, fall)
    lines = alert.text.split("\n")
    cause = alert.answer.causes[0]
    assert lines[0] == ("Why on 2021-03-04 (−5.0 %), as shares of a newspaper coder's attention, not of the fall:")
    assert lines[1].startswith(f"{100 * cause.share:.0f} % Geopolitical conflict: Stocks plunge")
    assert lines[1].endswith(" https://paper.example/2021-03-04")
    assert f"{100 * alert.answer.unexplained['share']:.0f} % unexplained: " in alert.text
    assert "Validated against human coding: yes" in lines
    assert len([line for line in lines if line.startswith("Note: ")]) == len(alert.answer.caveats)
    assert lines[-1] == f"whyfell alert {JUMP}"


def test_a_headline_can_ring_nobody(home):
    """Marks by which chats call everybody are broken in the text; the answer keeps the headline as it was."""
    alert = compose_alert(home, list_fresh_falls(home)[0])
    assert "@everyone" not in alert.text
    assert "everyone after missile strikes send yields ‹4 %" in alert.text
    assert alert.answer.causes[0].evidence[0].title == WAR


def test_only_grades_reached_lately_are_told(case_home):
    """In the week to 2026-02-08 bitcoin jumped; gold's correction and bitcoin's bear market had been reached before."""
    falls = list_fresh_falls(case_home)
    assert {f.alert_id for f in falls} >= {"BTC-jump-2026-02-05-sell-off", "GOLD-jump-2026-02-02-sell-off"}
    assert {(f.market, f.grade) for f in falls} & {("GOLD", "correction"), ("BTC", "bear market")} == set()
    assert {f.session for f in falls} <= {f"2026-02-0{n}" for n in range(2, 9)}
    assert len(falls) < 10


def test_an_old_archive_tells_of_nothing(small_home, hook, stage, send):
    """A fall six sessions before the newest is no news any more, however new it is here."""
    after = [(f"2021-03-{d:02}", 95) for d in (5, 8, 9, 10, 11)]
    home = small_home(prices=bars_of("SPX", (*BARS, *after)), news=[story_of("2021-03-04")])
    assert send(home) == []
    assert stage.asked == []


def test_a_grade_reached_is_told_once_more(home, small_home, hook, send):
    """The next session makes it a correction: that, and the new jump, but nothing told before."""
    send(home)
    small_home.add(home, prices=bars_of("SPX", [("2021-03-05", 90)]), news=[story_of("2021-03-05")])
    assert told(send(home, 1)) == [
        ("SPX-episode-2021-03-03-correction", "sent"),
        ("SPX-jump-2021-03-05-sell-off", "sent"),
    ]
    assert send(home, 2) == []


def test_a_fall_without_news_waits_for_them_one_session(small_home, hook, send):
    """The newest session without a document is not told of; it is when its news come, or else on the next session."""
    home = small_home(prices=bars_of("SPX", BARS), news=[story_of("2021-03-01")])
    assert send(home) == []
    other = small_home.copy(home)
    small_home.add(home, news=[story_of("2021-03-04")])
    small_home.add(other, prices=bars_of("SPX", [("2021-03-05", 95.5)]))
    assert told(send(home, 1)) == told(send(other, 1)) == [(EPISODE, "sent"), (JUMP, "sent")]


# Once


def test_nothing_is_told_twice(home, stage, hook, send, ledger_rows):
    """A second run sends nothing; the ledger says what went where and when, and not to which address."""
    send(home)
    assert send(home) == []
    assert send(home, 1) == []
    assert len(stage.asked) == 2
    rows = ledger_rows(home, "alert")
    assert [(r["alert_id"], r["outcome"], r["nights"], r["sent_at"][:16]) for r in rows] == [
        (EPISODE, "sent", 1, "2021-03-05 03:30"),
        (JUMP, "sent", 1, "2021-03-05 03:30"),
    ]
    assert "s3cret" not in str(rows)
    runs = [r["outcome"] for r in ledger_rows(home, "run") if r["command"] == "alerts"]
    assert runs == ["2 sent"]


def test_a_new_channel_is_told_what_the_others_were(home, stage, hook, send, monkeypatch):
    """Each channel has its own once."""
    send(home)
    monkeypatch.setenv("WHYFELL_ALERT_WEBHOOK", f"{stage.root}{hook}, {stage.play('/second', Play(204))}")
    assert len(send(home)) == 2
    assert (len(bodies(stage, hook)), len(bodies(stage, "/second"))) == (2, 2)


def test_a_dry_run_sends_and_writes_nothing(home, stage, hook, ledger_rows):
    """It lists what is due on which channel, with the ledger and without."""
    before = ledger_rows(home, "run")
    engine = open_ledger(home)
    due = list_due(home, engine)
    engine.dispose()
    channel = list_channels()[0].name
    assert due == [Due(a, channel, TITLES[a]) for a in (EPISODE, JUMP)]
    assert list_due(home) == due
    assert stage.asked == []
    assert ledger_rows(home, "alert") == []
    assert ledger_rows(home, "run") == before


def test_without_a_channel_nothing_happens(home, send, ledger_rows):
    """No address in the environment: no row, so that a channel named tomorrow still gets the news."""
    assert send(home) == []
    assert list_due(home) == []
    assert ledger_rows(home, "alert") == []


# Webhooks


def test_each_message_carries_its_key_and_signature(home, stage, hook, send, monkeypatch):
    """Idempotency-Key is the alert's id; the signature is the HMAC-SHA256 of the very bytes sent."""
    monkeypatch.setenv("WHYFELL_ALERT_SECRET", "Jefe")
    send(home)
    for _, headers, body in stage.asked:
        assert headers["idempotency-key"] == json.loads(body)["alert_id"]
        wanted = hmac.new(b"Jefe", body, hashlib.sha256).hexdigest()
        assert headers["x-whyfell-signature"] == f"sha256={wanted}"
        assert headers["content-type"] == "application/json"


def test_the_signature_is_that_of_the_standard():
    """Test case 2 of RFC 4231."""
    wanted = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert sign("Jefe", b"what do ya want for nothing?") == f"sha256={wanted}"


def test_without_a_secret_there_is_no_signature(home, stage, hook, send):
    """The header is absent rather than made with an empty key."""
    send(home)
    assert not [h for _, h, _ in stage.asked if "x-whyfell-signature" in h]


@pytest.mark.parametrize("busy", [500, 503, 429])
def test_a_busy_server_is_asked_again_at_once(home, stage, hook, send, busy):
    """Two refusals, then it takes the message: three requests with one key, and sent."""
    stage.play(hook, Play(busy), Play(busy), Play(200))
    assert told(send(home))[0] == (EPISODE, "sent")
    assert [h["idempotency-key"] for h in stage.asked_for(hook)[:3]] == [EPISODE] * 3


@pytest.mark.parametrize("status", [500, 404, 302])
def test_a_refusal_is_tried_on_three_nights(home, stage, hook, send, status, ledger_rows):
    """Failed, failed, given up; a second run on one night is no night more; a redirect is not followed."""
    stage.play(hook, Play(status, headers={"Location": "/elsewhere"}))
    stage.play("/elsewhere", Play(200))
    outcomes = [{o for _, o in told(send(home, n))} for n in (0, 0, 1, 2, 3)]
    assert outcomes == [{"failed"}, {"failed"}, {"failed"}, {"given up"}, set()]
    assert stage.asked_for("/elsewhere") == []
    assert [(r["outcome"], r["nights"]) for r in ledger_rows(home, "alert")] == [("given up", 3)] * 2
    assert {f"HTTP status {status}" in r["error"] for r in ledger_rows(home, "alert")} == {True}


def test_a_failed_message_goes_out_the_next_night(home, stage, hook, send):
    """The same message with the same key, although its fall is told of only once."""
    stage.play(hook, Play(400))
    send(home)
    stage.play(hook, Play(200))
    assert told(send(home, 1)) == [(EPISODE, "sent"), (JUMP, "sent")]
    assert send(home, 2) == []
    assert [h["idempotency-key"] for h in stage.asked_for(hook)] == [EPISODE, JUMP] * 2


def test_what_failed_is_sent_when_it_is_no_news_any_more(home, small_home, stage, hook, send):
    """Six sessions on, the message that a receiver refused still goes out: at least once."""
    stage.play(hook, Play(400))
    send(home)
    small_home.add(home, prices=bars_of("SPX", [(f"2021-03-{d:02}", 95) for d in (5, 8, 9, 10, 11, 12)]))
    stage.play(hook, Play(200))
    assert told(send(home, 7)) == [(EPISODE, "sent"), (JUMP, "sent")]


def test_a_server_that_is_silent_fails_alone(home, stage, hook, send, monkeypatch):
    """It is asked once a night, for a bounded time; the other receiver gets everything, and the error names no address."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/s3cret"
        monkeypatch.setenv("WHYFELL_ALERT_WEBHOOK", f"{address},{stage.root}{hook}")
        sent = send(home, poster=HttpPoster(timeout=0.2, attempts=1))
    assert summarise(sent) == "2 sent, 2 failed"
    assert len(bodies(stage, hook)) == 2
    assert {s.error for s in sent if s.error} == {"Webhook: ReadTimeout. It is tried again the next night."}


class Counting:
    """A client that raises what it is given, and counts."""

    def __init__(self, error):
        """What every call raises."""
        self.error, self.calls = error, 0

    def post(self, url, content, headers):
        """Raise it."""
        self.calls += 1
        raise self.error


def test_a_dead_channel_is_asked_once_a_night(home, hook, send):
    """Two messages, one call: the second is failed without waiting again."""
    client = Counting(SourceDown("Webhook", "ConnectError", "It is tried again the next night."))
    assert told(send(home, poster=client)) == [(EPISODE, "failed"), (JUMP, "failed")]
    assert client.calls == 1


def test_a_port_without_a_listener_fails_its_channel(home, send, monkeypatch):
    """A port where nobody listens: failed, and the night goes on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setenv("WHYFELL_ALERT_WEBHOOK", f"http://127.0.0.1:{port}/x")
    assert {(s.outcome, s.error.split(".")[0]) for s in send(home)} == {("failed", "Webhook: ConnectError")}


def test_any_error_of_a_client_is_one_of_its_channel(home, hook, send):
    """Told by its kind only, since its text may hold the address."""
    sent = send(home, poster=Counting(ValueError("https://chat.example/s3cret")))
    assert {s.outcome for s in sent} == {"failed"}
    assert "ValueError" in sent[0].error
    assert "s3cret" not in str(sent)


FAULTY = ("http://chat.example/s3cret", "ftp://chat.example/s3cret", "s3cret", "https:///s3cret", "http://[s3cret")


@pytest.mark.parametrize("address", FAULTY)
def test_an_address_that_will_not_do_is_told_every_night(home, stage, hook, send, monkeypatch, address, ledger_rows):
    """No https, or none at all: said without showing it; the channel beside it works."""
    monkeypatch.setenv("WHYFELL_ALERT_WEBHOOK", f"{address},{stage.root}{hook}")
    for due in (list_due(home), send(home)):
        assert due[0].alert_id == ""
        assert "https" in (due[0].fault if isinstance(due[0], Due) else due[0].error)
        assert "s3cret" not in str(due)
    assert [r["outcome"] for r in ledger_rows(home, "alert")] == ["sent", "sent"]
    assert send(home, 1)[0].outcome == "failed"


# Apprise


def test_apprise_gets_title_and_text(home, stage, send, monkeypatch, capfd):
    """A service of the library's, played here: one message an alert, and a failure when it refuses."""
    pytest.importorskip("apprise", reason="apprise is an optional extra")
    stage.play("/notify", Play(200))
    monkeypatch.setenv("WHYFELL_ALERT_APPRISE", stage.root.replace("http", "json") + "/notify")
    assert told(send(home)) == [(EPISODE, "sent"), (JUMP, "sent")]
    got = bodies(stage, "/notify")
    assert [b["title"] for b in got] == [TITLES[EPISODE], TITLES[JUMP]]
    assert "not of the fall" in got[1]["message"]
    assert got[1]["message"].rstrip().endswith(f"whyfell alert {JUMP}")
    assert send(home) == []


def test_apprise_that_cannot_deliver_is_tried_the_next_night(home, stage, send, monkeypatch):
    """Refused, then taken."""
    pytest.importorskip("apprise", reason="apprise is an optional extra")
    stage.play("/notify", Play(500))
    monkeypatch.setenv("WHYFELL_ALERT_APPRISE", stage.root.replace("http", "json") + "/notify")
    assert {s.outcome for s in send(home)} == {"failed"}
    stage.play("/notify", Play(200))
    assert {s.outcome for s in send(home, 1)} == {"sent"}


def test_an_apprise_address_that_is_none_is_told(monkeypatch, capfd):
    """The fault says so; the address is shown nowhere."""
    pytest.importorskip("apprise", reason="apprise is an optional extra")
    monkeypatch.setenv("WHYFELL_ALERT_APPRISE", "s3cret nosuch://s3cret slack://s3cret")
    channels = list_channels()
    assert {c.fault for c in channels} == {"not an address that Apprise knows"}
    assert [c.name.split()[1] for c in channels] == ["nowhere", "nosuch", "slack"]
    assert "s3cret" not in str([c.name for c in channels]) + "".join(capfd.readouterr())


def test_a_missing_library_is_told(home, hook, send, monkeypatch):
    """Without apprise the channel says what to install, and the webhook still gets its messages."""
    real = importlib.util.find_spec
    monkeypatch.setattr("ingest.alert_channels.find_spec", lambda name: None if name == "apprise" else real(name))
    monkeypatch.setenv("WHYFELL_ALERT_APPRISE", "json://127.0.0.1/x")
    sent = send(home)
    assert "pip install 'whyfell[alerts]'" in sent[0].error
    assert summarise(sent) == "2 sent"


# Killed


def test_a_run_cut_off_while_sending_is_made_up_for(home, stage, hook, send, ledger_rows):
    """What was interrupted stays pending and goes out on the next run of the same night, the other message too."""
    with pytest.raises(KeyboardInterrupt):
        send(home, poster=Counting(KeyboardInterrupt()))
    assert [(r["alert_id"], r["outcome"], r["sent_at"]) for r in ledger_rows(home, "alert")] == [
        (EPISODE, "pending", None)
    ]
    assert told(send(home)) == [(EPISODE, "sent"), (JUMP, "sent")]
    assert send(home) == []


KILLED = """
import os, signal, sys
from pathlib import Path
from ingest.alert_channels import HttpPoster
from ingest.alerts import send_alerts
from kb.ledger import open_ledger
from kb.settings import Home
class Dying(HttpPoster):
    def post(self, *given):
        super().post(*given)
        os.kill(os.getpid(), signal.SIGKILL)
home = Home(Path(sys.argv[1]))
send_alerts(home, open_ledger(home), poster=Dying())
"""


def test_kill_after_the_message_left_sends_it_again_with_the_same_key(home, stage, hook, send, spawn, ledger_rows):
    """kill -9 between sending and saying so: the receiver can drop the repeat by its key, and it is the only one."""
    assert spawn("-c", KILLED, home.path).returncode == -signal.SIGKILL
    assert [(r["alert_id"], r["outcome"]) for r in ledger_rows(home, "alert")] == [(EPISODE, "pending")]
    later = (datetime.now(UTC) - NIGHT).days + 1
    assert told(send(home, later)) == [(EPISODE, "sent"), (JUMP, "sent")]
    assert [h["idempotency-key"] for h in stage.asked_for(hook)] == [EPISODE, EPISODE, JUMP]
    assert bodies(stage, hook)[0] == bodies(stage, hook)[1]


def test_two_runs_at_once_do_not_both_send(home, stage, hook, send):
    """While another process writes to the home nothing is sent, and the error names it."""
    with hold_lock(home, "build"), pytest.raises(WhyfellError, match="whyfell build"):
        send(home)
    assert stage.asked == []


def test_a_home_without_answers_is_told(tmp_path, hook):
    """Nothing published: a sentence, no silence."""
    with pytest.raises(NotFound, match="nothing is published"):
        list_due(Home(tmp_path / "nothing"))


def test_doctor_shows_no_secret(home, hook, run, monkeypatch):
    """Addresses and the signing secret are shown as set, never as they are."""
    monkeypatch.setenv("WHYFELL_ALERT_SECRET", "s3cret")
    monkeypatch.setenv("WHYFELL_ALERT_APPRISE", "json://s3cret")
    done = run("doctor", "--json", home=home)
    assert "s3cret" not in done.out + done.err
    assert done.json["settings"]["WHYFELL_ALERT_SECRET"] == "(set)"
