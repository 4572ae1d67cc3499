"""Two methods on different seeds: weaker than pairs, for results that cannot be paired."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from dpsrun.report.statistics.interval import Interval, around, wilson
from dpsrun.report.statistics.paired import DRAWS, TIES
from dpsrun.report.statistics.resampling import RESAMPLES, percentiles

EXACT = 200_000
"""Up to so many ways to deal the scores into two groups, all are gone through."""

BLOCK = 2_000
"""Random deals in memory at a time."""


def permutation_p(first: Sequence[float], second: Sequence[float], generator: Generator) -> float:
    """Give the two-sided p of a difference of means when scores are dealt out at random.

    Exact where the scores can be dealt in no more than `EXACT` ways. Else an estimate from `DRAWS`
    random deals and the observed one, which keeps it above 0; the same `generator` gives the same.
    Raises ValueError if a group is empty.
    """
    if not first or not second:
        raise ValueError("a group is empty")
    pooled = np.array([*first, *second], dtype=np.float64)
    size, total = len(first), float(pooled.sum())
    observed = abs(_difference(np.array([sum(first)]), total, size, len(pooled)))[0]
    exact = math.comb(len(pooled), size) <= EXACT
    sums = _all_sums(pooled, size) if exact else _drawn_sums(pooled, size, generator)
    rounding = TIES * float(np.abs(pooled).sum())
    far = np.abs(_difference(sums, total, size, len(pooled))) >= observed - rounding
    return float(far.mean()) if exact else float((1 + far.sum()) / (1 + DRAWS))


def smallest_permutation_p(first: int, second: int) -> float:
    """Give the smallest p that groups of these sizes can reach.

    Of equal groups both the best deal and its mirror are as far apart. Random deals cannot show
    less than one in them.
    """
    ways = math.comb(first + second, first)
    smallest = (2 if first == second else 1) / ways
    return smallest if ways <= EXACT else max(smallest, 1 / (1 + DRAWS))


def welch_interval(first: Sequence[float], second: Sequence[float]) -> Interval | None:
    """Give Welch's interval of a difference of means; None where a group has fewer than two."""
    if min(len(first), len(second)) < 2:  # noqa: PLR2004 (a deviation takes two)
        return None
    difference = statistics.fmean(first) - statistics.fmean(second)
    parts = [statistics.variance(group) / len(group) for group in (first, second)]
    if not sum(parts):
        return Interval(difference, difference)
    sizes = (len(first), len(second))
    freedom = sum(parts) ** 2 / sum(p**2 / (n - 1) for p, n in zip(parts, sizes, strict=True))
    return around(difference, math.sqrt(sum(parts)), freedom)


def superiority(first: Sequence[float], second: Sequence[float]) -> float:
    """Give the share of pairs of any two runs that the first method wins, ties counting half."""
    signs = np.sign(np.subtract.outer(np.asarray(first), np.asarray(second)))
    return float((signs.mean() + 1) / 2)


def superiority_interval(
    first: Sequence[float], second: Sequence[float], generator: Generator
) -> Interval | None:
    """Give an interval of that share: percentile bootstrap over the runs of either method (95 %).

    Where either never wins, it is Wilson's for so many pairs as the smaller group could form.
    """
    share, pairs = superiority(first, second), min(len(first), len(second))
    if min(first) >= max(second) or max(first) <= min(second):
        return wilson(share * pairs, pairs)
    signs = (np.sign(np.subtract.outer(np.asarray(first), np.asarray(second))) + 1) / 2
    rows, columns = (
        generator.multinomial(size, np.full(size, 1 / size), RESAMPLES) / size
        for size in signs.shape
    )
    return percentiles(np.einsum("si,ij,sj->s", rows, signs, columns, optimize=True))


def _difference(sums: NDArray[np.float64], total: float, size: int, n: int) -> NDArray[np.float64]:
    return sums / size - (total - sums) / (n - size)


def _all_sums(pooled: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    return np.array([sum(chosen) for chosen in combinations(pooled.tolist(), size)])


def _drawn_sums(
    pooled: NDArray[np.float64], size: int, generator: Generator
) -> NDArray[np.float64]:
    """Sum the first group of `DRAWS` random deals."""
    blocks = (np.tile(pooled, (min(BLOCK, DRAWS - done), 1)) for done in range(0, DRAWS, BLOCK))
    sums = [generator.permuted(block, axis=1)[:, :size].sum(axis=1) for block in blocks]
    return np.concatenate(sums)
