from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpsrun.tasks.subset import stratified

LABELS = np.array([0] * 68 + [1] * 30 + [2] * 2)


def drawn(n: int, seed: int = 0) -> list[int]:
    """Count the classes of a draw from LABELS."""
    rows = stratified(LABELS, n, seed, regression=False)
    return [int((LABELS[rows] == name).sum()) for name in range(3)]


def test_classes_keep_their_shares_by_largest_remainder() -> None:
    assert drawn(50) == [34, 15, 1]
    assert drawn(60) == [41, 18, 1]  # 40.8, 18 and 1.2


def test_every_class_is_drawn_if_there_is_room() -> None:
    assert drawn(5) == [2, 2, 1]
    assert drawn(3) == [1, 1, 1]


def test_with_less_room_than_classes_the_largest_come_first() -> None:
    assert drawn(2) == [1, 1, 0]


def test_all_examples_may_be_drawn() -> None:
    assert stratified(LABELS, 100, 7, regression=False).tolist() == list(range(100))


@pytest.mark.parametrize("n", [0, 101])
def test_more_than_there_are_cannot_be_drawn(n: int) -> None:
    with pytest.raises(ValueError, match=f"cannot draw {n} of 100"):
        stratified(LABELS, n, 0, regression=False)


def test_the_draw_depends_on_the_seed_alone() -> None:
    first = stratified(LABELS, 20, 3, regression=False)
    np.random.default_rng(0).random(5)
    assert np.array_equal(first, stratified(LABELS, 20, 3, regression=False))
    assert not np.array_equal(first, stratified(LABELS, 20, 4, regression=False))


def test_the_draw_is_the_same_on_every_machine() -> None:
    rows = stratified(np.array([0, 1] * 10), 6, 1, regression=False)
    assert rows.tolist() == [0, 5, 7, 10, 11, 12]


def test_scores_keep_their_shares_over_five_equal_bins() -> None:
    scores = np.repeat(np.array([0.0, 1.5, 2.5, 3.5, 5.0], np.float32), [40, 20, 20, 10, 10])
    rows = stratified(scores, 10, 0, regression=True)
    assert np.unique(scores[rows], return_counts=True)[1].tolist() == [4, 2, 2, 1, 1]


@given(st.lists(st.integers(0, 4), min_size=1, max_size=60), st.data(), st.integers(0, 2**63 - 1))
def test_a_draw_is_ascending_without_repeats_and_near_the_shares(
    classes: list[int], data: st.DataObject, seed: int
) -> None:
    labels = np.array(classes)
    n = data.draw(st.integers(1, len(labels)))
    rows = stratified(labels, n, seed, regression=False)
    assert len(rows) == n
    assert (np.diff(rows) > 0).all()
    names, counts = np.unique(labels, return_counts=True)
    got = np.array([(labels[rows] == name).sum() for name in names])
    room_for_all = n >= len(names)
    assert (got >= 1).all() or not room_for_all
    assert (np.abs(got - counts * n / len(labels)) < len(names)).all()
