"""The night over played sources: what comes is kept, what fails is told and asked again, nothing is stored twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import night_sources
import pytest
from night_sources import FEEDS, at
from play_sources import Play, play_sources

from ingest.health import find_gaps, is_dry
from ingest.marks import load_marks
from ingest.source import Window
from ingest.source_runs import SourceRun
from kb.ledger import open_ledger
from kb.settings import Home

SEEN = ("document_id", "title", "public_lo", "public_hi", "precision", "recorded_at")
LINES = b"""1|2026-01-30T14:00:00+00:00|Stocks slide as tariff fears mount
2|2026-01-29|Payrolls fall short
3||Undated news
4|2026-01-30|
"""
CLOSES = b'{"ABC": {"2026-01-29": 10.0, "2026-01-30": 9.0}}'


@pytest.fixture
def stage():
    """A server with two feeds, a listing of two files, and prices."""
    with play_sources() as played:
        played.play("/a", Play(body=LINES, headers={"ETag": '"a1"'}))
        played.play("/b", Play(body=b"9|2026-01-30T15:00:00-05:00|Fed holds rates\n"))
        played.play("/listing", Play(body=b"f1 f2"))
        played.play("/f1", Play(body=b"f1|2026-01-28|Filing one\n"))
        played.play("/f2", Play(body=b"f2|2026-01-28|Filing two\n"))
        played.play("/closes", Play(body=CLOSES))
        yield played


@pytest.fixture
def home(stage, monkeypatch, tmp_path):
    """An empty home, with the played sources in place of the declared ones."""
    monkeypatch.setattr(night_sources, "ROOT", stage.root)
    monkeypatch.setenv("WHYFELL_PRIVATE_ADDRESSES", "1")
    for module in ("ingest.registry", "ingest.health", "ingest.day_fetch"):
        monkeypatch.setattr(f"{module}.list_sources", lambda: night_sources.ALL)
    return Home(tmp_path / "home")


@pytest.fixture
def unbuilt(monkeypatch):
    """Nights that stop before the build, for tests of what comes in."""
    monkeypatch.setattr("ingest.nightly.run_build", lambda *_, **__: None)


def test_a_first_night_stores_publishes_and_says_what_it_set_aside(stage, home, run, ledger_rows, mart_rows):
    """Every usable row is in the ledger and the mart; undated and untitled items are counted; a lacking secret is told."""
    done = run("nightly", "--json", home=home)
    assert done.code == 0, done.err
    told = {s["source"]: s for s in done.json["sources"]}
    assert (told["feeds"]["new"], told["feeds"]["skipped"]) == (3, {"undated": 1, "no title": 1})
    assert told["prices"]["new"] == 2
    assert done.json["left_out"] == {"locked": "needs WHYFELL_TEST_KEY"}
    assert {r["title"]: (r["public_lo"], r["public_hi"], r["precision"]) for r in ledger_rows(home, "document")} == {
        "Stocks slide as tariff fears mount": ("2026-01-30 14:00:00.000000",) * 2 + ("instant",),
        "Payrolls fall short": ("2026-01-29 00:00:00.000000", "2026-01-30 12:00:00.000000", "day"),
        "Fed holds rates": ("2026-01-30 20:00:00.000000",) * 2 + ("instant",),
        "Filing one": ("2026-01-28 00:00:00.000000", "2026-01-29 12:00:00.000000", "day"),
        "Filing two": ("2026-01-28 00:00:00.000000", "2026-01-29 12:00:00.000000", "day"),
    }
    assert mart_rows(home, "SELECT count(*) FROM document") == [(5,)]


def test_a_second_night_changes_no_row(stage, home, run, ledger_rows):
    """Same pages, also under another etag or with a 304: no new row, and every stored row stays as it was."""
    run("nightly", home=home)
    before = [ledger_rows(home, t) for t in ("document", "bar", "reading", "trigger", "event")]
    stage.play("/a", Play(304))
    stage.play("/b", Play(body=stage.plays["/b"][0].body, headers={"ETag": '"new"'}))
    done = run("nightly", "--json", home=home)
    assert (done.code, sum(s["new"] for s in done.json["sources"])) == (0, 0)
    assert done.json["published"] is None
    assert [ledger_rows(home, t) for t in ("document", "bar", "reading", "trigger", "event")] == before
    assert stage.asked_for("/a")[-1]["if-none-match"] == '"a1"'


def test_a_first_night_that_brings_nothing_publishes_nothing(stage, home, run):
    """All servers down: exit code 1, each told once, no empty answers; the next night builds as a first one."""
    for path in list(stage.plays):
        stage.play(path, Play(403))
    done = run("nightly", home=home)
    assert (done.code, home.mart.exists()) == (1, False)
    assert done.err.count("/a: HTTP status 403") == 1
    stage.play("/a", Play(body=LINES))
    assert run("nightly", "--only", "feeds", home=home).code == 2
    assert home.mart.exists()


def test_one_source_that_fails_does_not_sink_the_night(stage, home, unbuilt, run, ledger_rows):
    """Its error is told, the others' rows are in; the next night it is asked for the same stretch again."""
    stage.play("/closes", Play(403))
    first = run("nightly", home=home)
    assert first.code == 2
    assert "/closes: HTTP status 403" in first.err
    assert len(ledger_rows(home, "document")) == 5
    stage.play("/closes", Play(body=CLOSES))
    assert run("nightly", home=home).code == 0
    asked = [p for p, _, _ in stage.asked if p.startswith("/closes")]
    assert asked[0] == asked[1] == f"/closes?from={datetime.now(UTC) - timedelta(days=10):%Y-%m-%d}"
    assert len(ledger_rows(home, "bar")) == 2


def test_a_page_that_fails_leaves_the_others_of_its_source(stage, home, unbuilt, run, ledger_rows):
    """One feed of two is gone: the other's items are in, and the mark names the failure."""
    del stage.plays["/b"]
    done = run("nightly", "--only", "feeds", home=home)
    assert (done.code, len(ledger_rows(home, "document"))) == (2, 2)
    assert run("sources", "feeds", "--json", home=home).json[0]["state"] == "failing"
    stage.play("/b", Play(503))
    marks = load_marks(open_ledger(home), "feeds")
    assert (marks["feeds", "b"].failures, marks["feeds", "a"].failures) == (1, 0)
    assert "HTTP status 404" in marks["feeds", "b"].error


def test_a_page_that_robots_forbid_is_left_out(stage, home, unbuilt, run, monkeypatch):
    """The host's wish is no failure: the page is counted as left out, its neighbour comes, and all is well."""
    from dataclasses import replace

    crawled = replace(FEEDS, api=False)
    for module in ("ingest.registry", "ingest.health"):
        monkeypatch.setattr(f"{module}.list_sources", lambda: (crawled,))
    stage.play("/robots.txt", Play(body=b"User-agent: *\nDisallow: /b"))
    done = run("nightly", "--json", home=home)
    assert (done.code, done.json["sources"][0]["new"]) == (0, 2)
    assert done.json["sources"][0]["skipped"]["forbidden by robots.txt"] == 1
    assert stage.asked_for("/b") == []


def test_a_fault_in_a_parser_is_told_and_kept_apart(stage, home, unbuilt, run, ledger_rows):
    """Bytes that break a parser of ours, and a page that is no such page: each is an error of its page alone."""
    stage.play("/a", Play(body=b"<html>"))
    stage.play("/closes", Play(body=b"[1]"))
    done = run("nightly", home=home)
    assert done.code == 2
    assert "Lines of a: HTML" in done.err
    assert "a fault of ours, AttributeError" in done.err
    assert [r["title"] for r in ledger_rows(home, "document", "title")] == [
        "Fed holds rates",
        "Filing one",
        "Filing two",
    ]


def test_a_file_is_fetched_once_and_given_up_after_three_nights(stage, home, unbuilt, run):
    """What never changes is not asked for again; what is missing is asked for three nights, then the source is well."""
    del stage.plays["/f2"]
    codes = [run("nightly", "--only", "files", home=home).code for _ in range(4)]
    assert codes == [2, 2, 2, 0]
    assert len(stage.asked_for("/f1")) == 1
    assert len(stage.asked_for("/f2")) == 3


def test_new_rows_of_a_changed_page_come_in(stage, home, unbuilt, run, ledger_rows):
    """A feed that grew gives its new item; a price that was revised stands beside the old one with its own hour."""
    run("nightly", home=home)
    stage.play("/a", Play(body=LINES + b"5|2026-01-30T18:00:00Z|Late item\n"))
    stage.play("/closes", Play(body=CLOSES.replace(b"9.0", b"9.5")))
    told = {s["source"]: s["new"] for s in run("nightly", "--json", home=home).json["sources"]}
    assert (told["feeds"], told["prices"]) == (1, 1)
    assert sorted(r["close"] for r in ledger_rows(home, "bar", "close")) == [9.0, 9.5, 10.0]


def test_a_lost_ledger_is_filled_again_from_the_kept_bytes(stage, home, unbuilt, run, ledger_rows):
    """Replay asks nobody and gives the same rows, the hour at which each came in included."""
    run("nightly", home=home)
    before = [ledger_rows(home, t) for t in ("document", "bar")]
    for path in home.path.glob("ledger.sqlite*"):
        path.unlink()
    asked = len(stage.asked)
    done = run("nightly", "--replay", "--json", home=home)
    assert (done.code, len(stage.asked)) == (0, asked)
    assert [ledger_rows(home, t) for t in ("document", "bar")] == before
    assert sum(s["new"] for s in run("nightly", "--replay", "--json", home=home).json["sources"]) == 0


def test_a_damaged_snapshot_is_told_and_fetched_again(stage, home, unbuilt, run):
    """Replay names the file and goes on; the next night asks for the page without its etag."""
    run("nightly", home=home)
    for path in home.snapshots.glob("feeds/*/*.gz"):
        path.write_bytes(path.read_bytes()[:20])
    done = run("nightly", "--replay", "--only", "feeds", home=home)
    assert done.code == 1
    assert "Fetch it again" in done.err
    run("nightly", "--only", "feeds", home=home)
    assert "if-none-match" not in stage.asked_for("/a")[-1]
    assert run("nightly", "--replay", "--only", "feeds", home=home).code == 0


def test_a_dry_run_asks_nobody_and_writes_nothing(stage, home, run):
    """It names the pages and windows, and that more follow where a listing decides."""
    done = run("nightly", "--dry-run", "--json", home=home)
    told = {p["source"]: p for p in done.json}
    assert done.code == 0
    assert told["feeds"]["pages"] == [f"{stage.root}/a", f"{stage.root}/b"]
    assert (told["files"]["more_follow"], told["locked"]["missing"]) == (True, ["WHYFELL_TEST_KEY"])
    assert stage.asked == []
    assert not home.path.exists()


def test_an_optional_source_is_asked_only_by_name(stage, home, unbuilt, run, monkeypatch):
    """Left alone in a usual night; beside the others with --also, alone with --only."""
    from dataclasses import replace

    declared = (FEEDS, replace(night_sources.PRICES, optional=True))
    for module in ("ingest.registry", "ingest.health"):
        monkeypatch.setattr(f"{module}.list_sources", lambda: declared)
    for arguments, asked in [
        ((), ["feeds"]),
        (("--also", "prices"), ["feeds", "prices"]),
        (("--only", "prices"), ["prices"]),
    ]:
        told = run("nightly", *arguments, "--json", home=home).json["sources"]
        assert [s["source"] for s in told] == asked


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--only", "feeds,nothing"), "Source 'nothing': there is none"),
        (("--since", "someday"), "not a day or instant"),
        (("--since", "2999-01-01"), "to come"),
        (("--replay", "--dry-run"), "exclude each other"),
    ],
)
def test_bad_requests_are_told(home, run, arguments, words):
    """Exit code 1 and a sentence."""
    done = run("nightly", *arguments, home=home)
    assert done.code == 1
    assert words in done.err


def test_since_asks_from_there_on(stage, home, unbuilt, run):
    """A backfill asks from the day named, as far as the publisher goes back, and leaves the marks where they were."""
    run("nightly", "--only", "prices", home=home)
    reached = load_marks(open_ledger(home), "prices")["prices", ""].read_until
    run("nightly", "--only", "prices", "--since", "2020-01-01", home=home)
    assert stage.asked[-1][0] == "/closes?from=2020-01-01"
    assert load_marks(open_ledger(home), "prices")["prices", ""].read_until >= reached


def test_a_day_fetches_what_its_answer_needs(stage, home, run):
    """`whyfell DATE --fetch` asks the sources that look back for the stretch around the day, then answers."""
    done = run("2026-01-30", "--fetch", "--market", "ABC", "--json", home=home)
    assert done.code == 0, done.err
    assert done.json["return_on_date"] == pytest.approx(-0.1)
    assert [p for p, _, _ in stage.asked] == ["/closes?from=2025-07-14"]


def test_sources_says_how_each_is(stage, home, unbuilt, run):
    """Before: never run. After: ok with its rows, failing with its error, waiting for a secret."""
    before = {h["source"]: h["state"] for h in run("sources", "--json", home=home).json}
    assert before == {
        "feeds": "never run",
        "files": "never run",
        "prices": "never run",
        "locked": "needs WHYFELL_TEST_KEY",
    }
    stage.play("/closes", Play(403))
    run("nightly", home=home)
    after = {h["source"]: h for h in run("sources", "--json", home=home).json}
    assert (after["feeds"]["state"], after["feeds"]["rows_in_7_days"]) == ("ok", 3)
    assert (after["prices"]["state"], after["prices"]["failures"]) == ("failing", 1)
    assert "403" in after["prices"]["error"]
    assert "failing" in run("sources", home=home).out


def make_run(day, new=0, days=1, failed=0):
    """A run of a source on a day of January 2026 that covered so many days before it."""
    started = at(f"2026-01-{day:02d}T22:00")
    window = (started - timedelta(days=days), started)
    return SourceRun("feeds", started, started, *window, 1, 0, 9, new, new, 0, failed, "ok")


def test_a_gap_is_a_stretch_that_no_sound_run_covered():
    """Runs of the 2nd to the 5th and of the 9th, a failed one between: the 5th to the 8th is missing."""
    runs = [make_run(2), make_run(3), make_run(4), make_run(5), make_run(7, failed=1), make_run(9)]
    assert find_gaps(runs) == [(at("2026-01-05T22:00"), at("2026-01-08T22:00"))]


def test_a_source_that_dries_up_is_noticed():
    """Ten rows a day declared: 24 in a week is dry (under half of 50), 25 is not; a source younger than a week never is."""
    source = night_sources.declare("feeds", night_sources.fetch_feeds, night_sources.parse_lines, rows_a_day=(10, 99))
    now = at("2026-01-20T23:00")
    assert is_dry(source, [make_run(10, 100), make_run(19, 24)], now)
    assert not is_dry(source, [make_run(10), make_run(19, 25)], now)
    assert not is_dry(source, [make_run(19)], now)
    assert not is_dry(FEEDS, [make_run(10)], now)


def test_the_window_begins_where_the_source_was_read_to(home, unbuilt, run):
    """Less the lag for late rows, and no further back than the publisher goes."""
    from ingest.gathering import find_window
    from ingest.marks import Mark

    read = at("2026-01-10T00:00")
    marks = {(n, ""): Mark(n, "", read, read_until=read) for n in ("feeds", "prices")}
    until = at("2026-01-30T00:00")
    assert find_window(night_sources.PRICES, marks, None, until) == Window(at("2025-12-31T00:00"), until)
    assert find_window(FEEDS, marks, None, until) == Window(at("2026-01-28T00:00"), until)
    assert find_window(night_sources.PRICES, {}, at("2020-01-01T00:00"), until).since == at("2020-01-01T00:00")


def start_night(home, stage):
    """`whyfell nightly` over the played sources in a process of its own."""
    command = [
        sys.executable,
        os.path.join(os.path.dirname(__file__), "run_night.py"),
        "nightly",
        "--home",
        str(home.path),
    ]
    environment = {**os.environ, "PLAYED_AT": stage.root, "WHYFELL_PRIVATE_ADDRESSES": "1", "WHYFELL_WORKERS": "1"}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def read_state(home, ledger_rows):
    """What an undisturbed and an interrupted home must share: all but the hours at which rows came in."""
    columns = ("document_id", "source", "title", "public_lo", "public_hi", "precision")
    return [
        ledger_rows(home, "document", *columns), ledger_rows(home, "bar", "symbol", "session", "source", "close"),
        ledger_rows(home, "trigger"), ledger_rows(home, "reading"), ledger_rows(home, "event"),
    ]  # fmt: skip


@pytest.mark.full
@pytest.mark.parametrize("seconds", [0.9, 3.0])
def test_a_killed_night_is_simply_run_again(stage, home, tmp_path, ledger_rows, mart_rows, seconds):
    """kill -9 on the way, then a rerun: the same documents, figures, readings and events as of an undisturbed night."""
    whole = Home(tmp_path / "whole")
    undisturbed = start_night(whole, stage)
    killed = start_night(home, stage)
    time.sleep(seconds)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert undisturbed.communicate()[1] == b""
    again = start_night(home, stage)
    assert (again.communicate()[1], again.returncode) == (b"", 0)
    assert read_state(home, ledger_rows) == read_state(whole, ledger_rows)
    assert mart_rows(home, "SELECT count(*) FROM document") == [(5,)]
