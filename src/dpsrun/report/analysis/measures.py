"""What two groups of scores say of each other: difference, superiority, steadiness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from numpy.random import Generator

from dpsrun.report.statistics.interval import Interval, t_interval
from dpsrun.report.statistics.paired import (
    Outcomes,
    improvement,
    sign_flip_p,
    smallest_sign_flip_p,
)
from dpsrun.report.statistics.stability import (
    brown_forsythe_p,
    spread_ratio,
    spread_ratio_interval,
)
from dpsrun.report.statistics.unpaired import (
    permutation_p,
    smallest_permutation_p,
    superiority,
    welch_interval,
)

DECIMALS = 12
"""Of a score: averages over tasks that agree so far are equal but for rounding."""

SEED = 0
"""Of the generator of each comparison: the same scores give the same numbers, wherever they are."""


@dataclass(frozen=True)
class Difference:
    """Mean score of the method less that of the reference.

    Attributes:
        value: in natural units; above 0 where the method is better.
        interval: Student's of the paired differences, or Welch's; None with a single score.
        p: two-sided, by all sign flips of the pairs or all permutations of the scores.
        smallest_p: that so many scores can reach at all.
    """

    value: float
    interval: Interval | None
    p: float
    smallest_p: float


@dataclass(frozen=True)
class Superiority:
    """The probability that a run of the method beats one of the reference (ties count half).

    Attributes:
        value: over pairs (Bouthillier et al. 2021), else over all combinations of two runs.
        interval: by bootstrap over the pairs.
        outcomes: pairs won, tied and lost; None without pairs.
    """

    value: float
    interval: Interval | None = None
    outcomes: Outcomes | None = None


@dataclass(frozen=True)
class Steadiness:
    """Standard deviation of the method by that of the reference: below 1 it is more stable.

    Attributes:
        ratio: infinite where the reference alone does not vary, None where neither does.
        interval: by bootstrap.
        p: of equal variances, Brown and Forsythe 1974.
    """

    ratio: float | None
    interval: Interval | None
    p: float | None


@dataclass(frozen=True)
class Measures:
    """All that is measured between a method's scores and those of the reference."""

    difference: Difference
    superiority: Superiority
    steadiness: Steadiness


def measure_pairs(first: Sequence[float], second: Sequence[float], *, bootstrap: bool) -> Measures:
    """Measure between scores of the same seeds, in the same order."""
    generator = np.random.default_rng(SEED)
    first, second = _rounded(first), _rounded(second)
    differences = [a - b for a, b in zip(first, second, strict=True)]
    outcomes = Outcomes.of(differences)
    drawn = bootstrap and len(differences) > 1
    return Measures(
        difference=Difference(
            value=fmean(differences),
            interval=t_interval(differences),
            p=sign_flip_p(differences, generator),
            smallest_p=smallest_sign_flip_p(len(differences)),
        ),
        superiority=Superiority(
            value=outcomes.probability,
            interval=improvement(differences, generator) if drawn else None,
            outcomes=outcomes,
        ),
        steadiness=_steadiness(first, second, generator if bootstrap else None, paired=True),
    )


def measure_groups(first: Sequence[float], second: Sequence[float], *, bootstrap: bool) -> Measures:
    """Measure between scores of different seeds."""
    generator = np.random.default_rng(SEED)
    first, second = _rounded(first), _rounded(second)
    return Measures(
        difference=Difference(
            value=fmean(first) - fmean(second),
            interval=welch_interval(first, second),
            p=permutation_p(first, second, generator),
            smallest_p=smallest_permutation_p(len(first), len(second)),
        ),
        superiority=Superiority(superiority(first, second)),
        steadiness=_steadiness(first, second, generator if bootstrap else None, paired=False),
    )


def _rounded(scores: Sequence[float]) -> list[float]:
    return [round(score, DECIMALS) for score in scores]


def _steadiness(
    first: Sequence[float], second: Sequence[float], generator: Generator | None, *, paired: bool
) -> Steadiness:
    interval = None
    if generator is not None:
        interval = spread_ratio_interval(first, second, generator, paired=paired)
    return Steadiness(spread_ratio(first, second), interval, brown_forsythe_p(first, second))
