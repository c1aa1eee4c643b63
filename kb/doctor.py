"""`whyfell doctor`: what is in a home, whether it holds together, and what looks wrong in the data."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from typing import Any

from kb.errors import WhyfellError
from kb.ledger_version import SCHEMA_VERSION
from kb.mart import check_mart, open_mart
from kb.settings import Home, show_settings
from kb.sql_steps import fetch_rows

TABLES = (
    "document",
    "bar",
    "release",
    "liquidation",
    "funding",
    "open_interest",
    "breadth",
    "reading",
    "trigger",
    "event",
    "run",
)


@dataclass
class Diagnosis:
    """What was found; `problems` are sentences, empty when the home is sound."""

    home: str
    ledger: dict[str, int] = field(default_factory=dict)
    mart: dict[str, Any] = field(default_factory=dict)
    warnings: dict[str, int] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def examine_home(home: Home) -> Diagnosis:
    """The state of a home. Problems are collected, never raised."""
    found = Diagnosis(str(home.path), settings=show_settings())
    _examine_ledger(home, found)
    try:
        with open_mart(home) as connection:
            found.mart = {
                r["name"]: r["value"] for r in fetch_rows(connection, "SELECT name, value FROM meta ORDER BY name")
            }
            for name, rows in check_mart(connection):
                if rows:
                    found.problems.append(f"Check {name} found {rows} rows. Run `whyfell build`.")
            found.warnings = {name: rows for name, rows in check_mart(connection, severity="warn") if rows}
    except WhyfellError as error:
        found.problems.append(str(error))
    return found


def _examine_ledger(home: Home, found: Diagnosis) -> None:
    if not home.ledger.exists():
        found.problems.append(f"There is no ledger in {home.path}. Run `whyfell init` or `whyfell import`.")
        return
    try:
        connection = sqlite3.connect(f"file:{home.ledger}?mode=ro", uri=True)
        version = connection.execute("SELECT max(schema_version) FROM ledger_meta").fetchone()[0]
        if version is not None and version < SCHEMA_VERSION:
            found.problems.append(
                f"The ledger is of the older version {version}. Run `whyfell build` to bring it forward."
            )
            return
        for table in TABLES:
            found.ledger[table] = connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]  # noqa: S608 our own names
        verdict = connection.execute("PRAGMA quick_check").fetchone()[0]
        connection.close()
        if verdict != "ok":
            found.problems.append(f"The ledger is damaged: {verdict}. Restore it from a backup.")
    except sqlite3.Error as error:
        found.problems.append(f"The ledger cannot be read: {error}. Restore it from a backup.")
