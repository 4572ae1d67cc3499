"""How far a score would move with other examples in the evaluation set: bootstrap over examples.

A sample is how often each example was drawn. Metrics are computed from these counts, so that
thousands of samples take no longer than a few passes over the predictions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from dpsrun.report.statistics.counted import METRICS

SAMPLES = 1_000
ENTRIES = 4_000_000
"""Counts held at a time: samples by examples."""

Array = NDArray[Any]
Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Noise:
    """Standard errors over examples.

    Attributes:
        of_a_run: of the score of one run, averaged over the runs.
        of_the_mean: of the mean over the runs, which are all put to the same examples.
    """

    of_a_run: float
    of_the_mean: float


def example_noise(
    metrics: Sequence[str], labels: Array, predictions: Sequence[Array], generator: Generator
) -> Noise | None:
    """Give the noise of the mean of `metrics`; None if it is undefined in some sample.

    Args:
        metrics: names, as tasks have them; their mean is the score.
        labels: `[examples]` classes or scores.
        predictions: of each run, `[examples]` classes or scores.
        generator: draws the samples.
    """
    columns = np.stack([labels, *predictions], axis=1)
    distinct, repeats = np.unique(columns, axis=0, return_counts=True)
    truth, guesses = distinct[:, 0], [distinct[:, i] for i in range(1, distinct.shape[1])]
    parts = [
        np.stack([_score(metrics, truth, guess, counts) for guess in guesses], axis=1)
        for counts in _samples(repeats, generator)
    ]
    scores = np.concatenate(parts)
    if not np.isfinite(scores).all():
        return None
    return Noise(float(scores.std(axis=0).mean()), float(scores.mean(axis=1).std()))


def _samples(repeats: Array, generator: Generator) -> Iterator[Scores]:
    """Draw how often each distinct example is in a sample, `[samples, distinct]`, in parts."""
    total, size = int(repeats.sum()), max(1, ENTRIES // len(repeats))
    for start in range(0, SAMPLES, size):
        count = min(size, SAMPLES - start)
        yield generator.multinomial(total, repeats / total, count).astype(np.float64)


def _score(metrics: Sequence[str], labels: Array, predictions: Array, counts: Scores) -> Scores:
    found = [METRICS[name](labels, predictions, counts) for name in metrics]
    mean: Scores = np.mean(found, axis=0)
    return mean
