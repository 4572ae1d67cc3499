"""What intervals by bootstrap have in common."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dpsrun.report.statistics.interval import CONFIDENCE, Interval

RESAMPLES = 10_000
"""Bootstrap samples of an interval."""


def percentiles(values: NDArray[np.float64]) -> Interval:
    """Give the interval between the percentiles of bootstrap values; they may be infinite."""
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(values, [tail, 1 - tail], method="inverted_cdf")
    return Interval(float(low), float(high))
