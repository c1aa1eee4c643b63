"""`whyfell review`: what a person says is kept for ever, counts from the next build on, and never in an earlier answer."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

DAY = "2021-03-04"
BEFORE = "2021-03-03"
WAR = "Stocks plunge after missile strikes stoke fears of a wider war"
JOBS = "Wall Street slides as weekly jobless claims jump"
SAID = ("--who", "Ada", "--why", "I read the paper")


@pytest.fixture(scope="module")
def base(small_home):
    """A home with one fall of the S&P 500 and three documents."""
    prices = [{"symbol": "SPX", "date": d, "close": c} for d, c in (("2021-03-02", 101), (BEFORE, 100), (DAY, 95))]
    news = [
        {"id": name, "source": "Paper", "title": title, "published_at": f"{DAY}T21:30:00Z"}
        for name, title in (("war", WAR), ("jobs", JOBS), ("plain", "A museum opens a hall of trains"))
    ]
    return small_home(prices=prices, news=news)


@pytest.fixture
def home(base, small_home):
    """A copy of it, to be reviewed."""
    return small_home.copy(base)


def ask(run, home, *options):
    """Shares by type, and the whole answer."""
    answer = run(DAY, "--json", *options, home=home).json
    shares = {}
    for cause in answer["causes"]:
        shares[cause["type"]] = shares.get(cause["type"], 0) + cause["share"]
    return shares, answer


def id_of(mart_rows, home, title):
    """The id of the document with this title."""
    return mart_rows(home, "SELECT document_id FROM document WHERE title = $t", t=title)[0][0]


def test_a_rejected_cause_is_none_from_the_next_build_on(run, home):
    """Not before it; the rest shares out anew, and the answer says who rejected what and why."""
    shares, _ = ask(run, home)
    assert set(shares) >= {"geopolitical_conflict", "labor"}
    done = run("review", "reject", DAY, "labor", *SAID, home=home)
    assert done.code == 0, done.err
    assert f"machine said {shares['labor']:.2f}" in done.out
    assert ask(run, home)[0] == shares
    assert run("build", "--from", "verdict", home=home).code == 0
    after, answer = ask(run, home)
    assert "labor" not in after
    assert after["geopolitical_conflict"] > shares["geopolitical_conflict"]
    assert sum(after.values()) + answer["unexplained"]["share"] == pytest.approx(1)
    assert "Ada rejected labor as a cause: I read the paper" in answer["caveats"]


def test_the_latest_word_counts_and_all_words_stay(run, home, ledger_rows):
    """Rejected, then accepted after thinking again: a cause again with both rows kept, and the screen says by whom."""
    run("review", "reject", DAY, "labor", *SAID, home=home)
    run("review", "accept", DAY, "labor", "--who", "Ben", "--why", "read it twice", home=home)
    run("build", home=home)
    cause = next(c for c in ask(run, home)[1]["causes"] if c["type"] == "labor")
    assert (cause["review"]["verdict"], cause["review"]["who"]) == ("accept", "Ben")
    assert "accepted by Ben" in run(DAY, home=home).out
    assert len(ledger_rows(home, "review")) == 2


def test_a_named_cause_counts_as_one_report(run, home, mart_rows):
    """A document that nobody tagged gives the cause: it is evidence, and the cause has a share and a name beside it."""
    document = id_of(mart_rows, home, "A museum opens a hall of trains")
    done = run("review", "cause", DAY, "fiscal_policy", "--document", document, *SAID, home=home)
    assert done.code == 0, done.err
    run("build", home=home)
    shares, answer = ask(run, home)
    cause = next(c for c in answer["causes"] if c["type"] == "fiscal_policy")
    assert shares["fiscal_policy"] > 0.01
    assert cause["evidence"][0]["title"].startswith("A museum")
    assert cause["evidence"][0]["role"] == "stated"
    assert cause["review"]["verdict"] == "cause"


def test_other_types_of_a_document_survive_every_build(run, home, mart_rows, ledger_rows):
    """Retagged as trade policy, then as nothing; a build from the events on and a whole one end the same."""
    document = id_of(mart_rows, home, WAR)
    run("review", "retag", document, "trade_policy", "growth", *SAID, home=home)
    for start in ("events", "read", "read"):
        assert run("build", "--from", start, home=home).code == 0
        tags = [
            (r["rank"], r["type"], r["score"]) for r in ledger_rows(home, "trigger") if r["document_id"] == document
        ]
        assert tags == [(0, "trade_policy", 1), (1, "growth", 1)]
        assert "geopolitical_conflict" not in ask(run, home)[0]
    run("review", "retag", document, "none", *SAID, home=home)
    run("build", home=home)
    assert not [r for r in ledger_rows(home, "trigger") if r["document_id"] == document]


def test_an_earlier_answer_knows_nothing_of_a_later_review(run, home):
    """As of the evening of the day the rejected cause stands, with and without the review."""
    evening = ("--as-of", "2021-03-05T12:00Z")
    before = ask(run, home, *evening)[1]
    run("review", "reject", DAY, "labor", *SAID, home=home)
    run("build", home=home)
    after = ask(run, home, *evening)[1]
    assert after | {"built": 0} == before | {"built": 0}
    assert "labor" not in ask(run, home)[0]


def test_the_list_says_where_people_and_machine_disagree(run, home, mart_rows):
    """An acceptance agrees, a rejection and other types do not."""
    run("review", "accept", DAY, "geopolitical_conflict", *SAID, home=home)
    run("review", "reject", DAY, "labor", *SAID, home=home)
    run("review", "retag", id_of(mart_rows, home, JOBS), "growth", *SAID, home=home)
    rows = run("review", "list", "--json", home=home).json
    assert [(r["action"], r["agreed"]) for r in rows] == [("retag", False), ("reject", False), ("accept", True)]
    assert rows[0]["title"] == JOBS
    assert rows[0]["machine"].startswith("labor")
    assert len(run("review", "list", "--disagreements", "--json", home=home).json) == 2
    assert "2 of 3 reviews disagree" in run("review", "list", home=home).out
    assert run("review", "list", "--csv", home=home).out.startswith("reviewed_at,who,action")


WRONG = {
    "no such cause": ("accept", DAY, "terrorism"),
    "no such type": ("reject", DAY, "gloom"),
    "no session": ("reject", "2021-03-06", "labor"),
    "a range": ("reject", f"{BEFORE}..{DAY}", "labor"),
    "no such document": ("retag", "0123456789abcdef", "labor"),
    "four types": ("retag", "0123456789abcdef", "labor", "growth", "inflation", "earnings"),
    "none and more": ("retag", "0123456789abcdef", "none", "growth"),
    "a cause without its document": ("cause", DAY, "labor", "--document", "nowhere"),
}


@pytest.mark.parametrize("fault", WRONG)
def test_wrong_reviews_end_with_a_sentence_and_are_not_kept(run, base, fault, ledger_rows):
    """Exit code 1, what was found, what to do; nothing written."""
    done = run("review", *WRONG[fault], *SAID, home=base)
    assert done.code == 1
    assert done.err.startswith("whyfell: ")
    assert ledger_rows(base, "review") == []


def test_a_review_without_a_reason_is_none(run, base, ledger_rows):
    """Blank --why or --who: said so, and nothing kept."""
    for who, why in (("Ada", " "), (" ", "because")):
        assert run("review", "accept", DAY, "labor", "--who", who, "--why", why, home=base).code == 1
    assert ledger_rows(base, "review") == []


KILLED = """
import os, signal
from pathlib import Path
import ingest.build as build
from kb.settings import Home
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
build.store_events = die
build.run_build(Home(Path({home!r})))
"""


def test_a_build_killed_after_reviews_were_brought_in_ends_the_same(run, home, mart_rows, ledger_rows, small_home):
    """Killed between tags and events, then built again: the state of an undisturbed build."""
    run("review", "retag", id_of(mart_rows, home, WAR), "trade_policy", *SAID, home=home)
    other = small_home.copy(home)
    killed = subprocess.run([sys.executable, "-c", KILLED.format(home=str(home.path))], check=False, timeout=120)
    assert killed.returncode == -signal.SIGKILL
    for one in (home, other):
        assert run("build", home=one).code == 0
    for table in ("trigger", "event", "event_document", "review"):
        assert ledger_rows(home, table) == ledger_rows(other, table)
    assert ask(run, home)[0] == ask(run, other)[0]
