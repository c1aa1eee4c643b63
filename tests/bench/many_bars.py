"""Time the moves and markers over many bars: `make bench-bars` generates 500 series of 100 years and detects their falls.

The series are random walks (normal returns, 1.2 % a session, seed below), so that their falls mean nothing; only the
cost does. Prints seconds by step and the largest memory of the process; leaves with 1 when a bound is passed.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from kb.sql_steps import read_steps

SERIES, SESSIONS, SEED = 500, 25_200, 0.42
LONGEST, LARGEST = 60, 4_000_000  # seconds and kB on two cores
GENERATE = """
    CREATE TABLE bar AS
    WITH drawn AS (
        SELECT CASE i // $sessions WHEN 0 THEN 'SPX' ELSE 'S' || (i // $sessions) END AS series, i % $sessions AS session_no,
            0.012 * sqrt(-2 * ln(random() + 1e-12)) * cos(2 * pi() * random()) + 0.0002 AS ret, 1e6 * exp(random()) AS volume
        FROM range($series * $sessions) AS r(i)
    ), walked AS (
        SELECT *, 100 * exp(sum(ret) OVER (PARTITION BY series ORDER BY session_no ROWS UNBOUNDED PRECEDING)) AS close FROM drawn
    )
    SELECT series, series AS symbol, CAST(DATE '1926-01-01' + CAST(session_no AS INTEGER) AS DATE) AS session,
        CAST(session_no AS INTEGER) AS session_no, close * 0.999 AS open, close * 1.01 AS high, close * 0.99 AS low, close,
        volume,
        'made up' AS source, 'import' AS origin, TIMESTAMPTZ '2026-01-01 00:00:00Z' AS known_at,
        CAST(NULL AS DATE) AS linked_session, CAST(NULL AS DOUBLE) AS linked_close
    FROM walked ORDER BY series, session_no
"""
MARKETS = """
    CREATE TABLE market AS SELECT DISTINCT series AS market, series AS name, 'single_name' AS asset_class, 'NYSE' AS calendar,
        false AS named, false AS human_coded, CAST([] AS VARCHAR[]) AS keywords, -0.06 AS jump_return, -0.025 AS jump_z_return,
        -0.12 AS slide, -0.12 AS episode, false AS quoted FROM bar;
    CREATE TABLE series AS SELECT market AS series, market AS symbol, 0 AS symbol_rank, 'NYSE' AS calendar, 'price' AS unit
        FROM market
"""
STEPS = ("bar_flag", "daily_return", "jump", "slide", "episode", "selloff", "beta")


def main() -> None:
    """Generate, detect, print, judge."""
    with tempfile.TemporaryDirectory() as folder:
        connection = duckdb.connect(str(Path(folder) / "bars.duckdb"), config={"memory_limit": "2GB"})
        connection.execute("SELECT setseed($seed)", {"seed": SEED}).fetchall()
        connection.execute(GENERATE, {"series": SERIES, "sessions": SESSIONS})
        connection.execute(MARKETS)
        total = 0.0
        for step in (s for s in read_steps() if s.name in STEPS):
            begun = time.perf_counter()
            connection.execute(f"CREATE TABLE {step.name} AS {step.sql}")
            seconds = time.perf_counter() - begun
            total += seconds
            rows = connection.execute(f"SELECT count(*) FROM {step.name}").fetchall()[0][0]
            print(f"{step.name:<14}{seconds:6.1f} s  {rows:>12,} rows")
        connection.close()
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{SERIES * SESSIONS:,} bars: {total:.1f} s, {largest / 1e6:.2f} GB")
    if total > LONGEST or largest > LARGEST:
        sys.exit(f"Passed a bound: {LONGEST} s, {LARGEST / 1e6:.0f} GB.")


if __name__ == "__main__":
    main()
