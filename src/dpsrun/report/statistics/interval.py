"""Intervals around a mean or a share, at 95 % unless said otherwise."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95

RESAMPLES = 10_000
"""Bootstrap samples of an interval."""


@dataclass(frozen=True)
class Interval:
    """The lower and the upper end; infinite where nothing bounds it."""

    low: float
    high: float


def standard_error(values: Sequence[float]) -> float | None:
    """Give the standard error of a mean, sd / sqrt(n) with the sample's sd; None for n < 2."""
    return statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else None


def t_interval(values: Sequence[float]) -> Interval | None:
    """Give Student's interval of a mean; None for n < 2."""
    error = standard_error(values)
    if error is None:
        return None
    half, mean = t_quantile(len(values) - 1) * error, statistics.fmean(values)
    return Interval(mean - half, mean + half)


def t_quantile(freedom: float) -> float:
    """Give the quantile of Student's distribution that leaves half of 5 % above it."""
    from scipy.special import stdtrit  # noqa: PLC0415 (a tenth of a second)

    return float(stdtrit(freedom, (1 + CONFIDENCE) / 2))


def wilson(count: int, n: int) -> Interval | None:
    """Give Wilson's interval of a share of `count` in `n`; None for n = 0."""
    if not n:
        return None
    z = statistics.NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    share, scale = count / n, 1 + z**2 / n
    centre = (share + z**2 / (2 * n)) / scale
    half = z / scale * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return Interval(max(0.0, centre - half), min(1.0, centre + half))


def percentiles(values: NDArray[np.float64]) -> Interval:
    """Give the interval between the percentiles of bootstrap values; they may be infinite."""
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(values, [tail, 1 - tail], method="inverted_cdf")
    return Interval(float(low), float(high))
