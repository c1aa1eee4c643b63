"""Bringing an older ledger forward, step by step; each step is one transaction, so that a killed one is simply run again.

Run by whoever opens the ledger to write. Alembic's operations speak the dialect of the store.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Column, DateTime, Engine, Float, String, text


def upgrade_ledger(engine: Engine, found: int) -> None:
    """Bring a ledger of schema version `found` to the present one."""
    for version, step in enumerate(STEPS[found - 1 :], found + 1):
        with engine.begin() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # the driver would begin none before a change of tables
            step(Operations(MigrationContext.configure(connection)))
            connection.execute(text("UPDATE ledger_meta SET schema_version = :version"), {"version": version})


def _give_liquidations_their_hours(change: Operations) -> None:
    """1 to 2: a total says over how many hours, and how it was counted; so far all were over 24."""
    change.rename_table("liquidation", "liquidation_1")
    key = [
        ("asset", String),
        ("at", DateTime),
        ("venue", String),
        ("source", String),
        ("hours", Float),
        ("recorded_at", DateTime),
    ]
    columns: list[Column[Any]] = [Column(name, kind, primary_key=True) for name, kind in key]
    columns += [
        Column("method", String, nullable=False),
        Column("public_at", DateTime),
        Column("long_usd", Float),
        Column("short_usd", Float),
    ]
    change.create_table("liquidation", *columns, Column("origin", String, nullable=False))
    kept = "asset, at, venue, source, recorded_at, long_usd, short_usd, origin"
    change.execute(f"INSERT INTO liquidation ({kept}, hours, method) SELECT {kept}, 24, '' FROM liquidation_1")  # noqa: S608 our own names
    change.drop_table("liquidation_1")


def _give_releases_their_status(change: Operations) -> None:
    """2 to 3: a figure may be scheduled, cancelled or a revision, without a value; so far all were first prints."""
    change.rename_table("release", "release_2")
    key = [("indicator", String), ("period", String), ("released_at", DateTime), ("source", String), ("status", String)]
    columns: list[Column[Any]] = [Column(name, kind, primary_key=True) for name, kind in key]
    columns += [Column("recorded_at", DateTime, primary_key=True)]
    columns += [Column(name, Float) for name in ("actual", "consensus", "previous")]
    change.create_table("release", *columns, Column("public_at", DateTime), Column("origin", String, nullable=False))
    kept = "indicator, period, released_at, source, recorded_at, actual, consensus, previous, origin"
    change.execute(f"INSERT INTO release ({kept}, status) SELECT {kept}, 'first' FROM release_2")  # noqa: S608 our own names
    change.drop_table("release_2")


STEPS: tuple[Callable[[Operations], None], ...] = (_give_liquidations_their_hours, _give_releases_their_status)
