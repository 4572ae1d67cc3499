"""Comparisons on different seeds against scipy and hand-worked numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from dpsrun.report.statistics import unpaired
from dpsrun.report.statistics.interval import wilson
from dpsrun.report.statistics.unpaired import (
    permutation_p,
    smallest_permutation_p,
    superiority,
    superiority_interval,
    welch_interval,
)

GROUP = st.lists(st.integers(-3, 3).map(float), min_size=1, max_size=5)
A, B = [0.7, 0.62, 0.66, 0.71], [0.6, 0.64, 0.55, 0.61, 0.59]


def generator() -> np.random.Generator:
    return np.random.default_rng(7)


def mean_difference(first: Any, second: Any, axis: int = -1) -> Any:
    return np.asarray(first.mean(axis=axis) - second.mean(axis=axis))


def test_the_p_agrees_with_scipys_permutation_test() -> None:
    """By its distribution: scipy doubles the smaller tail where we count both."""
    found = stats.permutation_test(
        (np.array(A), np.array(B)), mean_difference, vectorized=True, n_resamples=10**6
    )
    observed = abs(np.mean(A) - np.mean(B))
    expected = (np.abs(found.null_distribution) >= observed - 1e-12).mean()
    assert permutation_p(A, B, generator()) == pytest.approx(expected)


@given(GROUP, GROUP)
def test_the_p_does_not_mind_the_order_of_the_groups(
    first: list[float], second: list[float]
) -> None:
    p = permutation_p(first, second, generator())
    assert 0 < p <= 1
    assert permutation_p(second, first, generator()) == pytest.approx(p)


@pytest.mark.parametrize(("n", "p"), [(3, 0.1), (4, 2 / 70), (5, 2 / 252)])
def test_equal_groups_that_do_not_overlap_reach_the_smallest_p(n: int, p: float) -> None:
    low, high = [float(i) for i in range(n)], [100.0 + i for i in range(n)]
    assert smallest_permutation_p(n, n) == pytest.approx(p)
    assert permutation_p(low, high, generator()) == pytest.approx(p)


def test_unequal_groups_can_reach_half_of_that() -> None:
    assert smallest_permutation_p(1, 3) == 0.25
    assert permutation_p([9.0], [0.0, 1.0, 2.0], generator()) == 0.25


def test_groups_that_are_sampled_reach_no_less_than_one_in_the_draws() -> None:
    assert smallest_permutation_p(30, 30) == pytest.approx(1e-5, rel=1e-4)
    low, high = [float(i) for i in range(30)], [100.0 + i for i in range(30)]
    assert permutation_p(low, high, generator()) == smallest_permutation_p(30, 30)


def test_large_groups_are_sampled_near_the_exact_value(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = permutation_p(A, B, generator())
    monkeypatch.setattr(unpaired, "EXACT", 10)
    monkeypatch.setattr(unpaired, "DRAWS", 5_000)
    sampled = permutation_p(A, B, generator())
    assert sampled == pytest.approx(exact, abs=4 * (exact / 5_000) ** 0.5)
    assert permutation_p(A, B, generator()) == sampled


def test_a_sampled_p_is_over_every_draw_and_never_0(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpaired, "DRAWS", 2 * unpaired.BLOCK + 1)
    alike, low, high = [0.5] * 20, list(map(float, range(20))), list(map(float, range(100, 120)))
    assert permutation_p(alike, alike, generator()) == 1
    assert permutation_p(low, high, generator()) == pytest.approx(1 / (2 * unpaired.BLOCK + 2))


def test_an_empty_group_has_no_p() -> None:
    with pytest.raises(ValueError, match="empty"):
        permutation_p([], A, generator())


def test_welchs_interval() -> None:
    found = welch_interval(A, B)
    expected = stats.ttest_ind(A, B, equal_var=False).confidence_interval(0.95)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_welchs_interval_needs_two_runs_of_each() -> None:
    assert welch_interval([0.5], B) is None


def test_groups_without_spread_have_an_interval_without_width() -> None:
    found = welch_interval([2.0, 2.0], [1.0, 1.0])
    assert found is not None
    assert (found.low, found.high) == (1.0, 1.0)


def test_superiority_is_mann_whitneys_share() -> None:
    u = stats.mannwhitneyu(A, B).statistic
    assert superiority(A, B) == pytest.approx(u / (len(A) * len(B)))
    assert superiority([1.0], [1.0]) == 0.5


def test_the_interval_of_superiority_agrees_with_scipys_percentile_bootstrap() -> None:
    def share(first: Any, second: Any) -> float:
        return float(stats.mannwhitneyu(first, second).statistic) / (len(first) * len(second))

    numbers = np.random.default_rng(5)
    first, second = numbers.normal(0.5, 1, 12), numbers.normal(0, 1, 15)
    found = superiority_interval(first.tolist(), second.tolist(), generator())
    expected = stats.bootstrap(
        (first, second), share, method="percentile", vectorized=False, n_resamples=2_000, rng=5
    ).confidence_interval
    assert found is not None
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.02)


def test_where_one_group_wins_all_the_interval_is_wilsons_of_as_many_pairs() -> None:
    assert superiority_interval([0.9, 0.8, 0.7], [0.1, 0.2], generator()) == wilson(2, 2)
    assert superiority_interval([0.5] * 3, [0.5] * 4, generator()) == wilson(1.5, 3)
    assert superiority_interval([0.5, 0.6], [0.5, 0.4], generator()) == wilson(1.75, 2)
