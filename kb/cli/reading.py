"""Commands that read: the answer, SQL, the doctor."""

from __future__ import annotations

import sys

from kb.answer import Answer
from kb.cli.progress import show_progress
from kb.cli.tables import print_json, print_table
from kb.compose import Question, compose_answer, ensure_home
from kb.dates import parse_days, parse_instant
from kb.errors import NotFound, WhyfellError
from kb.mart import open_mart
from kb.settings import Home


def print_why(home: Home, date: str, market: str | None, as_of: str | None, json: bool) -> None:
    """Print the answer for a day, or for each session of a range. Raises as `kb.why`; a range skips days without a session."""
    days = parse_days(date)
    instant = parse_instant(as_of) if as_of else None
    _prepare(home)
    answers: list[Answer] = []
    missing: WhyfellError | None = None
    for day in days:
        try:
            with open_mart(home) as connection:
                answers.append(compose_answer(connection, Question(day, market, instant)))
        except NotFound as error:
            missing = error
    if not answers and missing is not None:
        raise missing
    if json:
        print_json([a.to_dict() for a in answers] if len(days) > 1 else answers[0].to_dict())
        return
    from kb.cli.render import print_answer, print_summary

    if len(days) > 1:
        print_summary(answers)
    else:
        print_answer(answers[0])


def _prepare(home: Home) -> None:
    """Fill a home that does not exist yet, showing that something is going on."""
    if home.mart.exists() or home.ledger.exists():
        return
    print(f"First run: filling {home.path} from the embedded case files.", file=sys.stderr)
    with show_progress() as notify:
        ensure_home(home, notify)


def print_analogues(home: Home, date: str, market: str | None, as_of: str | None, json: bool, csv: bool) -> None:
    """Print the falls most like the one of a day, and what came after them."""
    from dataclasses import asdict

    from kb.lists import find_analogues

    _prepare(home)
    found = find_analogues(home, date, market, as_of)
    if json:
        print_json(asdict(found))
    elif not found.falls:
        print(f"No earlier fall of {found.market} can be compared with {found.date}.", file=sys.stderr)
    else:
        print_table(list(found.falls[0]), [list(r.values()) for r in found.falls], csv=csv)
        if not csv:
            print(f"\n{found.market}: what came after these {len(found.falls)} falls, as far as known by {found.date};")
            print("low to high is a 95 % interval of the median")
            print_table(list(found.after[0]), [list(r.values()) for r in found.after])


def print_sql(home: Home, statement: str, json: bool, csv: bool) -> None:
    """Print the rows of one SELECT."""
    from kb.foreign_sql import run_foreign_sql

    table = run_foreign_sql(home, sys.stdin.read() if statement == "-" else statement)
    if json:
        print_json([dict(zip(table.columns, row, strict=True)) for row in table.rows])
    else:
        print_table(table.columns, table.rows, csv=csv)
    if table.cut:
        print(f"Only the first {len(table.rows)} rows are shown; WHYFELL_SQL_ROWS raises that.", file=sys.stderr)


def print_diagnosis(home: Home, json: bool) -> None:
    """Print what the doctor found. Raises WhyfellError when something is wrong with the home."""
    from dataclasses import asdict

    from kb.doctor import examine_home

    found = examine_home(home)
    if json:
        print_json(asdict(found))
    else:
        print(f"home      {found.home}")
        print("ledger    " + (", ".join(f"{n:,} {t}" for t, n in found.ledger.items()) or "none"))
        print("mart      " + (", ".join(f"{k} {v}" for k, v in found.mart.items()) or "none"))
        for name, rows in found.warnings.items():
            print(f"warning   {name.removeprefix('warn_').replace('_', ' ')}: {rows} rows")
    if found.problems:
        raise WhyfellError(f"Home {found.home}", f"{len(found.problems)} problem(s)", " ".join(found.problems))
    if not json:
        print("sound     all checks passed")
