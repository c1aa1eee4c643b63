"""An older ledger is brought forward when it is opened, losing nothing, also when cut short; a younger one is refused."""

from __future__ import annotations

import signal
import sqlite3
from contextlib import closing

import pytest

from kb import ledger_upgrade
from kb.errors import Unreadable, WhyfellError
from kb.ledger import open_ledger
from kb.settings import Home

# As the first version wrote them.
FIRST = """
CREATE TABLE ledger_meta (schema_version INTEGER NOT NULL, PRIMARY KEY (schema_version));
INSERT INTO ledger_meta VALUES (1);
CREATE TABLE bar (
    symbol VARCHAR NOT NULL, session DATE NOT NULL, source VARCHAR NOT NULL, recorded_at DATETIME NOT NULL, open FLOAT,
    high FLOAT, low FLOAT, close FLOAT NOT NULL, volume FLOAT, origin VARCHAR NOT NULL,
    PRIMARY KEY (symbol, session, source, recorded_at)
);
INSERT INTO bar VALUES ('SPX', '2026-01-30', 'prices', '2026-02-01 10:00:00.000000', NULL, NULL, NULL, 6939.03, NULL, 'import');
CREATE TABLE liquidation (
    asset VARCHAR NOT NULL, at DATETIME NOT NULL, venue VARCHAR NOT NULL, source VARCHAR NOT NULL, recorded_at DATETIME NOT NULL,
    long_usd FLOAT, short_usd FLOAT, origin VARCHAR NOT NULL, PRIMARY KEY (asset, at, venue, source, recorded_at)
);
"""
TOTALS = [
    # asset, at, venue, source, recorded_at, long_usd, short_usd, origin: a figure, its revision, an unknown side, a case
    ("ALL", "2026-02-01 00:00:00.000000", "all venues", "liquidations", "2026-02-01 10:00:00.000000", 2.2e9, None, "import"),
    ("BTC", "2026-01-31 18:00:00.000000", "all venues", "liquidations", "2026-02-01 10:00:00.000000", 1.2e9, 2e8, "import"),
    ("BTC", "2026-01-31 18:00:00.000000", "all venues", "liquidations", "2026-02-02 10:00:00.000000", 1.3e9, 2e8, "import"),
    ("ETH", "2026-01-31 18:00:00.000000", "one venue", "press", "2026-01-01 00:00:00.000000", None, None, "case"),
]  # fmt: skip
SAME_AGAIN = "asset,at,long_usd,short_usd,venue,hours\nbtc,2026-01-31T18:00:00Z,1300000000,200000000,all venues,{}\n"


@pytest.fixture
def home(tmp_path):
    """A home with a ledger of the first version."""
    home = Home(tmp_path / "home")
    home.path.mkdir()
    with closing(sqlite3.connect(home.ledger)) as connection, connection:
        connection.executescript(FIRST)
        connection.executemany("INSERT INTO liquidation VALUES (?, ?, ?, ?, ?, ?, ?, ?)", TOTALS)
    return home


def query(home, sql):
    """The rows of a query over the ledger, by SQLite alone."""
    with closing(sqlite3.connect(home.ledger)) as connection:
        return connection.execute(sql).fetchall()


def version_of(home):
    """All schema versions written in the ledger."""
    return [v for (v,) in query(home, "SELECT schema_version FROM ledger_meta")]


def dump(home):
    """The whole ledger as SQL."""
    with closing(sqlite3.connect(home.ledger)) as connection:
        return list(connection.iterdump())


def assert_brought_forward(home):
    """All rows are there, each total over 24 hours and of no stated method; nothing of the old table is left."""
    columns = "asset, at, venue, source, recorded_at, long_usd, short_usd, origin"
    assert version_of(home) == [3]
    assert query(home, f"SELECT {columns}, hours, method FROM liquidation ORDER BY asset, recorded_at") == [
        (*row, 24.0, "") for row in TOTALS
    ]
    assert query(home, "SELECT symbol, close FROM bar") == [("SPX", 6939.03)]
    assert query(home, "SELECT name FROM sqlite_master WHERE name LIKE 'liquidation%'") == [("liquidation",)]


def assert_untouched(home):
    """Version 1 and all rows, in the table as it was."""
    assert version_of(home) == [1]
    assert query(home, "SELECT * FROM liquidation ORDER BY asset, recorded_at") == TOTALS
    assert query(home, "SELECT symbol, close FROM bar") == [("SPX", 6939.03)]


def test_an_old_ledger_is_brought_forward(home):
    """Version 3; every total says 24 hours and no method, its values and the instant it was recorded are kept."""
    open_ledger(home).dispose()
    assert_brought_forward(home)


def test_it_then_has_the_tables_of_a_new_one(home, tmp_path):
    """Same tables, columns, types, keys: a ledger brought forward cannot be told from one begun today."""
    new = Home(tmp_path / "new")
    open_ledger(new, create=True).dispose()
    open_ledger(home).dispose()
    sql = (
        'SELECT m.name, c.name, c.type, c."notnull", c.pk FROM sqlite_master AS m, pragma_table_info(m.name) AS c '
        "WHERE m.type = 'table' ORDER BY 1, 2"
    )
    assert query(home, sql) == query(new, sql)
    tables = {name for name, *_ in query(home, sql)}
    assert {"funding", "open_interest", "breadth"} <= tables


def test_opening_again_changes_nothing(home):
    """The second and third opening leave every byte of content as it was, also a total over other hours."""
    open_ledger(home).dispose()
    with closing(sqlite3.connect(home.ledger)) as connection, connection:
        connection.execute("UPDATE liquidation SET hours = 4, method = 'venue feed' WHERE asset = 'ALL'")
    before = dump(home)
    for _ in range(2):
        open_ledger(home).dispose()
        assert dump(home) == before


def test_old_totals_are_known_again_by_a_later_import(home, tmp_path, run):
    """What was imported before is not new after: only a total over other hours is."""
    path = tmp_path / "liquidations.csv"
    for hours, new in (("", 0), ("24", 0), ("4", 1)):
        path.write_text(SAME_AGAIN.format(hours), "utf-8")
        done = run("import", "liquidations", path, "--json", home=home)
        assert (done.code, done.json[0]["new"]) == (0, new), done.err
    assert len(query(home, "SELECT * FROM liquidation")) == len(TOTALS) + 1


def test_a_step_that_fails_leaves_all_as_it_was(home, monkeypatch):
    """An error after the new table was filled is told as an error of ours, undoes it all, and the next opening succeeds."""
    whole = ledger_upgrade.STEPS[0]

    def fail_at_the_end(change):
        whole(change)
        raise OSError("disk full")

    monkeypatch.setattr(ledger_upgrade, "STEPS", (fail_at_the_end,))
    with pytest.raises(WhyfellError, match="disk full"):
        open_ledger(home)
    assert_untouched(home)
    monkeypatch.undo()
    open_ledger(home).dispose()
    assert_brought_forward(home)


KILLED = """
import os, signal, sys
from pathlib import Path
from alembic.operations import Operations
from kb.ledger import open_ledger
from kb.settings import Home
real = getattr(Operations, sys.argv[2])
def kill(self, *given, **named):
    real(self, *given, **named)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(Operations, sys.argv[2], kill)
open_ledger(Home(Path(sys.argv[1])))
"""


@pytest.mark.parametrize("after", ["create_table", "drop_table"])
def test_a_kill_in_the_middle_leaves_all_as_it_was(home, spawn, after):
    """kill -9 with the new table still empty or the old one gone: version 1, all rows, and the next opening succeeds."""
    assert spawn("-c", KILLED, home.path, after).returncode == -signal.SIGKILL
    assert_untouched(home)
    open_ledger(home).dispose()
    assert_brought_forward(home)


@pytest.fixture
def younger(home):
    """The same home with a ledger of a version to come."""
    with closing(sqlite3.connect(home.ledger)) as connection, connection:
        connection.execute("UPDATE ledger_meta SET schema_version = 999")
    return home


def test_a_younger_ledger_is_refused(younger, recorded, run):
    """A sentence with the file, both versions and what to do; a command that would write ends with exit code 1."""
    with pytest.raises(Unreadable) as refused:
        open_ledger(younger)
    for words in (str(younger.ledger), "schema version 999", "reads 3", "Use the whyfell version that wrote it"):
        assert words in str(refused.value)
    done = run("import", "prices", recorded / "prices.csv", home=younger)
    assert done.code == 1
    assert "schema version 999" in done.err
    assert "Traceback" not in done.err


def test_a_younger_ledger_is_left_as_it_is(younger):
    """What we cannot read we do not write to: not a row, not a table more."""
    before = dump(younger)
    with pytest.raises(Unreadable):
        open_ledger(younger)
    assert dump(younger) == before
