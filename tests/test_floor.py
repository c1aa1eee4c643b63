"""The tagger is at least as good as its floor says, and the floor does not sink by itself."""

from __future__ import annotations

import json

import pytest

from kb.errors import BadInput
from models import floor
from models.tagger import Tagger


def test_no_score_is_under_the_floor():
    """On the hard sentences always, on the labelled headlines where they lie beside the project."""
    now = floor.measure(Tagger.load())
    assert "hard" in now
    assert floor.find_falls(floor.read_floor(), now) == []
    assert all(now[name]["sha256"] == floor.read_floor()[name]["sha256"] for name in now)


def test_a_fall_needs_the_flag(monkeypatch, tmp_path):
    """A figure that fell is named and not written, unless lowering was asked for; a rise is written."""
    scores = tmp_path / "scores.json"
    was = {"hard": {**dict.fromkeys(floor.HIGHER, 0.9), "sha256": "x"}}
    scores.write_text(json.dumps(was), "utf-8")
    monkeypatch.setattr(floor, "SCORES", scores)
    monkeypatch.setattr(floor, "measure", lambda _: {"hard": {**was["hard"], "macro_f1": 0.8, "wrap_accuracy": 0.95}})
    with pytest.raises(BadInput, match="macro_f1"):
        floor.raise_floor([])
    assert json.loads(scores.read_text("utf-8")) == was
    floor.raise_floor(["--lower"])
    assert json.loads(scores.read_text("utf-8"))["hard"]["macro_f1"] == 0.8


def test_another_data_set_is_compared_with_nothing():
    least = {"hard": {**dict.fromkeys(floor.HIGHER, 0.9), "sha256": "x"}}
    now = {"hard": {**dict.fromkeys(floor.HIGHER, 0.1), "sha256": "y"}}
    assert floor.find_falls(least, now) == []
