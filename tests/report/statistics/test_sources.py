"""Sources of variance against hand-worked tables."""

from __future__ import annotations

import numpy as np
import pytest

from dpsrun.report.statistics.sources import variance_shares


def table(rows: list[list[float]]) -> dict[tuple[int, int], float]:
    return {(i, o): score for i, row in enumerate(rows) for o, score in enumerate(row)}


def test_scores_that_only_the_head_decides() -> None:
    found = variance_shares(table([[0.2, 0.2], [0.6, 0.6]]))
    assert found is not None
    assert (found.init, found.order, found.rest) == pytest.approx((1, 0, 0))


def test_an_interaction_is_explained_by_neither() -> None:
    found = variance_shares(table([[0.2, 0.6], [0.6, 0.2]]))
    assert found is not None
    assert (found.init, found.order, found.rest) == pytest.approx((0, 0, 1))


def test_by_hand_a_table_of_both() -> None:
    """Mean 4; rows 2 and 6, columns 3 and 5: sums of squares 16, 4 and 0 of 20."""
    found = variance_shares(table([[1, 3], [5, 7]]))
    assert found is not None
    assert (found.init, found.order, found.rest) == pytest.approx((0.8, 0.2, 0))
    assert found.total_sd == pytest.approx(np.std([1, 3, 5, 7], ddof=1))


def test_uneven_tables_by_sums_of_squares() -> None:
    scores = np.random.default_rng(0).normal(size=(4, 3))
    found = variance_shares(table(scores.tolist()))
    total = ((scores - scores.mean()) ** 2).sum()
    assert found is not None
    init = 3 * ((scores.mean(axis=1) - scores.mean()) ** 2).sum()
    order = 4 * ((scores.mean(axis=0) - scores.mean()) ** 2).sum()
    assert (found.init, found.order) == pytest.approx((init / total, order / total))
    assert found.init + found.order + found.rest == pytest.approx(1)


@pytest.mark.parametrize("rows", [[[1.0, 2.0]], [[1.0], [2.0]], [[1.0, 1.0], [1.0, 1.0]]])
def test_one_source_or_no_variance_cannot_be_parted(rows: list[list[float]]) -> None:
    assert variance_shares(table(rows)) is None


def test_a_table_with_a_gap_cannot_be_parted() -> None:
    scores = table([[1, 3], [5, 7]])
    del scores[1, 1]
    assert variance_shares(scores) is None
