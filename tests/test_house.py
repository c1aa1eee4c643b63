"""House rules that a machine can hold: sizes, types, docstrings, doors between the rooms, nothing undocumented."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kb.cli.app import COMMANDS, app
from kb.sql_steps import read_steps
from kb.taxonomy import read_taxonomy

ROOT = Path(__file__).parents[1]
ROOMS = ("kb", "ingest", "models")
MODULES = sorted(p for room in ROOMS for p in (ROOT / room).rglob("*.py"))
TRAINING = re.compile(r"models/(train_\w+|fit)\.py$")  # run by those who train, with their own dependencies
MOST_LINES, MOST_FUNCTION_LINES = 300, 30
NOT_AT_RUN_TIME = {"torch", "pandas", "sklearn", "scipy", "pyarrow"}
NAMES_OF_NOTHING = {"utils", "util", "helpers", "helper", "manager", "common", "misc", "data", "info", "base"}


def name_of(path):
    """A module's path inside the project."""
    return path.relative_to(ROOT).as_posix()


@pytest.fixture(params=MODULES, ids=name_of)
def module(request):
    """Each module of the three rooms with its syntax tree."""
    return request.param, ast.parse(request.param.read_text("utf-8"))


def list_functions(tree):
    """All functions and methods of a module, nested ones too."""
    return [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]


def list_public(tree):
    """Public functions of the module and public methods of its public classes."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield node
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from (m for m in node.body if isinstance(m, ast.FunctionDef) and not m.name.startswith("_"))


def test_modules_and_functions_are_short(module):
    """At most 300 lines a module and 30 a function, docstring included; no exceptions."""
    path, tree = module
    lines = len(path.read_text("utf-8").splitlines())
    long = {f.name: f.end_lineno - f.lineno + 1 for f in list_functions(tree)}
    assert lines <= MOST_LINES
    assert {name: n for name, n in long.items() if n > MOST_FUNCTION_LINES} == {}


def test_public_functions_are_typed_and_explained(module):
    """Module, public classes and public functions have a docstring; parameters and results have types."""
    tree = module[1]
    assert ast.get_docstring(tree) or not tree.body
    silent = [
        n.name
        for n in tree.body
        if isinstance(n, ast.ClassDef) and not n.name.startswith("_") and not ast.get_docstring(n)
    ]
    for function in list_public(tree):
        given = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
        untyped = [a.arg for a in given if a.annotation is None and a.arg not in ("self", "cls")]
        if untyped or function.returns is None or not ast.get_docstring(function):
            silent.append(function.name)
    assert silent == []


def test_no_heavy_import_at_the_top_of_a_module(module):
    """Run-time modules import nothing at their top that belongs to training, and none of it at all."""
    path, tree = module
    if TRAINING.search(name_of(path)):
        pytest.skip("run by those who train, with their own dependencies")
    imported = {
        name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names])
    }  # fmt: skip
    assert imported & NOT_AT_RUN_TIME == set()


def test_names_say_something(module):
    """No utils, helpers, managers; no module named as one of the standard library."""
    stem = module[0].stem
    assert stem not in NAMES_OF_NOTHING
    assert stem.startswith("__") or stem not in sys.stdlib_module_names


def test_only_the_mart_opens_duckdb():
    """`duckdb.connect` stands in one module of those that run at the user's."""
    opening = [
        name_of(p) for p in MODULES if "duckdb.connect" in p.read_text("utf-8") and not TRAINING.search(name_of(p))
    ]
    assert opening == ["kb/mart.py"]


def test_the_rooms_keep_their_doors(spawn):
    """The contracts of import-linter hold: ingest → models → kb, never back, and what the answer may not import."""
    tool = shutil.which("lint-imports", path=str(Path(sys.executable).parent))
    if tool is None:
        pytest.skip("import-linter is not installed: it belongs to the development tools")
    done = subprocess.run([tool, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


# What is loaded

LOADED = """
import json, sys
before = set(sys.modules)
{code}
print("LOADED" + json.dumps(sorted(set(sys.modules) - before)))
"""
# What duckdb, typer and rich bring with them.
ANSWERING = {
    "kb", "duckdb", "_duckdb", "typer", "click", "rich", "pygments", "markdown_it", "mdurl", "shellingham", "typing_extensions",
    "annotated_doc", "colorama", "pytz",
}  # fmt: skip


def loaded_by(spawn, code):
    """The modules that a fresh process loads while it runs this code."""
    done = spawn("-c", LOADED.format(code=code))
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.split("LOADED")[1]))


def test_importing_kb_is_light(spawn):
    """`import kb` brings in neither the ledger's library nor the tagger's nor DuckDB."""
    top = {m.split(".")[0] for m in loaded_by(spawn, "import kb")}
    assert top & {"sqlmodel", "sqlalchemy", "pydantic", "spacy", "duckdb", "numpy", "rich", "typer"} == set()


@pytest.mark.parametrize(
    "question", [["2020-03-16"], ["2020-03-16", "--as-of", "2020-03-16T22:00Z"], ["2020-03-16", "--json"]]
)
def test_answering_loads_only_duckdb_typer_and_rich(spawn, case_home, question):
    """A question loads those three, what they need, and the standard library."""
    arguments = [*question, "--home", str(case_home.path)]
    code = (
        f"from kb.cli import main\ntry:\n    main({arguments!r})\nexcept SystemExit as left:\n    assert not left.code"
    )
    top = {m.split(".")[0] for m in loaded_by(spawn, code)}
    assert (
        top
        - ANSWERING
        - set(sys.stdlib_module_names)
        - {m for m in top if m.startswith(("__editable__", "_virtualenv"))}
        == set()
    )
    assert top & {"sqlmodel", "sqlalchemy", "spacy", "numpy", "transformers", "pydantic", "ingest", "models"} == set()


def test_asking_from_python_loads_only_duckdb(spawn, case_home):
    """`from kb import why` and a question load no command line."""
    code = f"from kb import why\nassert why('2020-03-16', home={str(case_home.path)!r}).causes"
    top = {m.split(".")[0] for m in loaded_by(spawn, code)}
    assert top & {"typer", "rich", "sqlmodel", "pydantic", "numpy", "spacy", "ingest", "models"} == set()


# What is written down


@pytest.fixture(scope="module")
def documentation():
    """The text of README, CONTRIBUTING and everything in docs."""
    files = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return "\n".join(f.read_text("utf-8") for f in files if f.exists())


@pytest.mark.parametrize("name", list(read_taxonomy()))
def test_every_trigger_type_is_documented(documentation, name):
    """Its name stands in the documentation as code."""
    assert re.search(rf"`{name}`", documentation)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_documented(documentation, name):
    """`whyfell NAME` stands in the documentation; `why` is what a bare date means."""
    wanted = r"whyfell \d{4}-\d\d-\d\d" if name == "why" else rf"whyfell {name}\b"
    assert re.search(wanted, documentation)


@pytest.mark.parametrize("name", [s.name for s in read_steps() if s.kind in ("view", "macro")])
def test_every_view_and_macro_is_documented(documentation, name):
    """Its name stands in the documentation as code."""
    assert re.search(rf"`{name}\b|\b{name}\(", documentation)


def test_the_list_of_commands_is_that_of_the_command_table():
    """What may stand first on the line is exactly what the command table has."""
    given = {(c.name or c.callback.__name__).strip("_") for c in app.registered_commands} | {
        g.name for g in app.registered_groups
    }
    assert given == COMMANDS


def test_every_setting_is_documented(documentation):
    """Each environment variable stands in the documentation."""
    from kb.settings import SETTINGS

    assert [s.variable for s in SETTINGS if s.variable not in documentation] == []


def test_the_public_door_is_what_it_says():
    """`kb.__all__` names exactly what can be used, and each is there."""
    import kb

    assert set(kb.__all__) == {"Answer", "Cause", "Evidence", "why"}
    assert all(getattr(kb, name).__doc__ for name in kb.__all__)


def test_every_error_of_ours_is_one_sentence_of_three_parts():
    """Asked, found, remedy; each branch also is the built-in it resembles."""
    from kb import errors

    branches = {"NotFound": LookupError, "SourceDown": ConnectionError, "Unreadable": OSError, "BadInput": ValueError}
    for name, builtin in branches.items():
        error = getattr(errors, name)("Date 'x'", "not a date", "Write it like 2026-01-30.")
        assert isinstance(error, errors.WhyfellError)
        assert isinstance(error, builtin)
        assert str(error) == "Date 'x': not a date. Write it like 2026-01-30."


def test_weights_are_no_pickles():
    """What ships as weights is safetensors, ONNX or JSON, a few megabytes at most."""
    files = [p for p in (ROOT / "models" / "weights").rglob("*") if p.is_file()]
    assert files
    assert {p.suffix for p in files} <= {".safetensors", ".onnx", ".json", ".md", ".svg"}
    assert sum(p.stat().st_size for p in files) < 60_000_000


def test_sql_takes_parameters_not_f_strings():
    """No `.sql` file holds a brace of formatting, and each step explains its columns and inputs."""
    for step in read_steps():
        text = (ROOT / "kb" / "sql" / step.file).read_text("utf-8")
        assert step.comment
        assert step.kind == "macro" or step.columns
        assert step.kind == "macro" or "-- in: " in text
        assert not re.search(r"\{\w+\}", step.sql)
