"""How many of the falls that people coded each rule on falls catches, by era, and how many sessions it flags beside them.

Reads a gold file and the mart; market S&P 500. The coders chose days by a return of 2.5 % of the index of their time (the
Dow before the S&P 500), so that a day may be no such fall in the series here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kb.errors import NotFound
from kb.mart import open_mart
from kb.settings import Home
from kb.sql_steps import fetch_rows, read_query
from models.evaluate_attribution import read_gold


def evaluate_moves(home: Home, gold: Path) -> dict[str, Any]:
    """`coded` falls of the gold file, those `without_bars` here, and `rules`: one row per era and rule.

    Raises NotFound for a missing file or when no coded fall has a bar, BadInput for wrong columns.
    """
    coded = read_gold(gold)
    falls = [day for day, ret in zip(coded.days, coded.returns, strict=True) if ret < 0]
    with open_mart(home) as connection:
        rows = fetch_rows(connection, read_query("coded_falls"), {"market": "SPX", "days": falls})
    found = sum(r["coded_falls"] for r in rows if r["rule"] == "jump")
    if not found:
        raise NotFound(f"Coded falls of {gold}", "no bar of the S&P 500 is here for any", "Import prices and build.")
    return {"coded": len(falls), "without_bars": len(falls) - found, "rules": rows}
