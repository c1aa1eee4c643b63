"""Texts to training rows of the fast model, and fitted heads back to its run-time table. Training only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.fast import FIRST_KNOWN, Parts, count_features, cut_words, index_known
from models.patterns import load_patterns
from models.tagger import TITLE_CHARS, clean
from models.train_vectors import WordVectors

# Scale of the word vectors beside the n-grams, chosen by cross-validation on the labels.
VECTOR_SCALE = 30.0

Floats = NDArray[np.floating[Any]]


def cut(text: str) -> Parts:
    """A text as the tagger will see a title."""
    title = clean(text, TITLE_CHARS)
    words = cut_words(title)
    return words, (), load_patterns().find(title, words).marks


class Features:
    """Turns texts into training rows: hashed n-grams with idf, and the words' vectors, both over the same norm."""

    def __init__(self, texts: Sequence[str], vectors: WordVectors) -> None:
        self.vectors, self.known = vectors, index_known(vectors.codes)
        self.rows = FIRST_KNOWN + len(vectors.codes)
        counts = self._count(texts)
        seen = np.asarray((counts > 0).sum(axis=0)).ravel()
        # A feature never seen in training has weight 0 but counts in the norm, as the rarest seen do.
        self.idf = np.log((1 + len(texts)) / (1 + np.maximum(seen, 1))) + 1

    def _count(self, texts: Sequence[str]) -> Any:
        from scipy import sparse

        items, columns, weights = count_features([cut(t) for t in texts], self.known)
        return sparse.csr_matrix((weights, (items, columns)), shape=(len(texts), self.rows), dtype=np.float64)

    def build(self, texts: Sequence[str]) -> Any:
        """Sparse rows, shape (texts, table rows + vector dimensions)."""
        from scipy import sparse

        counts = self._count(texts)
        norm = np.sqrt(np.maximum(counts @ self.idf**2, 1))
        grams = sparse.diags(1 / norm) @ counts @ sparse.diags(self.idf)
        dense = counts[:, FIRST_KNOWN:] @ self.vectors.vectors / norm[:, None]
        return sparse.hstack([grams, sparse.csr_matrix(VECTOR_SCALE * dense)]).tocsr()

    def fold(self, weights: Floats) -> NDArray[np.float16]:
        """The run-time table: idf and vectors folded into the weights of each row, squared idf as the last column."""
        table = np.zeros((self.rows, weights.shape[1] + 1), dtype=np.float32)
        table[:, :-1] = self.idf[:, None] * weights[: self.rows]
        table[FIRST_KNOWN:, :-1] += VECTOR_SCALE * self.vectors.vectors @ weights[self.rows :]
        table[:, -1] = self.idf**2
        return table.astype(np.float16)
