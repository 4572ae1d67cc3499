"""Metrics of many samples at a time, each sample given as how often it holds each example.

All take labels `[examples]`, predictions `[examples]` and counts `[samples, examples]`, and give
`[samples]`. They agree with `tasks.metrics` on every sample (a test holds it); undefined is NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROUNDING = 1e-12
"""A sample whose variance is this part of that of all examples holds one value alone."""

Array = NDArray[Any]
Scores = NDArray[np.float64]


def accuracy(labels: Array, predictions: Array, counts: Scores) -> Scores:
    """Give the share of right predictions."""
    share: Scores = _sum(counts, labels == predictions) / counts.sum(axis=1)
    return share


def f1(labels: Array, predictions: Array, counts: Scores) -> Scores:
    """Score class 1 as the positive one; 0 where it is neither there nor predicted."""
    hits = _sum(counts, (labels == 1) & (predictions == 1))
    positive = _sum(counts, labels == 1) + _sum(counts, predictions == 1)
    return _divide(2 * hits, positive, otherwise=0.0)


def matthews(labels: Array, predictions: Array, counts: Scores) -> Scores:
    """Correlate two classes; 0 by convention where either side is constant."""
    return np.nan_to_num(pearson(labels == 1, predictions == 1, counts), nan=0.0)


def pearson(labels: Array, predictions: Array, counts: Scores) -> Scores:
    """Correlate scores; NaN where one side is constant."""
    x, y = (_centred(values) for values in (labels, predictions))
    sums = counts @ np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=1)
    means = sums / sums[:, :1]
    _, mx, my, xx, yy, xy = means.T
    xx, yy = xx - mx**2, yy - my**2
    constant = (xx <= ROUNDING * x.var()) | (yy <= ROUNDING * y.var())
    below = np.sqrt(np.where(constant, 0.0, xx * yy))
    return _divide(xy - mx * my, below, otherwise=np.nan)


def _centred(values: Array) -> Scores:
    centred: Scores = values.astype(np.float64) - values.mean()
    return centred


def spearman(labels: Array, predictions: Array, counts: Scores) -> Scores:
    """Correlate ranks, those of equal values averaged; NaN where one side is constant."""
    total = counts.sum(axis=1)
    # A sample's ranks have the mean (total + 1) / 2, whatever their ties.
    x, y = (_ranks(v, counts) - (total[:, None] + 1) / 2 for v in (labels, predictions))
    weighted = counts * x
    xx, xy = np.einsum("ij,ij->i", weighted, x), np.einsum("ij,ij->i", weighted, y)
    yy = np.einsum("ij,ij->i", counts * y, y)
    constant = np.minimum(xx, yy) <= ROUNDING * total**3
    return _divide(xy, np.where(constant, 0.0, np.sqrt(xx * yy)), otherwise=np.nan)


def _ranks(values: Array, counts: Scores) -> Scores:
    """Rank each example among a sample's, `[samples, examples]`."""
    groups, place = np.unique(values, return_inverse=True)
    order = np.argsort(place, kind="stable")
    starts = np.searchsorted(place[order], np.arange(len(groups)))
    held = np.add.reduceat(counts[:, order], starts, axis=1)
    ranks: Scores = (held.cumsum(axis=1) - (held - 1) / 2)[:, place]
    return ranks


def _sum(counts: Scores, chosen: Array) -> Scores:
    summed: Scores = counts @ chosen.astype(np.float64)
    return summed


def _divide(above: Scores, below: Scores, *, otherwise: float) -> Scores:
    filled: Scores = np.full_like(below, otherwise, dtype=np.float64)
    return np.divide(above, below, out=filled, where=below > 0)


METRICS: dict[str, Callable[[Array, Array, Scores], Scores]] = {
    "accuracy": accuracy,
    "f1": f1,
    "matthews": matthews,
    "pearson": pearson,
    "spearman": spearman,
}
"""Metric name -> its function on samples; the names are those of `tasks.metrics.METRICS`."""
