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


def generator() -> np.random.Generator:
    return np.random.default_rng(7)


def test_the_ratio_of_deviations() -> None:
    expected = np.std(WIDE, ddof=1) / np.std(NARROW, ddof=1)
    assert spread_ratio(WIDE, NARROW) == pytest.approx(expected)


def test_a_method_without_spread_divides_nothing() -> None:
    assert spread_ratio([0.5, 0.5], NARROW) == 0
    assert spread_ratio(NARROW, [0.5, 0.5]) == math.inf
    assert spread_ratio([0.5, 0.5], [0.7, 0.7]) is None
    assert spread_ratio([0.5], NARROW) is None


@pytest.mark.parametrize("paired", [True, False])
def test_its_interval_agrees_with_scipys_percentile_bootstrap(paired: bool) -> None:  # noqa: FBT001
    def ratio(a: np.ndarray, b: np.ndarray, axis: int = -1) -> np.ndarray:
        return np.asarray(a.std(axis=axis, ddof=1) / b.std(axis=axis, ddof=1))

    numbers = np.random.default_rng(1)
    first, second = numbers.normal(0, 2, 30), numbers.normal(0, 1, 30)
    found = spread_ratio_interval(first.tolist(), second.tolist(), generator(), paired=paired)
    expected = stats.bootstrap(
        (first, second), ratio, paired=paired, method="percentile", vectorized=True,
        n_resamples=20_000, rng=5,
    ).confidence_interval  # fmt: skip
    assert found is not None
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=0.03)


def test_the_same_scores_in_the_same_seeds_have_a_ratio_of_exactly_one() -> None:
    found = spread_ratio_interval(WIDE, WIDE, generator(), paired=True)
    assert found is not None
    assert (found.low, found.high) == (1.0, 1.0)


def test_samples_without_spread_give_an_interval_without_an_upper_end() -> None:
    found = spread_ratio_interval(WIDE[:3], NARROW[:3], generator(), paired=False)
    assert found is not None
    assert found.high == math.inf


def test_two_methods_without_spread_have_no_interval() -> None:
    assert spread_ratio_interval([0.5, 0.5], [0.7, 0.7], generator(), paired=True) is None


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
