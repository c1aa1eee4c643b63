"""The attribution's weights: read from their file, completed from the taxonomy.

Weights are fitted by `models.fit` and scored in SQL by the mart; nothing here decides anything.
"""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from kb.taxonomy import read_taxonomy

WEIGHTS = "attribution.json"


def load_weights() -> dict[str, Any]:
    """The weights in force: `model`, `trained_through`, `slopes`, `priors` by asset class and type, `categories`,
    `confidence`. A type that the file does not name takes prior 0 and the categories of the taxonomy.
    """
    text = resources.files("models").joinpath("weights", WEIGHTS).read_text("utf-8")
    weights: dict[str, Any] = json.loads(text)
    types = read_taxonomy()
    weights["categories"] = {t: weights["categories"].get(t, types[t].category) for t in types}
    for asset_class in ("index", "sector", "commodity", "single_name", "crypto"):
        given = weights["priors"].get(asset_class, {})
        weights["priors"][asset_class] = {t: given.get(t, 0.0) for t in types}
    return weights
