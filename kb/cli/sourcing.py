"""Commands about the sources outside: the night, and how they are."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from kb.cli.progress import show_progress
from kb.cli.tables import print_json, print_rows
from kb.errors import BadInput
from kb.settings import Home

SHOWN_PAGES = 3  # addresses shown a source in a dry run; --json has all


def run_nightly(home: Home, only: str, also: str, since: str | None, *, replay: bool, dry_run: bool, json: bool) -> int:
    """Run the night and say what came of it; the exit code: 0 all well, 1 nothing came, 2 something failed or dried up."""
    nightly = import_module("ingest.nightly")
    names = {"only": _split(only), "also": _split(also)}
    start = nightly.read_since(since)
    if dry_run and replay:
        raise BadInput("whyfell nightly --replay --dry-run", "the two exclude each other", "Give one of them.")
    if dry_run:
        _show_plan(nightly.plan_night(home, **names, since=start), json)
        return 0
    with show_progress() as notify:
        night = nightly.run_night(home, **names, since=start, replay=replay, notify=notify)
    if json:
        print_json(nightly.describe_night(night))
    else:
        _show_night(night)
    code: int = night.exit_code
    return code


def _split(names: str) -> list[str]:
    return [n.strip() for n in names.split(",") if n.strip()]


def _show_plan(planned: list[Any], json: bool) -> None:
    if json:
        print_json(
            [
                {"source": p.source.name, "since": p.window.since, "until": p.window.until, "missing": p.missing,
                 "pages": [page.url for page in p.pages], "more_follow": p.follows}
                for p in planned
            ]
        )  # fmt: skip
        return
    for p in planned:
        if p.missing:
            print(f"{p.source.name}: left out, needs {', '.join(p.missing)}")
            continue
        more = ", more by what they say" if p.follows else ""
        print(f"{p.source.name}: {len(p.pages)} pages{more}, from {p.window.since:%Y-%m-%d %H:%M} UTC on")
        for page in p.pages[:SHOWN_PAGES]:
            print(f"  {page.url}")


def _show_night(night: Any) -> None:
    rows = [
        {"source": g.source.name, "pages": g.captures, "unchanged": g.unchanged, "rows": g.records, "new": g.new,
         "set aside": sum(g.skipped.values()), "failed": len(g.errors)}
        for g in night.gathered
    ]  # fmt: skip
    print_rows(rows, "No source was asked.", False, False)
    for name, reason in night.left_out.items():
        print(f"{name}: left out, {reason}")
    print(f"Published {night.built.path.name}." if night.built else "Nothing new: what was published stands.")
    for alert in night.alerts:
        print(f"{alert.channel}: {alert.title} {alert.outcome}{': ' + alert.error if alert.error else ''}")
    errors = [e for g in night.gathered for e in list(dict.fromkeys(g.errors))[:SHOWN_PAGES]]
    for error in errors + night.warnings:
        print(f"whyfell: {error}", file=sys.stderr)


def show_sources(home: Home, names: Sequence[str], json: bool) -> None:
    """How each source is, or all about those named."""
    health = import_module("ingest.health").list_health(home)
    known = {h.source.name for h in health}
    for name in names:
        if name not in known:
            raise BadInput(f"Source {name!r}", "there is none", f"Use some of {', '.join(sorted(known))}.")
    health = [h for h in health if not names or h.source.name in names]
    if json or names:
        print_json([h.describe() for h in health])
        return
    rows = [
        {"source": h.source.name, "publisher": h.source.publisher, "state": h.state, "last success": h.succeeded_at,
         "rows in 7 days": h.rows, "gaps": len(h.gaps), "tried on": str(h.source.verified)}
        for h in health
    ]  # fmt: skip
    print_rows(rows, "No source is declared.", False, False)


def fetch_for(home: Home, day: str) -> None:
    """Bring what an answer about one day needs, and say on standard error what came."""
    from kb.dates import parse_day

    with show_progress() as notify:
        gathered = import_module("ingest.day_fetch").fetch_day(home, parse_day(day), notify)
    for g in gathered:
        failed = f"; {g.errors[0]}" if g.errors else ""
        print(f"{g.source.name}: {g.new:,} new rows{failed}", file=sys.stderr)
