"""Noise of the evaluation set: metrics on counts, and their spread, against the slow way."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from dpsrun.report.statistics import examples
from dpsrun.report.statistics.counted import METRICS
from dpsrun.report.statistics.examples import example_noise
from dpsrun.tasks import metrics as plain

NUMBERS = np.random.default_rng(4)
LABELS = NUMBERS.integers(0, 2, 60)
GUESSES = np.where(NUMBERS.random(60) < 0.7, LABELS, 1 - LABELS)
SCORES = np.round(NUMBERS.normal(size=60), 1)
GUESSED_SCORES = np.round(SCORES + NUMBERS.normal(size=60), 1)


def pair(metric: str) -> tuple[np.ndarray, np.ndarray]:
    scored = metric in {"pearson", "spearman"}
    return (SCORES, GUESSED_SCORES) if scored else (LABELS, GUESSES)


def test_all_metrics_of_the_tasks_are_known() -> None:
    assert METRICS.keys() == plain.METRICS.keys()


@pytest.mark.parametrize("metric", METRICS)
def test_a_metric_on_counts_is_that_of_the_drawn_examples(metric: str) -> None:
    labels, guesses = pair(metric)
    drawn = NUMBERS.integers(0, 60, (40, 60))
    counts = np.stack([np.bincount(rows, minlength=60) for rows in drawn]).astype(np.float64)
    expected = [plain.METRICS[metric](labels[rows], guesses[rows]) for rows in drawn]
    assert METRICS[metric](labels, guesses, counts) == pytest.approx(expected)


@pytest.mark.parametrize("metric", ["f1", "matthews"])
def test_a_sample_of_one_class_alone_has_the_score_of_the_convention(metric: str) -> None:
    labels, guesses = np.array([0, 0, 1]), np.array([0, 0, 1])
    assert METRICS[metric](labels, guesses, np.array([[2.0, 1.0, 0.0]])).tolist() == [0.0]


@pytest.mark.parametrize("metric", ["pearson", "spearman"])
def test_a_constant_sample_has_no_correlation(metric: str) -> None:
    labels, guesses = np.array([1.0, 2.0, 3.0]), np.array([1.0, 5.0, 2.0])
    assert np.isnan(METRICS[metric](labels, guesses, np.array([[3.0, 0.0, 0.0]])))[0]


@pytest.mark.parametrize("metric", ["pearson", "spearman"])
@pytest.mark.parametrize("constant", [0, 1], ids=["labels", "predictions"])
def test_a_side_that_is_constant_in_a_sample_has_no_correlation(metric: str, constant: int) -> None:
    """Three examples of one value, which no sum of thirds of tenths gives exactly."""
    sides = [np.array([0.1, 0.1, 0.7]), np.array([0.3, 0.9, 0.2])]
    first, second = sides if constant == 0 else reversed(sides)
    counts = np.array([[1.0, 2.0, 0.0], [1.0, 1.0, 1.0]])
    found = METRICS[metric](first, second, counts)
    assert np.isnan(found).tolist() == [True, False]


@pytest.mark.parametrize("metric", ["pearson", "spearman"])
@pytest.mark.parametrize("spread", [1e-3, 1e-6])
def test_predictions_that_are_nearly_constant_still_correlate(metric: str, spread: float) -> None:
    """A regression that has learnt next to nothing: all its scores are about 2.5."""
    guesses = (2.5 + spread * GUESSED_SCORES).astype(np.float32)
    assert len(np.unique(guesses)) > 5
    drawn = np.random.default_rng(3).integers(0, 60, (20, 60))
    counts = np.stack([np.bincount(rows, minlength=60) for rows in drawn]).astype(np.float64)
    expected = [plain.METRICS[metric](SCORES[rows], guesses[rows]) for rows in drawn]
    assert METRICS[metric](SCORES, guesses, counts) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("metric", ["pearson", "spearman"])
def test_many_ties_are_ranked_as_in_the_drawn_examples(metric: str) -> None:
    labels, guesses = np.round(SCORES), np.round(GUESSED_SCORES)
    drawn = np.random.default_rng(4).integers(0, 60, (20, 60))
    counts = np.stack([np.bincount(rows, minlength=60) for rows in drawn]).astype(np.float64)
    expected = [plain.METRICS[metric](labels[rows], guesses[rows]) for rows in drawn]
    assert METRICS[metric](labels, guesses, counts) == pytest.approx(expected)


def test_the_noise_of_accuracy_is_binomial() -> None:
    share = float((LABELS == GUESSES).mean())
    found = example_noise(["accuracy"], LABELS, [GUESSES], np.random.default_rng(1))
    assert found is not None
    assert found.of_a_run == pytest.approx((share * (1 - share) / 60) ** 0.5, rel=0.08)
    assert found.of_the_mean == found.of_a_run


def test_runs_that_err_on_the_same_examples_do_not_average_the_noise_away() -> None:
    alike = example_noise(["accuracy"], LABELS, [GUESSES] * 4, np.random.default_rng(1))
    assert alike is not None
    assert alike.of_the_mean == pytest.approx(alike.of_a_run)
    apart = [np.where(NUMBERS.random(60) < 0.7, LABELS, 1 - LABELS) for _ in range(4)]
    other = example_noise(["accuracy"], LABELS, apart, np.random.default_rng(1))
    assert other is not None
    assert other.of_the_mean < 0.7 * other.of_a_run


def test_a_score_of_two_metrics_against_the_slow_bootstrap() -> None:
    generator = np.random.default_rng(9)
    slow = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(1_000):
            rows = generator.integers(0, 60, 60)
            found = plain.compare(["pearson", "spearman"], SCORES[rows], GUESSED_SCORES[rows])
            slow.append(np.mean([value for value in found.values() if value is not None]))
    noise = example_noise(["pearson", "spearman"], SCORES, [GUESSED_SCORES], generator)
    assert noise is not None
    assert noise.of_a_run == pytest.approx(np.std(slow), rel=0.1)


def test_parts_give_the_numbers_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = example_noise(["matthews"], LABELS, [GUESSES], np.random.default_rng(1))
    monkeypatch.setattr(examples, "ENTRIES", 50)
    assert example_noise(["matthews"], LABELS, [GUESSES], np.random.default_rng(1)) == whole


def test_a_correlation_that_is_undefined_in_a_sample_has_no_noise() -> None:
    labels, guesses = np.array([1.0, 1.0, 2.0]), np.array([1.0, 1.0, 2.0])
    assert example_noise(["pearson"], labels, [guesses], np.random.default_rng(1)) is None
