"""Kill a night at twenty random moments, run it again, and compare with an undisturbed night. Run by `make check-full`.

The night is a process of its own over played sources (two feeds, a listing of files, prices) of 600 items; the moments are
drawn evenly over the length of the undisturbed night, seed 20260101.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path.insert(0, str(TESTS))

from play_sources import Play, play_sources  # noqa: E402

KILLS, SEED, ITEMS = 20, 20260101, 200
COMPARED = {
    "document": "document_id, source, title, summary, url, public_lo, public_hi, precision",
    "bar": "symbol, session, source, close",
    "reading": "document_id, model, wrap, risk, stated_cause, direction, weekday",
    "trigger": '"document_id", "model", "rank", "type", "score"',
    "event": "event_id, type, title, public_hi",
    "event_document": "event_id, document_id, novelty",
}


def set_the_stage(stage):
    """Feeds and files of made headlines, and half a year of closes."""
    words = "payrolls fall short|inflation rises|Fed holds rates|stocks slide on tariffs|bank fails|oil jumps".split(
        "|"
    )
    for name in "abcd":
        lines = [f"{name}{n}|2026-01-{n % 28 + 1:02}T{n % 24:02}:00:00Z|{words[n % 6]} {n}" for n in range(ITEMS)]
        stage.play(f"/{name}", Play(body="\n".join(lines).encode()))
    stage.play("/listing", Play(body=b"c d"))
    closes = ", ".join(f'"2025-{m:02}-{d:02}": {100 + d - m}' for m in range(1, 7) for d in range(1, 29))
    stage.play("/closes", Play(body=f'{{"ABC": {{{closes}}}}}'.encode()))


def start_night(home, root):
    """`whyfell nightly` in a process group of its own, so that a kill takes its workers along."""
    environment = {**os.environ, "PLAYED_AT": root, "WHYFELL_PRIVATE_ADDRESSES": "1"}
    command = [sys.executable, str(TESTS / "run_night.py"), "nightly", "--home", str(home)]
    return subprocess.Popen(
        command, env=environment, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def read_state(home):
    """All that must be the same, table by table."""
    connection = sqlite3.connect(home / "ledger.sqlite")
    return {t: sorted(connection.execute(f'SELECT {c} FROM "{t}"').fetchall()) for t, c in COMPARED.items()}


def main():
    """Print each kill and whether the rerun came to the same; exit 1 if any did not."""
    moments = random.Random(SEED)
    base = Path(tempfile.mkdtemp(prefix="whyfell-kills-"))
    failures = 0
    with play_sources() as stage:
        set_the_stage(stage)
        began = time.monotonic()
        assert start_night(base / "whole", stage.root).wait() == 0
        length = time.monotonic() - began
        whole = read_state(base / "whole")
        print(f"undisturbed: {length:.1f} s, {', '.join(f'{len(rows)} {t}' for t, rows in whole.items())}")
        for n in range(KILLS):
            home = base / f"killed-{n}"
            night = start_night(home, stage.root)
            after = moments.uniform(0, length)
            time.sleep(after)
            os.killpg(night.pid, signal.SIGKILL)
            night.wait()
            code = start_night(home, stage.root).wait()
            same = code == 0 and read_state(home) == whole
            failures += not same
            print(
                f"killed after {after:5.2f} s: rerun {'the same' if same else f'DIFFERS (exit code {code})'}",
                flush=True,
            )
            shutil.rmtree(home)
    shutil.rmtree(base)
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
