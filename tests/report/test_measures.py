"""What two groups of scores say of each other, against scipy and hand-worked numbers."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from dpsrun.report.analysis.measures import (
    Gain,
    Steadiness,
    Superiority,
    gain_of_groups,
    gain_of_pairs,
    steadiness,
)
from dpsrun.report.statistics.clusters import clusters, estimate
from dpsrun.report.statistics.interval import wilson
from dpsrun.report.statistics.paired import Outcomes

Measure = Callable[..., Gain]

GAINS = (gain_of_pairs, gain_of_groups)

FIRST = [0.71, 0.66, 0.74, 0.69, 0.70, 0.73]
SECOND = [0.68, 0.67, 0.69, 0.69, 0.61, 0.65]

SCORE = st.integers(0, 20).map(lambda k: k / 20)
SCORES = st.lists(SCORE, min_size=1, max_size=6)
PAIRS = st.lists(st.tuples(SCORE, SCORE), min_size=1, max_size=6)


def test_pairs_are_measured_by_their_differences() -> None:
    found = gain_of_pairs(FIRST, SECOND, bootstrap=False).difference
    expected = stats.ttest_rel(FIRST, SECOND).confidence_interval(0.95)
    differences = np.subtract(FIRST, SECOND)
    assert found.value == pytest.approx(differences.mean())
    assert found.interval is not None
    assert (found.interval.low, found.interval.high) == pytest.approx((expected.low, expected.high))
    flips = stats.permutation_test((differences,), np.mean, permutation_type="samples")
    assert found.p == pytest.approx(flips.pvalue)
    assert found.smallest_p == 2 / 2**5, "one of the six pairs is a tie"


def test_groups_are_measured_by_welch_and_all_ways_to_deal_the_scores() -> None:
    first, second = FIRST[:4], SECOND[:3]
    found = gain_of_groups(first, second, bootstrap=False).difference
    expected = stats.ttest_ind(first, second, equal_var=False).confidence_interval(0.95)
    assert found.value == pytest.approx(np.mean(first) - np.mean(second))
    assert found.interval is not None
    assert (found.interval.low, found.interval.high) == pytest.approx((expected.low, expected.high))
    deals = stats.permutation_test(
        (np.array(first), np.array(second)), lambda a, b: np.mean(a) - np.mean(b)
    )
    assert found.p == pytest.approx(np.mean(abs(deals.null_distribution) >= found.value - 1e-12))
    assert found.smallest_p == 1 / 35


def test_the_probability_to_be_better_is_of_pairs_or_of_any_two_runs() -> None:
    paired = gain_of_pairs(FIRST, SECOND, bootstrap=False).superiority
    assert paired == Superiority(4.5 / 6, None, Outcomes(wins=4, ties=1, losses=1))
    loose = gain_of_groups(FIRST, SECOND, bootstrap=False).superiority
    u = stats.mannwhitneyu(FIRST, SECOND).statistic
    assert loose.value == pytest.approx(u / 36)
    assert loose.outcomes is None


def test_steadiness_is_the_ratio_of_the_deviations_and_levenes_test() -> None:
    found = steadiness(FIRST, SECOND, paired=True)
    assert found.first == pytest.approx(np.std(FIRST, ddof=1))
    assert found.ratio == pytest.approx(np.std(FIRST, ddof=1) / np.std(SECOND, ddof=1))
    assert found.p == pytest.approx(stats.levene(FIRST, SECOND, center="median").pvalue)


def test_pairs_and_groups_have_intervals_of_their_own() -> None:
    """A method that nearly follows the other: pairs know it, groups do not."""
    close = [score + 0.001 * (-1) ** n for n, score in enumerate(FIRST)]
    together, apart = (steadiness(FIRST, close, paired=paired).interval for paired in (True, False))
    assert together is not None
    assert apart is not None
    assert 0.9 < together.low < together.high < 1.1
    assert apart.low < 0.7
    assert apart.high > 1.4


def test_without_bootstrap_only_the_intervals_by_resampling_are_left_out() -> None:
    drawn, undrawn = (gain_of_pairs(FIRST, SECOND, bootstrap=flag) for flag in (True, False))
    without = dataclasses.replace(drawn.superiority, interval=None)
    assert undrawn == dataclasses.replace(drawn, superiority=without) != drawn
    assert gain_of_pairs(FIRST, SECOND, bootstrap=True) == drawn


def test_a_single_pair_says_next_to_nothing() -> None:
    found = gain_of_pairs([0.7], [0.6], bootstrap=True)
    assert (found.difference.p, found.difference.smallest_p) == (1, 1)
    assert found.difference.interval is None
    assert found.superiority.interval == wilson(1, 1)
    assert steadiness([0.7], [0.6], paired=True) == Steadiness(*[None] * 5)


def test_pairs_that_share_seeds_are_measured_by_their_clusters() -> None:
    shared = clusters([(head, order) for head in range(2) for order in range(3)])
    found = gain_of_pairs(FIRST, SECOND, shared, bootstrap=True)
    expected = estimate(np.subtract(FIRST, SECOND).round(12).tolist(), shared)
    told = found.difference
    assert told.value == pytest.approx(expected.value)
    assert told.p == pytest.approx(expected.p)
    assert told.interval is not None
    assert told.interval.low == pytest.approx(expected.interval.low)
    assert told.smallest_p is None
    assert found.superiority == Superiority(4.5 / 6, None, Outcomes(wins=4, ties=1, losses=1))
    still = steadiness(FIRST, SECOND, paired=True, independent=False)
    assert (still.interval, still.p) == (None, None)
    assert still.ratio


def test_groups_that_share_seeds_are_measured_by_the_clusters_of_both() -> None:
    shared = clusters([(head, order) for head in range(2) for order in range(3)])
    found = gain_of_groups(FIRST, SECOND, (shared, shared), bootstrap=True)
    expected = estimate(FIRST, shared) - estimate(SECOND, shared)
    assert found.difference.interval == expected.interval
    assert found.superiority.interval is None


def test_one_group_that_shares_seeds_is_enough() -> None:
    shared = clusters([(head, order) for head in range(2) for order in range(3)])
    found = gain_of_groups(FIRST, SECOND, (shared, ()), bootstrap=True)
    expected = estimate(FIRST, shared) - estimate(SECOND)
    assert (found.difference.interval, found.difference.p) == (expected.interval, expected.p)
    assert (found.difference.smallest_p, found.superiority.interval) == (None, None)
    alone = gain_of_groups(FIRST, SECOND[:1], (shared, ()), bootstrap=False).difference
    assert alone.p == gain_of_groups(FIRST, SECOND[:1], bootstrap=False).difference.p


def test_pairs_that_tie_do_not_bring_p_down() -> None:
    found = gain_of_pairs([0.6, 0.7, 0.8, 0.5], [0.6, 0.7, 0.7, 0.4], bootstrap=False)
    assert found.difference.smallest_p == found.difference.p == 0.5


@pytest.mark.parametrize("measure", [partial(gain, bootstrap=True) for gain in GAINS])
def test_equal_scores_everywhere_are_no_difference(measure: Measure) -> None:
    found = measure([0.5] * 3, [0.5] * 3)
    assert (found.difference.value, found.difference.p, found.superiority.value) == (0, 1, 0.5)
    assert found.difference.interval is not None
    assert (found.difference.interval.low, found.difference.interval.high) == (0, 0)


@pytest.mark.parametrize("paired", [True, False])
def test_equal_scores_everywhere_have_no_ratio(paired: bool) -> None:  # noqa: FBT001
    found = steadiness([0.5] * 3, [0.5] * 3, paired=paired)
    assert found == Steadiness(0, 0, None, None, None)


@pytest.mark.parametrize("measure", [partial(gain, bootstrap=False) for gain in GAINS])
def test_averages_that_rounding_tells_apart_are_ties(measure: Measure) -> None:
    """As of two tasks: 0.1 and 0.2 have another sum than 0.3 and 0, in the last digit."""
    first, second = [(0.1 + 0.2) / 2] * 3, [(0.3 + 0.0) / 2] * 3
    assert first != second
    found = measure(first, second)
    assert (found.difference.p, found.superiority.value) == (1, 0.5)


@settings(max_examples=30, deadline=None)
@given(PAIRS)
def test_turned_pairs_give_the_mirror_image(scores: list[tuple[float, float]]) -> None:
    first, second = map(list, zip(*scores, strict=True))
    assert_mirrored(
        gain_of_pairs(first, second, bootstrap=False), gain_of_pairs(second, first, bootstrap=False)
    )


@settings(max_examples=30, deadline=None)
@given(SCORES, SCORES)
def test_turned_groups_give_the_mirror_image(first: list[float], second: list[float]) -> None:
    assert_mirrored(
        gain_of_groups(first, second, bootstrap=False),
        gain_of_groups(second, first, bootstrap=False),
    )
    found, turned = (steadiness(*each, paired=False) for each in ((first, second), (second, first)))
    assert found.p == pytest.approx(turned.p)
    if found.ratio and turned.ratio:
        assert found.ratio == pytest.approx(1 / turned.ratio)


def assert_mirrored(found: Gain, turned: Gain) -> None:
    one, other = found.difference, turned.difference
    assert one.value == pytest.approx(-other.value, abs=1e-12)
    assert (one.smallest_p or 0) - 1e-12 <= one.p == pytest.approx(other.p)
    assert (one.interval is None) == (other.interval is None)
    if one.interval and other.interval:
        mirrored = (-other.interval.high, -other.interval.low)
        assert (one.interval.low, one.interval.high) == pytest.approx(mirrored, abs=1e-12)
    assert found.superiority.value == pytest.approx(1 - turned.superiority.value)
