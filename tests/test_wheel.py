"""The wheel: what is in it, and that it answers where nothing else of the project is."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built without a network by the backend that is installed here."""
    if importlib.util.find_spec("hatchling") is None:
        pytest.skip("hatchling is not installed: it builds the wheel")
    from pathlib import Path

    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(
        command, cwd=Path(__file__).parents[1], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def names(wheel):
    """The names of the files in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_holds_all_that_is_read_at_run_time(names, root):
    """Every SQL file, TOML, calendar, weight and case file of the checkout is in it, each in its place."""
    expected = {
        p.relative_to(root).as_posix() for room in ("kb", "ingest", "models") for p in (root / room).rglob("*")
        if p.is_file() and p.suffix in (".py", ".sql", ".toml", ".csv", ".json", ".safetensors", ".onnx", ".typed")
        and "__pycache__" not in p.parts
    }  # fmt: skip
    expected |= {
        "kb/_cases/" + p.relative_to(root / "data" / "cases").as_posix()
        for p in (root / "data" / "cases").rglob("*.*")
        if p.is_file()
    }
    assert expected - names == set()
    assert sum(n.endswith("case.toml") for n in names) == 22
    assert "kb/py.typed" in names


def test_the_wheel_holds_nothing_else(names):
    """No tests, no labels, no caches, no secrets; three packages and the metadata."""
    assert {n.split("/")[0] for n in names if ".dist-info/" not in n} == {"kb", "ingest", "models"}
    assert not [
        n for n in names if "__pycache__" in n or n.endswith((".pyc", ".pkl", ".pickle", ".sqlite", ".duckdb", ".env"))
    ]
    assert not [n for n in names if "/labels/" in n or n.startswith(("tests", "data"))]


def test_the_wheel_carries_its_licence_and_command(wheel, names):
    """LICENSE, the entry point and the minimum Python are in the metadata."""
    with zipfile.ZipFile(wheel) as archive:
        inside = next(n for n in names if n.endswith(".dist-info/METADATA")).rpartition("/")[0]
        metadata = archive.read(f"{inside}/METADATA").decode()
        assert "whyfell = kb.cli:main" in archive.read(f"{inside}/entry_points.txt").decode()
        licence = next(n for n in names if n.startswith(inside) and n.endswith("LICENSE"))
        assert "Apache License" in archive.read(licence).decode()
    assert "Requires-Python: >=3.11" in metadata
    assert wheel.stat().st_size < 60_000_000


def test_an_installed_wheel_answers_in_an_empty_folder(wheel, tmp_path):
    """In a fresh environment, an empty folder and an empty home `whyfell 2008-10-15` answers; the libraries are lent."""
    place = tmp_path / "environment"
    venv.create(place, with_pip=False, symlinks=True)
    python = place / "bin" / "python"
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "--python",
        str(python),
        "install",
        "--no-deps",
        "--no-index",
    ]
    done = subprocess.run([*pip, str(wheel)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    packages = next((place / "lib").glob("python3*")) / "site-packages"
    (packages / "lent.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    empty = tmp_path / "empty"
    empty.mkdir()
    clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "WHYFELL_HOME")}
    environment = {**clean, "WHYFELL_HOME": str(tmp_path / "home"), "PYTHONNOUSERSITE": "1"}
    answer = subprocess.run(
        [place / "bin" / "whyfell", "2008-10-15"],
        cwd=empty,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    assert "−9.0 %" in answer.stdout
    assert "unexplained" in answer.stdout
    where = subprocess.run(
        [python, "-c", "import kb; print(kb.__file__)"],
        cwd=empty,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert str(packages) in where.stdout
    assert list(empty.iterdir()) == []
