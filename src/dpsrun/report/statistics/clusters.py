"""Runs that share a seed with some of the others, as where heads and orders are crossed.

They are no independent draws: what a head does to one of its runs it does to all of them. Errors
that overlook this are far too small.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from dpsrun.report.statistics.interval import Interval, around, t_outside

Clusters = Sequence[Sequence[int]]
"""For each shared stream of seeds the number of the cluster of each value."""


@dataclass(frozen=True)
class Estimate:
    """A mean, its standard error, and the degrees of freedom of that."""

    value: float
    error: float
    freedom: int

    @property
    def interval(self) -> Interval:
        """Student's interval of the mean."""
        return around(self.value, self.error, self.freedom)

    @property
    def p(self) -> float:
        """Student's two-sided p of no mean; of values that all agree, that of sign flips."""
        if not self.error:
            return 2.0**-self.freedom if self.value else 1.0
        return t_outside(abs(self.value) / self.error, self.freedom)

    def __sub__(self, other: Estimate) -> Estimate:
        """Give the difference of two means that are independent of each other."""
        error = math.hypot(self.error, other.error)
        return Estimate(self.value - other.value, error, min(self.freedom, other.freedom))


def clusters(seeds: Sequence[Sequence[Hashable]]) -> Clusters:
    """Find the streams of seeds in which some values agree and others do not.

    Args:
        seeds: of each value, one of each stream; a stream that all share is a condition, and one
            that none share gives independent draws. Streams that part the values alike are one.
    """
    found = {_numbered(stream): None for stream in zip(*seeds, strict=True)}
    return [each for each in found if 1 < len(set(each)) < len(each)]


def _numbered(stream: Sequence[Hashable]) -> tuple[int, ...]:
    numbers: dict[Hashable, int] = {}
    return tuple(numbers.setdefault(seed, len(numbers)) for seed in stream)


def estimate(values: Sequence[float], shared: Clusters = ()) -> Estimate:
    """Estimate a mean over runs, some of which may share seeds.

    The variance is the sum of those that each stream's clusters give (Cameron, Gelbach and Miller
    2011, equation 2.11, G / (G - 1) for each), without the subtraction of what is counted twice,
    and never less than that of independent runs, for sums of clusters may cancel out by luck.
    Degrees of freedom: those of the stream of fewest clusters. Raises ZeroDivisionError for n < 2.
    """
    shifted = [value - values[0] for value in values]  # where all agree there is no rounding left
    mean = statistics.fmean(shifted)
    deviations = [value - mean for value in shifted]
    alone = math.fsum(each**2 for each in deviations) / (len(values) - 1) / len(values)
    together = math.fsum(_variance(deviations, each) for each in shared)
    freedom = min([len(values), *map(_effective, shared)]) - 1
    return Estimate(values[0] + mean, math.sqrt(max(alone, together)), max(1, freedom))


def _variance(deviations: Sequence[float], stream: Sequence[int]) -> float:
    sums: Mapping[int, list[float]] = {number: [] for number in stream}
    for deviation, number in zip(deviations, stream, strict=True):
        sums[number].append(deviation)
    scale = len(sums) / (len(sums) - 1) / len(deviations) ** 2
    return scale * math.fsum(math.fsum(each) ** 2 for each in sums.values())


def _effective(stream: Sequence[int]) -> int:
    """Count clusters as so many equal ones would weigh (Kish 1965): large ones rule the error."""
    return len(stream) ** 2 // sum(size**2 for size in Counter(stream).values())
