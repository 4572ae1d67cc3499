"""Comparisons on the same seeds against scipy, brute force and hand-worked numbers."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from dpsrun.report.statistics import paired
from dpsrun.report.statistics.interval import wilson
from dpsrun.report.statistics.paired import (
    Outcomes,
    improvement,
    sign_flip_p,
    smallest_sign_flip_p,
)

SCORES = st.lists(st.floats(-1, 1, allow_nan=False), min_size=1, max_size=8)


def generator() -> np.random.Generator:
    return np.random.default_rng(7)


def brute_force(differences: list[float]) -> float:
    """Every sign by itself, in exact sums."""
    observed = abs(math.fsum(differences))
    sums = [
        abs(math.fsum(s * d for s, d in zip(signs, differences, strict=True)))
        for signs in product((1, -1), repeat=len(differences))
    ]
    slack = 1e-12 * math.fsum(map(abs, differences))
    return sum(each >= observed - slack for each in sums) / len(sums)


@given(SCORES)
def test_the_p_of_a_mean_difference_goes_through_all_signs(differences: list[float]) -> None:
    assert sign_flip_p(differences, generator()) == brute_force(differences)


def test_it_agrees_with_scipys_permutation_test() -> None:
    differences = [0.012, -0.003, 0.02, 0.007, 0.011, -0.001, 0.004]
    found = stats.permutation_test(
        (np.array(differences),), np.mean, permutation_type="samples", n_resamples=10**6
    )
    assert sign_flip_p(differences, generator()) == pytest.approx(found.pvalue)


def test_by_hand_three_wins_of_three_have_p_one_quarter() -> None:
    assert sign_flip_p([1.0, 2.0, 3.0], generator()) == 0.25


def test_equal_differences_are_told_from_rounding() -> None:
    """0.1 + 0.2 and 0.3 are the same distance: the tie must count."""
    assert sign_flip_p([0.1, 0.2, -0.3], generator()) == 1.0


@pytest.mark.parametrize(("n", "p"), [(3, 0.25), (4, 0.125), (5, 0.0625), (6, 0.03125)])
def test_so_few_seeds_cannot_do_better(n: int, p: float) -> None:
    assert smallest_sign_flip_p(n) == p
    assert sign_flip_p([1.0 + i for i in range(n)], generator()) == p


def test_random_signs_cannot_show_less_than_one_in_them() -> None:
    many = [1.0] * 25
    assert smallest_sign_flip_p(25) == sign_flip_p(many, generator()) == 1 / (1 + paired.DRAWS)
    assert smallest_sign_flip_p(0) == 1, "where all pairs tie"


def test_many_seeds_are_sampled_near_the_exact_value(monkeypatch: pytest.MonkeyPatch) -> None:
    differences = list(np.random.default_rng(3).normal(0.5, 1, 12))
    exact = sign_flip_p(differences, generator())
    monkeypatch.setattr(paired, "EXACT", 5)
    sampled = sign_flip_p(differences, generator())
    assert sampled != exact
    assert sampled == pytest.approx(exact, abs=4 * math.sqrt(exact / paired.DRAWS))
    assert sign_flip_p(differences, generator()) == sampled


@given(SCORES)
def test_the_p_does_not_mind_which_method_comes_first(differences: list[float]) -> None:
    turned = [-d for d in differences]
    assert sign_flip_p(turned, generator()) == sign_flip_p(differences, generator())


def test_without_differences_there_is_no_p() -> None:
    with pytest.raises(ValueError, match="no differences"):
        sign_flip_p([], generator())


def test_outcomes_count_ties_half() -> None:
    found = Outcomes.of([0.5, 0.0, -0.1, 0.2])
    assert (found.wins, found.ties, found.losses) == (2, 1, 1)
    assert found.probability == 0.625


def test_the_interval_of_improvement_agrees_with_the_binomial() -> None:
    """Without ties the share of wins in a bootstrap sample is binomial."""
    differences = [1.0] * 5 + [-1.0] * 5
    found = improvement(differences, generator())
    assert found is not None
    expected = stats.binom(10, 0.5).ppf([0.025, 0.975]) / 10
    assert [found.low, found.high] == pytest.approx(expected.tolist())


def test_where_a_method_always_wins_the_interval_is_wilsons() -> None:
    """A bootstrap of three wins would show no uncertainty at all."""
    assert improvement([1.0, 2.0, 0.5], generator()) == wilson(3, 3)
    assert improvement([-1.0, -2.0], generator()) == wilson(0, 2)
    assert improvement([0.0, 0.0], generator()) == wilson(1, 2)


def test_a_tie_in_the_place_of_a_win_lowers_the_interval_of_improvement() -> None:
    wins, tied = (improvement([0.1] * 4 + [last], generator()) for last in (0.1, 0.0))
    assert tied == wilson(4.5, 5)
    assert wins is not None
    assert tied is not None
    assert tied.low < wins.low


def test_differences_of_nothing_do_not_count_as_seeds() -> None:
    """Of 30 pairs 25 tie: the other five are gone through, not drawn."""
    differences = [0.0] * 25 + [0.1, 0.2, 0.3, 0.15, 0.05]
    assert sign_flip_p(differences, generator()) == smallest_sign_flip_p(5)
    assert sign_flip_p([0.0] * 3, generator()) == 1
