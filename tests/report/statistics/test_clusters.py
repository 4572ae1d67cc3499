"""Runs that share seeds, against hand-worked numbers and simulated studies."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from scipy import stats

from dpsrun.report.statistics.clusters import Estimate, clusters, estimate

TABLE = np.array([[0.61, 0.64, 0.70], [0.55, 0.57, 0.60]])
"""Scores of two heads, each with three orders."""

CELLS = list(product(range(2), range(3)))


def test_streams_that_all_or_none_share_make_no_clusters() -> None:
    assert clusters([(0, 0), (1, 0), (2, 0)]) == []
    assert clusters([(0, 5), (1, 6), (2, 7)]) == []
    assert clusters([]) == []


def test_heads_and_orders_that_are_crossed_are_clusters() -> None:
    assert clusters(CELLS) == [(0, 0, 0, 1, 1, 1), (0, 1, 2, 0, 1, 2)]
    assert clusters([(head, order, head) for head, order in CELLS]) == clusters(CELLS)


def test_the_error_of_a_whole_table_is_that_of_the_means_of_its_rows_and_of_its_columns() -> None:
    found = estimate(TABLE.flatten().tolist(), clusters(CELLS))
    rows, columns = (TABLE.mean(axis=axis) for axis in (1, 0))
    assert found.value == pytest.approx(TABLE.mean())
    assert found.error == pytest.approx(math.hypot(stats.sem(rows), stats.sem(columns)))
    assert found.freedom == 1


def test_of_one_stream_the_means_of_its_clusters_are_the_draws() -> None:
    found = estimate(TABLE.flatten().tolist(), clusters(CELLS)[:1])
    expected = stats.ttest_1samp(TABLE.mean(axis=1), 0)
    ends = expected.confidence_interval(0.95)
    assert found.p == pytest.approx(expected.pvalue)
    assert (found.interval.low, found.interval.high) == pytest.approx((ends.low, ends.high))


def test_values_that_agree_have_no_error_and_the_p_of_so_many_signs() -> None:
    assert estimate([0.1] * 6, clusters(CELLS)).error == 0
    assert estimate([0.1] * 6, clusters(CELLS)).p == 0.5  # two heads
    assert estimate([0.0] * 6, clusters(CELLS)).p == 1


def test_sums_of_clusters_that_cancel_out_are_no_certainty() -> None:
    """Each head and each order has a win and a loss: independent runs say more than they do."""
    values = [0.02, -0.02, -0.02, 0.02]
    found = estimate(values, clusters(list(product(range(2), repeat=2))))
    assert found.error == pytest.approx(stats.sem(values))
    assert (found.value, found.p) == (0, 1)


def test_without_shared_seeds_it_is_students() -> None:
    values = TABLE.flatten().tolist()
    found, expected = estimate(values), stats.ttest_1samp(values, 0)
    assert found.p == pytest.approx(expected.pvalue)
    assert found.freedom == 5


def test_one_large_cluster_leaves_few_degrees_of_freedom() -> None:
    """Ten seeds, one of which has ten more orders: 20 * 20 // (11 * 11 + 9) = 3 that weigh."""
    heads = [0] * 11 + list(range(1, 10))
    (shared,) = clusters([(head, order) for order, head in enumerate(heads)])
    assert estimate([float(n % 7) for n in range(20)], [shared]).freedom == 2


def test_a_difference_has_the_errors_of_both_means() -> None:
    found = Estimate(0.7, 0.03, 4) - Estimate(0.6, 0.04, 2)
    assert (found.value, found.error, found.freedom) == pytest.approx((0.1, 0.05, 2))


@pytest.mark.parametrize(("heads", "orders"), [(3, 4), (5, 5), (10, 2)])
@pytest.mark.parametrize("effects", [(1, 1, 1), (1, 0, 0.2), (0, 0, 1)])
def test_nothing_is_found_in_more_than_5_of_100_studies_of_nothing(
    heads: int, orders: int, effects: tuple[float, float, float]
) -> None:
    """A sign flip of all differences would find something in every fourth."""
    numbers, cells = np.random.default_rng(11), list(product(range(heads), range(orders)))
    shared, found = clusters(cells), 0
    for _ in range(500):
        of_head, of_order = numbers.normal(size=heads), numbers.normal(size=orders)
        values = [
            effects[0] * of_head[i] + effects[1] * of_order[j] + effects[2] * numbers.normal()
            for i, j in cells
        ]
        found += estimate(values, shared).p < 0.05
    assert found <= 0.075 * 500  # 5 in 100, and what 500 studies leave to chance
