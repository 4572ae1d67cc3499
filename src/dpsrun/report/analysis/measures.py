"""What two groups of scores say of each other: difference, superiority, steadiness."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from dpsrun.report.statistics.clusters import Clusters, Estimate, estimate
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
    superiority_interval,
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
        interval: Student's of the paired differences, or Welch's, or by the clusters of runs that
            share seeds in either; None with a single score.
        p: two-sided, by sign flips of the pairs or permutations of the scores: all of them, or
            random ones where these are too many.
            Student's where seeds are shared.
        smallest_p: that so many scores can reach at all; pairs that tie reach nothing. None where
            p is Student's, which has no such end.
    """

    value: float
    interval: Interval | None
    p: float
    smallest_p: float | None


@dataclass(frozen=True)
class Superiority:
    """The probability that a run of the method beats one of the reference (ties count half).

    Attributes:
        value: over pairs (Bouthillier et al. 2021), else over all combinations of two runs.
        interval: by bootstrap over pairs or runs, Wilson's where either never wins; None where
            seeds are shared.
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
        interval: of normal scores, Pitman's and Morgan's of pairs, else by F.
        p: of equal variances, Brown and Forsythe 1974.
    """

    first: float | None
    second: float | None
    ratio: float | None
    interval: Interval | None
    p: float | None


def gain_of_pairs(
    first: Sequence[float], second: Sequence[float], shared: Clusters = (), *, bootstrap: bool
) -> Gain:
    """Measure between scores of the same seeds, in the same order; `shared` as `clusters` gives."""
    generator = np.random.default_rng(SEED)
    differences = _rounded(a - b for a, b in zip(first, second, strict=True))
    outcomes = Outcomes.of(differences)
    if shared:
        alone = Superiority(outcomes.probability, outcomes=outcomes)
        return Gain(_of_clusters(estimate(differences, shared)), alone)
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


def gain_of_groups(
    first: Sequence[float],
    second: Sequence[float],
    shared: tuple[Clusters, Clusters] = ((), ()),
    *,
    bootstrap: bool,
) -> Gain:
    """Measure between scores of different seeds; `shared` in either group."""
    generator = np.random.default_rng(SEED)
    first, second = _rounded(first), _rounded(second)
    if any(shared) and min(len(first), len(second)) > 1:
        found = estimate(first, shared[0]) - estimate(second, shared[1])
        return Gain(_of_clusters(found), Superiority(superiority(first, second)))
    interval = superiority_interval(first, second, generator) if bootstrap else None
    return Gain(
        Difference(
            value=fmean(first) - fmean(second),
            interval=welch_interval(first, second),
            p=permutation_p(first, second, generator),
            smallest_p=smallest_permutation_p(len(first), len(second)),
        ),
        Superiority(superiority(first, second), interval),
    )


def _of_clusters(found: Estimate) -> Difference:
    return Difference(found.value, found.interval, found.p, None)


def steadiness(
    first: Sequence[float], second: Sequence[float], *, paired: bool, independent: bool = True
) -> Steadiness:
    """Compare deviations; `paired` says whether the scores are of the same seeds, in that order.

    There is neither an interval nor a p where runs are not independent.
    """
    first, second = _rounded(first), _rounded(second)
    return Steadiness(
        first=deviation(first),
        second=deviation(second),
        ratio=spread_ratio(first, second),
        interval=spread_ratio_interval(first, second, paired=paired) if independent else None,
        p=brown_forsythe_p(first, second) if independent else None,
    )


def _rounded(scores: Iterable[float]) -> list[float]:
    return [round(score, DECIMALS) for score in scores]
