"""Is one method more stable than another? Their standard deviations, and how often they fail."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from math import comb

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from dpsrun.report.statistics.interval import Interval, deviation, t_outside
from dpsrun.report.statistics.resampling import RESAMPLES, percentiles

ROUNDING = 1e-12
"""Scores that are no further apart differ by rounding alone."""

FEW = 20
"""Below so many seeds a bootstrap knows too little of the tails: its intervals are too short."""


def spread_ratio(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Give the ratio of sample standard deviations; None for n < 2, or where both are 0."""
    above, below = deviation(first), deviation(second)
    if above is None or below is None:
        return None
    if not below:
        return math.inf if above else None
    return above / below


def spread_ratio_interval(
    first: Sequence[float], second: Sequence[float], generator: Generator, *, paired: bool
) -> Interval | None:
    """Give a percentile bootstrap interval of the ratio of standard deviations.

    Pairs are drawn together. Samples in which neither deviates say nothing and are left out; None
    where all are such, or where there is no ratio.
    """
    if spread_ratio(first, second) is None:
        return None
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    drawn = generator.integers(0, a.size, (RESAMPLES, a.size))
    other = drawn if paired else generator.integers(0, b.size, (RESAMPLES, b.size))
    above, below = _deviations(a[drawn]), _deviations(b[other])
    known = (above > 0) | (below > 0)
    if not known.any():
        return None
    with np.errstate(divide="ignore"):
        return percentiles(above[known] / below[known])


def _deviations(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the deviation of each sample `[samples, n]`, exactly 0 where all its values agree."""
    found: NDArray[np.float64] = samples.std(axis=1, ddof=1)
    found[np.ptp(samples, axis=1) == 0] = 0
    return found


def brown_forsythe_p(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Give the p of equal variances by Levene's test around the medians (Brown and Forsythe 1974).

    None for n < 2, and where in both all scores lie equally far from the median, as two do.
    """
    if min(len(first), len(second)) < 2:  # noqa: PLR2004 (a deviation takes two)
        return None
    distances = [_from_median(group) for group in (first, second)]
    if all(max(each) - min(each) <= ROUNDING for each in distances):
        return None
    means = [statistics.fmean(each) for each in distances]
    within = math.fsum(
        (value - mean) ** 2 for each, mean in zip(distances, means, strict=True) for value in each
    )
    # Of two groups, Levene's F is the square of Student's t.
    freedom = len(first) + len(second) - 2
    error = math.sqrt(within / freedom * (1 / len(first) + 1 / len(second)))
    return t_outside(abs(means[0] - means[1]) / error, freedom)


def _from_median(values: Sequence[float]) -> list[float]:
    median = statistics.median(values)
    return [abs(value - median) for value in values]


def fisher_p(failures: tuple[int, int], runs: tuple[int, int]) -> float:
    """Give the two-sided p of equal failure rates by Fisher's exact test.

    It is the share of all ways to deal out the failures that are no likelier than what was found.
    """
    failed, (first, second) = sum(failures), runs
    ways = [comb(first, k) * comb(second, failed - k) for k in range(failed + 1)]
    found = ways[failures[0]]
    return sum(way for way in ways if way <= found) / sum(ways)
