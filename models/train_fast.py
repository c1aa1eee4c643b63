"""The fast stage learns from the encoder: a teacher's answers over an archive, and the labels. Training only, needs torch.

Reads texts and goals; returns the arrays that `fast.FastModel` runs on, quantised.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.fast import (
    FIRST_KNOWN,
    LONGEST_WORD,
    SEGMENTS,
    START,
    Ints,
    Parts,
    Vocabulary,
    cut_words,
    find_pairs,
    hash_pairs,
    hash_text,
    hash_word,
    index_known,
    measure_segments,
)
from models.heads import HEADS, PRIMARY, Floats
from models.patterns import load_patterns
from models.train_encoder import measure_loss
from models.train_targets import Targets

COLUMNS, HIDDEN = 56, 160
KNOWN_WORDS, LEAST_COUNT = 24_000, 8
BATCH, RATE, DROPPED = 1024, 3e-3, 0.15
GATE_LOSS = 0.3
GATE_EPOCHS = 2  # last passes, in which the gate learns where the rest is wrong


def cut_item(item: tuple[str, str]) -> Parts:
    """A cleaned (title, summary) as the fast stage reads it."""
    title, summary = item
    words = cut_words(title)
    return words, cut_words(summary), load_patterns().find(title, words)


def choose_words(items: Sequence[Parts]) -> NDArray[np.uint32]:
    """Hashes of the words that get a row of their own: the most frequent, each hash once."""
    counts = Counter(word for title, summary, marks in items for word in (*title, *summary, *marks))
    common = [w for w, n in sorted(counts.items(), key=lambda c: (-c[1], c[0])) if n >= LEAST_COUNT and w[0] != START]
    return np.array(list(dict.fromkeys(hash_text(w[:LONGEST_WORD]) for w in common))[:KNOWN_WORDS], dtype=np.uint32)


class Batch(NamedTuple):
    """Table rows of each distinct word, where each word's rows start, the word and segment of each place, pairs, divisors."""

    word_rows: Ints
    word_starts: Ints
    word_at: Ints
    word_segment: Ints
    pair_rows: Ints
    pair_segment: Ints
    divisors: Floats


@dataclass(frozen=True)
class Rows:
    """Texts as numbers: word numbers, where segments begin, and the table rows of each word and each position's pair."""

    flat: Ints
    begins: Ints
    word_rows: list[Ints]
    pair_rows: Ints  # by position, -1 where there is no pair

    def __len__(self) -> int:
        return len(self.begins) // SEGMENTS

    def gather(self, at: Ints, rng: np.random.Generator) -> Batch:
        """One batch of items, with a share of words and pairs dropped."""
        first = self.begins.reshape(-1, SEGMENTS)
        ends = np.append(self.begins[1:], len(self.flat)).reshape(-1, SEGMENTS)
        lengths = (ends - first)[at].ravel()
        begins = np.append(0, np.cumsum(lengths)[:-1])
        places = np.arange(lengths.sum()) + np.repeat(first[at].ravel() - begins, lengths)
        owner = np.repeat(np.arange(len(lengths)), lengths)
        divisors = measure_segments(len(places), begins)
        kept = rng.random(len(places)) >= DROPPED
        words, word_at = np.unique(self.flat[places[kept]], return_inverse=True)
        spelled = [self.word_rows[n] for n in words]
        starts = np.append(0, np.cumsum([len(s) for s in spelled])[:-1])
        pairs = (self.pair_rows[places] >= 0) & (rng.random(len(places)) >= DROPPED)
        return Batch(
            np.concatenate(spelled), starts, word_at, owner[kept], self.pair_rows[places][pairs], owner[pairs], divisors
        )


def number_items(items: Sequence[Parts], known: NDArray[np.uint32]) -> Rows:
    """The texts as numbers, once for all passes."""
    vocabulary, index = Vocabulary(), index_known(known)
    flat, begins = vocabulary.flatten(items)
    words = sorted(vocabulary.numbers, key=lambda w: vocabulary.numbers[w])
    word_rows = [np.array([] if w == START else hash_word(w, index), dtype=np.int64) for w in words]
    pair_rows = np.full(len(flat), -1, dtype=np.int64)
    at = find_pairs(len(flat), begins)
    pair_rows[at] = hash_pairs(vocabulary.hashes[flat[at - 1]], vocabulary.hashes[flat[at]])
    return Rows(flat, begins, word_rows, pair_rows)


def build_network(rows: int) -> Any:
    """The same network as `fast.FastModel`, in torch."""
    import torch

    class Network(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = torch.nn.Parameter(torch.randn(rows, COLUMNS) * 0.05)
            self.segment = torch.nn.Parameter(torch.tensor([1.0, 0.5, 1.0]))
            self.inner, self.outer = torch.nn.Linear(COLUMNS, HIDDEN), torch.nn.Linear(HIDDEN, HEADS + 1)
            self.skip = torch.nn.Linear(COLUMNS, HEADS + 1, bias=False)

        def forward(self, batch: Any) -> Any:
            words = torch.nn.functional.embedding_bag(batch.word_rows, self.table, batch.word_starts, mode="sum")
            sums = torch.zeros(batch.divisors.numel(), COLUMNS).index_add(0, batch.word_segment, words[batch.word_at])
            sums = sums.index_add(0, batch.pair_segment, self.table[batch.pair_rows])
            weight = self.segment / batch.divisors
            vector = (sums.view(-1, SEGMENTS, COLUMNS) * weight.unsqueeze(-1)).sum(1)
            return self.outer(torch.relu(self.inner(vector))) + self.skip(vector)

    return Network()


def distil(
    items: Sequence[Parts], goals: Targets, epochs: int, seed: int, notify: Callable[[str, int, int], None]
) -> dict[str, NDArray[Any]]:
    """The arrays of a fast stage trained on the goals; the gate learns where the primary type differs from the goal's."""
    import torch

    torch.manual_seed(seed)
    rng, known = np.random.default_rng(seed), choose_words(items)
    numbered = number_items(items, known)
    network = build_network(FIRST_KNOWN + len(known))
    steps = epochs * -(-len(items) // BATCH)
    optimiser = torch.optim.Adam(network.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps, pct_start=0.1)
    step = 0
    for epoch in range(epochs):
        order = rng.permutation(len(items))
        for start in range(0, len(order), BATCH):
            at = order[start : start + BATCH]
            goal = Targets(*(torch.from_numpy(column) for column in vars(goals.take(at)).values()))
            out = network(Batch(*(torch.from_numpy(a) for a in numbered.gather(at, rng))))
            loss = measure_loss(out[:, :HEADS], goal)
            if epoch >= epochs - GATE_EPOCHS:
                loss = loss + GATE_LOSS * measure_gate(out, goal)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            step += 1
            notify("distilling", step, steps)
    return quantise(network, known)


def measure_gate(out: Any, goal: Any) -> Any:
    """Loss of the gate: the chance that the goal's first type is another than the one found."""
    from torch.nn import functional as f

    found = out[:, PRIMARY].detach().argmax(1, keepdim=True)
    wrong = 1 - goal.primary.gather(1, found).squeeze(1)
    return f.binary_cross_entropy_with_logits(out[:, HEADS], wrong)


def quantise(network: Any, known: NDArray[np.uint32]) -> dict[str, NDArray[Any]]:
    """The arrays for `fast.FastModel`: rows of the table in int8 with a float16 scale each, the rest in float32."""
    table = network.table.detach().numpy()
    scale = (np.abs(table).max(axis=1) / 127 + 1e-8).astype(np.float16)
    scale = np.maximum(scale, np.float16(1e-6))
    return {
        "table": np.clip(np.round(table / scale[:, None].astype(np.float32)), -127, 127).astype(np.int8),
        "scale": scale,
        "known": known,
        "segment": network.segment.detach().numpy(),
        "inner": network.inner.weight.detach().numpy().T.copy(),
        "inner_bias": network.inner.bias.detach().numpy(),
        "outer": network.outer.weight.detach().numpy().T.copy(),
        "skip": network.skip.weight.detach().numpy().T.copy(),
        "bias": network.outer.bias.detach().numpy(),
    }
