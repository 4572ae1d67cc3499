from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from dpsrun.runs.result import Metrics
from dpsrun.tasks.metrics import degenerate, majority, primary, score
from dpsrun.tasks.registry import find

COLA, MRPC, RTE, STSB, MNLI = map(find, ("cola", "mrpc", "rte", "stsb", "mnli"))


def logits(predictions: list[int], classes: int = 2) -> NDArray[np.float32]:
    """Logits whose largest entry is at the predicted class."""
    return np.eye(classes, dtype=np.float32)[predictions]


LABELS = np.array([1, 1, 1, 0, 0, 1, 0, 1])
PREDICTED = [1, 1, 0, 0, 1, 1, 0, 1]
"""Four true positives, two true negatives, one false positive, one false negative."""


def test_mrpc_has_accuracy_and_f1_of_the_equivalent_class() -> None:
    found = score(MRPC, LABELS, logits(PREDICTED))
    assert found == pytest.approx({"accuracy": 6 / 8, "f1": 2 * 4 / (2 * 4 + 1 + 1)})


def test_cola_has_matthews_correlation_and_keeps_the_accuracy() -> None:
    found = score(COLA, LABELS, logits(PREDICTED))
    by_hand = (4 * 2 - 1 * 1) / math.sqrt((4 + 1) * (4 + 1) * (2 + 1) * (2 + 1))
    assert found == pytest.approx({"matthews": by_hand, "accuracy": 6 / 8})


def test_stsb_has_pearson_and_spearman() -> None:
    labels = np.array([0.0, 1.0, 2.0, 5.0], np.float32)
    found = score(STSB, labels, np.array([0.0, 2.0, 1.0, 9.0], np.float32))
    # deviations (-2,-1,0,3) and (-3,-1,-2,6): 25 / sqrt(14 * 50); ranks differ by (0,1,1,0)
    assert found == pytest.approx({"pearson": 25 / math.sqrt(700), "spearman": 1 - 6 * 2 / 60})


def test_three_classes_are_told_by_the_largest_logit() -> None:
    assert score(MNLI, np.array([0, 1, 2, 2]), logits([0, 1, 2, 0], 3)) == {"accuracy": 0.75}


def test_equal_scores_share_their_rank() -> None:
    labels = np.array([1.0, 1.0, 2.0, 3.0], np.float32)
    same = score(STSB, labels, np.array([5.0, 5.0, 6.0, 7.0], np.float32))
    assert same["spearman"] == pytest.approx(1.0)


@pytest.mark.parametrize(("always", "f1"), [(0, 0.0), (1, 2 * 5 / (2 * 5 + 3))])
def test_a_constant_classifier_has_no_matthews_correlation(always: int, f1: float) -> None:
    outputs = logits([always] * 8)
    assert score(COLA, LABELS, outputs)["matthews"] == 0.0
    assert score(MRPC, LABELS, outputs)["f1"] == pytest.approx(f1)


def test_labels_of_one_class_have_no_matthews_correlation() -> None:
    assert score(COLA, np.zeros(4, int), logits([0, 0, 0, 0])) == {"matthews": 0.0, "accuracy": 1.0}


def test_a_constant_regressor_has_undefined_correlations() -> None:
    labels = np.array([0.0, 1.0, 2.0], np.float32)
    constant = np.full(3, 2.5, np.float32)
    undefined = {"pearson": None, "spearman": None}
    assert score(STSB, labels, constant) == undefined
    assert score(STSB, constant, labels) == undefined
    assert score(STSB, labels[:1], labels[:1]) == undefined


def test_a_nearly_constant_regressor_is_scored_without_a_warning() -> None:
    labels = np.array([0.0, 1.0, 2.0])
    found = score(STSB, labels, 2.5 + np.array([0.0, 1e-15, 2e-15]))
    assert found["spearman"] == pytest.approx(1.0)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_an_output_that_is_not_finite_never_counts_as_a_class(bad: float) -> None:
    outputs = logits(PREDICTED)
    outputs[3, 1] = bad
    with pytest.raises(ValueError, match="not finite"):
        score(MRPC, LABELS, outputs)


@pytest.mark.parametrize("shape", [(7, 2), (8, 3), (8,)])
def test_outputs_of_a_wrong_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"expected \(8, 2\)"):
        score(MRPC, LABELS, np.zeros(shape))


def test_no_examples_have_no_score() -> None:
    with pytest.raises(ValueError, match="mrpc"):
        score(MRPC, np.zeros(0, int), np.zeros((0, 2)))


def test_the_primary_score_averages_pairs_of_metrics() -> None:
    assert primary(MRPC, {"validation": {"accuracy": 0.6, "f1": 0.8}}) == pytest.approx(0.7)


def test_the_primary_score_of_cola_is_matthews_alone() -> None:
    assert primary(COLA, {"validation": {"matthews": 0.3, "accuracy": 0.9}}) == 0.3


def test_the_primary_score_averages_the_splits_of_mnli() -> None:
    found: dict[str, Metrics] = {
        "validation_matched": {"accuracy": 0.5},
        "validation_mismatched": {"accuracy": 0.7},
    }
    assert primary(MNLI, found) == pytest.approx(0.6)


def test_the_primary_score_is_undefined_where_a_part_of_it_is() -> None:
    assert primary(STSB, {"validation": {"pearson": None, "spearman": 0.4}}) is None


def test_the_majority_is_the_share_of_the_most_frequent_class() -> None:
    assert majority(MRPC, LABELS) == 5 / 8
    assert majority(STSB, np.array([1.0, 1.0])) is None


@pytest.mark.parametrize(("accuracy", "failed"), [(0.6, True), (0.625, True), (0.626, False)])
def test_a_classifier_has_failed_that_is_no_better_than_the_majority(
    accuracy: float,
    failed: bool,  # noqa: FBT001 (a column of the table above)
) -> None:
    found: dict[str, Metrics] = {"validation": {"matthews": 0.4, "accuracy": accuracy}}
    assert degenerate(COLA, found, {"validation": 0.625}) is failed


@pytest.mark.parametrize(
    ("pearson", "failed"), [(None, True), (-0.1, True), (0.0, True), (0.1, False)]
)
def test_a_regressor_has_failed_without_a_positive_correlation(
    pearson: float | None,
    failed: bool,  # noqa: FBT001
) -> None:
    found: dict[str, Metrics] = {"validation": {"pearson": pearson, "spearman": 0.5}}
    assert degenerate(STSB, found, {"validation": None}) is failed


def test_a_run_has_failed_only_if_every_split_says_so() -> None:
    found: dict[str, Metrics] = {
        "validation_matched": {"accuracy": 0.3},
        "validation_mismatched": {"accuracy": 0.6},
    }
    floors = {"validation_matched": 0.4, "validation_mismatched": 0.4}
    assert not degenerate(MNLI, found, floors)


@given(st.lists(st.integers(0, 1), min_size=1, max_size=300))
def test_predicting_the_majority_class_always_counts_as_failed(classes: list[int]) -> None:
    labels = np.array(classes)
    outputs = logits([int(labels.mean() > 0.5)] * len(labels))
    found = {"validation": score(RTE, labels, outputs)}
    assert degenerate(RTE, found, {"validation": majority(RTE, labels)})
