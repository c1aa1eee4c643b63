"""The keyword-count baseline: what a glance at the headlines' words would say.

Reads the mart's documents (those of the case files left out) of each day and the next.
"""

from __future__ import annotations

import tomllib
from datetime import date
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np

from kb.sql_steps import fetch_rows, read_query
from kb.taxonomy import CATEGORIES

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def count_keywords(connection: DuckDBPyConnection, days: tuple[date, ...]) -> np.ndarray:
    """Probabilities by day and category: counts of market headlines that hold a word of the category, plus a tenth.

    A day without such headlines is all `unknown`.
    """
    table = tomllib.loads(resources.files("models").joinpath("keywords.toml").read_text("utf-8"))
    counts = np.full((len(days), len(CATEGORIES)), 0.1)
    place = {d: n for n, d in enumerate(days)}
    for category, words in table["words"].items():
        asked = {"days": list(days), "market": table["market"], "words": words}
        for row in fetch_rows(connection, read_query("keyword_counts"), asked):
            counts[place[row["session"]], CATEGORIES.index(category)] += row["headlines"]
    nothing = counts.max(axis=1) < 1
    counts[nothing, CATEGORIES.index("unknown")] += 1
    return counts / counts.sum(axis=1, keepdims=True)
