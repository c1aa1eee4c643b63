"""Two tests of attribution that nobody should pass by habit: quiet sessions, and falls offered another fall's documents.

Pure: coded days in, days out; `models.report` scores them.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np

from models.agreement import SEED, UNKNOWN
from models.fit import FEATURES, Days

FAR = 60  # days between a session and the fall whose documents it is offered
OF_THE_MARKET = ("surprise", "signature")  # stay those of the session; the press's features are exchanged
OF_REPORTS = ("stated", "stated_share")  # what market reports name as cause


def match_quiet(
    days: tuple[date, ...], documents: dict[date, int], quiet: dict[date, int], seed: int = SEED
) -> tuple[date, ...]:
    """For each day the quiet session of its year and weekday whose number of documents is nearest, each used once.

    `quiet` gives the documents of each quiet session. A day without one left is passed over; ties fall by chance (seed).
    """
    generator = np.random.default_rng(seed)
    free, found = dict(quiet), []
    for day in days:
        near = [d for d in free if d.year == day.year and d.weekday() == day.weekday()]
        if near:
            order = generator.permutation(len(near))
            best = min(order, key=lambda n: abs(free[near[n]] - documents.get(day, 0)))
            found.append(near[best])
            del free[near[best]]
    return tuple(sorted(found))


def swap_donors(days: Days, seed: int = SEED) -> Days:
    """The same sessions with the documents of another one, more than FAR days away, drawn by chance with this seed.

    Figures of the market (surprise, signature) stay those of the session, zero for types it had no documents on.
    """
    generator = np.random.default_rng(seed)
    ordinal = np.array([d.toordinal() for d in days.days])
    donors = np.array([generator.choice(np.flatnonzero(abs(ordinal - o) > FAR)) for o in ordinal])
    x = days.x[donors].copy()
    for name in OF_THE_MARKET:
        column = FEATURES.index(name)
        x[:, :, column] = np.where(days.present[donors], days.x[:, :, column], 0)
    return replace(days, x=x, present=days.present[donors])


def without_reports(days: Days) -> Days:
    """The same days with what market reports name as cause taken away."""
    x = days.x.copy()
    x[:, :, [FEATURES.index(name) for name in OF_REPORTS]] = 0
    return replace(days, x=x)


def top_share(predicted: np.ndarray) -> np.ndarray:
    """The largest share of a category other than `unknown` (days,)."""
    return np.asarray(np.delete(predicted, UNKNOWN, axis=1).max(axis=1))


def find_threshold(calm: np.ndarray, most: float = 0.2) -> float:
    """The least share that at most this part of the days without a cause reaches; over one half in any case."""
    return max(0.5, float(np.quantile(calm, 1 - most, method="higher")))
