"""`whyfell build`: the same ledger gives the same mart, a killed build leaves the old one, nothing unsound is published."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
from importlib import resources

import pytest

import kb
from ingest.build import run_build
from kb.mart import open_mart
from kb.sql_steps import read_steps

# A run names itself and nothing else: that row of `meta` is what may differ between two builds.
TABLES = [s.name for s in read_steps() if s.kind in ("table", "view")]


@pytest.fixture(scope="module")
def differing():
    """The tables whose rows differ between two homes' marts, with one row that only one of them has."""
    import duckdb

    def compare(one, other):
        found = {}
        with duckdb.connect() as connection:
            connection.execute(
                f"ATTACH '{one.mart.resolve()}' AS a (READ_ONLY); ATTACH '{other.mart.resolve()}' AS b (READ_ONLY)"
            )
            for table in TABLES:
                columns = connection.execute(
                    f"SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = 'a' AND table_name = '{table}'"
                ).fetchall()
                # Sums over several threads differ in their last digits.
                shown = ", ".join(f"round({c}, 9) AS {c}" if t in ("DOUBLE", "FLOAT") else f"CAST({c} AS VARCHAR) AS {c}"
                                  for c, t in columns if not t.startswith("MAP"))  # fmt: skip
                where = "WHERE name <> 'run'" if table == "meta" else ""
                for left, right in (("a", "b"), ("b", "a")):
                    row = connection.execute(
                        f"SELECT {shown} FROM {left}.{table} {where} EXCEPT ALL "
                        f"SELECT {shown} FROM {right}.{table} {where} LIMIT 1"
                    ).fetchone()
                    if row:
                        found[table] = row
        return found

    return compare


def test_building_again_gives_the_same_mart(case_home, case_copy, differing):
    """Every table of a second build from the same ledger has the same rows."""
    built = run_build(case_copy)
    assert built.read == 0
    assert differing(case_home, case_copy) == {}
    assert case_copy.mart.resolve() != case_home.mart.resolve()


@pytest.mark.parametrize("step", ["events", "mart", "daily_return", "attribution", "why"])
def test_a_build_from_any_step_gives_the_same_mart(case_home, case_copy, differing, run, step):
    """Starting later over unchanged rows changes nothing."""
    done = run("build", "--from", step, home=case_copy)
    assert done.code == 0, done.err
    assert differing(case_home, case_copy) == {}


@pytest.mark.parametrize("step", ["nowhere", "document", "session", "bar", ""])
def test_a_build_cannot_start_at_a_step_that_is_none(run, case_home, step):
    """An unknown step, or one that reads staged rows, is refused with the list of those that can be used."""
    done = run("build", "--from", step, home=case_home)
    assert done.code == 1
    for name in ("read", "events", "mart", "attribution"):
        assert name in done.err


def test_a_build_without_a_ledger_says_what_to_run(run, tmp_path):
    """Nothing to build from: exit code 1 and the command that makes a ledger."""
    from kb.settings import Home

    for start in ("read", "attribution"):
        done = run("build", "--from", start, home=Home(tmp_path / "none"))
        assert done.code == 1
        assert "whyfell init" in done.err


def test_init_again_adds_nothing(case_home, case_copy, ledger_rows, differing, run):
    """A second `init` leaves the ledger's rows and the mart's as they were."""
    assert run("init", home=case_copy).code == 0
    for table in ("document", "bar", "release", "liquidation", "trigger", "reading", "event"):
        assert ledger_rows(case_copy, table) == ledger_rows(case_home, table)
    assert differing(case_home, case_copy) == {}


# Killed, interrupted, damaged

KILLED = """
import os, signal, sys
from pathlib import Path
from ingest.build import run_build
import ingest.build
from kb.settings import Home

def notify(stage, done, total):
    print(stage, flush=True)
    if stage == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)

if sys.argv[2] == "publish":
    ingest.build.publish_mart = lambda home, path: os.kill(os.getpid(), signal.SIGKILL)
run_build(Home(Path(sys.argv[1])), notify=notify)
"""
MOMENTS = ["reading documents", "mart: ledger", f"mart: {random.Random(3).choice(TABLES)}", "publish"]


@pytest.fixture(scope="module")
def grown(small_home):
    """A built home to which rows were added that no build has seen, and the same with the build done."""
    news = [
        {"title": "Fed cuts rates to zero in emergency move", "published_at": "2020-03-15T21:00:00Z", "source": "Wire"},
        {"title": "Stocks plunge as coronavirus spreads", "published_at": "2020-03-16T20:10:00Z", "source": "Wire"},
    ]
    more = [
        {"title": f"Oil slumps as OPEC talks fail, part {n}", "published_at": f"2020-03-1{n}T15:00:00Z"}
        for n in range(7)
    ]
    prices = [{"symbol": "^GSPC", "date": d, "close": c} for d, c in (("2020-03-13", 100), ("2020-03-16", 88))]
    home = small_home(news=news, prices=prices)
    small_home.add(home, news=more, prices=[{"symbol": "^GSPC", "date": "2020-03-17", "close": 93}], build=False)
    finished = small_home.copy(home)
    run_build(finished)
    return home, finished


def test_a_killed_build_leaves_the_old_answer(grown, small_home, differing, spawn):
    """kill -9 at four moments in one home: the old mart answers each time, the next build ends like an undisturbed one."""
    home, finished = small_home.copy(grown[0]), grown[1]
    before = kb.why("2020-03-16", home=home.path)
    for moment in MOMENTS:
        killed = spawn("-c", KILLED, home.path, moment)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        assert kb.why("2020-03-16", home=home.path) == before
    run_build(home)
    assert differing(home, finished) == {}
    assert kb.why("2020-03-16", home=home.path) != before
    for table in ("reading", "trigger", "event", "event_document"):
        with sqlite3.connect(home.ledger) as one, sqlite3.connect(finished.ledger) as other:
            rows = [sorted(c.execute(f"SELECT * FROM {table}").fetchall()) for c in (one, other)]
        one.close()
        other.close()
        assert rows[0] == rows[1]


def list_others(home):
    """What lies in a home besides marts, SQLite's own side files and the folder for spilling."""
    return {p.name for p in home.path.iterdir() if not p.name.startswith(("kb-", "ledger.sqlite-", ".spill"))}


def test_only_three_marts_stay_and_nothing_else_is_left(case_copy):
    """After five more builds three published files are there, and no leftovers beside them."""
    names = list_others(case_copy)
    for _ in range(5):
        run_build(case_copy, start="why")
    assert len(list(case_copy.path.glob("kb-*.duckdb"))) == 3
    assert list_others(case_copy) == names
    assert case_copy.mart.resolve() in [p.resolve() for p in case_copy.path.glob("kb-*.duckdb")]


def test_what_a_killed_build_left_is_swept_away(case_copy):
    """Half-written files and their logs do not pile up nor push out good marts."""
    for n in range(4):
        (case_copy.path / f"kb-2099010{n}T000000000000.duckdb").write_bytes(b"half a file")
        (case_copy.path / f"kb-2099010{n}T000000000000.duckdb.wal").write_bytes(b"half a log")
    current = case_copy.mart.resolve()
    run_build(case_copy, start="why")
    run_build(case_copy, start="why")
    left = sorted(p.name for p in case_copy.path.glob("kb-*"))
    assert case_copy.mart.resolve().exists()
    assert current.exists(), f"the mart published before was deleted in favour of leftovers: {left}"
    assert not [n for n in left if n.endswith(".wal")]


def test_a_stale_log_beside_the_mart_is_harmless(case_copy):
    """`kb.duckdb.wal` beside the symlink, left by somebody's writing client, does not disturb the answer."""
    case_copy.mart.with_name("kb.duckdb.wal").write_bytes(b"stale" * 100)
    assert kb.why("2020-03-16", home=case_copy.path).causes


def test_an_open_reader_keeps_reading(case_copy):
    """A connection opened before four builds reads on, from the mart it opened, though that file is gone."""
    opened = case_copy.mart.resolve()
    with open_mart(case_copy) as connection:
        run_before = connection.execute("SELECT value FROM meta WHERE name = 'run'").fetchone()
        for _ in range(4):
            run_build(case_copy, start="why")
        assert not opened.exists()
        assert connection.execute("SELECT count(*) FROM bar").fetchone()[0] > 10_000
        assert connection.execute("SELECT count(*) FROM mention").fetchone()[0] > 500
        assert connection.execute("SELECT value FROM meta WHERE name = 'run'").fetchone() == run_before
    with open_mart(case_copy) as connection:
        assert connection.execute("SELECT value FROM meta WHERE name = 'run'").fetchone() != run_before


def test_a_reader_in_the_same_process_sees_the_new_mart(case_copy):
    """After a build the next question in the same process is answered from the new file, also while an old one is open."""
    first = kb.why("2020-03-16", home=case_copy.path).built["run"]
    with open_mart(case_copy):
        run_build(case_copy, start="why")
        assert kb.why("2020-03-16", home=case_copy.path).built["run"] != first


def test_a_mart_of_another_schema_says_what_to_run(case_copy, run):
    """Another schema version is refused with the command that mends it, and that command mends it."""
    import duckdb

    with duckdb.connect(str(case_copy.mart.resolve())) as connection:
        connection.execute("UPDATE meta SET value = '999' WHERE name = 'schema_version'")
    for command in (("2020-03-16",), ("build", "--from", "type_share")):
        done = run(*command, home=case_copy)
        assert done.code == 1
        assert "999" in done.err
        assert "whyfell build" in done.err
        assert "Traceback" not in done.err
    assert run("build", home=case_copy).code == 0
    assert run("2020-03-16", home=case_copy).code == 0


def test_a_ledger_of_another_schema_is_not_touched(case_copy, run):
    """A ledger written by a later version is refused, not rewritten."""
    with sqlite3.connect(case_copy.ledger) as connection:
        connection.execute("UPDATE ledger_meta SET schema_version = 999")
    connection.close()
    done = run("build", home=case_copy)
    assert done.code == 1
    assert "999" in done.err


def test_the_mart_can_be_read_by_older_clients(case_home):
    """The file is in the storage format of DuckDB 1.2, not in the newest one."""
    import duckdb

    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{case_home.mart.resolve()}' AS m (READ_ONLY)")
        tags = connection.execute(
            "SELECT tags['storage_version'] FROM duckdb_databases() WHERE database_name = 'm'"
        ).fetchone()
    assert tags[0].startswith("v1.2")


# Comments


def test_everything_in_the_mart_is_commented(case_home):
    """Every table, view, column and macro says what it is."""
    silent = {
        "tables": "SELECT table_name FROM duckdb_tables() WHERE comment IS NULL AND NOT internal AND NOT temporary",
        "views": "SELECT view_name FROM duckdb_views() WHERE comment IS NULL AND NOT internal AND NOT temporary",
        "columns": "SELECT table_name || '.' || column_name FROM duckdb_columns() WHERE comment IS NULL AND NOT internal",
        "macros": "SELECT function_name FROM duckdb_functions() WHERE comment IS NULL AND NOT internal",
    }
    with open_mart(case_home) as connection:
        found = {what: connection.execute(sql).fetchall() for what, sql in silent.items()}
        macros = connection.execute(
            "SELECT count(DISTINCT function_name) FROM duckdb_functions() WHERE NOT internal"
        ).fetchone()[0]
    assert found == {what: [] for what in silent}
    assert macros == sum(s.kind == "macro" for s in read_steps())


def test_headers_name_columns_that_exist(case_home):
    """The columns that a step's header explains are exactly those of its table or view."""
    with open_mart(case_home) as connection:
        rows = connection.execute(
            "SELECT table_name, list(column_name) FROM duckdb_columns() WHERE NOT internal GROUP BY 1"
        ).fetchall()
    for name, columns in rows:
        step = next(s for s in read_steps() if s.name == name)
        assert set(step.columns) == set(columns), name


# Checks

CHECKS = {
    f.name.removesuffix(".sql"): f.read_text("utf-8")
    for f in sorted(resources.files("kb").joinpath("sql").joinpath("checks").iterdir(), key=lambda f: f.name)
}
FLAG = (
    "INSERT INTO bar_flag SELECT series, 'x', session, '{}', 100, 50, 100, known_at FROM daily_return "
    "WHERE series = 'SPX' LIMIT 1"
)
RENAMED = "UPDATE bar SET source = 'another' WHERE series = 'SPX' AND session = DATE '2020-03-16'"
# For each check a change of rows that it must find.
CORRUPTIONS = {
    "error_cause_shares_match_types": "UPDATE attribution SET share = share * 1.1",
    "error_cause_without_evidence": "UPDATE attribution SET documents = 0",
    "error_drawdown_in_range": "UPDATE daily_return SET drawdown = 0.5 WHERE series = 'SPX'",
    "error_event_before_its_documents": "UPDATE event SET public_hi = public_hi + INTERVAL 1 DAY",
    "error_selloff_order": "UPDATE selloff SET peak = first_session WHERE kind = 'episode'",
    "error_shares_sum_to_one": "UPDATE type_share SET share = share * 1.1",
    "error_unknown_type": "UPDATE trigger SET type = 'weather'",
    "error_enclosing_fall": "UPDATE selloff SET market = 'X' WHERE kind = 'episode'",
    "error_liquidations_summed": "UPDATE liquidation_session SET usd_at_least = usd_at_least * 3",
    "error_one_row_a_session": "INSERT INTO scope SELECT * FROM scope LIMIT 1",
    "error_return_across_sources": RENAMED,
    "warn_bad_tick": FLAG.format("bad tick"),
    "warn_bar_without_a_session": "INSERT INTO stray_bar VALUES ('SPX', 'x', DATE '2020-01-04', 1, 'x', 'closed')",
    "warn_close_outside_its_range": FLAG.format("outside its range"),
    "warn_hole_in_bars": FLAG.format("hole"),
    "warn_large_return": "UPDATE daily_return SET ret = -0.9 WHERE series = 'SPX'",
    "warn_price_at_or_below_zero": FLAG.format("not positive"),
    "warn_split_or_a_fall_like_one": FLAG.format("split"),
    "warn_unlinked_change_of_source": RENAMED,
}


def test_every_check_has_a_corruption_it_must_find():
    """A new check comes with rows that break it."""
    assert set(CORRUPTIONS) == set(CHECKS)


@pytest.mark.parametrize("check", [c for c in CHECKS if c.startswith("error")])
def test_checks_find_nothing_in_the_case_home(case_home, mart_rows, check):
    """No offending rows: the check passes."""
    assert mart_rows(case_home, CHECKS[check]) == []


@pytest.fixture(scope="module")
def corruptible(case_home, small_home):
    """A writable connection to a copy of the case home's mart."""
    import duckdb

    connection = duckdb.connect(str(small_home.copy(case_home).mart.resolve()))
    yield connection
    connection.close()


@pytest.mark.parametrize("check", CORRUPTIONS)
def test_checks_find_corrupted_rows(corruptible, check):
    """Rows that were made wrong are returned by the check that guards them."""
    corruptible.execute("BEGIN")
    try:
        before = corruptible.execute(f"SELECT count(*) FROM ({CHECKS[check]})").fetchone()[0]
        corruptible.execute(CORRUPTIONS[check])
        assert corruptible.execute(f"SELECT count(*) FROM ({CHECKS[check]})").fetchone()[0] > before
    finally:
        corruptible.execute("ROLLBACK")


def test_an_unsound_mart_is_never_published(grown, small_home, run):
    """A ledger whose event was told after its own document makes a build that fails, and the old mart stays."""
    home = small_home.copy(grown[1])
    before = home.mart.resolve()
    with sqlite3.connect(home.ledger) as connection:
        connection.execute("UPDATE event SET public_hi = '2030-01-01 00:00:00.000000'")
    connection.close()
    done = run("build", "--from", "mart", home=home)
    assert done.code == 1
    assert "event before its documents" in done.err.replace("_", " ")
    assert home.mart.resolve() == before
    assert kb.why("2020-03-16", home=home.path).market == "SPX"
    assert len(list(home.path.glob("kb-*.duckdb"))) == len(list(grown[1].path.glob("kb-*.duckdb")))


def test_tags_do_not_depend_on_prices(grown, small_home, ledger_rows):
    """Other bars, the same readings and triggers: the tagger reads text only."""
    home = small_home.copy(grown[1])
    with sqlite3.connect(home.ledger) as connection:
        connection.execute("UPDATE bar SET close = 1000 - close")
        connection.execute("DELETE FROM reading")
        connection.execute("DELETE FROM trigger")
    connection.close()
    run_build(home)
    for table in ("reading", "trigger", "event", "event_document"):
        assert ledger_rows(home, table) == ledger_rows(grown[1], table)


def test_nothing_is_left_open(case_copy):
    """A build leaves no file descriptor behind."""
    run_build(case_copy, start="why")
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    run_build(case_copy, start="why")
    after = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    assert after <= before  # fewer when the collector has closed somebody else's meanwhile
