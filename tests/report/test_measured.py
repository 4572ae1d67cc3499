"""Every document names the metrics that its scores are of, in the words of papers."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from dpsrun.report.analysis.measured import Measure, measures
from dpsrun.report.findings import Wishes, find
from dpsrun.report.formats.comparisons_page import comparisons
from dpsrun.report.formats.latex import latex
from dpsrun.report.formats.markdown import stability
from dpsrun.report.formats.measures import in_short, measured
from dpsrun.report.formats.record import record
from dpsrun.report.notes import notes
from dpsrun.report.read import Report
from dpsrun.runs.spec import Places
from dpsrun.runs.store import Store
from dpsrun.tasks.declared import declaration
from dpsrun.tasks.task import OWN, Task
from tests.report.builder import make_grid, make_results, make_run, report_of, write_manifest
from tests.report.test_noise import LABELS, path_of, right, rows, run


def report(root: Path, *tasks: str) -> Report:
    return report_of(make_results(root, {(task, "vanilla", 0): 0.6 for task in tasks}))


@pytest.mark.parametrize(
    ("task", "words"),
    [
        ("rte", "rte accuracy"),
        ("cola", "cola Matthews correlation"),
        ("mrpc", "mrpc mean of accuracy and F1"),
        ("stsb", "stsb mean of Pearson correlation and Spearman correlation"),
        ("mnli", "mnli accuracy over validation_matched and validation_mismatched"),
    ],
)
def test_a_task_is_named_with_the_metrics_and_splits_whose_mean_its_score_is(
    tmp_path: Path, task: str, words: str
) -> None:
    assert measured(measures(report(tmp_path, task))) == words


def test_a_task_of_another_installation_is_left_out(tmp_path: Path) -> None:
    assert measured(measures(report(tmp_path, "elsewhere", "rte"))) == "rte accuracy"


def test_a_task_of_the_grid_file_has_the_metrics_that_it_declares(tmp_path: Path) -> None:
    store = make_grid(tmp_path, [])
    run = make_run(("reviews", "vanilla", 0))
    task = Task("reviews", OWN, "reviews", "", ("text",), ("bad", "good"), ("f1",), ("f1",))
    declared = {"reviews": declaration(task)}
    store.order(run, Places(model="model", tokens="tokens"), declared)
    write_manifest(store, "demo", [run])
    assert measured(measures(report_of(store))) == "reviews F1"


def test_a_caption_names_each_measure_once() -> None:
    found = [
        Measure("rte", ["accuracy"], ["validation"], 277),
        Measure("cola", ["matthews"], ["validation"], None),
        Measure("qnli", ["accuracy"], ["validation"], None),
    ]
    assert in_short(found) == "accuracy (rte, qnli), Matthews correlation (cola)"
    assert in_short(found[::2]) == "accuracy"
    assert measured(found) == (
        "rte accuracy (277 examples); cola Matthews correlation; qnli accuracy"
    )


def with_predictions(root: Path) -> Store:
    store = make_grid(root, [(run(seed), 0.7 + seed / 10, {}) for seed in range(2)])
    for seed in range(2):
        pq.write_table(rows(LABELS, right(0.7)), path_of(store, run(seed)))
    return store


def test_every_document_says_what_was_measured_and_on_how_many_examples(tmp_path: Path) -> None:
    store = with_predictions(tmp_path)
    found = find(store, report_of(store), Wishes())
    words = "rte accuracy (400 examples)"
    told = record(found)
    assert told["tasks"] == [
        {"name": "rte", "metrics": ["accuracy"], "splits": ["validation"], "examples": 400}
    ]
    assert f"scores: {words}." in told["notes"]
    assert f"- scores: {words}." in stability(found.report, told=told["notes"])
    assert f"Scores after the last epoch. Their metrics: {words}." in comparisons(found)
    assert "tiny, full. Scores: accuracy." in latex(found)


def test_examples_are_not_counted_where_no_predictions_are_read(tmp_path: Path) -> None:
    store = with_predictions(tmp_path)
    found = find(store, report_of(store), Wishes(bootstrap=False))
    assert [each.examples for each in found.measures] == [None]
    assert "scores: rte accuracy." in notes(found.report)
