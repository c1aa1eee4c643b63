"""From labels to weights: `python -m models.train_tagger` prints cross-validated figures and writes weights and card.

Reads data/labels/*.csv (own sentences) and, where a sibling folder with dated headlines exists, learns word vectors
from it and takes its sport and entertainment desks as weak `none`. No number here was chosen on a gold file.
Needs the `train` dependency group. One seed: the same inputs give the same weights.
"""

from __future__ import annotations

import csv
import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.errors import BadInput
from kb.taxonomy import read_taxonomy
from models.stated_cause import find_cause
from models.tagger import WEIGHTS
from models.train_calibrate import Calibration, calibrate, describe
from models.train_features import Features
from models.train_vectors import learn_vectors, read_archive

SEED = 7
FOLDS = 5
ROOT = Path(__file__).parent.parent
LABELS = ROOT / "data" / "labels"
ARCHIVE = ROOT.parent / "shared" / "news" / "dated"
WEAK_DESKS = ("sports", "entertainment")
# Chosen by cross-validation on the labels: cost of the SVM, weight of weak rows.
COST = 0.4
WEAK_ROWS, WEAK_WEIGHT = 4000, 0.3
Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Label:
    """One labelled sentence; `types` is empty for none."""

    text: str
    types: tuple[str, ...]
    wrap: int
    risk: int
    cause: str


def read_labels(folder: Path = LABELS) -> list[Label]:
    """All labels in file order. Raises BadInput when there are none or a column is missing."""
    labels = []
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if None in row.values() or not {"text", "types", "wrap", "risk", "cause"} <= set(row):
                    raise BadInput(f"Labels {path.name}", f"row {row}", "Give text,types,wrap,risk,cause.")
                types = tuple(t for t in row["types"].split("|") if t != "none")
                labels.append(Label(row["text"], types, int(row["wrap"]), int(row["risk"]), row["cause"]))
    if not labels:
        raise BadInput(f"Labels in {folder}", "no CSV file", "Run from a checkout that has data/labels.")
    return labels


def read_weak() -> list[str]:
    """Titles of desks that hardly ever move a market, as weak `none`; [] where the archive is absent."""
    import duckdb

    path = ARCHIVE / "gnews_headlines_2025_2026.parquet"
    if not path.exists():
        return []
    found = duckdb.connect().execute(
        "SELECT DISTINCT title FROM read_parquet($path) "
        "WHERE list_contains($desks, category) ORDER BY md5(title) LIMIT $n",
        {"path": str(path), "desks": list(WEAK_DESKS), "n": WEAK_ROWS},
    )
    return [row[0] for row in found.fetchall()]


@dataclass(frozen=True)
class Targets:
    """What the heads learn, row by row: presence of each type and none (n, types + 1), wrap, risk, weight."""

    present: NDArray[np.bool_]
    wrap: NDArray[np.bool_]
    risk: NDArray[np.int64]
    weight: Floats


def make_targets(labels: Sequence[Label], weak: int) -> Targets:
    """Targets of the labels followed by `weak` rows of none."""
    names = list(read_taxonomy())
    present = np.zeros((len(labels) + weak, len(names) + 1), dtype=bool)
    for i, label in enumerate(labels):
        for name in label.types:
            present[i, names.index(name)] = True
    present[:, -1] = ~present[:, :-1].any(axis=1)
    wrap = np.array([label.wrap == 1 for label in labels] + [False] * weak)
    risk = np.array([label.risk for label in labels] + [0] * weak)
    return Targets(present, wrap, risk, np.r_[np.ones(len(labels)), np.full(weak, WEAK_WEIGHT)])


def fit_heads(rows: Any, t: Targets, at: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Weights (features, heads) and biases of all heads: types, none, wrap, risk -1, 0, +1."""
    from sklearn.svm import LinearSVC

    goals = [*t.present.T, t.wrap, *(t.risk == r for r in (-1, 0, 1))]
    fitted = [LinearSVC(C=COST, random_state=SEED).fit(rows[at], g[at], sample_weight=t.weight[at]) for g in goals]
    return np.stack([f.coef_[0] for f in fitted], axis=1), np.array([f.intercept_[0] for f in fitted])


def cross_validate(rows: Any, spans: Any, t: Targets, labelled: int) -> tuple[Floats, Floats]:
    """Out-of-fold raw scores of the labels and of their stated causes, shape (labels, heads) each."""
    from sklearn.model_selection import StratifiedKFold

    primary = t.present[:labelled].argmax(axis=1)
    weak = np.arange(labelled, rows.shape[0])
    out = np.zeros((labelled, t.present.shape[1] + 4))
    causes = np.zeros_like(out)
    for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(primary, primary):
        weights, bias = fit_heads(rows, t, np.r_[train, weak])
        out[test] = rows[test] @ weights + bias
        causes[test] = spans[test] @ weights + bias
    return out, causes


def write_weights(features: Features, weights: Floats, bias: Floats, card: dict[str, Any], folder: Path) -> str:
    """Writes weights and card, each in one step, and returns the weights' sha256."""
    from safetensors.numpy import save

    codes = features.vectors.codes
    arrays: dict[str, NDArray[Any]] = {
        "table": features.fold(weights),
        "bias": bias.astype(np.float32),
        "known": codes,
    }
    raw = save(arrays)
    folder.mkdir(exist_ok=True)
    digest = hashlib.sha256(raw).hexdigest()
    for name, content in (
        ("tagger.safetensors", raw),
        ("tagger.json", (json.dumps(card | {"sha256": digest}, indent=1) + "\n").encode()),
    ):
        half = folder / f"{name}.part"
        half.write_bytes(content)
        half.replace(folder / name)
    return digest


def train(folder: Path = WEIGHTS) -> dict[str, Any]:
    """The whole way from labels to weights; returns the cross-validated figures."""
    labels = read_labels()
    archive, weak = read_archive(ARCHIVE), read_weak()
    if not archive:
        print(
            f"Left out: word vectors and weak none rows (no {ARCHIVE.name} folder beside the project).", file=sys.stderr
        )
    texts = [label.text for label in labels] + weak
    features = Features(texts, learn_vectors(archive))
    rows, t = features.build(texts), make_targets(labels, len(weak))
    causes = [find_cause(label.text) if label.wrap else "" for label in labels]
    raw, spans = cross_validate(rows, features.build(causes), t, len(labels))
    calibration: Calibration = calibrate(raw, spans, [bool(c) for c in causes], labels)
    figures = describe(raw, spans, [bool(c) for c in causes], labels, calibration)
    weights, bias = fit_heads(rows, t, np.arange(len(texts)))
    trained = {
        "date": datetime.now(UTC).date().isoformat(),
        "labels": len(labels),
        "weak_none": len(weak),
        "unlabelled_for_vectors": len(archive),
        "labels_sha256": hashlib.sha256("\n".join(map(repr, labels)).encode()).hexdigest(),
        "cross_validated": figures,
    }
    card = {"types": list(read_taxonomy()), **calibration.to_card(), "trained": trained}
    write_weights(features, weights, bias, card, folder)
    return figures


if __name__ == "__main__":
    for name, figure in train().items():
        print(f"{name:28s} {figure}")
