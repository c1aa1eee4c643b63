"""What training builds on: goals, thresholds, calibration, the gate, the fast stage's arithmetic. No torch is needed."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest

from kb.errors import BadInput
from models.calibrate import Stage, decide
from models.fast import (
    FIRST_KNOWN,
    FastModel,
    Vocabulary,
    find_pairs,
    hash_pairs,
    hash_text,
    hash_word,
    measure_segments,
)
from models.heads import HEADS, NONE_AT, PRESENT, PRIMARY, RISK, TYPES, WRAP_AT
from models.labels import Label, hash_title, read_archive, read_own, read_readings
from models.reliability import expected_error, list_bins
from models.train_calibrate import FALSE_TRIGGERS, calibrate, choose_least, describe
from models.train_gate import SHARE, Trial, choose_gate, trace_frontier
from models.train_mapped import rule_out
from models.train_targets import from_labels, from_teacher, join

INFLATION, LABOR = TYPES.index("inflation"), TYPES.index("labor")


def label(*types: str, wrap: int = 0, risk: int = 0) -> Label:
    return Label("a title", "", types, wrap, risk, "0" * 16)


def answer(primary: int, size: float = 6.0) -> np.ndarray:
    """Logits that clearly say one primary type, or none."""
    row = np.zeros(HEADS, dtype=np.float32)
    row[PRIMARY.start + primary] = size
    row[PRESENT] = -size
    row[WRAP_AT], row[RISK] = -size, (0, 1, 0)
    return row


def test_goals_of_labels():
    """The primary alone in one head, every type in the other; none has a place of its own."""
    goals = from_labels([label("labor", "inflation", risk=-1), label()], 2.0)
    assert goals.primary.argmax(axis=1).tolist() == [LABOR, NONE_AT]
    assert np.flatnonzero(goals.present[0]).tolist() == sorted((INFLATION, LABOR))
    assert goals.present[1].sum() == 0
    assert goals.risk.tolist() == [[1, 0, 0], [0, 1, 0]]
    assert goals.weight.tolist() == [2.0, 2.0]


def test_goals_of_a_teacher_are_its_shares():
    goals = from_teacher(answer(LABOR)[None])
    assert goals.primary.sum() == pytest.approx(1)
    assert goals.primary[0, LABOR] == pytest.approx(np.e**6 / (np.e**6 + NONE_AT))
    assert len(join(goals, goals).weight) == 2


def test_least_share_keeps_false_triggers_in_bounds():
    """Of 100 quiet items, no more trigger than allowed at the threshold chosen, though a lower one were more often right."""
    shares = np.full((140, NONE_AT + 1), 0.001)
    shares[:100, LABOR] = np.linspace(0.2, 0.7, 100)
    shares[100:, LABOR] = np.linspace(0.5, 0.95, 40)
    shares[:, NONE_AT] = 1 - shares[:, :NONE_AT].sum(axis=1)
    true = np.r_[np.full(100, NONE_AT), np.full(40, LABOR)]
    least = choose_least(shares, true)
    some = 1 - shares[:, NONE_AT]
    assert (some[:100] >= least).mean() <= FALSE_TRIGGERS
    assert (some[100:] >= least).mean() > 0.5


def test_confidence_says_how_often_it_is_right():
    """Items of one share, right seven times in ten: the calibrated chance is near 0.7 and the table's error small."""
    labels = [label("labor") if i % 10 < 7 else label("inflation") for i in range(400)] + [label() for _ in range(400)]
    logits = np.stack([answer(LABOR, 4.0)] * 400 + [answer(NONE_AT)] * 400)
    stage = calibrate(logits, labels)
    told = decide(logits, stage)
    assert told.primary[0] == LABOR
    assert told.confidence[0] == pytest.approx(0.7, abs=0.05)
    assert told.confidence[-1] > 0.95
    assert describe(logits, labels, stage)["calibration_error"] < 0.05


def test_reliability_by_hand():
    table = list_bins(np.array([0.95, 0.95, 0.15, 0.15]), np.array([True, False, False, False]))
    assert [(row["from"], row["n"], row["right"]) for row in table] == [(0.1, 2, 0.0), (0.9, 2, 0.5)]
    assert expected_error(table) == pytest.approx((0.15 * 2 + 0.45 * 2) / 4)


def test_decisions_follow_the_thresholds():
    """A type needs its share; further types need their chance and a primary; risk of plain none is 0."""
    stage = Stage(0.5, 0.5, 0.5, 1.0, (0.0,) * (NONE_AT + 1), 1.0, 0.0)
    rows = np.stack([answer(LABOR), answer(NONE_AT)])
    rows[:, PRESENT.start + INFLATION] = 3
    rows[:, RISK] = (5, 0, 0)
    told = decide(rows, stage)
    assert told.primary.tolist() == [LABOR, NONE_AT]
    assert np.flatnonzero(told.further[0]).tolist() == [INFLATION]
    assert told.further[1].sum() == 0
    assert told.risk.tolist() == [-1, 0]


def test_the_gate_sends_what_the_stream_allows():
    """The threshold lies where the wanted share of the stream is asked about; asking about all gives the encoder's score."""
    labels = [label("labor")] * 50 + [label()] * 50
    wrong, right = answer(INFLATION), answer(LABOR)
    fast = np.stack([np.r_[wrong, 2.0]] * 50 + [np.r_[answer(NONE_AT), -2.0]] * 50)
    trial = Trial(labels, fast, np.stack([right] * 50 + [answer(NONE_AT)] * 50))
    stage = Stage(0.5, 0.5, 0.5, 1.0, (0.0,) * (NONE_AT + 1), 1.0, 0.0)
    stream = np.linspace(-5, 1, 10_001)
    frontier = trace_frontier(trial, {"fast": stage, "encoder": stage}, stream)
    assert (stream >= choose_gate(frontier)).mean() == pytest.approx(SHARE, abs=0.001)
    assert frontier[0]["primary_accuracy"] == 0.5
    assert frontier[-1]["primary_accuracy"] == 1.0
    assert [p["share_of_held_out"] for p in frontier] == sorted(p["share_of_held_out"] for p in frontier)


def test_a_topic_rules_types_out():
    """A dividend tweet can be earnings and not war; a topic without an entry changes nothing."""
    answers = np.zeros((2, HEADS), dtype=np.float32)
    ruled = rule_out(answers, ["Dividend", "Macro"])
    war, earnings = TYPES.index("geopolitical_conflict"), TYPES.index("earnings")
    assert ruled[0, war] < 0 == ruled[0, earnings] == ruled[0, NONE_AT]
    assert (ruled[1] == 0).all()


def small_model(rng: np.random.Generator) -> FastModel:
    rows, columns, hidden = FIRST_KNOWN + 1, 5, 4
    return FastModel({
        "table": rng.integers(-127, 127, (rows, columns)).astype(np.int8),
        "scale": rng.random(rows).astype(np.float16),
        "known": np.array([hash_text("fed")], dtype=np.uint32),
        "segment": np.array([1.0, 0.5, 2.0]),
        "inner": rng.normal(size=(columns, hidden)),
        "inner_bias": rng.normal(size=hidden),
        "outer": rng.normal(size=(hidden, HEADS + 1)),
        "skip": rng.normal(size=(columns, HEADS + 1)),
        "bias": rng.normal(size=HEADS + 1),
    })  # fmt: skip


def test_the_fast_stage_by_plain_arithmetic():
    """Its score of one item equals the sum written out: words with their grams, pairs of the title, roots of lengths."""
    model = small_model(np.random.default_rng(3))
    title, summary, marks = ["fed", "cuts"], ["rates"], ["\x01central_bank"]

    def row(at: int) -> np.ndarray:
        return model.table[at].astype(np.float64) * float(model.scale[at])

    def words(texts: list[str]) -> np.ndarray:
        return sum((row(at) for text in texts for at in hash_word(text, model.known)), np.zeros(5))

    codes = [np.uint64(hash_text(w)) for w in ("\x02", *title)]
    pairs = sum(row(hash_pairs(np.array([a]), np.array([b]))[0]) for a, b in pairwise(codes))
    vector = (words(title) + pairs) / np.sqrt(3) + 0.5 * words(summary) / np.sqrt(2) + 2.0 * words(marks)
    hidden = np.maximum(vector @ model.inner + model.inner_bias, 0)
    expected = hidden @ model.outer + vector @ model.skip + model.bias
    scored = model.score([(title, summary, marks), ((), (), ())])
    assert scored[0] == pytest.approx(expected, rel=1e-3, abs=1e-2)
    assert scored[1] == pytest.approx(np.maximum(model.inner_bias, 0) @ model.outer + model.bias, rel=1e-4)


def test_pairs_stay_inside_titles():
    flat, begins = Vocabulary().flatten([(["a", "b"], ["c"], []), ([], ["d", "e"], ["\x01m"])])
    assert find_pairs(len(flat), begins).tolist() == [1, 2]
    assert measure_segments(len(flat), begins) ** 2 == pytest.approx(np.array([[3, 2, 1], [1, 3, 1]]))


def test_labels_with_a_wrong_row_are_explained(tmp_path):
    (tmp_path / "a.csv").write_text("text,types,wrap,risk,cause\nx,nonsense,0,0,\n", "utf-8")
    with pytest.raises(BadInput, match="taxonomy"):
        read_own(tmp_path)
    (tmp_path / "a.csv").write_text("text,types\nx,none\n", "utf-8")
    with pytest.raises(BadInput, match="line 2"):
        read_own(tmp_path)
    (tmp_path / "a.csv").unlink()
    with pytest.raises(BadInput, match="no CSV file"):
        read_own(tmp_path)


def test_readings_are_joined_by_hash_and_measured_titles_left_out(tmp_path):
    """An archive's headline gets its reading by hash; one that a labelled file measures on is never taught."""
    import duckdb

    folder = tmp_path / "news" / "dated"
    folder.mkdir(parents=True)
    duckdb.sql("SELECT 'Fed cuts' AS title, 'more' AS summary UNION ALL SELECT 'Measured', ''").write_parquet(
        str(folder / "x.parquet")
    )
    (tmp_path / "gold").mkdir()
    (tmp_path / "gold" / "g.csv").write_text("title\nMeasured\n", "utf-8")
    (tmp_path / "archive").mkdir()
    readings = (
        f"key,types,wrap,risk,use\n{hash_title('FED  cuts')},monetary_policy,0,1,held\n{'f' * 16},none,0,0,train\n"
    )
    (tmp_path / "archive" / "readings.csv").write_text(readings, "utf-8")
    archive = read_archive(folder)
    assert list(archive.values()) == [("Fed cuts", "more")]
    (found,) = read_readings(archive, "held", tmp_path)
    assert (found.title, found.types, found.risk) == ("Fed cuts", ("monetary_policy",), 1)
    assert read_readings(archive, "train", tmp_path) == []


def test_the_card_tells_how_it_came_about():
    """Both stages with thresholds, reliability on held-out items, the frontier and the sources stand in the card."""
    from models.tagger import WEIGHTS

    card = json.loads((WEIGHTS / "tagger.json").read_text("utf-8"))
    assert set(card["stages"]) == {"fast", "encoder"}
    for stage in card["stages"]:
        assert card["trained"]["held_out"][stage]["reliability"]
    assert {"date", "own_sentences", "readings", "held_out_readings", "unlabelled", "recipe", "labels_sha256"} <= set(
        card["trained"]
    )
    assert [p["share_of_stream"] for p in card["trained"]["frontier"]] == sorted(
        p["share_of_stream"] for p in card["trained"]["frontier"]
    )
    assert (WEIGHTS / "frontier.svg").read_text("utf-8").startswith("<?xml")
