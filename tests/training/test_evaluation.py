"""The scores of either half of the examples, and what a report reads of an evaluation."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import numpy as np
import pytest

from dpsrun.report.predictions import read_predictions
from dpsrun.tasks import metrics
from dpsrun.tasks.encoded import Encoded
from dpsrun.tasks.registry import find
from dpsrun.training.evaluation import Outputs, halves
from dpsrun.training.files import write_predictions
from tests.training.builder import examples

RTE, MNLI, STSB = (find(name) for name in ("rte", "mnli", "stsb"))

COUNT = 50


def split(rows: list[int] | None = None, *, classes: int = 2, seed: int = 5) -> Encoded:
    """Make examples that have these rows in their data set."""
    data = examples(COUNT if rows is None else len(rows), classes=classes, seed=seed)
    return data if rows is None else replace(data, index=np.array(rows))


def logits(data: Encoded, *, classes: int = 2, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(len(data), classes)).astype(np.float32)


def in_half(rows: list[int], half: int) -> list[int]:
    return [row for row in rows if hashlib.sha256(str(row).encode()).digest()[0] % 2 == half]


def test_an_examples_row_decides_for_all_runs_which_half_it_is_in() -> None:
    data = split()
    guesses = logits(data).argmax(axis=1)
    expected = [
        float(np.mean(guesses[rows] == data.labels[rows]))
        for rows in (in_half(list(range(COUNT)), half) for half in (0, 1))
    ]
    found = halves(RTE, {"validation": data}, {"validation": logits(data)})
    assert found == pytest.approx(tuple(expected))
    assert found[0] != found[1]


def test_the_order_in_which_examples_are_kept_does_not_matter() -> None:
    data, values = split(), logits(split())
    order = np.random.default_rng(3).permutation(COUNT)
    shuffled = replace(data, labels=data.labels[order], index=order)
    assert halves(RTE, {"validation": shuffled}, {"validation": values[order]}) == halves(
        RTE, {"validation": data}, {"validation": values}
    )


def test_both_halves_together_are_all_examples() -> None:
    data, values = split(), logits(split())
    sizes = [len(in_half(list(range(COUNT)), half)) for half in (0, 1)]
    found = halves(RTE, {"validation": data}, {"validation": values})
    right = sum(size * (share or 0) for size, share in zip(sizes, found, strict=True))
    assert right / COUNT == pytest.approx(metrics.score(RTE, data.labels, values)["accuracy"])
    assert min(sizes) > COUNT / 3


def test_two_splits_are_halved_each_and_averaged() -> None:
    names = MNLI.evaluation
    splits = {name: split(classes=3, seed=seed) for seed, name in enumerate(names)}
    outputs: Outputs = {name: logits(data, classes=3) for name, data in splits.items()}
    apart = [
        halves(replace(MNLI, evaluation=(name,)), {name: splits[name]}, {name: outputs[name]})
        for name in names
    ]
    found = halves(MNLI, splits, outputs)
    assert found == tuple(fmean(map(float, of_both)) for of_both in zip(*apart, strict=True))


@pytest.mark.parametrize("empty", [0, 1])
def test_a_half_without_examples_has_no_score(empty: int) -> None:
    data = split(in_half(list(range(COUNT)), 1 - empty))
    found = halves(RTE, {"validation": data}, {"validation": logits(data)})
    assert found[empty] is None
    assert found[1 - empty] == metrics.score(RTE, data.labels, logits(data))["accuracy"]


def test_a_half_of_equal_scores_has_no_correlation() -> None:
    data = split()
    rows = in_half(list(range(COUNT)), 0)
    scores = np.linspace(0, 5, COUNT, dtype=np.float32)
    scores[rows] = 2.5
    found = halves(STSB, {"validation": data}, {"validation": scores})
    assert found[0] is None
    assert found[1] is not None


def test_a_report_reads_the_predictions_that_an_attempt_wrote(tmp_path: Path) -> None:
    order = np.random.default_rng(3).permutation(COUNT)
    data = replace(split(), index=order)
    last, best = logits(data, seed=1), logits(data, seed=2)
    path = tmp_path / "predictions.parquet"
    outputs = {"last": {"validation": last}, "best": {"validation": best}}
    write_predictions(path, outputs, {"validation": data})
    for selection, values in (("last", last), ("best", best)):
        found = read_predictions(path, "validation", selection)
        assert found.labels[order].tolist() == data.labels.tolist()
        assert found.guesses[order].tolist() == values.argmax(axis=1).tolist()
