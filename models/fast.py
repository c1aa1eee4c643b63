"""The fast stage: one linear model over hashed n-grams, run with numpy alone.

Features of a text are its words, its pairs of neighbouring words, the character n-grams inside each word and the
marks that `patterns` found. Every head is linear, so what a word adds to all heads is summed once, cached, and a text
costs one gathered row per word and one per pair. Used by `tagger` (reading) and `train_tagger` (building the rows).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

# Rows of the weight table, in this order; known words (those with a vector) follow, each with a row of its own.
# The sizes keep 32 float16 columns with 30,000 known words under the 12 MB the weights may take.
GRAM_ROWS = 1 << 16
PAIR_ROWS = 1 << 16
OTHER_ROWS = 1 << 13  # words not known: hashed together
FIRST_KNOWN = GRAM_ROWS + PAIR_ROWS + OTHER_ROWS
# Character n-grams of 3 to 5 bytes of UTF-8 inside a word bounded by spaces.
SHORTEST_GRAM, LONGEST_GRAM = 3, 5
# A longer "word" is no word; cutting it bounds the work per item.
LONGEST_WORD = 24
# Words kept in the cache before it is emptied: about 40 MB at 32 columns of float32.
CACHED_WORDS = 250_000
# What a word of the summary counts beside a word of the title. Labels have no summaries to learn it from: at 0.1 a
# summary of 300 characters, about fifty words, has half the say of a title of ten.
SUMMARY_WEIGHT = 0.1
# Odd 64-bit multipliers of splitmix64 (Steele, Lea, Flood 2014), to mix two word hashes into one pair hash.
MIX_LEFT, MIX_RIGHT = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)

TOKEN = re.compile(r"(?:[a-z]\.){2,}|[^\W\d_]+(?:['&][^\W\d_]+)*|0[0,.]*0|0|[$%€£]")
SHAPES = str.maketrans({**{str(d): "0" for d in range(1, 10)}, "\u2019": "'", "\u2018": "'"})
START = "\x02"  # opens every segment, so that the first word has a pair of its own
MARK = "\x01"  # first character of a mark: one feature, no n-grams, no pairs

# Words of the title, words of the summary, marks.
Parts = tuple[Sequence[str], Sequence[str], Sequence[str]]


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


def hash_pairs(left: NDArray[np.uint64], right: NDArray[np.uint64]) -> NDArray[np.int64]:
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

    def flatten(self, items: Sequence[Parts]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
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


def pair_mask(size: int, begins: NDArray[np.int64]) -> NDArray[np.bool_]:
    """True at each position whose word forms a pair with the word before it (not across segments, not for marks)."""
    mask = np.ones(size, dtype=bool)
    mask[begins] = False
    for first, last in zip(begins[2::3], np.append(begins[3::3], size), strict=True):
        mask[first:last] = False
    return mask


def count_features(
    items: Sequence[Parts], known: Mapping[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Training rows as (item number, table row, weight of the segment), one triple per occurrence of a feature."""
    vocabulary = Vocabulary()
    flat, begins = vocabulary.flatten(items)
    segment = np.repeat(np.arange(len(begins)), np.diff(np.append(begins, len(flat))))
    words = sorted(vocabulary.numbers, key=lambda w: vocabulary.numbers[w])
    rows = [np.array([] if w == START else hash_word(w, known), dtype=np.int64) for w in words]
    sizes = np.array([len(r) for r in rows])[flat]
    pairs = np.flatnonzero(pair_mask(len(flat), begins))
    pair_rows = hash_pairs(vocabulary.hashes[flat[pairs - 1]], vocabulary.hashes[flat[pairs]])
    owner = np.concatenate([np.repeat(segment, sizes), segment[pairs]])
    column = np.concatenate([*(rows[i] for i in flat), pair_rows])
    weight = np.where(owner % 3 == 1, SUMMARY_WEIGHT, 1.0).astype(np.float32)
    return owner // 3, column, weight


class FastModel:
    """The linear heads. `table` is (rows, heads + 1): weights with the idf folded in, last column the squared idf."""

    def __init__(self, table: NDArray[np.float16], bias: NDArray[np.float32], codes: NDArray[np.uint32]) -> None:
        self.table, self.bias, self.known = table, bias.astype(np.float32), index_known(codes)
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
                self.sums[number] = self.table[hash_word(word, self.known)].sum(axis=0, dtype=np.float32)
        self.summed += len(fresh)

    def score(self, items: Sequence[Parts]) -> NDArray[np.float32]:
        """Raw scores, shape (items, heads), of (title, summary, marks); an empty text scores the bare bias."""
        if not items:
            return np.zeros((0, len(self.bias)), dtype=np.float32)
        if len(self.vocabulary.numbers) > CACHED_WORDS:
            self._forget()
        flat, begins = self.vocabulary.flatten(items)
        self._sum_new_words()
        mask = pair_mask(len(flat), begins)
        hashes = self.vocabulary.hashes[flat]
        rows = hash_pairs(hashes[:-1], hashes[1:])
        total = self.sums[flat]
        at = np.flatnonzero(mask)
        total[at] += self.table[rows[at - 1]]
        parts = np.add.reduceat(total, begins, axis=0).reshape(len(items), 3, -1)
        linear = parts[:, 0, :-1] + SUMMARY_WEIGHT * parts[:, 1, :-1] + parts[:, 2, :-1]
        norm = parts[:, 0, -1] + SUMMARY_WEIGHT**2 * parts[:, 1, -1] + parts[:, 2, -1]
        return np.asarray(linear / np.sqrt(np.maximum(norm, 1.0))[:, None] + self.bias, dtype=np.float32)
