"""The gate between the stages: what asking the encoder more often buys, and where to stop. Training only.

The share of items asked about is measured on a stream of unlabelled headlines, where most items are plainly none; quality
on labelled items held out of training.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.calibrate import Stage, decide
from models.heads import HEADS, Floats
from models.labels import Label
from models.tagger import ENCODER, FAST
from models.train_calibrate import macro_f1, number_primary

# Shares of a stream sent to the encoder that are tried.
SHARES = (0.0, 0.005, 0.01, 0.015, 0.02, 0.025, 0.03, 0.04, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0)
# The frontier is flat once the fast stage has learnt from the encoder, so the encoder is asked where it costs least: at this
# share `whyfell tag` stays above ten thousand items a second on two cores.
SHARE = 0.005


@dataclass(frozen=True)
class Trial:
    """Labelled held-out items with the logits of the fast stage (gate last) and of both stages together."""

    labels: Sequence[Label]
    fast: Floats
    encoder: Floats

    def list_stages(self) -> Iterator[tuple[str, Floats]]:
        """Each stage's name with its logits, shape (items, heads)."""
        yield FAST, self.fast[:, :HEADS]
        yield ENCODER, self.encoder


def trace_frontier(trial: Trial, stages: Mapping[str, Stage], stream: Floats) -> list[dict[str, float]]:
    """For each share of the stream asked about: the gate's threshold, the share of held-out items asked, quality."""
    true = number_primary(trial.labels)
    fast, encoder = (decide(logits, stages[name]).primary for name, logits in trial.list_stages())
    points = []
    for share in SHARES:
        gate = float(np.quantile(stream, 1 - share)) if share else float("inf")
        asked = trial.fast[:, HEADS] >= (gate if share < 1 else -np.inf)
        told = np.where(asked, encoder, fast)
        points.append({
            "share_of_stream": share,
            "gate": round(min(gate, 99.0), 4),
            "share_of_held_out": round(float(asked.mean()), 4),
            "primary_accuracy": round(float((told == true).mean()), 4),
            "macro_f1": round(macro_f1(told, true), 4),
        })  # fmt: skip
    return points


def choose_gate(frontier: Sequence[Mapping[str, float]]) -> float:
    """The gate's threshold at the share of the stream that the wanted speed allows."""
    return next(point["gate"] for point in frontier if point["share_of_stream"] >= SHARE)


def draw_frontier(frontier: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Plots quality against the share of a stream that the encoder sees, as SVG."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot

    mpl.rcParams["svg.hashsalt"] = "frontier"
    figure, axes = pyplot.subplots(figsize=(7, 4))
    shares = [100 * point["share_of_stream"] for point in frontier]
    for name, mark in (("primary_accuracy", "o"), ("macro_f1", "s")):
        axes.plot(shares, [100 * point[name] for point in frontier], marker=mark, label=name.replace("_", " "))
    axes.axvline(100 * SHARE, color="grey", linestyle=":", label="gate as shipped")
    axes.set_xscale("symlog", linthresh=1)
    axes.set_xticks([0, 1, 2, 5, 10, 20, 50, 100], ["0", "1", "2", "5", "10", "20", "50", "100"])
    axes.set_xlabel("share of a stream that the encoder sees, %")
    axes.set_ylabel("held-out readings, %")
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
