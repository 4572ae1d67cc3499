"""What two groups of scores say of each other: difference, superiority, steadiness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from dpsrun.report.statistics.interval import Interval, deviation, t_interval
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

SIGNIFICANT = 0.05
"""The usual level."""

SEED = 0
"""Of the generator of each comparison: the same scores give the same numbers, wherever they are."""


@dataclass(frozen=True)
class Difference:
    """Mean score of the method less that of the reference.

    Attributes:
        value: in natural units; above 0 where the method is better.
        interval: Student's of the paired differences, or Welch's; None with a single score.
        p: two-sided, by sign flips of the pairs or permutations of the scores: all of them, or
            random ones where these are too many.
        smallest_p: that so many scores can reach at all; pairs that tie reach nothing.
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
        interval: by bootstrap over the pairs; None where all of them agree.
        outcomes: pairs won, tied and lost; None without pairs.
    """

    value: float
    interval: Interval | None = None
    outcomes: Outcomes | None = None


@dataclass(frozen=True)
class Gain:
    """What a method's scores are above those of the reference, and how often."""

    difference: Difference
    superiority: Superiority


@dataclass(frozen=True)
class Steadiness:
    """Sample standard deviations of a method and of the reference, and what one is of the other.

    Attributes:
        first: of the method; None for n < 2.
        second: of the reference; None for n < 2.
        ratio: the first by the second: below 1 the method is more stable; infinite where the
            reference alone does not vary, None where neither does.
        interval: by bootstrap.
        p: of equal variances, Brown and Forsythe 1974.
    """

    first: float | None
    second: float | None
    ratio: float | None
    interval: Interval | None
    p: float | None


def gain_of_pairs(first: Sequence[float], second: Sequence[float], *, bootstrap: bool) -> Gain:
    """Measure between scores of the same seeds, in the same order."""
    generator = np.random.default_rng(SEED)
    differences = [a - b for a, b in zip(_rounded(first), _rounded(second), strict=True)]
    outcomes = Outcomes.of(differences)
    return Gain(
        Difference(
            value=fmean(differences),
            interval=t_interval(differences),
            p=sign_flip_p(differences, generator),
            smallest_p=smallest_sign_flip_p(outcomes.wins + outcomes.losses),
        ),
        Superiority(
            value=outcomes.probability,
            interval=improvement(differences, generator) if bootstrap else None,
            outcomes=outcomes,
        ),
    )


def gain_of_groups(first: Sequence[float], second: Sequence[float]) -> Gain:
    """Measure between scores of different seeds."""
    generator = np.random.default_rng(SEED)
    first, second = _rounded(first), _rounded(second)
    return Gain(
        Difference(
            value=fmean(first) - fmean(second),
            interval=welch_interval(first, second),
            p=permutation_p(first, second, generator),
            smallest_p=smallest_permutation_p(len(first), len(second)),
        ),
        Superiority(superiority(first, second)),
    )


def steadiness(
    first: Sequence[float], second: Sequence[float], *, paired: bool, bootstrap: bool
) -> Steadiness:
    """Compare deviations; where all scores are `paired`, in the same order, pairs are resampled."""
    first, second, interval = _rounded(first), _rounded(second), None
    if bootstrap:
        generator = np.random.default_rng(SEED)
        interval = spread_ratio_interval(first, second, generator, paired=paired)
    return Steadiness(
        first=deviation(first),
        second=deviation(second),
        ratio=spread_ratio(first, second),
        interval=interval,
        p=brown_forsythe_p(first, second),
    )


def _rounded(scores: Sequence[float]) -> list[float]:
    return [round(score, DECIMALS) for score in scores]
