"""The floor under the tagger's quality: scores that may only rise. `python -m models.floor` measures and raises it.

Reads `scores.json`, the hard sentences, and a file of labelled headlines beside the project where there is one; writes
`scores.json`. It refuses to write a lower figure unless told `--lower`, so that a fall is somebody's decision.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kb.errors import BadInput
from models.evaluate_tagger import compare, read_gold, score
from models.labels import ARCHIVE, LABELS, NONE, read_hard
from models.tagger import Tagger

SCORES = Path(__file__).parent / "scores.json"
GOLD = ARCHIVE.parent.parent / "gold" / "headlines_dev.csv"
HIGHER = ("primary_accuracy", "primary_acceptable", "macro_f1", "wrap_accuracy", "risk_accuracy")
EPSILON = 0.003  # one of 371 headlines: what another processor's rounding may turn


def list_sets() -> dict[str, Path]:
    """The measured sets that are here, by name: hard sentences of the project, labelled headlines beside it."""
    return {name: path for name, path in (("hard", LABELS / "hard" / "hard.csv"), ("gold", GOLD)) if path.exists()}


def read_set(name: str, path: Path) -> list[dict[str, str]]:
    """The rows of a measured set as `evaluate_tagger` reads them."""
    if name != "hard":
        return read_gold(path)
    return [
        {
            "id": label.key,
            "title": label.title,
            "summary": "",
            "types": "|".join(label.types) or NONE,
            "acceptable": "|".join(label.types) or NONE,
            "wrap": str(label.wrap),
            "risk": str(label.risk),
        }
        for label in read_hard()
    ]


def measure(tagger: Tagger) -> dict[str, dict[str, Any]]:
    """The figures that have a floor, rounded to four digits, with the sha256 of the file behind them."""
    figures: dict[str, dict[str, Any]] = {}
    for name, path in list_sets().items():
        found = score(compare(read_set(name, path), tagger))
        figures[name] = {figure: round(found[figure], 4) for figure in HIGHER}
        figures[name]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    return figures


def find_falls(floor: Mapping[str, Mapping[str, Any]], now: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What lies under the floor, in words; a set that changed is compared with nothing."""
    return [
        f"{name} {figure}: {now[name][figure]:.4f}, floor {least[figure]:.4f}"
        for name, least in floor.items()
        if name in now and now[name]["sha256"] == least["sha256"]
        for figure in HIGHER
        if now[name][figure] < least[figure] - EPSILON
    ]


def raise_floor(arguments: Sequence[str]) -> None:
    """Measures and writes the floor. Raises BadInput when a figure fell and `--lower` was not given."""
    parser = argparse.ArgumentParser(description="Measure the tagger and raise the floor of its scores.")
    parser.add_argument("--lower", action="store_true", help="allow a figure to fall")
    lower = parser.parse_args(arguments).lower
    now, floor = measure(Tagger.load()), read_floor()
    falls = find_falls(floor, now)
    if falls and not lower:
        raise BadInput(
            "The floor of the tagger's scores", "; ".join(falls), "Improve it, or lower the floor with --lower."
        )
    SCORES.write_text(json.dumps({**floor, **now}, indent=1) + "\n", "utf-8")
    sys.stdout.write(SCORES.read_text("utf-8"))


def read_floor() -> dict[str, dict[str, Any]]:
    """The floor as it stands; empty before the first measurement."""
    return dict(json.loads(SCORES.read_text("utf-8"))) if SCORES.exists() else {}


if __name__ == "__main__":
    raise_floor(sys.argv[1:])
