"""The trigger types and their link to the categories of the published human coding.

Reads `taxonomy.toml`; used by the tagger, the mart and the documentation test.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from kb.errors import BadInput

# Names of the day-level weight columns of Baker, Bloom, Davis, Sammon, "What Triggers Stock Market Jumps?".
CATEGORIES = (
    "commodities", "corporate", "elections", "exrate", "foreign", "govspend", "trade", "macro", "monetary",
    "other", "otherpol", "reg", "sovmil", "taxes", "terror", "unknown",
)  # fmt: skip


@dataclass(frozen=True)
class TriggerType:
    """One entry of the taxonomy: `category` maps BBDS categories to weights that sum to one."""

    name: str
    title: str
    says: str
    category: dict[str, float]


@cache
def read_taxonomy() -> dict[str, TriggerType]:
    """All trigger types by name, in the order of `taxonomy.toml`. Raises BadInput when the file contradicts itself."""
    table = tomllib.loads(resources.files("kb").joinpath("taxonomy.toml").read_text("utf-8"))
    types = {name: TriggerType(name=name, **entry) for name, entry in table.items()}
    for t in types.values():
        if set(t.category) - set(CATEGORIES) or abs(sum(t.category.values()) - 1) > 1e-9:
            raise BadInput(f"Trigger type {t.name}", f"category weights {t.category}", "Use known names that sum to 1.")
    return types
