"""The mart: one DuckDB file, rebuilt from the ledger, read by everyone, written by nobody once it is published.

Only this module opens DuckDB. A build writes `kb-<run>.duckdb` beside the others, checks it, then swaps the symlink
`kb.duckdb`: readers are never blocked, and a killed build leaves the old answer in place.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kb.errors import BadInput, NotFound, Unreadable
from kb.settings import Home, read_setting
from kb.sql_steps import Step, read_steps, run_steps

if TYPE_CHECKING:
    import duckdb

SCHEMA_VERSION = "5"
KEPT_MARTS = 3  # published files that stay: the current one and two to go back to
EVERYTHING: Mapping[str, Any] = {"from_session": "0001-01-01", "to_session": "9999-12-31"}
# A 1.5 client reads this format; the default of DuckDB 2.0 it does not.
STORAGE_VERSION = "v1.2.0"
# In this order: once the configuration is locked nothing can be set any more.
LOCKED = (
    "SET memory_limit = '1GB'", "SET max_temp_directory_size = '0GB'", "SET enable_external_access = false",
    "SET lock_configuration = true",
)  # fmt: skip


@contextmanager
def open_mart(home: Home, *, locked: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection to the published mart; temporary tables may be made, nothing else.

    `locked` adds what foreign SQL needs: no files, no network, no settings. Raises NotFound when nothing was
    published, Unreadable when the file is damaged or of another schema version.
    """
    import duckdb

    if not home.mart.exists():
        found = "nothing is published there"
        raise NotFound(f"Knowledge base {home.path}", found, "Run `whyfell init` or `whyfell build`.")
    # The name is resolved first: a connection by symlink would share a cached handle on the file it pointed to before.
    path = home.mart.resolve()
    connection = _connect_reader(path)
    try:
        for statement in LOCKED if locked else ():
            connection.execute(statement)
        _check_version(connection, path)
        yield connection
    except (duckdb.BinderException, duckdb.CatalogException) as error:
        # Our own SQL does not fit the file; foreign SQL has its errors told where it is run.
        found = f"made by another whyfell: {error}".split("\n")[0]
        raise Unreadable(f"Mart {path}", found, "Run `whyfell build`.") from error
    finally:
        connection.close()


def _connect_reader(path: Path) -> duckdb.DuckDBPyConnection:
    import duckdb

    try:
        connection = duckdb.connect(str(path), read_only=True)
        connection.execute("SET TimeZone = 'UTC'")
    except duckdb.Error as error:
        raise Unreadable(f"Mart {path}", str(error).split("\n")[0], "Run `whyfell build`.") from error
    return connection


def _check_version(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    import duckdb

    try:
        rows = connection.execute("SELECT value FROM meta WHERE name = 'schema_version'").fetchall()
    except duckdb.Error:
        rows = []
    if [r[0] for r in rows] != [SCHEMA_VERSION]:
        found = f"schema version {rows[0][0] if rows else 'unknown'}, this whyfell reads {SCHEMA_VERSION}"
        raise Unreadable(f"Mart {path}", found, "Run `whyfell build`.")


def build_mart(
    home: Home, run: str, load: Callable[[duckdb.DuckDBPyConnection], None], notify: Callable[[str], None]
) -> Path:
    """The path of a finished, verified and not yet published mart, made by running every step over what `load` staged.

    `notify` is told each step before it runs. A failed build leaves no file behind.
    """
    path = _begin_file(home, run)
    with _write_file(_connect_writer(home, ":memory:"), path) as connection:
        load(connection)
        connection.execute(f"ATTACH '{_escape(path)}' AS mart (STORAGE_VERSION '{STORAGE_VERSION}')")
        connection.execute("SET search_path = 'mart.main,memory.main'")
        _run_each(connection, read_steps(), notify)
        connection.execute("CHECKPOINT mart")
        connection.execute("SET search_path = 'memory.main'")
        connection.execute("DETACH mart")
    return _finish_file(home, run, path)


@contextmanager
def _write_file(connection: duckdb.DuckDBPyConnection, path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The connection, closed in the end; when the writing fails the unfinished file is deleted."""
    try:
        yield connection
    except BaseException:
        connection.close()
        path.unlink(missing_ok=True)
        raise
    connection.close()


def _run_each(connection: duckdb.DuckDBPyConnection, steps: Iterable[Step], notify: Callable[[str], None]) -> None:
    for step in steps:
        notify(step.name)
        run_steps(connection, [step.name], EVERYTHING)


def _begin_file(home: Home, run: str) -> Path:
    """The name under which a mart is written until it is whole; what killed builds left behind is swept away."""
    for leftover in home.path.glob(".building-*"):
        leftover.unlink()
    current = home.mart.resolve()
    for log in home.path.glob("kb-*.duckdb.wal"):  # a file whose log is still there was never closed
        unfinished = log.with_suffix("")
        if unfinished != current:
            unfinished.unlink(missing_ok=True)
        log.unlink()
    return home.path / f".building-{run}.duckdb"


def _finish_file(home: Home, run: str, path: Path) -> Path:
    """The mart under its lasting name, after it was flushed to disk and checked; a broken one is deleted."""
    try:
        _verify(path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path.rename(home.path / f"kb-{run}.duckdb")


def _connect_writer(home: Home, database: str) -> duckdb.DuckDBPyConnection:
    import duckdb

    spill = str(home.path / ".spill")  # what does not fit in memory goes there and is removed again
    limit = read_setting("WHYFELL_MEMORY")
    try:
        connection = duckdb.connect(database, config={"memory_limit": limit, "temp_directory": spill})
    except (duckdb.ParserException, duckdb.InvalidInputException) as error:
        raise BadInput("Setting WHYFELL_MEMORY", f"{limit!r} is not an amount", "Write it like 2GB.") from error
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def rebuild_from(
    home: Home, run: str, step: str, notify: Callable[[str], None], load: Callable[[duckdb.DuckDBPyConnection], None]
) -> Path:
    """The path of a copy of the published mart in which this SQL step and all later ones have been run again.

    `load` stages the reviews, which may have come since and are brought in too. Raises NotFound without a published mart,
    Unreadable when another version made it.
    """
    if not home.mart.exists():
        raise NotFound(
            f"Knowledge base {home.path}", "nothing is published there", "Run `whyfell build` without --from."
        )
    path = _begin_file(home, run)
    shutil.copyfile(home.mart.resolve(), path)
    names = [s.name for s in read_steps()]
    later = [s for s in read_steps() if names.index(s.name) >= names.index(step)]
    with _write_file(_connect_writer(home, str(path)), path) as connection:
        _check_version(connection, home.mart)
        load(connection)
        connection.execute("DROP TABLE review")
        run_steps(connection, ["review"], EVERYTHING)
        connection.execute("DROP TABLE staged_review")
        for old in reversed(later):
            kind = "MACRO TABLE" if old.kind == "macro" else old.kind.upper()
            connection.execute(f"DROP {kind} IF EXISTS {old.name}")
        _run_each(connection, later, notify)
        connection.execute("UPDATE meta SET value = $run WHERE name = 'run'", {"run": run})
        connection.execute("CHECKPOINT")
    return _finish_file(home, run, path)


def _escape(path: Path) -> str:
    return str(path).replace("'", "''")


def _verify(path: Path) -> None:
    import duckdb

    with path.open("rb") as file:
        os.fsync(file.fileno())
    connection = duckdb.connect(str(path), read_only=True)
    try:
        _check_version(connection, path)
        broken = [s for s in check_mart(connection) if s[1]]
    finally:
        connection.close()
    if broken:
        raise Unreadable(
            f"Mart {path.name}", f"check {broken[0][0]} found {broken[0][1]} rows", "Run `whyfell doctor`."
        )


def check_mart(connection: duckdb.DuckDBPyConnection, *, severity: str = "error") -> list[tuple[str, int]]:
    """(name, offending rows) of every check in `sql/checks`: `error` ones must find none, `warn` ones are reported."""
    from importlib import resources

    found = []
    folder = resources.files("kb").joinpath("sql").joinpath("checks")
    for file in sorted(folder.iterdir(), key=lambda f: f.name):
        if file.name.startswith(severity) and file.name.endswith(".sql"):
            rows = connection.execute(f"SELECT count(*) FROM ({file.read_text('utf-8')})").fetchone()  # noqa: S608 our own files
            found.append((file.name.removesuffix(".sql"), rows[0] if rows else 0))
    return found


def publish_mart(home: Home, path: Path) -> None:
    """Swap the symlink of the home to this file in one step, and delete all but the newest published files."""
    link = home.path / f".kb-{os.getpid()}.link"
    link.unlink(missing_ok=True)
    link.symlink_to(path.name)
    os.replace(link, home.mart)
    marts = sorted(home.path.glob("kb-*.duckdb"), key=lambda p: (p != path, -p.stat().st_mtime))
    for old in marts[KEPT_MARTS:]:
        old.unlink()


def read_parquet(path: Path) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
    """The column names of a Parquet file and its rows as text (instants in UTC). Raises Unreadable for a broken file."""
    import duckdb

    connection = duckdb.connect(":memory:")
    connection.execute("SET TimeZone = 'UTC'")
    try:
        cursor = connection.execute("SELECT COLUMNS(*)::VARCHAR FROM read_parquet($path)", {"path": str(path)})
        names = [d[0] for d in cursor.description or []]
    except duckdb.Error as error:
        connection.close()
        raise Unreadable(f"Parquet file {path}", str(error).split("\n")[0], "Give a whole, readable file.") from error
    return names, _fetch_all(connection, path)


def _fetch_all(connection: duckdb.DuckDBPyConnection, path: Path) -> Iterator[tuple[Any, ...]]:
    import duckdb

    try:
        while rows := connection.fetchmany(20_000):
            yield from rows
    except duckdb.Error as error:
        raise Unreadable(f"Parquet file {path}", str(error).split("\n")[0], "Give a whole, readable file.") from error
    finally:
        connection.close()


def name_run() -> str:
    """A new run's name: its UTC start to the microsecond, which sorts by time."""
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
