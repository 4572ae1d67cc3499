"""What the best of k runs is worth: expected validation performance (Dodge et al. 2019)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Best:
    """The expected best score of k runs.

    Attributes:
        runs: k.
        mean: with replacement, as Dodge et al. 2019 (arXiv 1909.03004, eqs. 4 to 7) define it.
        sd: the standard deviation of the best under the same distribution.
        unbiased: without replacement, as Tang et al. 2020 correct it.
    """

    runs: int
    mean: float
    sd: float
    unbiased: float


def expected_best(scores: Sequence[float]) -> list[Best]:
    """Give the expected best score for each budget of 1 to n runs; never for more than n."""
    ordered = sorted(scores)
    return [_of(ordered, k) for k in range(1, len(ordered) + 1)]


def _of(ordered: Sequence[float], k: int) -> Best:
    """With n sorted scores, the best of k has the i-th with probability (i/n)^k - ((i-1)/n)^k."""
    n = len(ordered)
    weights = [(i / n) ** k - ((i - 1) / n) ** k for i in range(1, n + 1)]
    mean = math.fsum(w * x for w, x in zip(weights, ordered, strict=True))
    variance = sum(w * (x - mean) ** 2 for w, x in zip(weights, ordered, strict=True))
    without = [math.comb(i - 1, k - 1) / math.comb(n, k) for i in range(1, n + 1)]
    unbiased = math.fsum(w * x for w, x in zip(without, ordered, strict=True))
    return Best(k, mean, math.sqrt(variance), unbiased)
