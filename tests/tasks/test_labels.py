"""One model is scored on sets of other tasks, in classes that both know."""

from __future__ import annotations

import pytest

from dpsrun.errors import UserError
from dpsrun.tasks.labels import label_map
from dpsrun.tasks.registry import find


def test_three_classes_become_two_where_the_set_has_two() -> None:
    found = label_map(find("mnli"), find("rte"))
    assert found.classes == ("entailment", "not_entailment")
    assert found.predicted == (0, 1, 1)
    assert found.labelled == (0, 1)


def test_a_model_of_two_classes_has_the_labels_of_three_renamed() -> None:
    found = label_map(find("rte"), find("mnli"))
    assert found.classes == ("entailment", "not_entailment")
    assert found.predicted == (0, 1)
    assert found.labelled == (0, 1, 1)


def test_classes_are_matched_by_name_and_not_by_number() -> None:
    assert find("wnli").labels == tuple(reversed(find("rte").labels))
    found = label_map(find("wnli"), find("rte"))
    assert found.classes == find("rte").labels
    assert found.predicted == (1, 0)
    assert found.labelled == (0, 1)


def test_the_same_classes_stay_what_they_are() -> None:
    found = label_map(find("mnli"), find("mnli"))
    assert found.classes == find("mnli").labels
    assert found.predicted == found.labelled == (0, 1, 2)


def test_scores_on_one_scale_go_together() -> None:
    assert label_map(find("stsb"), find("mini-stsb")).classes == ()


@pytest.mark.parametrize(("trained", "other"), [("rte", "cola"), ("stsb", "rte"), ("cola", "stsb")])
def test_what_does_not_fit_is_refused_with_the_classes_of_both(trained: str, other: str) -> None:
    with pytest.raises(UserError) as caught:
        label_map(find(trained), find(other))
    assert str(caught.value).startswith(f"a model of {trained} (")
    assert f" cannot be scored on {other} (" in str(caught.value)
