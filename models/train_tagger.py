"""From labels to the tagger's weights and card: `python -m models.train_tagger`, one seed.

1. Labels: our own sentences, and readings of archive headlines where the archive lies beside the project.
2. The encoder is fine-tuned on them, then on its own answers too (`train_encoder`), and written as an int8 graph
   (`train_export`).
3. It answers for archive headlines that nobody labelled; the fast stage learns from these answers (`train_fast`).
4. Both stages are calibrated, and the gate between them is set, on readings kept out of 2 and 3 (`train_calibrate`,
   `train_gate`).
No number is chosen on a gold file, and titles of gold files beside the project are left out of everything. Intermediate
results stay in `var/train`, so that an interrupted run goes on where it stopped. Needs the `train` dependency group.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.cli.progress import show_progress
from models.cleaning import clean_item
from models.encoder import Encoder
from models.fast import FastModel
from models.heads import HEADS, TYPES, Floats, mix_logits
from models.labels import ROOT, Label, read_archive, read_hard, read_own, read_readings
from models.tagger import ENCODER, FAST, WEIGHTS
from models.train_calibrate import calibrate, describe
from models.train_encoder import Recipe, ask_network, build_network, choose_pieces, find_base, fine_tune
from models.train_export import export_encoder
from models.train_fast import cut_item, distil
from models.train_gate import Trial, choose_gate, draw_frontier, trace_frontier
from models.train_mapped import read_mapped, rule_out
from models.train_targets import Targets, from_labels, from_teacher, join

RECIPE = Recipe()
HELD_OUT = 8  # without an archive, one own sentence in so many is kept for calibration and the gate
UNLABELLED = 200_000  # archive headlines that the encoder answers for
ROUND_TWO, EPOCHS_TWO = 30_000, 2  # of them, those that the second round learns from, and its passes
READING_WEIGHT = 1.5  # of a reading beside an own sentence, for headlines are what is read in the end
STREAM = 20_000  # of them, the share of doubtful ones in a real stream is measured on
FAST_EPOCHS = 6
OWN_WEIGHT, LABEL_WEIGHT = 2.0, 4.0  # of a labelled item beside a teacher's answer, in the fast stage
WORK = ROOT / "var" / "train"

Item = tuple[str, str]
Notify = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Corpus:
    """What is learnt from: labelled items to train on and to hold out, cleaned unlabelled and mapped ones."""

    own: list[Label]
    readings: list[Label]
    held: list[Label]
    unlabelled: list[Item]
    mapped: list[Item]
    topics: list[str]

    @property
    def taught(self) -> list[Label]:
        """All labelled items trained on."""
        return self.own + self.readings

    @property
    def answered(self) -> list[Item]:
        """The items that the encoder answers for, mapped ones last."""
        return self.unlabelled + self.mapped


def clean_labels(labels: Sequence[Label]) -> list[Item]:
    """Labelled items as the models read them."""
    return [clean_item(label.title, label.summary) for label in labels]


def gather_corpus() -> Corpus:
    """Labels and archive; without an archive our own sentences stand alone, one in eight of them held out."""
    own, archive = read_own(), read_archive()
    readings, held, aside = (read_readings(archive, use) for use in ("train", "held", "aside"))
    held = held or [label for label in own if int(label.key, 16) % HELD_OUT == 0]
    kept = {label.key for label in held}
    labelled = kept | {label.key for label in readings + aside}
    free = [clean_item(*text) for key, text in archive.items() if key not in labelled][:UNLABELLED]
    texts, topics = read_mapped()
    return Corpus(
        [label for label in own if label.key not in kept],
        readings,
        held,
        free,
        [clean_item(text, "") for text in texts],
        topics,
    )


def name_step(corpus: Corpus, *more: object) -> str:
    """A name that changes with the labels and the recipe: an intermediate result is taken up only under its own name."""
    told = repr((corpus.taught, len(corpus.answered), RECIPE, more))
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def train_encoder(corpus: Corpus, notify: Notify) -> tuple[bytes, list[str], Floats]:
    """The encoder's graph, its pieces, and its answers for the unlabelled and mapped items (float16).

    Two rounds: the network of the first learns from labels alone and answers for headlines nobody labelled; that of the
    second begins anew from the base and learns from both (self-training, Xie et al. 2020, "Noisy Student").
    """
    base, labels = find_base(), clean_labels(corpus.taught)
    texts = [" ".join(item) for item in [*labels, *corpus.answered]]
    pieces, rows = choose_pieces(texts, base)
    more = corpus.unlabelled[:ROUND_TWO]
    goals = from_labels(corpus.own), from_labels(corpus.readings, READING_WEIGHT)

    def fit(items: list[Item], targets: Targets, epochs: int, name: str) -> Any:
        network = build_network(base, rows, RECIPE.layers)
        recipe = replace(RECIPE, epochs=epochs)
        return _keep_network(network, name, lambda: fine_tune(network, pieces, items, targets, recipe, notify))

    network = fit(labels, join(*goals), RECIPE.epochs, name_step(corpus, "first"))
    if more:
        answers = ask_network(network, pieces, more, notify=notify)
        second = join(*goals, from_teacher(answers))
        network = fit([*labels, *more], second, EPOCHS_TWO, name_step(corpus, "second"))
    told = WORK / f"answers-{name_step(corpus)}.npy"
    if not told.exists():
        np.save(told, ask_network(network, pieces, corpus.answered, notify=notify).astype(np.float16))
    return export_encoder(network), pieces, np.load(told)


def _keep_network(network: Any, name: str, train_it: Callable[[], Any]) -> Any:
    """The trained network: taken up from an earlier run under this name, else trained and kept."""
    import torch

    kept = WORK / f"encoder-{name}.pt"
    if kept.exists():
        network.load_state_dict(torch.load(kept))
        return network.eval()
    network = train_it()
    half = kept.with_suffix(".part")
    torch.save(network.state_dict(), half)
    half.replace(kept)
    return network


def train_fast(corpus: Corpus, answers: Floats, notify: Notify) -> dict[str, NDArray[Any]]:
    """The fast stage's arrays, learnt from the encoder's answers and the labels; taken up from an earlier run if kept."""
    from safetensors.numpy import load_file, save_file

    kept = WORK / f"fast-{name_step(corpus, FAST_EPOCHS, OWN_WEIGHT, LABEL_WEIGHT)}.safetensors"
    if kept.exists():
        return dict(load_file(kept))
    items = [*clean_labels(corpus.own), *clean_labels(corpus.readings), *corpus.answered]
    answers = answers.astype(np.float32)
    answers[len(corpus.unlabelled) :] = rule_out(answers[len(corpus.unlabelled) :], corpus.topics)
    goals = join(from_labels(corpus.own, OWN_WEIGHT), from_labels(corpus.readings, LABEL_WEIGHT), from_teacher(answers))
    arrays = distil([cut_item(item) for item in items], goals, FAST_EPOCHS, RECIPE.seed, notify)
    save_file(arrays, kept)
    return arrays


def judge_stages(corpus: Corpus, encoder: Encoder, fast: FastModel) -> dict[str, Any]:
    """Calibrated stages, the gate and the figures on held-out readings and hard sentences, as the card holds them."""
    held, hard = clean_labels(corpus.held), read_hard()
    raw = fast.score([cut_item(item) for item in held])
    alone = encoder.score(held)
    trial = Trial(corpus.held, raw, mix_logits(raw[:, :HEADS], alone))
    stages = {FAST: calibrate(raw[:, :HEADS], corpus.held), ENCODER: calibrate(trial.encoder, corpus.held)}
    stream = fast.score([cut_item(item) for item in corpus.unlabelled[:STREAM] or held])[:, HEADS]
    frontier = trace_frontier(trial, stages, stream)
    hard_items = clean_labels(hard)
    hard_raw = fast.score([cut_item(item) for item in hard_items])[:, :HEADS]
    hard_both = mix_logits(hard_raw, encoder.score(hard_items))
    return {
        "stages": {name: asdict(stage) for name, stage in stages.items()},
        "gate": choose_gate(frontier),
        "trained": {
            "held_out": {
                **{name: describe(logits, corpus.held, stages[name]) for name, logits in trial.list_stages()},
                "encoder_alone": describe(alone, corpus.held, calibrate(alone, corpus.held)),
            },
            "hard": {
                FAST: describe(hard_raw, hard, stages[FAST]),
                ENCODER: describe(hard_both, hard, stages[ENCODER]),
            },
            "frontier": frontier,
        },
    }


def write_weights(arrays: dict[str, NDArray[Any]], card: dict[str, Any], folder: Path) -> str:
    """Writes weights and card, each in one step, and returns the weights' sha256."""
    from safetensors.numpy import save

    raw = save(arrays)
    folder.mkdir(exist_ok=True)
    digest = hashlib.sha256(raw).hexdigest()
    told = (json.dumps({"types": list(TYPES), **card, "sha256": digest}, indent=1) + "\n").encode()
    for name, content in (("tagger.safetensors", raw), ("tagger.json", told)):
        half = folder / f"{name}.part"
        half.write_bytes(content)
        half.replace(folder / name)
    return digest


def train(folder: Path = WEIGHTS, *, notify: Notify) -> dict[str, Any]:
    """The whole way from labels to weights; returns the card's account of it."""
    WORK.mkdir(parents=True, exist_ok=True)
    corpus = gather_corpus()
    graph, pieces, answers = train_encoder(corpus, notify)
    fast = train_fast(corpus, answers, notify)
    card = judge_stages(corpus, Encoder(graph, pieces, threads=2), FastModel(fast))
    card["trained"] |= {
        "date": datetime.now(UTC).date().isoformat(),
        "own_sentences": len(corpus.own),
        "readings": len(corpus.readings),
        "held_out_readings": len(corpus.held),
        "unlabelled": len(corpus.unlabelled),
        "mapped": len(corpus.mapped),
        "labels_sha256": hashlib.sha256("\n".join(map(repr, corpus.taught)).encode()).hexdigest(),
        "recipe": asdict(RECIPE),
    }
    fast["encoder"] = np.frombuffer(graph, dtype=np.uint8)
    fast["pieces"] = np.frombuffer("\n".join(pieces).encode(), dtype=np.uint8)
    write_weights(fast, card, folder)
    draw_frontier(card["trained"]["frontier"], folder / "frontier.svg")
    return dict(card["trained"])


if __name__ == "__main__":
    with show_progress() as bars:
        told = train(notify=bars)
    print(json.dumps({k: v for k, v in told.items() if k != "frontier"}, indent=1))
