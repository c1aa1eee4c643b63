"""The command line. `whyfell 2026-01-30` is `whyfell why 2026-01-30`; every other command is named.

Commands that write are loaded by name when called, so that a question imports neither the tagger nor the ledger.
"""

from __future__ import annotations

import os
import sys

import click

from kb.errors import WhyfellError


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave the process: 0 when answered, 1 with one sentence on bad input."""
    from importlib.metadata import version

    from kb.cli.app import COMMANDS, ReaderGoneError, app

    given = list(sys.argv[1:] if arguments is None else arguments)
    if given == ["--version"]:
        print(f"whyfell {version('whyfell')}")
        raise SystemExit(0)
    if given and given[0] not in COMMANDS and given[0] != "--help":
        given.insert(0, "why")
    # A terminal that knows only ASCII still gets its answer.
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        # Not click's own error handling: it turns a reader that has gone away into exit code 1.
        raise SystemExit(app(given, prog_name="whyfell", standalone_mode=False))
    except ReaderGoneError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
    except (click.ClickException, WhyfellError, OSError) as error:
        print(f"whyfell: {_say(error)}", file=sys.stderr)
        raise SystemExit(1) from None
    except (KeyboardInterrupt, click.Abort):
        raise SystemExit(130) from None


def _say(error: Exception) -> str:
    """An error as one sentence for the user."""
    if isinstance(error, click.ClickException):
        return f"{error.format_message()} `whyfell --help` shows what there is."
    if isinstance(error, OSError) and not isinstance(error, WhyfellError):
        return f"{error.filename or 'A file'}: {error.strerror or error}. Check the path and your rights to it."
    return str(error)
