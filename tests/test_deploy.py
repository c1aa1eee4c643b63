"""The files of `ingest/deploy`: what they start exists, what they copy is there, and their secrets are settings of ours."""

from __future__ import annotations

import re
import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest

from ingest.registry import list_sources
from kb.cli.app import COMMANDS
from kb.settings import SETTINGS

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "ingest" / "deploy"
FILES = sorted(p.name for p in DEPLOY.iterdir())
NAME = re.compile(r"\bWHYFELL_[A-Z_]+\b")


def text_of(name):
    """One of the files."""
    return (DEPLOY / name).read_text("utf-8")


def read_unit(name):
    """A unit's sections; of a key that stands several times all values, in order."""
    lines: dict[str, dict[str, list[str]]] = {}
    section: dict[str, list[str]] = {}
    for line in text_of(name).splitlines():
        if line.startswith("["):
            section = lines.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            section.setdefault(key, []).append(value)
    return lines


def known_names():
    """Every environment variable that a setting or a source reads."""
    return {s.variable for s in SETTINGS} | {n for s in list_sources() for n in s.needs}


def test_the_files_are_these():
    """A file added here is looked at by the tests below, or they say what is missing."""
    assert FILES == ["Containerfile", "crontab", "environment", "nightly.yml", "whyfell.service", "whyfell.timer"]


@pytest.mark.parametrize("name", FILES)
def test_every_variable_is_one_that_is_read(name):
    """No file sets or passes on a variable that nothing reads."""
    assert set(NAME.findall(text_of(name))) - known_names() == set()


@pytest.mark.parametrize("name", FILES)
def test_no_file_holds_a_secret(name):
    """Secrets are named with a place for their value, never with one that could be real."""
    given = re.findall(r"^#?\s*(\w+)[=:] *(\S.*)$", text_of(name), re.M)
    secret = {s.variable for s in SETTINGS if s.secret} | {n for s in list_sources() for n in s.needs}
    real = [v for k, v in given if k in secret and "example.org" not in v and not v.startswith("${{ secrets.")]
    assert real == []


def commands():
    """The command line of whyfell that each file starts."""
    job = text_of("nightly.yml")
    cron = next(line for line in text_of("crontab").splitlines() if re.match(r"[\d*]", line))
    return {
        "whyfell.service": read_unit("whyfell.service")["Service"]["ExecStart"][0].split("/bin/whyfell ")[1],
        "crontab": re.search(r"/bin/whyfell ([^>]*)", cron)[1],
        "Containerfile": " ".join(
            re.findall(r'"([^"]+)"', re.search(r"^CMD (.*)$", text_of("Containerfile"), re.M)[1])
        ),
        "nightly.yml": re.search(r"^ +run: whyfell (.*)$", job, re.M)[1],
    }


@pytest.mark.parametrize("name", ["whyfell.service", "crontab", "Containerfile", "nightly.yml"])
def test_what_is_started_exists(name, run):
    """The command is `nightly`, it is in the command table, and it knows each option given."""
    command, *options = commands()[name].split()
    assert command == "nightly"
    assert command in COMMANDS
    known = re.findall(r"--[a-z-]+", run(command, "--help").out)
    assert [o for o in options if o.startswith("-") and o.split("=")[0] not in known] == []


# systemd


@pytest.mark.parametrize("name", ["whyfell.service", "whyfell.timer"])
def test_units_parse_without_systemd(name):
    """Sections and keys as any reader of such files sees them, a description, and no key without its section."""
    parser = ConfigParser(strict=False, interpolation=None, allow_no_value=False)
    parser.optionxform = str
    parser.read_string(text_of(name))
    allowed = {"whyfell.service": {"Unit", "Service"}, "whyfell.timer": {"Unit", "Timer", "Install"}}
    assert set(parser.sections()) == allowed[name]
    assert parser["Unit"]["Description"]


def test_the_service_may_do_little():
    """One shot, a user of its own, one folder to write to, bounded memory, secrets from a file that may be missing."""
    service = read_unit("whyfell.service")["Service"]
    wanted = {
        "Type": "oneshot", "User": "whyfell", "StateDirectory": "whyfell", "ProtectSystem": "strict",
        "NoNewPrivileges": "yes", "MemoryMax": "2G", "EnvironmentFile": "-/etc/whyfell/environment",
        "CapabilityBoundingSet": "",
    }  # fmt: skip
    assert {k: service[k][-1] for k in wanted} == wanted
    assert "WHYFELL_HOME=%S/whyfell" in service["Environment"]


def test_the_timer_makes_up_for_a_night_missed():
    """Every night at 22:30 in New York, somewhat spread, and later if the machine slept; started at boot."""
    timer = read_unit("whyfell.timer")
    assert timer["Timer"] == {
        "OnCalendar": ["*-*-* 22:30:00 America/New_York"], "RandomizedDelaySec": ["15m"], "Persistent": ["true"],
    }  # fmt: skip
    assert timer["Install"]["WantedBy"] == ["timers.target"]


@pytest.fixture
def analyze():
    """`systemd-analyze …`, where it is installed."""
    tool = shutil.which("systemd-analyze")
    if tool is None:
        pytest.skip("systemd-analyze is not installed")
    return lambda *given: subprocess.run([tool, *given], capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def units(tmp_path):
    """The units, with a program that exists on every machine in place of ours."""
    for name in ("whyfell.service", "whyfell.timer"):
        (tmp_path / name).write_text(text_of(name).replace("/opt/whyfell/bin/whyfell", shutil.which("true")), "utf-8")
    return tmp_path


def test_systemd_finds_nothing_wrong(analyze, units):
    """`systemd-analyze verify` is silent: every key is known and stands where it belongs."""
    done = analyze("verify", str(units / "whyfell.service"), str(units / "whyfell.timer"))
    about_ours = [line for line in (done.stdout + done.stderr).splitlines() if "whyfell" in line]
    assert (done.returncode, about_ours) == (0, [])


def test_systemd_calls_the_service_well_hardened(analyze, units):
    """An exposure of 2 at most, of the 10 that an open service has."""
    done = analyze("security", "--offline=true", "--no-pager", str(units / "whyfell.service"))
    found = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)
    if found is None:
        pytest.skip("this systemd-analyze rates no files")
    assert float(found[1]) <= 2.0


def test_systemd_understands_the_hour(analyze):
    """The next night is 22:30 in New York: 02:30 or 03:30 UTC."""
    spec = read_unit("whyfell.timer")["Timer"]["OnCalendar"][0]
    done = analyze("calendar", "--base-time=2026-01-30 12:00:00 UTC", spec)
    assert done.returncode == 0, done.stderr
    assert "2026-01-31 03:30:00 UTC" in done.stdout


# cron


def test_the_cron_line_has_its_five_fields():
    """22:30 every day, in New York's time by a line above it, and no percent sign, which cron takes for a line's end."""
    lines = [line for line in text_of("crontab").splitlines() if line and not line.startswith("#")]
    assert lines[0] == "CRON_TZ=America/New_York"
    assert lines[1].split()[:5] == ["30", "22", "*", "*", "*"]
    assert "%" not in lines[1]
    assert len(lines) == 2


def test_the_cron_line_is_quiet_and_passes_settings_on(tmp_path):
    """Run by a shell with whyfell played: settings of the file arrive, the exit code too, and only errors are printed."""
    command = text_of("crontab").splitlines()[-1].split(maxsplit=5)[5]
    program = tmp_path / "whyfell"
    program.write_text('#!/bin/sh\necho all well\necho "$WHYFELL_CONTACT $1" >&2\nexit 2\n', "utf-8")
    program.chmod(0o755)
    command = command.replace("/opt/whyfell/bin/whyfell", str(program))
    for wanted in (" nightly\n", "ada@example.org nightly\n"):
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            env={"HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
        )
        assert (done.returncode, done.stdout, done.stderr) == (2, "", wanted)
        (tmp_path / ".config" / "whyfell").mkdir(parents=True, exist_ok=True)
        (tmp_path / ".config" / "whyfell" / "environment").write_text(
            text_of("environment").replace("#WHYFELL_CONTACT", "WHYFELL_CONTACT"), "utf-8"
        )


# Container


def steps_of():
    """The instructions of the Containerfile."""
    return re.findall(r"^([A-Z]+) (.+)$", text_of("Containerfile"), re.M)


def test_the_image_copies_what_is_there():
    """Every source of a COPY exists here, and the packages that the wheel needs are all copied."""
    copied = [s for kind, rest in steps_of() if kind == "COPY" and "--from" not in rest for s in rest.split()[:-1]]
    assert [s for s in copied if not (ROOT / s).exists()] == []
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    packages = re.findall(r'"(\w+)"', re.search(r"^packages = \[(.*)\]$", project, re.M)[1])
    included = re.findall(r'^"(data/\w+)" = "kb/', project, re.M)
    assert set(copied) >= {*packages, *included, "requirements.lock", "pyproject.toml", "README.md", "LICENSE"}


def test_the_image_installs_the_lock_with_hashes():
    """The repository's own lock, checked; every requirement in it has a hash."""
    lines = [rest for kind, rest in steps_of() if kind == "RUN" and "requirements.lock" in rest]
    assert len(lines) == 1
    assert "--require-hashes -r requirements.lock" in lines[0]
    wanted = re.findall(r"^[a-z0-9-]+==.*$", (ROOT / "requirements.lock").read_text("utf-8"), re.M)
    assert wanted
    assert [line for line in wanted if not line.endswith("\\")] == []


def test_the_pins_hold_versions_alone(tmp_path):
    """The sed of the Containerfile makes constraints of the development lock: Apprise and the build backend pinned, no hash."""
    sed = next(rest for kind, rest in steps_of() if kind == "RUN" and rest.startswith("sed "))
    shutil.copy(ROOT / "requirements-dev.lock", tmp_path)
    subprocess.run(["/bin/sh", "-c", sed], cwd=tmp_path, check=True, timeout=20)
    pins = (tmp_path / "pins.txt").read_text("utf-8")
    assert "--hash" not in pins
    assert "\\" not in pins
    assert {"apprise", "hatchling"} <= set(re.findall(r"^([a-z0-9-]+)==[\d.]+(?: ;.*)?$", pins, re.M))


def test_the_image_runs_as_nobody_special():
    """After the last FROM: a user that is not root before the volume, the entry point and the command."""
    last = text_of("Containerfile").rsplit("\nFROM ", 1)[1]
    order = [k for k in re.findall(r"^([A-Z]+) ", last, re.M) if k in ("USER", "VOLUME", "ENTRYPOINT", "CMD")]
    assert order == ["USER", "VOLUME", "ENTRYPOINT", "CMD"]
    assert "USER whyfell\n" in last
    assert 'ENTRYPOINT ["whyfell"]' in last
    assert re.search(r"WHYFELL_HOME=(\S+)", last)[1] == re.search(r"^VOLUME (\S+)$", last, re.M)[1]


def test_the_python_of_image_and_workflow_is_one_that_is_supported():
    """A version that the project declares."""
    declared = re.findall(r"Python :: (3\.\d+)", (ROOT / "pyproject.toml").read_text("utf-8"))
    assert set(re.findall(r"python:(3\.\d+)-slim", text_of("Containerfile"))) <= set(declared)
    assert re.search(r'python-version: "(3\.\d+)"', text_of("nightly.yml"))[1] in declared


# GitHub


@pytest.fixture
def workflow():
    """The workflow as YAML; `on` is not taken for a truth value."""
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
    return yaml.load(text_of("nightly.yml"), Loader=yaml.BaseLoader)


def test_the_workflow_runs_once_a_night_alone(workflow):
    """Five fields, New York's time, one run at a time, read-only rights, a bounded length."""
    schedule = workflow["on"]["schedule"]
    assert [len(s["cron"].split()) for s in schedule] == [5]
    assert schedule[0]["timezone"] == "America/New_York"
    assert workflow["concurrency"] == {"group": "whyfell-nightly", "cancel-in-progress": "false"}
    assert workflow["permissions"] == {"contents": "read"}
    assert int(workflow["jobs"]["night"]["timeout-minutes"]) <= 360


def test_the_workflow_keeps_the_home_even_after_a_bad_night(workflow):
    """Restored before, saved always after under a key that the next night finds; installed from the lock with hashes."""
    steps = workflow["jobs"]["night"]["steps"]
    used = [s.get("uses", s.get("run", "")).split("@")[0] for s in steps]
    night = used.index("whyfell nightly")
    restore, save = used.index("actions/cache/restore"), used.index("actions/cache/save")
    assert restore < night < save
    assert steps[save]["with"]["key"].startswith(steps[restore]["with"]["restore-keys"])
    assert steps[save]["with"]["path"] == steps[restore]["with"]["path"] == "home"
    assert [s["if"].startswith("always()") for s in steps[night + 1 :]] == [True, True]
    assert "--require-hashes -r requirements.lock" in steps[used.index("actions/cache/restore") - 1]["run"]
    assert workflow["jobs"]["night"]["env"]["WHYFELL_HOME"].endswith("/home")


def test_the_workflow_takes_its_secrets_from_the_repository(workflow):
    """Each secret goes to the variable of its own name."""
    night = next(s for s in workflow["jobs"]["night"]["steps"] if s.get("run") == "whyfell nightly")
    assert night["env"] == {name: "${{ secrets." + name + " }}" for name in night["env"]}
    assert set(night["env"]) <= known_names()
