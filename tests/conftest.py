"""What all tests share: no network, no home of the user's, one home of case files, and small homes made of a few rows."""

from __future__ import annotations

import csv
import fcntl
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from kb.settings import SETTINGS, Home

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
NOWHERE = ("127.0.0.1", "::1", "localhost")
Rows = Sequence[Mapping[str, Any]]


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marks; leave alone what one library says to another about its own future."""
    config.addinivalue_line("filterwarnings", r"ignore:'click\..*is deprecated:DeprecationWarning")
    config.addinivalue_line("markers", "slow: takes more than ten seconds")
    config.addinivalue_line("markers", "full: run by `make check-full` alone")


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every connection to another machine an error."""
    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, _guard(getattr(socket.socket, name)))


def _guard(real: Callable[..., Any]) -> Callable[..., Any]:
    def connect(self: socket.socket, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in NOWHERE:
            raise RuntimeError(f"a test reached for the network: {address}")
        return real(self, address)

    return connect


@pytest.fixture(autouse=True)
def no_home_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Point the default home to a place of the test's own, and unset every other setting."""
    for setting in SETTINGS:
        monkeypatch.delenv(setting.variable, raising=False)
    monkeypatch.setenv("WHYFELL_HOME", str(tmp_path / "default-home"))
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture(scope="session")
def case_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home made by `init` from the embedded case files: shared by all workers, only to be read."""
    base = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        base = base.parent
    home = Home(base / "case-home")
    with (base / "case-home.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not home.mart.exists():
            from ingest.init import initialise

            initialise(home)
    return home


@pytest.fixture
def case_copy(case_home: Home, tmp_path: Path) -> Home:
    """A copy of the case home for tests that write."""
    shutil.copytree(case_home.path, tmp_path / "case-copy", symlinks=True)
    return Home(tmp_path / "case-copy")


@dataclass
class Maker:
    """Makes and feeds small homes through the same functions as the commands."""

    base: Path
    made: int = field(default=0)

    def __call__(self, *, build: bool = True, **rows: Rows) -> Home:
        """A new home with these rows: `small_home(news=[...], prices=[...])`; built unless told otherwise."""
        self.made += 1
        home = Home(self.base / f"home-{self.made}")
        self.add(home, build=build, **rows)
        return home

    def add(self, home: Home, *, build: bool = True, **rows: Rows) -> None:
        """Import more rows into a home, in the order given, and build."""
        from contextlib import nullcontext

        from ingest.archive import import_files
        from ingest.build import run_build

        for kind, given in rows.items():
            path = write_csv(self.base / f"{kind}.csv", given)
            outcomes, errors = import_files(home, kind, [path], lambda *_: nullcontext(lambda *_: None))
            assert not errors
            assert outcomes[0].rejected == 0, outcomes[0].reasons
        if build:
            run_build(home)

    def copy(self, home: Home) -> Home:
        """A copy of a home, to be changed."""
        self.made += 1
        shutil.copytree(home.path, self.base / f"home-{self.made}", symlinks=True)
        return Home(self.base / f"home-{self.made}")


def write_csv(path: Path, rows: Rows) -> Path:
    """A CSV file of these rows, whose columns are all the keys that occur."""
    names = list(dict.fromkeys(key for row in rows for key in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture(scope="session")
def small_home(tmp_path_factory: pytest.TempPathFactory) -> Maker:
    """A maker of small homes for tests that write."""
    return Maker(tmp_path_factory.mktemp("homes"))


@dataclass
class Done:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its standard output as JSON."""
        return json.loads(self.out)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Run a command line in this process: `run("import", "news", path, home=home)`."""
    from kb.cli import main

    def run_command(*arguments: object, home: Home | None = None) -> Done:
        given = [str(a) for a in arguments] + (["--home", str(home.path)] if home else [])
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main(given)
        code = left.value.code
        return Done(code if isinstance(code, int) else int(code is not None), *capsys.readouterr())

    return run_command


@pytest.fixture
def spawn() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `python ARGUMENTS…` in a process of its own, from the project's root."""

    def spawn_python(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
        given = {"capture_output": True, "text": True, "timeout": 120, "cwd": ROOT, **options}
        return subprocess.run([sys.executable, *map(str, arguments)], check=False, **given)

    return spawn_python


@pytest.fixture
def ledger_rows() -> Callable[..., list[dict[str, Any]]]:
    """The rows of a ledger's table, ordered by all columns; every column unless some are named."""

    def read(home: Home, table: str, *columns: str) -> list[dict[str, Any]]:
        connection = sqlite3.connect(f"file:{home.ledger}?mode=ro", uri=True)
        connection.row_factory = sqlite3.Row
        wanted = ", ".join(f'"{c}"' for c in columns) or "*"
        rows = [dict(r) for r in connection.execute(f'SELECT {wanted} FROM "{table}"')]
        connection.close()
        return sorted(rows, key=lambda r: [str(v) for v in r.values()])

    return read


@pytest.fixture
def mart_rows() -> Callable[..., list[tuple[Any, ...]]]:
    """The rows of a query over a home's mart."""
    from kb.mart import open_mart

    def read(home: Home, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        with open_mart(home) as connection:
            return connection.execute(sql, parameters).fetchall()

    return read


@pytest.fixture
def recorded() -> Path:
    """The folder of recorded files."""
    return Path(__file__).parent / "recorded"


@pytest.fixture
def root() -> Path:
    """The project's root."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference material beside the project; tests that need it are skipped without it."""
    if not SHARED.is_dir():
        pytest.skip(f"{SHARED} is not here: it holds third-party reference series that are not part of the project")
    return SHARED
