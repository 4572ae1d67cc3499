"""Two methods on the same seeds: the differences of their scores, and what chance makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from dpsrun.report.statistics.interval import Interval, wilson
from dpsrun.report.statistics.resampling import RESAMPLES, percentiles

EXACT = 20
"""Up to so many seeds all signs are gone through: 2 to this power are a million."""

DRAWS = 100_000
"""Random signs for more seeds than that."""

TIES = 1e-12
"""Differences of sums within this, relative to the largest possible sum, are rounding."""


@dataclass(frozen=True)
class Outcomes:
    """How often one method did better, the same and worse than another on the same seed."""

    wins: int
    ties: int
    losses: int

    @classmethod
    def of(cls, differences: Sequence[float]) -> Outcomes:
        """Count the signs of differences."""
        wins, losses = sum(d > 0 for d in differences), sum(d < 0 for d in differences)
        return cls(wins, len(differences) - wins - losses, losses)

    @property
    def probability(self) -> float:
        """Give the share of wins, ties counting half (Bouthillier et al. 2021, P(A > B))."""
        return (self.wins + self.ties / 2) / (self.wins + self.ties + self.losses)


def sign_flip_p(differences: Sequence[float], generator: Generator) -> float:
    """Give the two-sided p of a mean difference under random signs (Fisher's randomisation test).

    If the methods did the same, each seed's difference could as well have the other sign. p is the
    share of all 2^n signs whose mean lies as far from 0 as the observed one, exact for up to
    `EXACT` differences other than 0, whose signs change nothing; beyond, an estimate from `DRAWS`
    random signs, the observed ones counted among them.
    Raises ValueError without differences.
    """
    if not differences:
        raise ValueError("no differences")
    found = np.array([each for each in differences if each], dtype=np.float64)
    if found.size <= EXACT:
        return float(_as_far(_all_sums(found), found).mean())
    signs = generator.integers(0, 2, (DRAWS, found.size), dtype=np.int8) * 2 - 1
    return float((1 + _as_far(signs @ found, found).sum()) / (1 + DRAWS))


def smallest_sign_flip_p(n: int) -> float:
    """Give the smallest p that n seeds can reach: that of the observed signs and their opposites.

    Random signs cannot show less than one in them.
    """
    return min(1.0, 2.0 ** (1 - n)) if n <= EXACT else 1 / (1 + DRAWS)


def _all_sums(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the sums under all signs, `[2^n]`."""
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate([sums + value, sums - value])
    return sums


def _as_far(sums: NDArray[np.float64], observed: NDArray[np.float64]) -> NDArray[np.bool_]:
    far: NDArray[np.bool_] = np.abs(sums) >= abs(observed.sum()) - TIES * np.abs(observed).sum()
    return far


def improvement(differences: Sequence[float], generator: Generator) -> Interval | None:
    """Give an interval of P(A > B): percentile bootstrap over the seeds (95 %).

    Where either never wins, samples would show too little uncertainty, or none at all: it is
    Wilson's. None without differences.
    """
    signs = np.sign(np.asarray(differences, dtype=np.float64))
    shares = (signs + 1) / 2
    if not {-1, 1} <= set(signs):
        return wilson(float(shares.sum()), shares.size)
    drawn = generator.integers(0, shares.size, (RESAMPLES, shares.size))
    return percentiles(shares[drawn].mean(axis=1))
