"""Spread and failures of two methods against scipy and hand-worked numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from dpsrun.report.statistics.stability import (
    brown_forsythe_p,
    fisher_p,
    spread_ratio,
    spread_ratio_interval,
)

WIDE, NARROW = [0.4, 0.9, 0.6, 0.2, 0.7], [0.61, 0.6, 0.64, 0.58, 0.62]


def test_the_ratio_of_deviations() -> None:
    expected = np.std(WIDE, ddof=1) / np.std(NARROW, ddof=1)
    assert spread_ratio(WIDE, NARROW) == pytest.approx(expected)


def test_a_method_without_spread_divides_nothing() -> None:
    assert spread_ratio([0.5, 0.5], NARROW) == 0
    assert spread_ratio(NARROW, [0.5, 0.5]) == math.inf
    assert spread_ratio([0.5, 0.5], [0.7, 0.7]) is None
    assert spread_ratio([0.5], NARROW) is None


def test_the_interval_of_pairs_holds_all_ratios_that_pitmans_test_does_not_refuse() -> None:
    """Scaled by its ends, the sum and the difference of the pairs correlate with p = 0.05."""
    found = spread_ratio_interval(WIDE, NARROW, paired=True)
    assert found is not None
    assert found.low < spread_ratio(WIDE, NARROW) < found.high  # type: ignore[operator]
    for end in (found.low, found.high):
        first, second = np.array(WIDE) / end, np.array(NARROW)
        assert stats.pearsonr(first + second, first - second).pvalue == pytest.approx(0.05)


def test_the_interval_of_groups_holds_all_ratios_that_f_does_not_refuse() -> None:
    found = spread_ratio_interval(WIDE, NARROW[:3], paired=False)
    ratio = spread_ratio(WIDE, NARROW[:3])
    assert found is not None
    assert ratio is not None
    above = stats.f.sf((ratio / np.array([found.low, found.high])) ** 2, 4, 2)
    assert above.tolist() == pytest.approx([0.025, 0.975])


def test_the_intervals_of_methods_that_are_equally_stable_hold_one_in_95_of_100_cases() -> None:
    numbers = np.random.default_rng(3)
    for n, paired in ((3, True), (5, True), (3, False)):
        together = numbers.normal(size=(2000, 1, n)) if paired else 0.0
        cases = (numbers.normal(size=(2000, 2, n)) + together).tolist()
        found = [spread_ratio_interval(*case, paired=paired) for case in cases]
        held = [each is not None and each.low <= 1 <= each.high for each in found]
        assert np.mean(held) == pytest.approx(0.95, abs=0.02)


def test_pairs_that_lie_on_a_line_have_no_interval() -> None:
    """Normal scores do not; accuracies on few examples may: [0.5, 0.5] would be no certainty."""
    assert spread_ratio_interval(WIDE, WIDE, paired=True) is None
    assert spread_ratio_interval([0.60, 0.60, 0.61], [0.50, 0.50, 0.52], paired=True) is None


def test_without_spread_or_with_two_pairs_there_is_no_interval() -> None:
    assert spread_ratio_interval([0.5] * 3, NARROW[:3], paired=True) is None
    assert spread_ratio_interval(NARROW[:3], [0.5] * 3, paired=False) is None
    assert spread_ratio_interval(WIDE[:2], NARROW[:2], paired=True) is None


def test_the_test_of_brown_and_forsythe_by_hand() -> None:
    """An analysis of variance of the distances from the medians."""
    distances = [[abs(x - np.median(group)) for x in group] for group in (WIDE, NARROW)]
    assert brown_forsythe_p(WIDE, NARROW) == pytest.approx(stats.f_oneway(*distances).pvalue)


def test_it_says_nothing_where_nothing_deviates() -> None:
    assert brown_forsythe_p([0.5, 0.5], [0.6, 0.6]) is None
    assert brown_forsythe_p([0.5], NARROW) is None


def test_two_runs_of_each_lie_equally_far_from_their_median_whatever_rounding_says() -> None:
    """0.61 and 0.58 are not equally far from their median in floating point."""
    assert brown_forsythe_p([0.61, 0.58], [0.7, 0.52]) is None
    assert brown_forsythe_p([0.61, 0.58, 0.61, 0.58], [0.7, 0.52]) is None
    assert brown_forsythe_p([0.61, 0.58], NARROW) is not None


@pytest.mark.parametrize(
    ("failures", "runs"),
    [((3, 0), (10, 10)), ((1, 2), (3, 7)), ((5, 5), (5, 5)), ((0, 4), (2, 4)), ((9, 1), (12, 4))],
)
def test_failure_rates_agree_with_scipy(failures: tuple[int, int], runs: tuple[int, int]) -> None:
    table = [[count, n - count] for count, n in zip(failures, runs, strict=True)]
    assert fisher_p(failures, runs) == pytest.approx(stats.fisher_exact(np.array(table)).pvalue)


def test_failure_rates_by_fishers_exact_test() -> None:
    """Three of three against none of three: 2 of the 20 ways to deal three failures."""
    assert fisher_p((3, 0), (3, 3)) == pytest.approx(0.1)
    assert fisher_p((0, 0), (5, 5)) == 1.0
