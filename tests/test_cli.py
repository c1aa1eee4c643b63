"""The command line: what the README shows works, bad input ends with one sentence, foreign SQL can do no harm."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kb.cli.app import COMMANDS

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
SETUP = ("make", "git", "cd", "pip", "python", "python3", "uv", "pipx", "docker")  # need a network or stand elsewhere


def list_shown_commands():
    """The lines beginning with `$ ` of every fenced `console` block of the README."""
    blocks = re.findall(r"^```console\n(.*?)^```", README, re.M | re.S)
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]


@pytest.fixture
def workshop(tmp_path, recorded, case_home):
    """A folder as the README's reader has it: the recorded files under their names, a home of case files."""
    for file in recorded.iterdir():
        shutil.copy(file, tmp_path)
    shutil.copytree(case_home.path, tmp_path / "home", symlinks=True)
    return tmp_path


def test_the_readme_shows_commands():
    """There is something to run: the question itself stands in a console block."""
    assert any(c.startswith(("whyfell 1", "whyfell 2")) for c in list_shown_commands())


@pytest.mark.parametrize("command", list_shown_commands())
def test_every_command_of_the_readme_succeeds(workshop, run, monkeypatch, command):
    """A command of a console block, run in a folder with the recorded files, exits 0 and prints something."""
    command = command.removeprefix("uv run ").removeprefix(".venv/bin/")
    first = next(word for word in shlex.split(command) if "=" not in word)
    if first in SETUP:
        pytest.skip(f"`{first}` sets up the checkout: needs a network or is run by whoever reads this")
    if first == "whyfell" and not set(shlex.split(command)) & {"|", ">", "<", "&&"}:
        monkeypatch.chdir(workshop)
        monkeypatch.setenv("WHYFELL_HOME", str(workshop / "home"))
        done = run(*shlex.split(command)[1:])
        assert done.code == 0, done.err
        assert done.out or "-o" in command
        return
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "WHYFELL_HOME": str(workshop / "home"), "COLUMNS": "100"}
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], cwd=workshop, env=environment, capture_output=True, text=True, timeout=120,
        check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout or "-o" in command


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_explains_itself(run, command):
    """`whyfell COMMAND --help` exits 0 and says what the command is for."""
    done = run(command, "--help")
    assert done.code == 0
    assert f"Usage: whyfell {command}" in done.out
    assert len(done.out.splitlines()) > 3


def test_help_lists_every_command(run):
    """`whyfell --help` names all commands."""
    done = run("--help")
    assert done.code == 0
    for command in COMMANDS:
        assert re.search(rf"^\s+{command}\b", done.out, re.M), command


BAD = [
    ("2026-02-30",), ("wat",), ("2008-10-12",), ("2020-03-16", "--market", "NOSUCH"), ("2020-03-16", "--as-of", "later"),
    ("2020-03-16..2020-03-01",), ("selloffs", "--market", "NOSUCH"), ("selloffs", "--kind", "crash"),
    ("selloffs", "--since", "then"),
    ("events", "--type", "nonsense"), ("events", "--since", "2020-13-01"), ("analogues", "never"), ("sql", "SELEC 1"),
    ("import", "news", "no-such-file.csv"), ("build", "--from", "nowhere"), ("tag", "no-such-file.txt"),
    ("export", __file__),
]  # fmt: skip


@pytest.mark.parametrize("arguments", BAD, ids=" ".join)
def test_bad_input_is_one_sentence_and_exit_code_1(run, case_home, arguments):
    """What was asked, what was found, what to do: on standard error, without a traceback, nothing on standard output."""
    home = None if arguments[0] == "tag" else case_home
    done = run(*arguments, home=home)
    assert done.code == 1
    assert done.err.startswith("whyfell: ")
    assert done.out == ""
    assert "Traceback" not in done.err


def test_an_unknown_option_is_wrong_usage(run):
    """One sentence and exit code 1, like all bad input."""
    done = run("selloffs", "--nonsense")
    assert done.code == 1
    assert done.err.startswith("whyfell: ")


def test_no_selloff_is_an_answer(run, case_home):
    """A day on which the market rose exits 0."""
    done = run("2020-03-24", "--market", "SPX", home=case_home)
    assert done.code == 0
    assert "No sell-off" in done.out


def test_the_answer_for_people_holds_what_matters(run, case_home):
    """Market, date, return, leading cause, its source, and the unexplained share stand on the screen."""
    done = run("2008-10-15", home=case_home)
    shown = run("2008-10-15", "--json", home=case_home).json
    for text in ("S&P 500", "2008-10-15", "−9.0 %", "unexplained", shown["causes"][0]["evidence"][0]["source"]):
        assert text in done.out
    assert "not of the fall" in done.out or "not parts of the return" in done.out


def test_every_case_day_can_be_shown(run, case_home):
    """The screen can be drawn for one day of each case, also where evidence is thin."""
    from kb.cases import read_cases

    for case in read_cases():
        day = max(case.reader_types)
        assert run(day.isoformat(), home=case_home).code == 0, day


def test_an_answer_as_of_an_hour_says_so_on_the_screen(run, case_home):
    """`--as-of` is shown."""
    done = run("2020-03-16", "--as-of", "2020-03-16T22:00Z", home=case_home)
    assert "2020-03-16T22:00:00Z" in done.out


TABLES = [
    ("selloffs", "--market", "SPX"), ("selloffs", "--kind", "episode", "--since", "2008-01-01"),
    ("events", "--type", "labor", "--limit", "7"), ("events", "--since", "2026-01-01"),
    ("sql", "FROM why('2020-03-16')"), ("sql", "SHOW TABLES"), ("sql", "DESCRIBE selloff"),
    ("sql", "SELECT DATE '2020-03-16' AS d, 1.5 AS x, NULL AS n, [1, 2] AS l, 'a,\"b' AS t"),
]  # fmt: skip


@pytest.mark.parametrize("arguments", TABLES, ids=" ".join)
def test_tables_come_for_people_as_json_and_as_csv(run, case_home, arguments):
    """The same rows in all three forms; JSON and CSV have the same columns and values."""
    shown, as_json, as_csv = (run(*arguments, *form, home=case_home) for form in ((), ("--json",), ("--csv",)))
    assert shown.code == as_json.code == as_csv.code == 0
    rows = as_json.json
    assert rows
    read = list(csv.DictReader(io.StringIO(as_csv.out)))
    assert len(read) == len(rows)
    assert list(read[0]) == list(rows[0])
    for one, other in zip(read, rows, strict=True):
        for key, value in other.items():
            if isinstance(value, str):
                assert one[key] == value
            elif value is None:
                assert one[key] == ""
    assert shown.out.count("\n") > len(rows)


def test_analogues_come_for_people_as_json_and_as_csv(run, case_home):
    """The falls are the same in all three forms; people and programs also get what came after, with n and interval."""
    shown, as_json, as_csv = (
        run("analogues", "2020-03-16", *form, home=case_home) for form in ((), ("--json",), ("--csv",))
    )
    found = as_json.json
    assert (found["market"], found["date"], found["as_of"]) == ("SPX", "2020-03-16", None)
    read = list(csv.DictReader(io.StringIO(as_csv.out)))
    assert [r["date"] for r in read] == [f["date"] for f in found["falls"]]
    assert all(f["date"] in shown.out for f in found["falls"])
    assert [a["sessions"] for a in found["after"]] == [1, 5, 20, 60]
    assert "what came after these" in shown.out


def test_analogues_as_of_an_hour_know_no_later_outcome(run, case_home):
    """Asked as of the evening of a fall, nothing that came after that session is told."""
    found = run("analogues", "2008-10-15", "--as-of", "2008-10-15T22:00Z", "--json", home=case_home).json
    assert found["as_of"] == "2008-10-15T22:00:00Z"
    assert found["falls"]
    assert all(f["date"] < "2008-10-15" for f in found["falls"])


def test_an_empty_list_is_no_error(run, case_home):
    """No fall since 2099: an empty JSON list, for people a sentence, exit code 0."""
    assert run("selloffs", "--since", "2099-01-01", "--json", home=case_home).json == []
    done = run("selloffs", "--since", "2099-01-01", home=case_home)
    assert done.code == 0
    assert done.out + done.err


def test_lists_keep_to_what_was_asked(run, case_home):
    """`--type`, `--since`, `--kind`, `--limit` and `--market` restrict the rows."""
    events = run("events", "--type", "labor", "--since", "2008-01-01", "--limit", "9", "--json", home=case_home).json
    assert 0 < len(events) <= 9
    assert {e["type"] for e in events} == {"labor"}
    assert min(e["public_at"] for e in events) >= "2008-01-01"
    falls = run("selloffs", "--market", "^GSPC", "--kind", "jump", "--json", home=case_home).json
    assert {(f["market"], f["kind"]) for f in falls} == {("SPX", "jump")}
    assert [f["first_session"] for f in falls] == sorted((f["first_session"] for f in falls), reverse=True)
    assert {"2020-03-16", "1987-10-19", "2008-10-15"} <= {f["first_session"] for f in falls}


def test_a_reader_that_goes_away_is_no_error(case_home):
    """`whyfell … | head -1` leaves no traceback."""
    command = f"{shlex.quote(sys.executable)} -m kb sql 'SELECT * FROM session' --csv --home {shlex.quote(str(case_home.path))}"
    done = subprocess.run(
        ["bash", "-c", f"{command} | head -1; exit ${{PIPESTATUS[0]}}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0
    assert done.stdout.count("\n") == 1
    assert done.stderr == "" or "Traceback" not in done.stderr


# Foreign SQL

HOSTILE = [
    "COPY (SELECT 1) TO '{out}'",
    "COPY meta TO '{out}' (FORMAT csv)",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO '{out}'",
    "ATTACH '{out}' AS other",
    "ATTACH ':memory:' AS other",
    "SELECT * FROM read_csv('{secret}')",
    "SELECT * FROM read_csv_auto('{secret}')",
    "SELECT * FROM '{secret}'",
    "SELECT * FROM read_text('{secret}')",
    "SELECT * FROM read_blob('{secret}')",
    "SELECT * FROM read_json('{secret}')",
    "SELECT * FROM read_parquet('{secret}')",
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM sniff_csv('{secret}')",
    "SELECT * FROM read_csv('https://example.org/a.csv')",
    "SELECT * FROM 'https://example.org/a.parquet'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET enable_external_access = true",
    "SET lock_configuration = false",
    "RESET enable_external_access",
    "PRAGMA enable_object_cache",
    "SET memory_limit = '100GB'",
    "CREATE TABLE mine AS SELECT 1",
    "CREATE TEMP TABLE mine AS SELECT 1",
    "CREATE MACRO why2() AS 1",
    "INSERT INTO meta VALUES ('a', 'b')",
    "UPDATE meta SET value = 'x'",
    "DELETE FROM document",
    "DROP TABLE document",
    "TRUNCATE document",
    "EXPORT DATABASE '{out}'",
    "IMPORT DATABASE '{out}'",
    "CHECKPOINT",
    "CALL pragma_version()",
    "USE memory",
    "SELECT 1; SELECT 2",
    "SELECT 1; DROP TABLE document",
    "SELECT getenv('HOME')",
    "BEGIN TRANSACTION",
    "PREPARE p AS SELECT 1",
    "",
    ";",
    "/* nothing */",
]


@pytest.mark.parametrize("statement", HOSTILE)
def test_hostile_sql_is_refused(run, case_home, tmp_path, statement):
    """No files, no network, no settings, no writing, no second statement: exit code 1, and nothing has happened."""
    secret, out = tmp_path / "secret.csv", tmp_path / "out"
    secret.write_text("password\nhunter2\n")
    before = {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in case_home.path.rglob("*") if p.is_file()}
    done = run("sql", statement.format(secret=secret, out=out), home=case_home)
    assert done.code == 1
    assert done.err.startswith("whyfell: ")
    assert "hunter2" not in done.out + done.err
    assert not out.exists()
    assert before == {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in case_home.path.rglob("*") if p.is_file()}


def test_sql_does_not_tell_secrets_of_the_process(run, case_home, monkeypatch):
    """No setting and no function gives away an environment variable."""
    monkeypatch.setenv("WHYFELL_TEST_SECRET", "hunter2")
    for statement in (
        "SELECT getenv('WHYFELL_TEST_SECRET')",
        "SELECT * FROM duckdb_settings()",
        "SELECT * FROM duckdb_secrets()",
    ):
        done = run("sql", statement, "--json", home=case_home)
        assert "hunter2" not in done.out


def test_sql_that_takes_too_long_is_stopped(run, case_home, monkeypatch):
    """A cross join without end stops at the time limit with exit code 1, saying so."""
    monkeypatch.setenv("WHYFELL_SQL_SECONDS", "1")
    began = time.monotonic()
    done = run(
        "sql",
        "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range * b.range % 7 = 3",
        home=case_home,
    )
    assert time.monotonic() - began < 10
    assert done.code == 1
    assert "1 s" in done.err


def test_sql_with_too_many_rows_is_cut_and_says_so(run, case_home, monkeypatch):
    """Five of a billion rows come back at once, and standard error says that there are more."""
    monkeypatch.setenv("WHYFELL_SQL_ROWS", "5")
    began = time.monotonic()
    done = run("sql", "SELECT range AS n FROM range(1000000000)", "--json", home=case_home)
    assert time.monotonic() - began < 10
    assert done.json == [{"n": n} for n in range(5)]
    assert "5 rows" in done.err
    exactly = run("sql", "SELECT range AS n FROM range(5)", "--json", home=case_home)
    assert exactly.err == ""


@pytest.mark.parametrize("value", ["soon", "-1", "1.5"])
def test_a_setting_that_is_no_number_is_named(run, case_home, monkeypatch, value):
    """A limit that cannot be understood is an error, never no limit."""
    monkeypatch.setenv("WHYFELL_SQL_SECONDS", value)
    done = run("sql", "SELECT 1", home=case_home)
    assert done.code == 1
    assert "WHYFELL_SQL_SECONDS" in done.err


def test_sql_comes_from_standard_input_too(run, case_home, monkeypatch):
    """`-` reads the statement from standard input."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("SELECT 40 + 2 AS answer"))
    assert run("sql", "-", "--json", home=case_home).json == [{"answer": 42}]


# The tagger over a file

JUNK = [
    "Fed raises rates by half a point", "", "   ", "{", '{"title": 5}', "\x00\x01\x02", "💥" * 50, "a" * 100_000, "null",
    "[1, 2]",
    "<p></p>", "&amp;&amp;", '{"id": "x", "title": "Gold plunges", "summary": null}', "Ünïcödé ﷽", "\u202e reversed", "0",
    '{"title": ["nested"]}', "-", "--json", "Stocks fall as payrolls disappoint",
]  # fmt: skip


def test_tag_keeps_order_and_count_on_junk(run, tmp_path):
    """One JSON line for each line of a file, in order, whatever it holds, with the keys of the contract."""
    path = tmp_path / "junk.txt"
    path.write_text("\n".join(JUNK * 3) + "\n", "utf-8")
    done = run("tag", path)
    assert done.code == 0
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert len(lines) == 3 * len(JUNK)
    expected = ["x" if "Gold" in text else str(n) for n, text in enumerate(JUNK * 3, 1)]
    assert [line["id"] for line in lines] == expected
    for line in lines:
        assert set(line) == {
            "id", "types", "wrap", "risk", "stated_cause", "cause_type", "direction", "confidence", "entities", "note",
        }  # fmt: skip
        assert all(set(t) == {"type", "score"} and 0 <= t["score"] <= 1 for t in line["types"])
    assert lines[0]["types"][0]["type"] == "monetary_policy"
    assert lines[1]["types"] == []
    assert lines[: len(JUNK)] == [
        {**line, "id": e} for line, e in zip(lines[len(JUNK) : 2 * len(JUNK)], expected, strict=False)
    ]


def test_tag_reads_tables(run, recorded):
    """CSV, JSONL and Parquet give a line a row, the same types for the same items."""
    read = [
        [json.loads(x) for x in run("tag", recorded / f"news.{e}").out.splitlines()]
        for e in ("csv", "jsonl", "parquet")
    ]
    assert [len(r) for r in read] == [5, 5, 5]
    types = [[[t["type"] for t in line["types"]] for line in r] for r in read]
    assert types[0] == types[1] == types[2]


def test_tag_tells_cause_entities_and_why_not(run, tmp_path):
    """A market report's cause with its type and direction; people by the item's day; a note where nothing was judged."""
    path = tmp_path / "items.csv"
    path.write_text(
        "date,title\n"
        "2011-08-08,Stocks slide as tariff fears mount\n"
        "2005-06-01,Fed chair warns of froth\n"
        "2005-06-01,Le chat est dans la maison et les enfants sont avec une amie\n"
        "2005-06-01,\n",
        "utf-8",
    )
    report, person, foreign, empty = (json.loads(line) for line in run("tag", path).out.splitlines())
    assert (report["stated_cause"], report["cause_type"], report["direction"]) == (
        "tariff fears mount",
        "trade_policy",
        -1,
    )
    assert person["entities"] == ["person:alan-greenspan"]
    assert (foreign["note"], foreign["types"], foreign["entities"]) == ("not English", [], [])
    assert empty["note"] == "empty"


def test_tag_can_abstain(run, tmp_path):
    """Under the wanted confidence there are no types and a note; what is no chance is refused."""
    path = tmp_path / "one.txt"
    path.write_text("Something somewhere may or may not matter\n", "utf-8")
    line = json.loads(run("tag", path, "--least-confidence", "1").out)
    assert (line["types"], line["note"]) == ([], "abstained")
    refused = run("tag", path, "--least-confidence", "7")
    assert refused.code == 1
    assert "0 to 1" in refused.err


def test_tag_on_many_cores_keeps_order_and_answers(run, tmp_path, monkeypatch):
    """As many items as start worker processes: the same lines as one process gives, in order."""
    monkeypatch.setattr("models.parallel.FEW", 50)
    monkeypatch.setattr("models.parallel.BATCH", 40)
    path = tmp_path / "many.txt"
    path.write_text("\n".join(JUNK * 10) + "\n", "utf-8")
    monkeypatch.setenv("WHYFELL_WORKERS", "2")
    many = run("tag", path).out
    monkeypatch.setenv("WHYFELL_WORKERS", "1")
    assert many == run("tag", path).out


def test_tag_of_nothing_is_nothing(run, tmp_path):
    """An empty file gives no line and no error."""
    (tmp_path / "none.txt").write_text("")
    done = run("tag", tmp_path / "none.txt")
    assert (done.code, done.out) == (0, "")


def test_tag_reads_standard_input(spawn):
    """`whyfell tag -` and `whyfell tag` alone read standard input."""
    done = spawn("-m", "kb", "tag", "-", input="Oil slumps 8% as OPEC talks collapse\n")
    assert done.returncode == 0
    assert json.loads(done.stdout)["types"][0]["type"] == "commodities"


# Other commands


def test_export_writes_every_table_as_parquet(run, case_home, tmp_path, mart_rows):
    """One file for each table and view, with as many rows as the mart has."""
    import duckdb

    assert run("export", tmp_path / "out", home=case_home).code == 0
    tables = mart_rows(case_home, "SELECT table_name FROM information_schema.tables WHERE table_schema = 'main'")
    assert {p.stem for p in (tmp_path / "out").iterdir()} == {t for (t,) in tables}
    counted = duckdb.sql(f"SELECT count(*) FROM '{tmp_path}/out/selloff.parquet'").fetchall()
    assert counted == mart_rows(case_home, "SELECT count(*) FROM selloff")
    assert run("export", tmp_path / "out", home=case_home).code == 0


def test_the_doctor_finds_a_sound_home_sound(run, case_home):
    """Exit code 0, in JSON the ledger's counts and no problems."""
    assert run("doctor", home=case_home).code == 0
    found = run("doctor", "--json", home=case_home).json
    assert found["problems"] == []
    assert found["ledger"]["document"] > 500


def test_the_doctor_finds_what_is_wrong(run, case_copy, tmp_path):
    """A missing home, a broken ledger and a broken mart are each named, exit code 1."""
    from kb.settings import Home

    absent = run("doctor", home=Home(tmp_path / "absent"))
    assert absent.code == 1
    assert "whyfell init" in absent.err
    case_copy.ledger.write_bytes(b"no database" * 1000)
    broken = run("doctor", home=case_copy)
    assert broken.code == 1
    assert "ledger" in broken.err.lower()
    case_copy.mart.resolve().write_bytes(b"no database" * 1000)
    worse = run("doctor", home=case_copy)
    assert worse.code == 1
    assert "whyfell build" in worse.err
    assert "Traceback" not in worse.err


def test_a_broken_mart_says_what_to_run(run, case_copy):
    """A damaged file is an error that names the remedy."""
    case_copy.mart.resolve().write_bytes(b"no database" * 1000)
    done = run("2020-03-16", home=case_copy)
    assert done.code == 1
    assert "whyfell build" in done.err


def test_the_first_question_fills_a_home(tmp_path, spawn):
    """`whyfell 2008-10-15` where there is no home makes one from the case files and answers."""
    done = spawn("-m", "kb", "2008-10-15", "--home", tmp_path / "new")
    assert done.returncode == 0, done.stderr
    assert "−9.0 %" in done.stdout
    assert "case files" in done.stderr
