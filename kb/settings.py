"""Settings: one table of names, defaults and help; where the home lies and what is in it.

Read by every room; writes nothing. Precedence: command line, environment, default.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from kb.errors import BadInput


@dataclass(frozen=True)
class Setting:
    """One environment variable: its name, its default and what it does. A secret's value is never shown."""

    variable: str
    default: str
    help: str
    secret: bool = False


SETTINGS = (
    Setting("WHYFELL_HOME", "", "Folder of the knowledge base; default: the user's data directory."),
    Setting("WHYFELL_SQL_SECONDS", "30", "Time limit of one `whyfell sql` statement, in seconds."),
    Setting("WHYFELL_SQL_ROWS", "10000", "Row limit of one `whyfell sql` answer."),
    Setting("WHYFELL_MEMORY", "1GB", "Memory limit of DuckDB while it builds the mart."),
    Setting("WHYFELL_WORKERS", "0", "Processes that read documents during a build; 0: one per core."),
    Setting(
        "WHYFELL_CONTACT", "", "Your name and mail address, told to every server asked; EDGAR is left out without."
    ),
    Setting("WHYFELL_PRIVATE_ADDRESSES", "0", "1 lets nightly sources lie in your own network, for instance a mirror."),
    Setting("WHYFELL_KEEP_DAYS", "0", "Days that the bytes fetched are kept for replay; 0: for ever."),
    Setting(
        "WHYFELL_ALERT_WEBHOOK", "", "https addresses that get each new sell-off as JSON, with commas.", secret=True
    ),
    Setting("WHYFELL_ALERT_SECRET", "", "Signs what webhooks get, by HMAC-SHA256.", secret=True),
    Setting("WHYFELL_ALERT_APPRISE", "", "Apprise addresses that get each new sell-off, with spaces.", secret=True),
)


def read_setting(variable: str) -> str:
    """The value of a setting: the environment's, else the default. Raises KeyError for an unknown name."""
    default = {s.variable: s.default for s in SETTINGS}[variable]
    return os.environ.get(variable) or default


def show_settings() -> dict[str, str]:
    """Every setting with its value, as people may see it: of a secret only whether it is set."""
    shown = {s.variable: read_setting(s.variable) for s in SETTINGS}
    return shown | {s.variable: "(set)" for s in SETTINGS if s.secret and shown[s.variable]}


def read_number(variable: str) -> int:
    """The value of a setting that must be a whole number, at least 0. Raises BadInput otherwise."""
    text = read_setting(variable)
    if not text.isdigit():
        raise BadInput(f"Setting {variable}", f"{text!r} is not a whole number", "Give digits only, or unset it.")
    return int(text)


@dataclass(frozen=True)
class Home:
    """The folder of one knowledge base, and the names of what lies in it."""

    path: Path

    @property
    def ledger(self) -> Path:
        """The SQLite file that holds everything: the only thing to back up."""
        return self.path / "ledger.sqlite"

    @property
    def mart(self) -> Path:
        """The symlink to the published DuckDB file."""
        return self.path / "kb.duckdb"

    @property
    def lock(self) -> Path:
        """Held by a writer; names its process."""
        return self.path / ".lock"

    @property
    def snapshots(self) -> Path:
        """Folder of the bytes that sources gave, as they came."""
        return self.path / "snapshots"

    @property
    def rejected(self) -> Path:
        """Folder of rows that an import set aside."""
        return self.path / "rejected"


def find_home(given: Path | None = None) -> Home:
    """The home: the one given, else `$WHYFELL_HOME`, else the user's data directory. It need not exist yet."""
    if given is not None:
        return Home(given)
    named = read_setting("WHYFELL_HOME")
    if named:
        return Home(Path(named))
    import platformdirs  # only here: the answer path stays light when a home is named

    return Home(Path(platformdirs.user_data_dir("whyfell")))
