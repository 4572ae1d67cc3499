"""Scores with GLUE's definitions, safe for predictors that say the same for everything.

Outputs are a head's own: logits `[examples, classes]`, or scores `[examples]` for regression.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from sklearn import metrics as sklearn_metrics

from dpsrun.runs.result import Metrics
from dpsrun.tasks.task import Task

Array = NDArray[Any]


def score(task: Task, labels: Array, outputs: Array) -> Metrics:
    """Compute the task's metrics for one split.

    Raises:
        ValueError: if an output is not finite (it must never count as a class), or the shapes
            do not fit the task.
    """
    _check(task, labels, outputs)
    return compare(task.metrics, labels, outputs if task.regression else outputs.argmax(axis=1))


def compare(names: Iterable[str], labels: Array, predictions: Array) -> Metrics:
    """Compute the named metrics of predicted classes or scores, each `[examples]`."""
    return {name: METRICS[name](labels, predictions) for name in names}


def primary(task: Task, metrics: Mapping[str, Metrics]) -> float | None:
    """Average the primary metrics of each split, then the splits; None if any is undefined.

    GLUE averages pairs of metrics, and MNLI's two evaluation splits, in this way.
    """
    values = [mean(task, metrics[split]) for split in task.evaluation]
    defined = [value for value in values if value is not None]
    return fmean(defined) if defined == values else None


def mean(task: Task, found: Metrics) -> float | None:
    """Average the primary metrics of one split; None if any is undefined."""
    values = [found[name] for name in task.primary]
    defined = [value for value in values if value is not None]
    return fmean(defined) if defined == values else None


def majority(task: Task, labels: Array) -> float | None:
    """Give the share of the most frequent class among `labels`; None for regression."""
    if task.regression:
        return None
    return float(np.bincount(labels).max() / len(labels))


def degenerate(
    task: Task, metrics: Mapping[str, Metrics], majorities: Mapping[str, float | None]
) -> bool:
    """Say whether a run has learnt nothing, by its last evaluation, on every evaluation split.

    Mosbach et al. 2021 (arXiv 2006.04884, section 3.2): the accuracy at the end of training is at
    most that of the majority class. For regression, where there is no such class, it is our own
    rule: Pearson's correlation is undefined or not positive.
    """
    return all(_learnt_nothing(metrics[split], majorities[split]) for split in task.evaluation)


def _learnt_nothing(metrics: Metrics, floor: float | None) -> bool:
    value = metrics["pearson" if floor is None else "accuracy"]
    return value is None or value <= (floor or 0.0)


def _check(task: Task, labels: Array, outputs: Array) -> None:
    shape = (len(labels),) if task.regression else (len(labels), task.outputs)
    if not len(labels) or outputs.shape != shape:
        raise ValueError(f"{task.name}: outputs of shape {outputs.shape}, expected {shape}")
    if not np.isfinite(outputs).all():
        raise ValueError(f"{task.name}: some outputs are not finite")


def _accuracy(labels: Array, predictions: Array) -> float:
    return float(sklearn_metrics.accuracy_score(labels, predictions))


def _f1(labels: Array, predictions: Array) -> float:
    """Score class 1 as the positive one; 0 where it is neither there nor predicted."""
    return float(sklearn_metrics.f1_score(labels, predictions, zero_division=0.0))


def _matthews(labels: Array, predictions: Array) -> float:
    """Correlate two classes; 0 by convention where either side is constant."""
    if _constant(labels) or _constant(predictions):
        return 0.0
    return float(sklearn_metrics.matthews_corrcoef(labels, predictions))


def _pearson(labels: Array, predictions: Array) -> float | None:
    return _correlation(stats.pearsonr, labels, predictions)


def _spearman(labels: Array, predictions: Array) -> float | None:
    return _correlation(stats.spearmanr, labels, predictions)


def _correlation(measure: Callable[..., Any], labels: Array, predictions: Array) -> float | None:
    """Correlate in double precision; None where one side is constant."""
    if _constant(labels) or _constant(predictions):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", stats.NearConstantInputWarning)
        value = float(measure(labels.astype(np.float64), predictions.astype(np.float64)).statistic)
    return value if np.isfinite(value) else None


def _constant(values: Array) -> bool:
    return bool((values == values[0]).all())


METRICS: dict[str, Callable[[Array, Array], float | None]] = {
    "accuracy": _accuracy,
    "f1": _f1,
    "matthews": _matthews,
    "pearson": _pearson,
    "spearman": _spearman,
}
"""Metric name -> function of labels and predictions, each `[examples]`."""
