"""The README's first screen is true: what it prints is what the command prints."""

from __future__ import annotations

import re
from pathlib import Path

from kb.taxonomy import read_taxonomy

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def test_the_answer_shown_is_the_answer_given(case_home, run, monkeypatch):
    """The first answer in the README is, to the letter, what a new home prints at 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    shown = re.search(r"^```text\n(.*?)^```", README, re.M | re.S)[1]
    day = re.search(r"\d{4}-\d\d-\d\d", shown)[0]
    given = run(day, home=case_home).out
    assert [line.rstrip() for line in given.splitlines()] == [line.rstrip() for line in shown.splitlines()]


def test_make_why_without_a_date_asks_the_day_shown():
    """`make why` prints the answer the README shows."""
    day = re.search(r"^DATE \?= (\S+)$", (ROOT / "Makefile").read_text("utf-8"), re.M)[1]
    assert day in re.search(r"^```text\n(.*?)^```", README, re.M | re.S)[1]


def test_every_trigger_type_stands_in_the_readme():
    """A reader finds each of the 26 types explained."""
    assert [t for t in read_taxonomy() if f"`{t}`" not in README] == []
