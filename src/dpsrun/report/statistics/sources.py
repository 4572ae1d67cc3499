"""How much of the spread comes from the head's draw, and how much from the order of the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Shares:
    """Parts of the total sum of squares (Dodge et al. 2020 cross the same two sources).

    Attributes:
        init: between the means over heads.
        order: between the means over data orders.
        rest: what neither explains: their interaction and all other noise.
        total_sd: sample standard deviation over all runs.
    """

    init: float
    order: float
    rest: float
    total_sd: float


def variance_shares(scores: Mapping[tuple[int, int], float]) -> Shares | None:
    """Part the variance of runs by (init seed, order seed), a two-way table without gaps.

    Two-way analysis of variance with one run a cell. None where a combination is lacking, where a
    source has only one seed, or where all scores agree.
    """
    inits, orders = ({key[axis] for key in scores} for axis in (0, 1))
    if len(inits) < 2 or len(orders) < 2 or len(scores) != len(inits) * len(orders):  # noqa: PLR2004
        return None
    table = np.array([[scores[i, o] for o in sorted(orders)] for i in sorted(inits)])
    centred = table - table.mean()
    total = float((centred**2).sum())
    if np.ptp(table) == 0:
        return None
    init = float((centred.mean(axis=1) ** 2).sum() * len(orders) / total)
    order = float((centred.mean(axis=0) ** 2).sum() * len(inits) / total)
    return Shares(init, order, max(0.0, 1 - init - order), float(table.std(ddof=1)))
