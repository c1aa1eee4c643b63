"""What each trigger type lends to each category of the human coding: a matrix learned from its prior, the taxonomy.

Pure: arrays in, arrays out. Rows are types in the order of the taxonomy, columns CATEGORIES, each row sums to one.
"""

from __future__ import annotations

import numpy as np

from kb.taxonomy import CATEGORIES, read_taxonomy

PRIOR_DAYS = (
    10.0  # coded days that the taxonomy counts for, a type; set beforehand, as a type leads on few days or none
)


def lend_matrix() -> np.ndarray:
    """The prior: what the taxonomy says each type lends to each category."""
    types = read_taxonomy()
    return np.array([[types[t].category.get(c, 0.0) for c in CATEGORIES] for t in types])


def learn_matrix(gold: np.ndarray, shares: np.ndarray, rest: np.ndarray, lent: np.ndarray) -> np.ndarray:
    """The matrix after one step of expectation maximisation (Dempster, Laird and Rubin 1977).

    `gold` (days, categories) holds the coders' weights, `shares` (days, types) and `rest` (days,) what the logit gives to
    types and to the unexplained, `lent` the matrix before. Each day's weight of a category is dealt out to the types by
    who lent it; PRIOR_DAYS days of the taxonomy are added to what a type received.
    """
    given = shares @ lent
    given[:, CATEGORIES.index("unknown")] += rest
    received = np.einsum("dt,tc,dc->tc", shares, lent, gold / np.maximum(given, 1e-6))
    learned = PRIOR_DAYS * lend_matrix() + received
    return np.asarray(learned / learned.sum(axis=1, keepdims=True))
