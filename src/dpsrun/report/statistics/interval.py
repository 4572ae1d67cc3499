"""Intervals around a mean or a share, at 95 % unless said otherwise; imports no numpy."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """The lower and the upper end; infinite where nothing bounds it."""

    low: float
    high: float


def deviation(values: Sequence[float]) -> float | None:
    """Give the sample standard deviation (ddof 1), exactly 0 for equal values; None for n < 2.

    As exact as `statistics.stdev` but for rounding, and twenty times as fast.
    """
    if len(values) < 2:  # noqa: PLR2004 (a deviation takes two)
        return None
    shifted = [value - values[0] for value in values]
    mean = statistics.fmean(shifted)
    return math.sqrt(math.fsum((each - mean) ** 2 for each in shifted) / (len(values) - 1))


def standard_error(values: Sequence[float]) -> float | None:
    """Give the standard error of a mean, sd / sqrt(n) with the sample's sd; None for n < 2."""
    sd = deviation(values)
    return None if sd is None else sd / math.sqrt(len(values))


def t_interval(values: Sequence[float]) -> Interval | None:
    """Give Student's interval of a mean; None for n < 2."""
    error = standard_error(values)
    return None if error is None else around(statistics.fmean(values), error, len(values) - 1)


def around(centre: float, error: float, freedom: float) -> Interval:
    """Give Student's interval of an estimate with this standard error."""
    half = t_quantile(freedom) * error
    return Interval(centre - half, centre + half)


def t_outside(t: float, freedom: int) -> float:
    """Give the probability that |T| > t of Student's distribution."""
    return max(0.0, 1 - _within(math.atan(t / math.sqrt(freedom)), freedom))


@cache
def t_quantile(freedom: float) -> float:
    """Give the quantile of Student's distribution that leaves half of 5 % above it."""
    if not float(freedom).is_integer():
        from scipy.special import stdtrit  # noqa: PLC0415 (half a second)

        return float(stdtrit(freedom, (1 + CONFIDENCE) / 2))
    low, high = 0.0, math.pi / 2
    while low < (middle := (low + high) / 2) < high:
        if _within(middle, int(freedom)) < CONFIDENCE:
            low = middle
        else:
            high = middle
    return math.sqrt(freedom) * math.tan(high)


def _within(angle: float, freedom: int) -> float:
    """Give the probability that |t| <= sqrt(freedom) tan(angle).

    Finite sums for whole degrees of freedom: Abramowitz and Stegun 1964, 26.7.3 and 26.7.4.
    """
    odd = freedom % 2
    term = total = math.cos(angle) if odd else 1.0
    for i in range(1, (freedom - odd) // 2):
        term *= (2 * i - 1 + odd) / (2 * i + odd) * math.cos(angle) ** 2
        total += term
    if not odd:
        return math.sin(angle) * total
    return 2 / math.pi * (angle + (math.sin(angle) * total if freedom > 1 else 0))


def wilson(count: float, n: int) -> Interval | None:
    """Give Wilson's interval of a share of `count` in `n`, halves allowed; None for n = 0."""
    if not n:
        return None
    z = statistics.NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    share, scale = count / n, 1 + z**2 / n
    centre = (share + z**2 / (2 * n)) / scale
    half = z / scale * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return Interval(max(0.0, centre - half), min(1.0, centre + half))
