"""`whyfell init`: a home filled from the embedded case files, and built."""

from __future__ import annotations

from datetime import UTC, datetime

from ingest.build import Built, run_build
from kb.cases import store_cases
from kb.ledger import hold_lock, open_ledger
from kb.ledger_write import record_run
from kb.notify import Notify, stay_silent
from kb.settings import Home


def initialise(home: Home, notify: Notify = stay_silent) -> Built:
    """Load the case files into the home's ledger and build. Doing it again adds nothing and builds anew."""
    started_at = datetime.now(UTC)
    with hold_lock(home, "init"):
        engine = open_ledger(home, create=True)
        stored = store_cases(engine)
        record_run(engine, "init", started_at, f"{stored} new rows from the case files")
        engine.dispose()
    return run_build(home, notify=notify)
