"""Which entries are kept."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dpsrun.methods.dps.selection import average_, keep_, select


@settings(max_examples=100, deadline=None)
@given(
    rows=st.integers(1, 9),
    columns=st.integers(1, 9),
    drop=st.floats(0.001, 0.999),
    exact=st.booleans(),
    seed=st.integers(0, 99),
)
def test_the_best_k_are_kept_when_nothing_ties(
    *, rows: int, columns: int, drop: float, exact: bool, seed: int
) -> None:
    size = rows * columns
    order = torch.randperm(size, generator=torch.Generator().manual_seed(seed))
    score = order.double().view(rows, columns)
    mask = select(score, drop, exact=exact)
    k = math.ceil(size * (1 - drop))
    assert mask.dtype == torch.bool
    assert mask.shape == score.shape
    assert set(score[mask].tolist()) == set(map(float, range(size - k, size)))


def test_all_that_tie_are_kept_unless_k_is_exact() -> None:
    score = torch.tensor([[5.0, 1.0, 1.0], [1.0, 1.0, 0.0]])  # k = 3
    assert select(score, 0.5).tolist() == [[True, True, True], [True, True, False]]
    exact = select(score, 0.5, exact=True)
    assert int(exact.sum()) == 3
    assert exact[0, 0]
    assert not exact[1, 2]


def test_a_matrix_without_statistics_is_kept_whole_as_published() -> None:
    assert select(torch.zeros(4, 5), 0.3).all()


@pytest.mark.parametrize(
    ("us", "factors"),
    [
        (49, [1.0, 1.0, 1 / 10]),
        (50, [math.exp(-1 / 50), math.exp(-1 / 50), math.exp(-10 / 50) / 10]),
    ],
)
def test_sums_are_averaged_and_from_fifty_steps_on_frequent_columns_pay(
    us: int, factors: list[float]
) -> None:
    # Counts 0, 1 and 10; a column that was never trained counts as trained once.
    gam = torch.tensor([[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]], dtype=torch.float64)
    score = average_(gam, torch.tensor([0, 1, 10], dtype=torch.int32), us)
    expected = torch.tensor(factors, dtype=torch.float64)
    torch.testing.assert_close(score, torch.stack([expected, 2 * expected]))
    assert score is gam


@pytest.mark.parametrize("shape", [(3,), (2, 3)])
def test_keeping_multiplies_by_a_mask_of_row_or_matrix_shape(shape: tuple[int, ...]) -> None:
    mask = torch.tensor([True, False, True]).expand(shape).contiguous()
    assert keep_(torch.ones(2, 3), mask).tolist() == [[1, 0, 1], [1, 0, 1]]
