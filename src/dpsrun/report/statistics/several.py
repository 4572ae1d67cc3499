"""Several tasks, several comparisons: corrections, pooled means and ranks."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from dpsrun.report.statistics.interval import Interval
from dpsrun.report.statistics.resampling import RESAMPLES, percentiles

TRIMMED = 0.25
"""The interquartile mean leaves a quarter of the scores out at either end."""


def holm(values: Sequence[float]) -> list[float]:
    """Adjust p-values for their number (Holm 1979), in the given order."""
    order = sorted(range(len(values)), key=values.__getitem__)
    adjusted, largest = [0.0] * len(values), 0.0
    for place, index in enumerate(order):
        largest = max(largest, min(1.0, (len(values) - place) * values[index]))
        adjusted[index] = largest
    return adjusted


def interquartile_mean(scores: Sequence[float]) -> float:
    """Give the mean of the middle half of scores pooled over tasks (Agarwal et al. 2021)."""
    return float(_trimmed(np.asarray(scores, dtype=np.float64)[None, :])[0])


def interquartile_interval(
    by_task: Mapping[str, Sequence[float]], generator: Generator
) -> Interval:
    """Give a percentile bootstrap interval of it; each task's runs are drawn among themselves."""
    drawn = [
        np.asarray(scores)[generator.integers(0, len(scores), (RESAMPLES, len(scores)))]
        for scores in by_task.values()
    ]
    return percentiles(_trimmed(np.concatenate(drawn, axis=1)))


def _trimmed(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Average the middle of each sample `[samples, n]`; floor(n / 4) are cut at either end."""
    cut = int(TRIMMED * samples.shape[1])
    middle = np.sort(samples, axis=1)[:, cut : samples.shape[1] - cut]
    means: NDArray[np.float64] = middle.mean(axis=1)
    return means


def ranks(scores: Mapping[str, float]) -> dict[str, float]:
    """Rank methods by their scores: 1 is best, equal ones share the mean of their ranks."""
    ordered = sorted(scores.values())
    ends = {value: (bisect_left(ordered, value), bisect_right(ordered, value)) for value in ordered}
    return {name: len(ordered) + (1 - sum(ends[value])) / 2 for name, value in scores.items()}
