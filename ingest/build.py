"""The build, as one readable list: read new documents, form events, make the mart, publish it.

Everything before the publishing can be interrupted and run again: readings are committed batch by batch, events in one
transaction, the mart appears only when it is whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import Engine

from ingest.forming import store_events
from ingest.reading import count_unread, read_new_documents
from ingest.reviews import apply_reviews
from kb.errors import BadInput
from kb.facts import stage_facts
from kb.ledger import hold_lock, open_ledger
from kb.ledger_write import record_run
from kb.mart import SCHEMA_VERSION, build_mart, name_run, publish_mart, rebuild_from
from kb.notify import Notify, stay_silent
from kb.settings import Home
from kb.sql_steps import read_steps
from kb.staging import stage_ledger
from models.attribution import load_weights
from models.tagger import Tagger

LEDGER_STEPS = ("read", "events", "mart")


@dataclass(frozen=True)
class Built:
    """What a build did."""

    run: str
    path: Path
    read: int
    events: int


def run_build(home: Home, *, start: str = "read", notify: Notify = stay_silent) -> Built:
    """Bring the mart up to date with the ledger and publish it.

    `start` skips what stands before it: read, events, mart, or the name of an SQL step, which copies the published mart
    and reruns that step and all later ones. Raises BadInput for another name, NotFound without a ledger or mart.
    """
    check_start(start)
    started_at = datetime.now(UTC)
    with hold_lock(home, "build"):
        engine = open_ledger(home)
        tagger = load_tagger()
        run = name_run()
        read = events = 0
        if start == "read":
            read = read_new_documents(engine, tagger, notify)
        elif start in LEDGER_STEPS:
            _check_all_read(engine, tagger.model, start)
        if start in ("read", "events"):
            apply_reviews(engine, tagger.model)
            notify("events", 0, 0)
            events = store_events(engine, tagger.model)
        path = _make_mart(home, run, tagger.model, start, notify)
        record_run(engine, "build", started_at, f"published {path.name}: {read} documents read, {events} events")
        publish_mart(home, path)
        engine.dispose()
    return Built(run, path, read, events)


@cache
def load_tagger() -> Tagger:
    """The shipped tagger, loaded once a process: the encoder's session costs a second at every build otherwise."""
    return Tagger.load()


def _check_all_read(engine: Engine, model: str, start: str) -> None:
    unread = count_unread(engine, model)
    if unread:
        found = f"{unread:,} documents have no reading by the present model"
        raise BadInput(f"Build from {start!r}", found, "Run `whyfell build` without --from.")


def check_start(start: str) -> None:
    """Raise BadInput unless a build can begin at this step."""
    later = _later_steps()
    if start not in LEDGER_STEPS and start not in later:
        raise BadInput(f"Build from {start!r}", "no such step", f"Use one of {', '.join([*LEDGER_STEPS, *later])}.")


def _later_steps() -> list[str]:
    names = [s.name for s in read_steps()]
    return names[names.index("bar_flag") :]  # earlier steps read staged rows, which a copied mart has not


def _make_mart(home: Home, run: str, model: str, start: str, notify: Notify) -> Path:
    names = [s.name for s in read_steps()]

    def tell(step: str) -> None:
        notify(f"mart: {step}", names.index(step), len(names))

    if start not in LEDGER_STEPS:
        return rebuild_from(home, run, start, tell, lambda c: stage_ledger(c, home, model, ["review"]))
    weights = load_weights()
    meta = {
        "schema_version": SCHEMA_VERSION, "run": run, "model": f"{model}+{weights['model']}",
        "trained_through": weights["trained_through"], "version": version("whyfell"),
        "confidence_intercept": str(weights["confidence"]["intercept"]),
        "confidence_slope": str(weights["confidence"]["slope"]),
    }  # fmt: skip

    def load(connection: object) -> None:
        notify("mart: ledger", 0, len(names))
        stage_ledger(connection, home, model)  # type: ignore[arg-type]
        stage_facts(connection, weights, meta)  # type: ignore[arg-type]

    return build_mart(home, run, load, tell)
