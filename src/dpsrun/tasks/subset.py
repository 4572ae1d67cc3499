"""The draw of a low-resource scenario."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dpsrun.runs.spec import derive

BINS = 5


def stratified(labels: NDArray[Any], n: int, seed: int, *, regression: bool) -> NDArray[np.int64]:
    """Draw `n` rows whose labels are distributed as in the whole set, by the `subset` stream.

    Shares are kept by largest remainder, and every class that occurs gets at least one row if
    `n` allows. A regression task's classes are five equal bins between its extreme scores.
    Every row gets one uniform number; a class gives the rows with its lowest numbers.

    Args:
        labels: `[examples]`, classes or scores.
        n: how many rows to draw.
        seed: number of the `subset` stream.
        regression: whether the labels are scores.

    Returns:
        The rows drawn, `[n]`, ascending.

    Raises:
        ValueError: if there are fewer than `n` rows.
    """
    if not 0 < n <= len(labels):
        raise ValueError(f"cannot draw {n} of {len(labels)} examples")
    strata = _bins(labels) if regression else labels
    classes, counts = np.unique(strata, return_counts=True)
    luck = np.random.Generator(np.random.PCG64(derive("subset", seed))).random(len(labels))
    drawn = [
        _luckiest(np.flatnonzero(strata == name), luck, quota)
        for name, quota in zip(classes, _quotas(counts, n), strict=True)
    ]
    return np.sort(np.concatenate(drawn))


def _luckiest(rows: NDArray[np.int64], luck: NDArray[np.float64], n: int) -> NDArray[np.int64]:
    chosen: NDArray[np.int64] = rows[np.argsort(luck[rows], kind="stable")[:n]]
    return chosen


def _bins(scores: NDArray[Any]) -> NDArray[np.int64]:
    edges = np.linspace(scores.min(), scores.max(), BINS + 1)
    bins: NDArray[np.int64] = np.digitize(scores, edges[1:-1])
    return bins


def _quotas(counts: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Share `n` out in proportion to `counts`; equal remainders go to the lower class."""
    quotas, remainders = np.divmod(counts * n, counts.sum())
    quotas[np.argsort(-remainders, kind="stable")[: n - quotas.sum()]] += 1
    while n >= len(counts) and not quotas.all():
        quotas[quotas.argmax()] -= 1
        quotas[quotas.argmin()] += 1
    return quotas
