"""The fast stage: hashed n-grams summed into one vector, a small network over it, run with numpy alone.

Features of a title are its words, its pairs of neighbouring words, the character n-grams inside each word and the marks
that `patterns` found; a summary gives its words. Each feature is a row of numbers; what a word adds is summed once and
cached, so a text costs one gathered row per word and pair. Used by `tagger` (reading) and `train_fast` (building rows).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from models.heads import Floats

# Rows of the weight table, in this order; known words follow, each with a row of its own.
GRAM_ROWS = 1 << 15
PAIR_ROWS = 1 << 16
OTHER_ROWS = 1 << 12  # words not known: hashed together
FIRST_KNOWN = GRAM_ROWS + PAIR_ROWS + OTHER_ROWS
# Character n-grams of 3 to 5 bytes of UTF-8 inside a word bounded by spaces.
SHORTEST_GRAM, LONGEST_GRAM = 3, 5
# A longer "word" is no word; cutting it bounds the work per item.
LONGEST_WORD = 24
# Words kept in the cache before it is emptied: about 35 MB at 64 columns of float32.
CACHED_WORDS = 120_000
SEGMENTS = 3  # title, summary, marks
# Odd 64-bit multipliers of splitmix64 (Steele, Lea, Flood 2014), to mix two word hashes into one pair hash.
MIX_LEFT, MIX_RIGHT = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)

TOKEN = re.compile(r"(?:[a-z]\.){2,}|[^\W\d_]+(?:['&][^\W\d_]+)*|0[0,.]*0|0|[$%€£]")
SHAPES = str.maketrans({**{str(d): "0" for d in range(1, 10)}, "\u2019": "'", "\u2018": "'"})
START = "\x02"  # opens every segment, so that the first word has a pair of its own
MARK = "\x01"  # first character of a mark: one feature, no n-grams, no pairs

# Words of the title, words of the summary, marks.
Parts = tuple[Sequence[str], Sequence[str], Sequence[str]]
Ints = NDArray[np.int64]


def cut_words(text: str) -> list[str]:
    """Lower-case words, number shapes and signs: "US CPI rose 3.4%" -> ["u.s.", "cpi", "rose", "0.0", "%"]."""
    return TOKEN.findall(text.replace("US ", "U.S. ").translate(SHAPES).lower())


def hash_text(text: str) -> int:
    """A 32-bit hash that is the same on every machine and run."""
    return crc32(text.encode("utf-8", "replace"))


def hash_word(word: str, known: Mapping[int, int]) -> list[int]:
    """Table rows of one word: its own first, then those of its character n-grams. `known` maps hashes to rows."""
    word = word[:LONGEST_WORD]
    code = hash_text(word)
    rows = [known.get(code, GRAM_ROWS + PAIR_ROWS + code % OTHER_ROWS)]
    if word[0] in "\x01\x020$%€£":
        return rows
    padded = f" {word} ".encode("utf-8", "replace")
    for n in range(SHORTEST_GRAM, LONGEST_GRAM + 1):
        rows += [crc32(padded[i : i + n]) % GRAM_ROWS for i in range(len(padded) - n + 1)]
    return rows


def hash_pairs(left: NDArray[np.uint64], right: NDArray[np.uint64]) -> Ints:
    """Table rows of pairs of neighbouring words, from the words' 32-bit hashes."""
    mixed = left * MIX_LEFT + right * MIX_RIGHT
    mixed ^= mixed >> np.uint64(31)
    mixed *= MIX_LEFT
    return (GRAM_ROWS + ((mixed >> np.uint64(33)) % np.uint64(PAIR_ROWS))).astype(np.int64)


def index_known(codes: NDArray[np.uint32]) -> dict[int, int]:
    """Row of each known word by its hash, in the order given."""
    return {int(code): FIRST_KNOWN + i for i, code in enumerate(codes)}


class Vocabulary:
    """Gives each word a number, counted up as words are met, and its 32-bit hash."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.hashes = np.zeros(1024, dtype=np.uint64)

    def number(self, word: str) -> int:
        """The number of a word, a new one for a new word."""
        known = self.numbers.get(word)
        if known is not None:
            return known
        fresh = self.numbers[word] = len(self.numbers)
        if fresh >= len(self.hashes):
            self.hashes = np.concatenate([self.hashes, np.zeros_like(self.hashes)])
        self.hashes[fresh] = hash_text(word[:LONGEST_WORD])
        return fresh

    def flatten(self, items: Sequence[Parts]) -> tuple[Ints, Ints]:
        """Word numbers of all items in one array, and where each of the three segments of each item begins."""
        flat: list[int] = []
        begins: list[int] = []
        known, start = self.numbers, self.number(START)
        for parts in items:
            for words in parts:
                begins.append(len(flat))
                flat.append(start)
                try:
                    flat += [known[w] for w in words]
                except KeyError:
                    flat += [self.number(w) for w in words]
        return np.array(flat, dtype=np.int64), np.array(begins, dtype=np.int64)


def find_pairs(size: int, begins: Ints) -> Ints:
    """Positions whose word forms a pair with the word before it: those inside titles, the first word after START."""
    ends = np.append(begins[1::SEGMENTS], size)[: len(begins) // SEGMENTS]
    titles = begins[::SEGMENTS]
    lengths = ends - titles - 1
    offsets = np.repeat(titles + 1 - np.append(0, np.cumsum(lengths)[:-1]), lengths)
    return np.asarray(offsets + np.arange(lengths.sum()))


def measure_segments(size: int, begins: Ints) -> Floats:
    """What the sum of each segment is divided by: the root of its length, shape (items, 3); marks count as they are."""
    lengths = np.diff(np.append(begins, size)).reshape(-1, SEGMENTS).astype(np.float32)
    lengths[:, 2] = 1
    return np.sqrt(lengths)


class FastModel:
    """The network: a table of quantised rows, a hidden layer, a layer of heads; the last head is the gate's."""

    def __init__(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        self.table = np.asarray(arrays["table"], dtype=np.int8)
        self.scale = np.asarray(arrays["scale"], dtype=np.float32)
        self.known = index_known(np.asarray(arrays["known"], dtype=np.uint32))
        self.segment, self.inner, self.inner_bias, self.outer, self.skip, self.bias = (
            np.asarray(arrays[name], dtype=np.float32)
            for name in ("segment", "inner", "inner_bias", "outer", "skip", "bias")
        )
        self._forget()

    def _forget(self) -> None:
        self.vocabulary = Vocabulary()
        self.sums = np.zeros((1024, self.table.shape[1]), dtype=np.float32)
        self.summed = 0

    def _sum_new_words(self) -> None:
        fresh = list(self.vocabulary.numbers)[self.summed :]
        while len(self.sums) < len(self.vocabulary.numbers):
            self.sums = np.concatenate([self.sums, np.zeros_like(self.sums)])
        for number, word in enumerate(fresh, start=self.summed):
            if word != START:
                rows = hash_word(word, self.known)
                self.sums[number] = self.scale[rows] @ self.table[rows]
        self.summed += len(fresh)

    def embed(self, items: Sequence[Parts]) -> Floats:
        """The vector of each (title, summary, marks), shape (items, columns)."""
        if len(self.vocabulary.numbers) > CACHED_WORDS:
            self._forget()
        flat, begins = self.vocabulary.flatten(items)
        self._sum_new_words()
        total = self.sums[flat]
        at = find_pairs(len(flat), begins)
        rows = hash_pairs(self.vocabulary.hashes[flat[at - 1]], self.vocabulary.hashes[flat[at]])
        total[at] += self.table[rows] * self.scale[rows][:, None]
        parts = np.add.reduceat(total, begins, axis=0).reshape(len(items), SEGMENTS, -1)
        weight = self.segment / measure_segments(len(flat), begins)
        return np.asarray(np.einsum("isd,is->id", parts, weight))

    def score(self, items: Sequence[Parts]) -> Floats:
        """Logits of the heads and then of the gate, shape (items, heads + 1); an empty text scores the bare biases."""
        if not items:
            return np.zeros((0, len(self.bias)), dtype=np.float32)
        vector = self.embed(items)
        hidden = np.maximum(vector @ self.inner + self.inner_bias, 0)
        return np.asarray(hidden @ self.outer + vector @ self.skip + self.bias, dtype=np.float32)
