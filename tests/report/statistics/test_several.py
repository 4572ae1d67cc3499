"""Corrections, pooled means and ranks against scipy, brute force and hand-worked numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from dpsrun.report.statistics.several import (
    holm,
    interquartile_interval,
    interquartile_mean,
    ranks,
)

MEANS = {"cola": 0.5, "rte": 0.6}
P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=8)


def test_holms_correction_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.6]) == [1.0, 1.0]
    assert holm([]) == []


@given(P_VALUES)
def test_corrected_values_keep_their_order_and_never_shrink(values: list[float]) -> None:
    found = holm(values)
    assert all(p <= corrected <= 1 for p, corrected in zip(values, found, strict=True))
    order = np.argsort(values, kind="stable")
    assert (np.diff(np.array(found)[order]) >= 0).all()


@pytest.mark.parametrize("n", [1, 3, 4, 7, 20])
def test_the_interquartile_mean_is_a_trimmed_mean(n: int) -> None:
    scores = np.random.default_rng(n).normal(size=n).tolist()
    assert interquartile_mean(scores) == pytest.approx(stats.trim_mean(scores, 0.25))


def test_its_interval_draws_each_tasks_runs_among_themselves() -> None:
    """Tasks without spread have an interval without width, however far they are apart."""
    found = interquartile_interval({"cola": [0.1] * 4, "rte": [0.9] * 4}, np.random.default_rng(1))
    assert found.low == found.high == pytest.approx(0.5)


def test_its_interval_agrees_with_a_bootstrap_by_hand() -> None:
    numbers = np.random.default_rng(2)
    tasks = {
        "cola": numbers.normal(0.5, 0.1, 10).tolist(),
        "rte": numbers.normal(0.6, 0.1, 10).tolist(),
    }
    samples = [numbers.choice(scores, (5_000, 10)) for scores in tasks.values()]
    drawn = stats.trim_mean(np.concatenate(samples, axis=1), 0.25, axis=1)
    found = interquartile_interval(tasks, np.random.default_rng(3))
    assert (found.low, found.high) == pytest.approx(
        tuple(np.quantile(drawn, [0.025, 0.975])), abs=0.004
    )


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 4).map(float), min_size=1))
def test_ranks_are_scipys_from_the_best_down(scores: dict[str, float]) -> None:
    expected = stats.rankdata([-score for score in scores.values()])
    assert list(ranks(scores).values()) == expected.tolist()
