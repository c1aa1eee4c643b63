"""The ledger: the system of record, the tables of `kb.ledger_tables` on SQLite in WAL mode.

Everything that came in and everything that was read out of it; the mart is rebuilt from here. Instants are stored as
naive UTC, because SQLite drops offsets.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event, inspect, text
from sqlmodel import SQLModel, create_engine

from kb.errors import NotFound, Unreadable, WhyfellError
from kb.ledger_version import SCHEMA_VERSION
from kb.settings import Home


def open_ledger(home: Home, *, create: bool = False) -> Engine:
    """An engine on the home's ledger, in WAL mode.

    An older ledger is brought forward first. Raises NotFound when there is none and `create` is false; Unreadable when
    the file is no ledger, or one of a younger version.
    """
    if not create and not home.ledger.exists():
        raise NotFound(f"Ledger of {home.path}", "there is none", "Run `whyfell init` or `whyfell import` first.")
    home.path.mkdir(parents=True, exist_ok=True)
    engine = create_engine(f"sqlite:///{home.ledger}", hide_parameters=True)
    event.listen(engine, "connect", _set_pragmas)
    try:
        _check_schema(engine, home.ledger)
    except WhyfellError:
        raise
    except Exception as error:
        raise Unreadable(f"Ledger {home.ledger}", str(error).split("\n")[0], "Restore it from a backup.") from error
    return engine


def _set_pragmas(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA temp_store = MEMORY")
    cursor.close()


def _check_schema(engine: Engine, path: Path) -> None:
    """Refuse a younger ledger untouched; give any other the tables it lacks, and bring an older one forward."""
    version = _read_version(engine)
    if version is not None and version > SCHEMA_VERSION:
        found = f"schema version {version}, this whyfell reads {SCHEMA_VERSION}"
        raise Unreadable(f"Ledger {path}", found, "Use the whyfell version that wrote it.")
    import kb.ledger_tables  # noqa: F401 declares the tables

    SQLModel.metadata.create_all(engine)
    if version is None:
        with engine.begin() as connection:
            connection.execute(text("INSERT INTO ledger_meta VALUES (:v)"), {"v": SCHEMA_VERSION})
    elif version < SCHEMA_VERSION:
        from kb.ledger_upgrade import upgrade_ledger

        upgrade_ledger(engine, version)


def _read_version(engine: Engine) -> int | None:
    if not inspect(engine).has_table("ledger_meta"):
        return None
    with engine.connect() as connection:
        version: int | None = connection.execute(text("SELECT max(schema_version) FROM ledger_meta")).scalar()
    return version


@contextmanager
def hold_lock(home: Home, command: str) -> Iterator[None]:
    """Hold the home's writer lock for the length of a `with` block.

    The lock is the operating system's (released even by kill -9); the file names its holder.
    Raises WhyfellError naming the holder when another process has it.
    """
    import fcntl

    home.path.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(home.lock, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(descriptor, 200).decode(errors="replace").strip() or "another process"
            raise WhyfellError(f"`whyfell {command}`", f"{holder} is writing to {home.path}", "Wait for it.") from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"`whyfell {command}` (process {os.getpid()})".encode(), 0)
        yield
    finally:
        os.close(descriptor)
