"""The answer: its form, what it leads with, what it refuses to say, and that the past does not change."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import kb
from kb.cases import read_cases
from kb.compose import Question, compose_answer
from kb.errors import BadInput, NotFound
from kb.mart import open_mart
from kb.taxonomy import CATEGORIES, read_taxonomy

NUMBER = (int, float)
OPTIONAL = (int, float, type(None))
# The contract, DESIGN.md section 3, as key: types of its value.
ANSWER = {
    "date": str, "as_of": (str, type(None)), "market": str, "validated": bool, "built": dict, "return_on_date": OPTIONAL,
    "z": OPTIONAL, "selloff": (dict, type(None)), "state": dict, "causes": list, "unexplained": dict,
    "placebo": (dict, type(None)), "analogues": list, "also": list, "caveats": list,
}  # fmt: skip
BUILT = {"run": str, "version": str, "model": str, "trained_through": str}
SELLOFF = {
    "id": str, "kind": str, "peak": str, "trough": str, "first_session": str, "last_session": str, "drawdown": NUMBER,
    "grade": str, "recovered_on": (str, type(None)), "within": list, "rule": str, "sessions_down": int, "speed": NUMBER,
    "sessions_to_recover": (int, type(None)), "after_1": OPTIONAL, "after_5": OPTIONAL, "after_20": OPTIONAL,
    "after_60": OPTIONAL,
}  # fmt: skip
CAUSE = {
    "event_id": str, "type": str, "bbds": str, "title": str, "share": NUMBER, "confidence": NUMBER, "public_at": str,
    "happened_at": (str, type(None)), "why": dict, "measured": (dict, type(None)), "review": (dict, type(None)), "evidence": list,
}  # fmt: skip
EVIDENCE = {"title": str, "url": str, "source": str, "public_at": str, "role": str}
UNEXPLAINED = {"share": NUMBER, "reason": str}
PLACEBO = {"rank": int, "of": int, "base_rate": NUMBER}
ALSO = {"market": str, "return_on_date": OPTIONAL, "z": OPTIONAL, "grade": (str, type(None))}
STATE = {
    "volume_ratio", "vix_close", "vix_change", "support_breached", "breadth", "scope", "rotation", "signature",
    "circuit_breaker", "crypto_equity_correlation", "liquidations", "down_volume", "gap", "intraday_range", "vix_spike",
    "above_50", "sectors_hit", "dispersion", "beta", "residual", "single_names", "led_by", "cascade", "us10y_bp", "dollar",
    "gold", "oil", "bitcoin", "ether", "spread_bp",
}  # fmt: skip
REASONS = {"not_ingested", "no_candidate", "candidates_too_weak", "several_tied"}
CASE_DAYS = sorted({(day, case.name) for case in read_cases() for day in case.reader_types})
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
# Share of the case days on which the leading cause is among those careful readers named. Measured, then set a little lower.
LEADING_FLOOR = 0.48
AMONG_FIVE_FLOOR = 0.84  # measured 74 of 87, two less than before the weights learnt from rises


@pytest.fixture(scope="module")
def answers(case_home):
    """The answer for every day of the case files, as the JSON a program reads."""
    found = {}
    with open_mart(case_home) as connection:
        stored = {r[0] for r in connection.execute("SELECT market FROM asked_market").fetchall()}
    for day, _ in CASE_DAYS:
        with open_mart(case_home) as connection:
            answer = compose_answer(connection, Question(day, None, None))
        found[day] = json.loads(json.dumps(answer.to_dict(), allow_nan=False))
    assert stored
    return found


def check(value, form):
    """Assert that an object has exactly these keys with values of these types."""
    assert set(value) == set(form)
    for key, types in form.items():
        assert isinstance(value[key], types), f"{key} is {value[key]!r}"


def test_every_case_day_has_the_form_of_the_contract(answers):
    """Keys and types of the JSON are those of the contract on every case day, no more and no fewer."""
    assert len(answers) >= 80
    for day, answer in answers.items():
        check(answer, ANSWER)
        assert list(answer) == list(ANSWER)
        assert answer["date"] == day.isoformat()
        check(answer["built"], BUILT)
        check(answer["unexplained"], UNEXPLAINED)
        assert answer["unexplained"]["reason"] in REASONS
        if answer["selloff"] is not None:
            check(answer["selloff"], SELLOFF)
            assert answer["selloff"]["kind"] in ("jump", "slide", "episode")
        if answer["placebo"] is not None:
            check(answer["placebo"], PLACEBO)
            assert 1 <= answer["placebo"]["rank"] <= answer["placebo"]["of"]
        for other in answer["also"]:
            check(other, ALSO)
        assert all(isinstance(c, str) and c.endswith(".") for c in answer["caveats"])
        for cause in answer["causes"]:
            check(cause, CAUSE)


def test_the_state_names_every_marker_of_the_contract(answers):
    """Each marker is there on every case day, null when unknown."""
    for answer in answers.values():
        assert set(answer["state"]) >= STATE


def test_shares_and_the_unexplained_one_sum_to_one(answers):
    """The shares of all causes and the unexplained share make one, each between 0 and 1, the largest first."""
    for day, answer in answers.items():
        shares = [c["share"] for c in answer["causes"]]
        assert sum(shares) + answer["unexplained"]["share"] == pytest.approx(1, abs=1e-6), day
        assert all(0 <= s <= 1 for s in [*shares, answer["unexplained"]["share"]])
        assert shares == sorted(shares, reverse=True)


def test_every_cause_has_evidence_and_a_known_type(answers):
    """No cause without a document; types stand in the taxonomy, categories among those of the coders."""
    for answer in answers.values():
        for cause in answer["causes"]:
            assert cause["evidence"]
            assert cause["type"] in read_taxonomy()
            assert cause["bbds"] in CATEGORIES
            assert 0 <= cause["confidence"] <= 1
            assert INSTANT.fullmatch(cause["public_at"])
            assert all(isinstance(v, NUMBER) for v in cause["why"].values())
            for document in cause["evidence"]:
                check(document, EVIDENCE)
                assert document["role"] in ("stated", "told")
                assert INSTANT.fullmatch(document["public_at"])
                assert document["title"]
                assert document["source"]


def test_every_answer_says_what_a_share_is(answers):
    """The sentence that shares are no parts of the return stands first among the caveats of every answer."""
    for answer in answers.values():
        assert "not parts of the return" in answer["caveats"][0]


def test_returns_are_those_of_the_closes_on_record(answers):
    """Hand-computed from published closes: 282.70→224.84, 2711.02→2386.13, 1166.36→1106.42."""
    for day, before, close in (
        (date(1987, 10, 19), 282.70, 224.84),
        (date(2020, 3, 16), 2711.02, 2386.13),
        (date(2008, 9, 29), 1213.27, 1106.42),
    ):
        assert answers[day]["market"] == "SPX"
        assert answers[day]["return_on_date"] == pytest.approx(close / before - 1, abs=2e-4)


def test_only_hard_falls_of_us_indices_are_validated(answers, case_home):
    """`validated` is true for 2020-03-16, false for gold, for bitcoin, and for a fall of the S&P under 2.5 %."""
    assert answers[date(2020, 3, 16)]["validated"] is True
    for day, answer in answers.items():
        if answer["market"] in ("GOLD", "OIL", "BTC", "ETH", "SMH") or abs(answer["return_on_date"]) < 0.025:
            assert answer["validated"] is False, day
            assert any("Not validated" in c or "validated" in c for c in answer["caveats"])
    assert kb.why("2020-03-16", "GOLD", home=case_home.path).validated is False
    assert kb.why("2026-01-30", "SPX", home=case_home.path).validated is False


def test_the_day_of_the_metals_leads_with_gold(answers):
    """2026-01-30: the S&P lost 0.4 % and gold 10 %, so gold leads, and the S&P is named beside it."""
    answer = answers[date(2026, 1, 30)]
    assert answer["market"] == "GOLD"
    assert answer["return_on_date"] == pytest.approx(-0.103, abs=0.001)
    spx = {a["market"]: a for a in answer["also"]}["SPX"]
    assert spx["return_on_date"] == pytest.approx(-0.0043, abs=0.0001)


def test_the_leading_cause_is_one_that_careful_readers_named(answers):
    """On at least the measured floor of case days; the misses are printed with what led instead."""
    named = {day: case.reader_types[day] for case in read_cases() for day in case.reader_types}
    leading = {day: [c["type"] for c in answer["causes"]] for day, answer in answers.items()}
    misses = [day for day, types in leading.items() if not types or types[0] not in named[day]]
    absent = [day for day, types in leading.items() if not set(types[:5]) & set(named[day])]
    for day in misses:
        print(f"{day} {answers[day]['market']}: {leading[day][:3]}, readers: {', '.join(named[day])}")
    first, among = 1 - len(misses) / len(leading), 1 - len(absent) / len(leading)
    print(f"leading {first:.3f}, among the first five {among:.3f} of {len(leading)} days")
    assert first >= LEADING_FLOOR
    assert among >= AMONG_FIVE_FLOOR


def test_what_readers_named_never_reaches_the_ledger(case_home, root, ledger_rows):
    """No note of `reader_cause` and no story stands in any row of the ledger."""
    import tomllib

    held = "\n".join(
        f"{v}\n" for t in ("document", "release", "liquidation", "bar", "run", "event") for r in ledger_rows(case_home, t)
        for v in r.values()
    )  # fmt: skip
    for file in sorted((root / "data" / "cases").glob("*/case.toml")):
        case = tomllib.loads(file.read_text("utf-8"))
        for text in [c["note"] for c in case["reader_cause"]] + [case["story"]]:
            assert text not in held, file


# What cannot be answered


@pytest.mark.parametrize(
    ("day", "market", "error", "said"),
    [
        ("2026-02-30", None, BadInput, "2026-02-30"),
        ("30.01.2026", None, BadInput, "2026-01-30"),
        ("tomorrow", None, BadInput, "tomorrow"),
        ("2008-10-12", None, NotFound, "2008-10-10 and 2008-10-13"),  # a Sunday
        ("2026-01-31", "SPX", NotFound, "Saturday"),
        ("2001-09-12", None, NotFound, "2001-09-10 and 2001-09-17"),  # closed after the attacks
        ("2026-01-30", "DOGE", NotFound, "SPX"),
        ("1990-05-04", None, NotFound, "no bar"),
    ],
)
def test_a_day_without_an_answer_says_why(case_home, day, market, error, said):
    """An impossible date, a closed day, an unknown market or missing prices: an error that says what to do."""
    with pytest.raises(error, match=re.escape(said)):
        kb.why(day, market, home=case_home.path)


def test_python_gives_the_same_answer_as_the_command(case_home, run):
    """`why("2020-03-16")` and `whyfell 2020-03-16 --json` are one object."""
    answer = kb.why("2020-03-16", home=case_home.path)
    assert answer.causes[0].evidence[0].title
    printed = run("2020-03-16", "--json", home=case_home)
    assert printed.code == 0
    assert printed.json == json.loads(json.dumps(answer.to_dict()))


def test_symbols_and_lower_case_are_understood(case_home):
    """`^gspc`, `spx` and `SPX` are one market."""
    asked = [kb.why("2020-03-16", m, home=case_home.path) for m in ("SPX", "spx", "^gspc")]
    assert {a.market for a in asked} == {"SPX"}
    assert asked[0] == asked[1] == asked[2]


def test_a_range_is_an_array_of_its_sessions(case_home, run):
    """A week from Monday to Sunday gives five sessions of New York; the weekend is passed over."""
    done = run("2020-03-09..2020-03-15", "--market", "SPX", "--json", home=case_home)
    assert [a["date"] for a in done.json] == ["2020-03-09", "2020-03-10", "2020-03-11", "2020-03-12", "2020-03-13"]
    one = run("2020-03-16..2020-03-16", "--json", home=case_home).json
    assert isinstance(one, list) or one["date"] == "2020-03-16"


@pytest.mark.parametrize(
    "asked", ["2020-03-14..2020-03-15", "2020-03-16..2020-03-09", "2020-03-09..", "1990-01-01..2020-01-01"]
)
def test_a_range_without_sessions_or_backwards_is_an_error(case_home, run, asked):
    """A weekend, a range that ends before it begins, an open one, thirty years: exit code 1 and a sentence."""
    done = run(asked, "--market", "SPX", home=case_home)
    assert done.code == 1
    assert done.err.startswith("whyfell: ")
    assert "Traceback" not in done.err


def test_a_day_without_a_fall_still_gets_causes(case_home):
    """2020-03-24, when the S&P rose 9.4 %: no sell-off, a caveat, exit without error."""
    answer = kb.why("2020-03-24", "SPX", home=case_home.path)
    assert answer.return_on_date == pytest.approx(2447.33 / 2237.40 - 1, abs=1e-4)
    assert answer.selloff is None
    assert any("no sell-off" in c for c in answer.caveats)


# As of a past hour

CLOSE = datetime(2020, 3, 16, 20, tzinfo=UTC)  # 16:00 in New York in summer time
T = CLOSE + timedelta(hours=2)
NEWS = [
    ("Fed cuts rates to zero in emergency move", "2020-03-15T21:00:00Z", "Wire"),
    ("Stocks plunge as coronavirus spreads", "2020-03-16T20:10:00Z", "Wire"),
    ("Wall Street sinks on recession fears", "2020-03-16T20:40:00Z", "Gazette"),
    ("US retail sales fall in February", "2020-03-13T12:30:00Z", "Bureau"),
    ("Stocks end little changed as inflation stays calm", "2020-03-12T20:30:00Z", "Wire"),
    ("Oil prices slip after OPEC meeting", "2020-03-11T15:00:00Z", "Wire"),
    ("Fed officials see rates on hold", "2020-03-10T18:00:00Z", "Wire"),
]
POOL = [
    "Stocks fell Friday on inflation fears", "Stocks plunged Monday on trade war fears", "Fed cuts rates again",
    "Bank collapses after run on deposits", "Stocks plunge as coronavirus spreads", "Wall Street slides on weak jobs report",
    "China imposes tariffs on US goods", "Bitcoin plunges as exchange halts withdrawals", "Gold falls as dollar rises",
    "Terror attack shakes Paris", "Payrolls fall by 700,000 in March", "Dow sank on Thursday as oil crashed",
]  # fmt: skip


@pytest.fixture(scope="module")
def small(small_home, case_home):
    """A home with a calm made-up series, one hard fall at its end, and a few reports."""
    with open_mart(case_home) as connection:
        days = connection.execute(
            "SELECT session FROM session WHERE calendar = 'NYSE' AND session BETWEEN '2019-11-01' AND '2020-03-16' ORDER BY 1"
        ).fetchall()
    closes = [100 + (0.2 if n % 2 else 0) + (0.9 if n % 7 == 0 else 0) for n in range(len(days) - 1)] + [94.0]
    prices = [{"symbol": "^GSPC", "date": d, "close": c} for (d,), c in zip(days, closes, strict=True)]
    # The same market under another name, two sessions shorter, telling of a fall of 8 % where the first tells of 6 %.
    prices += [{"symbol": "SP500", "date": p["date"], "close": min(p["close"], 92.0) if p["close"] == 94 else p["close"]}
               for p in prices[2:]]  # fmt: skip
    news = [{"title": t, "published_at": at, "source": s} for t, at, s in NEWS]
    return small_home(prices=prices, news=news)


def ask(home, at=None, market="SPX"):
    """The answer for 2020-03-16 at an instant without what names the build."""
    answer = kb.why("2020-03-16", market, as_of=at, home=home.path).to_dict()
    return roughly({k: v for k, v in answer.items() if k != "built"})


later_news = st.lists(
    st.tuples(st.sampled_from(POOL), st.integers(1, 40 * 24 * 3600), st.booleans()), min_size=3, max_size=30
)
later_bars = st.lists(st.floats(-0.2, 0.2), min_size=1, max_size=15)


@settings(
    max_examples=4, deadline=None, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)
@given(news=later_news, returns=later_bars)
def test_what_became_public_later_never_changes_an_answer(small, small_home, case_home, news, returns):
    """Any documents and bars that became public after T, added to the same home, leave the answer at T as it was."""
    home = small_home.copy(small)
    stamps = [T + timedelta(seconds=s) for _, s, _ in news]
    rows = [
        {"title": t, "source": f"S{n % 7}", "date": at.date()} if bare and at.date() >= T.date() else
        {"title": t, "source": f"S{n % 7}", "published_at": at.isoformat()}
        for n, ((t, _, bare), at) in enumerate(zip(news, stamps, strict=True))
    ]  # fmt: skip
    close, prices = 94.0, []
    for n, ret in enumerate(returns, 1):
        close *= 1 + ret
        prices.append({"symbol": "^GSPC", "date": T.date() + timedelta(days=n), "close": close})
        prices.append({"symbol": "BTC-USD", "date": T.date() + timedelta(days=n), "close": close})
    small_home.add(home, news=rows, prices=prices)
    assert ask(home, T) == ask(small, T)
    assert ask(home, CLOSE + timedelta(minutes=16)) == ask(small, CLOSE + timedelta(minutes=16))


def test_later_bars_of_another_name_do_not_change_the_past(small, small_home):
    """A market has two price series; that one of them goes on later must not change which of them answered at T."""
    home = small_home.copy(small)
    prices = [{"symbol": "SP500", "date": date(2020, 3, 17) + timedelta(days=n), "close": 47} for n in range(10)]
    small_home.add(home, prices=prices)
    assert ask(home, T) == ask(small, T)


def test_a_later_report_about_an_earlier_day_does_not_change_the_placebo(small, small_home):
    """On Tuesday somebody writes about Friday, a quiet day: the answer given on Monday evening stays, placebo included."""
    home = small_home.copy(small)
    reports = [
        {"title": f"Stocks fell Friday on {what} fears", "source": f"Paper {n}", "published_at": "2020-03-17T13:00:00Z"}
        for n, what in enumerate(("inflation", "recession", "tariff", "war", "bank", "virus"))
    ]
    small_home.add(home, news=reports)
    assert ask(home, T)["placebo"] == ask(small, T)["placebo"]
    assert ask(home, T) == ask(small, T)


def test_a_later_import_does_not_change_the_caveats_of_the_past(case_copy, small_home, case_home):
    """An item of 2026 does not alter what is said about 2008 as of 2008, the caveats included."""
    asked = ("2008-10-15", "SPX")
    before = kb.why(*asked, as_of="2008-10-16T03:00Z", home=case_home.path).to_dict()
    small_home.add(
        case_copy, news=[{"title": "Fed holds rates", "published_at": "2026-06-01T18:00:00Z", "source": "Wire"}]
    )
    after = kb.why(*asked, as_of="2008-10-16T03:00Z", home=case_copy.path).to_dict()
    assert {k: v for k, v in after.items() if k != "built"} == {k: v for k, v in before.items() if k != "built"}


def test_nothing_younger_than_the_hour_is_shown(case_home):
    """As of 2020-03-16 21:00 UTC no cause and no evidence is younger, and no end of the fall is known."""
    for day in ("2020-03-12", "2020-03-16"):
        at = f"{day}T21:00:00Z"
        answer = kb.why(day, as_of=at, home=case_home.path)
        assert answer.as_of == at
        assert answer.causes
        for cause in answer.causes:
            assert cause.public_at <= at
            assert all(e.public_at <= at for e in cause.evidence)
        assert answer.selloff["recovered_on"] is None
        assert answer.selloff["trough"] <= day
        assert all(a["date"] < day for a in answer.analogues)


@pytest.mark.parametrize("day", ["1987-10-19", "2008-10-15", "2020-03-16", "2026-01-30"])
def test_an_answer_as_of_the_far_future_is_the_plain_one(case_home, day):
    """Asked as of an hour when all is known, only `as_of`, the caveats and the placebo (none for a past hour) differ."""
    plain = kb.why(day, home=case_home.path).to_dict()
    late = kb.why(day, as_of="2027-06-01T00:00Z", market=plain["market"], home=case_home.path).to_dict()
    assert late["placebo"] is None or roughly(late["placebo"]) == roughly(plain["placebo"])
    same = set(ANSWER) - {"as_of", "caveats", "placebo"}
    for key in sorted(same):
        assert roughly(late[key]) == roughly(plain[key]), key


def roughly(value):
    """A value whose floats are cut to nine digits: the order of summing differs between a build and a question."""
    if isinstance(value, dict):
        return {k: roughly(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [roughly(v) for v in value]
    return float(f"{value:.9g}") if isinstance(value, float) else value


def test_before_the_close_there_is_no_answer(case_home):
    """At noon of the day its closing price is not known: an error that says so, no guess."""
    with pytest.raises(NotFound, match="no bar known"):
        kb.why("2020-03-16", "SPX", as_of="2020-03-16T16:00Z", home=case_home.path)


def test_a_naive_hour_is_utc_and_an_offset_is_understood(case_home):
    """22:00, 22:00Z and 18:00-04:00 are one instant; `noonish` is an error."""
    spellings = ("2020-03-16T22:00", "2020-03-16T22:00Z", "2020-03-16T18:00-04:00")
    asked = [kb.why("2020-03-16", as_of=s, home=case_home.path) for s in spellings]
    assert roughly(asked[0].to_dict()) == roughly(asked[1].to_dict()) == roughly(asked[2].to_dict())
    assert asked[0].as_of == "2020-03-16T22:00:00Z"
    with pytest.raises(BadInput, match="noonish"):
        kb.why("2020-03-16", as_of="noonish", home=case_home.path)


def test_a_session_without_documents_says_not_ingested(small_home):
    """Prices alone: everything stays unexplained because nothing was ingested, and the answer says so."""
    home = small_home(
        prices=[{"symbol": "^GSPC", "date": d, "close": c} for d, c in (("2020-03-13", 100), ("2020-03-16", 88))]
    )
    answer = kb.why("2020-03-16", home=home.path)
    assert answer.causes == ()
    assert answer.unexplained == {"share": 1.0, "reason": "not_ingested"}
    assert answer.selloff["kind"] == "jump"
    assert answer.return_on_date == pytest.approx(-0.12)


def test_a_cause_from_before_a_long_closure_keeps_its_evidence(small_home, run):
    """The Exchange closed from 31 July to 12 December 1914: what started the war is evidence for the day it opened again."""
    prices = [
        {"symbol": "^GSPC", "date": d, "close": c}
        for d, c in (("1914-07-29", 9.0), ("1914-07-30", 8.5), ("1914-12-12", 7.6))
    ]
    news = [
        {
            "title": "Germany declares war on Russia and invades Luxembourg",
            "published_at": "1914-08-01T18:00:00Z",
            "source": "Wire",
        }
    ]
    home = small_home(prices=prices, news=news)
    answer = kb.why("1914-12-12", home=home.path)
    assert all(c.evidence for c in answer.causes)
    assert run("1914-12-12", home=home).code == 0


def test_an_imported_home_without_a_build_says_what_to_run(small_home, run):
    """After an import and before the first build the answer is the sentence to run `whyfell build`."""
    home = small_home(build=False, prices=[{"symbol": "^GSPC", "date": "2020-03-13", "close": 100}])
    done = run("2020-03-13", home=home)
    assert done.code == 1
    assert "whyfell build" in done.err
