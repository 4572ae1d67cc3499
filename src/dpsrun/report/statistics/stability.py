"""Is one method more stable than another? Their standard deviations, and how often they fail."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from math import comb

from dpsrun.report.statistics.interval import (
    CONFIDENCE,
    Interval,
    deviation,
    t_outside,
    t_quantile,
)

ROUNDING = 1e-12
"""Scores that are no further apart differ by rounding alone."""

FEW = 20
"""Below so many seeds a bootstrap knows too little of the tails: its intervals are too short."""

PAIR = 2
"""Through so few points a line goes always: their correlation says nothing."""


def spread_ratio(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Give the ratio of sample standard deviations; None for n < 2, or where both are 0."""
    above, below = deviation(first), deviation(second)
    if above is None or below is None:
        return None
    if not below:
        return math.inf if above else None
    return above / below


def spread_ratio_interval(
    first: Sequence[float], second: Sequence[float], *, paired: bool
) -> Interval | None:
    """Give the interval of the ratio of standard deviations of normal scores, exact for any n.

    Of pairs it is Pitman's and Morgan's (1939), else that of the F distribution. A bootstrap would
    find a difference in every third comparison of equals with three seeds. None where a deviation
    is 0 or does not exist, for fewer than three pairs, and for pairs that lie on a line: normal
    scores do not, so that rounding is what put them there.
    """
    ratio = spread_ratio(first, second)
    if not ratio or math.isinf(ratio):
        return None
    if not paired:
        return _interval_of_groups(ratio, len(first) - 1, len(second) - 1)
    return _interval_of_pairs(ratio, first, second) if len(first) > PAIR else None


def _interval_of_pairs(
    ratio: float, first: Sequence[float], second: Sequence[float]
) -> Interval | None:
    """Give all ratios that leave the sum and the difference of the scaled pairs uncorrelated."""
    freedom = len(first) - 2
    unshared = 1 - statistics.correlation(first, second) ** 2
    if unshared <= ROUNDING:
        return None
    half = 1 + 2 * unshared * t_quantile(freedom) ** 2 / freedom
    factor = math.sqrt(half + math.sqrt(half**2 - 1))
    return Interval(ratio / factor, ratio * factor)


def _interval_of_groups(ratio: float, above: int, below: int) -> Interval:
    from scipy.special import fdtri  # noqa: PLC0415 (half a second)

    tail = (1 - CONFIDENCE) / 2
    low, high = (float(fdtri(above, below, share)) for share in (1 - tail, tail))
    return Interval(ratio / math.sqrt(low), ratio / math.sqrt(high))


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
