"""The tagger keeps its promises: known sentences, any input, one id per model, labels fit to learn from."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.errors import BadInput, NotFound, Unreadable
from kb.records import Reading
from kb.taxonomy import read_taxonomy
from models.cleaning import clean
from models.evaluate_tagger import evaluate_tagger
from models.labels import hash_title, read_hard, read_own
from models.stated_cause import find_cause, find_direction, find_weekday, read_report, speaks_ahead
from models.tagger import BATCH, WEIGHTS, Tagger

LABELS = Path(__file__).parent.parent / "data" / "labels"


TAGGER = Tagger.load()  # once: Hypothesis and fixtures do not mix


@pytest.fixture
def tagger() -> Tagger:
    return TAGGER


def read_one(tagger: Tagger, title: str, summary: str = "") -> Reading:
    return tagger.read([("d", title, summary)])[0]


# Our own sentences, none of them a label; expected by the codebook, not by running the code.
CASES = [
    ("Trump Picks Kevin Warsh as Next Fed Chair", "central_bank_leadership"),
    ("President nominates former governor to be Federal Reserve chairman", "central_bank_leadership"),
    ("November employment report delayed by government shutdown", "government_shutdown"),
    ("Over $2 billion of crypto longs liquidated in an hour as bitcoin breaks support", "liquidation_cascade"),
    ("Fed holds interest rates steady and hints at a cut in September", "monetary_policy"),
    ("Consumer price index rises 0.6% in June, more than forecast", "inflation"),
    ("U.S. adds 12,000 jobs in October, unemployment rate climbs", "labor"),
    ("White House raises tariffs on Chinese imports to 60%", "trade_policy"),
    ("Earthquake of magnitude 7.4 strikes off northern Japan", "natural_disaster"),
    ("Russian missiles strike Ukrainian power plants", "geopolitical_conflict"),
    ("Regulators close a Texas bank after a run on deposits", "banking_credit"),
    ("Moody's cuts France's sovereign credit rating", "sovereign_credit"),
    ("OPEC agrees to cut oil output by a million barrels a day", "commodities"),
]
QUIET = [
    "Striker scores twice as United win the derby",
    "Ten soups to warm up a cold evening",
    "New phone has a better camera and a worse battery",
    "Actor and singer announce their engagement",
    "How to repot a houseplant",
]


HARD_TITLES = [label.title for label in read_hard()][::10]


@pytest.mark.parametrize(("title", "expected"), CASES)
def test_known_sentence_gets_its_type(tagger: Tagger, title: str, expected: str) -> None:
    assert [t.type for t in read_one(tagger, title).types][:1] == [expected]


def test_delayed_jobs_report_is_shutdown_then_labor(tagger: Tagger) -> None:
    types = [t.type for t in read_one(tagger, "Jobs report for October delayed as shutdown drags on").types]
    assert types[:2] == ["government_shutdown", "labor"]


@pytest.mark.parametrize("title", QUIET)
def test_plain_news_is_none(tagger: Tagger, title: str) -> None:
    reading = read_one(tagger, title)
    assert reading.types == ()
    assert not reading.wrap
    assert reading.risk == 0


@pytest.mark.parametrize(
    "title",
    ["Le chat est dans la maison et les enfants sont avec une amie", "日本株が急落、関税への懸念", "Рынок акций упал"],
)
def test_other_languages_are_none(tagger: Tagger, title: str) -> None:
    reading = read_one(tagger, title)
    assert reading.types == ()
    assert not reading.wrap
    assert reading.note == "not English"


@pytest.mark.parametrize("text", ["", " ", "\x00\x01\x02", "<p></p>", "😱📉"])
def test_nothing_to_read_is_said(tagger: Tagger, text: str) -> None:
    reading = read_one(tagger, text)
    assert (reading.types, reading.wrap, reading.risk, reading.note) == ((), False, 0, "empty")


def test_report_without_cause_is_a_wrap_of_no_type(tagger: Tagger) -> None:
    reading = read_one(tagger, "Dow ends up 40 points on Tuesday")
    assert reading.wrap
    assert reading.types == ()
    assert reading.weekday == 1
    assert reading.direction == 1


def test_cause_of_a_report_comes_before_what_moved(tagger: Tagger) -> None:
    reading = read_one(tagger, "Stocks slide as tariff fears mount")
    assert reading.wrap
    assert reading.stated_cause == "tariff fears mount"
    assert reading.direction == -1
    assert reading.types[0].type == "trade_policy"
    assert reading.risk == -1


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("Stocks slide as tariff fears mount", "tariff fears mount"),
        ("Dow falls 300 points on weak jobs data", "weak jobs data"),
        ("Tariff fears knock stocks", "Tariff fears"),
        ("Shares weighed down by bank worries", "bank worries"),
        ("Nasdaq drops after Apple cuts outlook; Dow gains", "Apple cuts outlook"),
        ("Stocks fall amid U.S. shutdown", "U.S. shutdown"),
        ("China bans short sales; Hang Seng jumps", "China bans short sales"),
        ("Dow falls 300 points on Friday", ""),
        ("Stocks end mixed", ""),
        ("S&P 500 falls for a third straight day", ""),
        ("Stocks sink as Nasdaq, S&P 500 snap win streaks", ""),
        ("gold closes down 0.2% at $835.20 an ounce on comex", ""),
        ("World stocks tick higher; ECB, G20 eyed", ""),
        ("Wall St indexes rise led by energy stocks", ""),
        ("Gas futures seesaw on day after", ""),
        ("Wall Street rallies after five-session slide", ""),
        ("gold recovers on steep u.s. stock market drop", "steep u.s. stock market drop"),
        ("Markets News, Nov. 30, 2023: Tariff worries hit stocks", "Tariff worries"),
    ],
)
def test_stated_cause(text: str, cause: str) -> None:
    assert find_cause(text) == cause


@pytest.mark.parametrize(
    ("text", "direction"),
    [
        ("Dow snaps five-day losing streak", 1),
        ("Tariff fears knock stocks", -1),
        ("Wall Street rallies", 1),
        ("Stocks end little changed", 0),
        ("Nikkei tumbles 4%", -1),
        ("Nikkei hits two-month closing high", 1),
        ("Stocks hit by tariff fears", -1),
    ],
)
def test_direction(text: str, direction: int) -> None:
    assert find_direction(text) == direction


def test_weekday_and_session_ahead() -> None:
    assert find_weekday("Stocks rise Wednesday") == 2
    assert find_weekday("Stocks rise") is None
    assert speaks_ahead("Dow futures slip")
    assert speaks_ahead("Wall Street set to open lower")
    assert not speaks_ahead("Oil futures settle lower")
    assert not speaks_ahead("Stocks end lower")
    assert read_report("Stocks drop", "Shares fell on Monday after a bank failed. More.").cause == "a bank failed"


ODD = [
    "",
    " ",
    "\x00\x01\x02",
    "😱📉" * 50,
    "<b>Fed</b> &amp; <i",
    "\ud800",
    "Ã©Ã¨ Ã¼",
    "A" * 1_000_000,
    "as on after",
    "&#x110000;",
]


@pytest.mark.parametrize("text", ODD)
def test_odd_text_never_crashes(tagger: Tagger, text: str) -> None:
    readings = tagger.read([("a", text, ""), ("b", "", text), ("c", text, text)])
    assert [r.document_id for r in readings] == ["a", "b", "c"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=8), st.text(max_size=120), st.text(max_size=200)), max_size=6))
def test_any_items_keep_order_and_count(items: list[tuple[str, str, str]]) -> None:
    readings = TAGGER.read(items)
    assert [r.document_id for r in readings] == [item[0] for item in items]
    for reading in readings:
        assert len(reading.types) <= 3
        assert reading.risk in (-1, 0, 1)
        assert reading.direction in (-1, 0, 1)
        assert all(0 <= t.score <= 1 and t.type in read_taxonomy() for t in reading.types)
        assert len({t.type for t in reading.types}) == len(reading.types)


def test_reading_does_not_depend_on_company_or_order(tagger: Tagger) -> None:
    items = [(str(i), title, "") for i, (title, _) in enumerate(CASES * (BATCH // len(CASES) + 2))]
    alone = [read_one(Tagger.load(), title) for title, _ in CASES]
    together = tagger.read(items)
    assert [r.types for r in together[: len(CASES)]] == [r.types for r in alone]
    assert [r.types for r in tagger.read(items[::-1])[::-1]] == [r.types for r in together]


def test_markup_is_removed() -> None:
    assert clean("<p>Fed &amp; ECB\n raise\trates</p>", 300) == "Fed & ECB raise rates"


def test_model_id_follows_the_weights(tagger: Tagger, tmp_path: Path) -> None:
    card = json.loads((WEIGHTS / "tagger.json").read_text("utf-8"))
    assert card["sha256"][:8] in tagger.model
    assert Tagger.load().model == tagger.model
    shutil.copytree(WEIGHTS, tmp_path / "w")
    card["gate"] += 0.01
    (tmp_path / "w" / "tagger.json").write_text(json.dumps(card), "utf-8")
    assert Tagger.load(tmp_path / "w").model != tagger.model


def test_foreign_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="train_tagger"):
        Tagger.load(tmp_path)
    shutil.copytree(WEIGHTS, tmp_path / "w")
    raw = bytearray((tmp_path / "w" / "tagger.safetensors").read_bytes())
    raw[-1] ^= 1
    (tmp_path / "w" / "tagger.safetensors").write_bytes(raw)
    with pytest.raises(Unreadable, match="sha256"):
        Tagger.load(tmp_path / "w")


def test_weights_stay_small() -> None:
    """One file of 25 MB at most, and no pickle: it opens as safetensors."""
    from safetensors import safe_open

    path = WEIGHTS / "tagger.safetensors"
    assert path.stat().st_size <= 25_000_000
    with safe_open(path, framework="numpy") as weights:
        assert {"table", "known", "encoder", "pieces"} <= set(weights.keys())


def test_each_stage_can_be_asked_alone(tagger: Tagger) -> None:
    """The fast stage never loads the encoder; where the gate sends an item, the cascade's answer is that of both stages."""
    fresh = Tagger.load()
    items = [(str(i), title, "") for i, (title, _) in enumerate(CASES)]
    fresh.read(items, stage="fast")
    assert "encoder" not in vars(fresh)
    texts = [(label.title, "") for label in [*read_hard(), *read_own()[:4000]]]
    cascade = tagger.score(texts)
    doubtful = [text for text, asked in zip(texts, cascade.asked, strict=True) if asked]
    assert 0 < len(doubtful) < len(texts) / 10
    together = tagger.score(doubtful, "encoder")
    assert together.asked.all()
    assert list(together.decided.primary) == list(cascade.decided.primary[cascade.asked])
    with pytest.raises(BadInput, match="cascade, fast or encoder"):
        tagger.read(items, stage="slow")


def test_abstains_where_it_is_not_sure(tagger: Tagger) -> None:
    """Under the wanted confidence an item has no types and says why; the others are as they were."""
    items = [(str(i), title, "") for i, title in enumerate(HARD_TITLES)]
    plain, careful = tagger.read(items), tagger.read(items, least_confidence=0.8)
    assert {r.note for r in careful} == {"", "abstained"}
    for one, other in zip(plain, careful, strict=True):
        assert other.note == ("abstained" if one.confidence < 0.8 else "")
        assert other.types == (() if other.note else one.types)
    assert [r.note for r in tagger.read(items, least_confidence=1.0)] == ["abstained"] * len(items)


GOLD = "id,title,summary,types,acceptable,wrap,risk\n"


def test_evaluation_has_exactly_the_agreed_keys(tmp_path: Path) -> None:
    path = tmp_path / "gold.csv"
    rows = [f"{i},{title},,{kind},{kind},0,0" for i, (title, kind) in enumerate(CASES) if "," not in title]
    path.write_text(GOLD + "\n".join([*rows, "q,How to repot a houseplant,,none,none,0,0"]), "utf-8")
    result = evaluate_tagger(path)
    assert set(result) == {
        "n", "primary_accuracy", "primary_acceptable", "macro_f1", "false_triggers_per_100", "wrap_accuracy",
        "risk_accuracy", "calibration_error", "per_type", "reliability", "interval",
    }  # fmt: skip
    assert result["primary_accuracy"] == 1.0
    assert result["false_triggers_per_100"] == 0.0
    assert result["per_type"]["central_bank_leadership"] == {"precision": 1.0, "recall": 1.0, "n": 2}
    assert result == evaluate_tagger(path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id,title\n1,x\n", "summary"),
        (GOLD, "no rows"),
        (GOLD + "1,x,,nonsense,none,0,0\n", "nonsense"),
        (GOLD + "1,x,,none,none,2,0\n", "wrap"),
        (GOLD + "1,x\n", "line 2"),
    ],
)
def test_bad_gold_file_is_explained(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "gold.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(BadInput, match=told):
        evaluate_tagger(path)


def test_missing_gold_file_is_explained(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such file"):
        evaluate_tagger(tmp_path / "nowhere.csv")


def label_rows() -> list[dict[str, str]]:
    rows: list[dict[str, str]] = []
    for path in sorted(LABELS.glob("*.csv")):
        rows += csv.DictReader(path.read_text("utf-8").splitlines())
    return rows


def test_labels_are_valid() -> None:
    for row in label_rows():
        types = row["types"].split("|")
        problems = {
            "column": None in row or None in row.values(),
            "types": types != ["none"] and not (set(types) <= set(read_taxonomy()) and 1 <= len(set(types)) <= 3),
            "type twice": len(set(types)) != len(types),
            "wrap or risk": row["wrap"] not in ("0", "1") or row["risk"] not in ("-1", "0", "1"),
            "cause": row["cause"] not in row["text"] or (bool(row["cause"]) and row["wrap"] == "0"),
            "risk of none": types == ["none"] and row["wrap"] == "0" and row["risk"] != "0",
        }
        assert not any(problems.values()), (row, problems)


def test_labels_are_enough_and_apart_from_what_is_measured() -> None:
    """At least 8,000 own sentences; 30 hard ones a type for measuring, none of which is trained on."""
    own, hard = read_own(), read_hard()
    assert len(own) >= 8000
    assert min(Counter(label.primary for label in hard)[name] for name in read_taxonomy()) >= 30
    assert {label.key for label in own} & {label.key for label in hard} == set()


def test_readings_of_an_archive_hold_no_text() -> None:
    """Headlines of others are kept by hash alone: 16 hexadecimal digits, each once."""
    rows = list(csv.DictReader((LABELS / "archive" / "readings.csv").read_text("utf-8").splitlines()))
    assert set(rows[0]) == {"key", "types", "wrap", "risk", "use"}
    assert all(re.fullmatch(r"[0-9a-f]{16}", row["key"]) for row in rows)
    assert len({row["key"] for row in rows}) == len(rows)
    assert hash_title("Fed  Cuts\nRates") == hash_title("fed cuts rates")


def test_labels_cover_every_type_without_repeats() -> None:
    rows = label_rows()
    count = Counter(name for row in rows for name in row["types"].split("|"))
    assert {name: count[name] for name in read_taxonomy() if count[name] < 80} == {}
    assert [text for text, n in Counter(row["text"].casefold() for row in rows).items() if n > 1] == []


def test_labels_are_not_made_from_a_mould() -> None:
    """At most one in fifty shares its skeleton: the sentence with names and figures masked."""
    skeletons = [re.sub(r"[A-Z][\w.&'-]*|\$?\d[\d.,%]*", "_", row["text"]) for row in label_rows()]
    shared = sum(n for _, n in Counter(skeletons).items() if n > 1)
    assert shared <= len(skeletons) / 50
