"""Word vectors from an unlabelled archive of headlines: which words keep the same company. Training only.

Positive pointwise mutual information of words within five places, reduced by a truncated SVD (Levy, Goldberg 2014,
"Neural Word Embedding as Implicit Matrix Factorization"; context smoothing 0.75 from Levy, Goldberg, Dagan 2015).
The labels are few, so the linear heads learn on these vectors too; their product is folded into each known word's row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.fast import LONGEST_WORD, cut_words, hash_text

SEED = 7
LEAST_COUNT = 20  # rarer words have no reliable company
MOST_WORDS = 25_000  # with 32 columns this keeps the weights at 10.5 MB
WINDOW = 5
DIMENSIONS = 200
SMOOTHING = 0.75
SUMMARY_CHARS = 200
# Down-weighting of frequent words (Arora, Liang, Ma 2017, "A Simple but Tough-to-Beat Baseline", a = 0.001).
FREQUENT = 1e-3


@dataclass(frozen=True)
class WordVectors:
    """`codes` are the words' hashes, `vectors` their weighted vectors in the same order; both may be empty."""

    codes: NDArray[np.uint32]
    vectors: NDArray[np.float32]


def read_archive(folder: Path) -> list[str]:
    """Titles with the head of their summaries from every Parquet file in a folder, in file order; [] without folder."""
    import duckdb

    texts: list[str] = []
    for path in sorted(folder.glob("*.parquet")):
        found = duckdb.connect().execute(
            "SELECT coalesce(title, '') || ' . ' || left(coalesce(summary, ''), $most) FROM read_parquet($path)",
            {"path": str(path), "most": SUMMARY_CHARS},
        )
        texts += [row[0] for row in found.fetchall()]
    return texts


def learn_vectors(texts: Sequence[str]) -> WordVectors:
    """Vectors of the words met often enough in the texts; the same texts give the same vectors."""
    from sklearn.utils.extmath import randomized_svd

    documents = [cut_words(text) for text in texts]
    counts = Counter(word for words in documents for word in words)
    words = [word for word, n in counts.most_common(MOST_WORDS) if n >= LEAST_COUNT and len(word) <= LONGEST_WORD]
    if len(words) <= DIMENSIONS:
        return WordVectors(np.zeros(0, dtype=np.uint32), np.zeros((0, DIMENSIONS), dtype=np.float32))
    u, s, _ = randomized_svd(_associate(documents, words), DIMENSIONS, n_iter=3, random_state=SEED)
    vectors = u * np.sqrt(s)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-9
    share = np.array([counts[word] for word in words]) / sum(counts.values())
    vectors *= (FREQUENT / (FREQUENT + share))[:, None]
    codes = np.array([hash_text(word) for word in words], dtype=np.uint32)
    codes, first = np.unique(codes, return_index=True)
    return WordVectors(codes, vectors[first].astype(np.float32))


def _associate(documents: Sequence[Sequence[str]], words: Sequence[str]) -> Any:
    """Sparse positive pointwise mutual information, words by words (scipy's matrices carry no types)."""
    from scipy import sparse

    number = {word: i for i, word in enumerate(words)}
    flat = np.array([number.get(word, -1) for document in documents for word in [*document, ""]], dtype=np.int64)
    size = len(words)
    together = sparse.csr_matrix((size, size), dtype=np.float32)
    for distance in range(1, WINDOW + 1):
        left, right = flat[:-distance], flat[distance:]
        both = (left >= 0) & (right >= 0)
        ones = np.ones(int(both.sum()), dtype=np.float32)
        together = together + sparse.coo_matrix((ones, (left[both], right[both])), shape=(size, size)).tocsr()
    table = (together + together.T).tocoo()
    margin = np.bincount(table.row, weights=table.data, minlength=size) + 1
    smooth = margin**SMOOTHING
    information = np.log(table.data * smooth.sum() / (margin[table.row] * smooth[table.col]))
    keep = information > 0
    return sparse.csr_matrix((information[keep], (table.row[keep], table.col[keep])), shape=(size, size))
