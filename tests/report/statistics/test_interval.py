"""Intervals against scipy."""

from __future__ import annotations

import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from dpsrun.report.statistics.interval import (
    deviation,
    standard_error,
    t_interval,
    t_quantile,
    wilson,
)
from dpsrun.report.statistics.resampling import percentiles

VALUES = [0.61, 0.58, 0.66, 0.7, 0.52]


def test_the_t_interval_of_a_mean() -> None:
    found = t_interval(VALUES)
    expected = stats.ttest_1samp(VALUES, 0).confidence_interval(0.95)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


@pytest.mark.parametrize(("n", "half"), [(3, 2.48), (5, 1.24)])
def test_its_half_width_in_deviations_for_few_seeds(n: int, half: float) -> None:
    values = [float(i) for i in range(n)]
    found = t_interval(values)
    assert found is not None
    assert (found.high - found.low) / 2 / np.std(values, ddof=1) == pytest.approx(half, abs=0.005)


def test_the_quantiles_are_those_of_students_distribution() -> None:
    degrees = range(1, 201)
    expected = stats.t.ppf(0.975, degrees)
    assert [t_quantile(freedom) for freedom in degrees] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("freedom", [1.01, 1.5, 2.000001, 3.7, 8.25, 99.9, 1234.5])
def test_welchs_degrees_of_freedom_need_not_be_whole(freedom: float) -> None:
    assert t_quantile(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=1e-9)
    assert t_quantile(float(int(freedom))) == t_quantile(int(freedom)) > t_quantile(freedom)


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=12))
def test_the_deviation_is_the_samples(values: list[float]) -> None:
    assert deviation(values) == pytest.approx(statistics.stdev(values), rel=1e-9, abs=1e-15)


@given(st.floats(-1, 1), st.integers(2, 9))
def test_equal_values_deviate_by_exactly_nothing(value: float, n: int) -> None:
    assert deviation([value] * n) == 0


def test_the_standard_error() -> None:
    assert standard_error(VALUES) == pytest.approx(stats.sem(VALUES))


def test_one_value_has_neither() -> None:
    assert standard_error([0.5]) is None
    assert t_interval([0.5]) is None


@pytest.mark.parametrize(("count", "n"), [(0, 10), (3, 10), (10, 10), (1, 1), (37, 400)])
def test_wilsons_interval_of_a_share(count: int, n: int) -> None:
    found = wilson(count, n)
    expected = stats.binomtest(count, n).proportion_ci(method="wilson")
    assert found is not None
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_no_runs_have_no_share() -> None:
    assert wilson(0, 0) is None


def test_percentiles_may_be_infinite() -> None:
    found = percentiles(np.array([1.0] * 90 + [np.inf] * 10))
    assert (found.low, found.high) == (1.0, np.inf)
