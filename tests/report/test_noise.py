"""How far scores would move with other examples: from stored predictions to standard errors."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from dpsrun.report.analysis.noise import CellNoise, noises
from dpsrun.report.findings import Wishes, find
from dpsrun.report.predictions import Archive, read_predictions
from dpsrun.runs.result import Result
from dpsrun.runs.spec import Run
from dpsrun.runs.store import Store
from tests.report.builder import Wanted, make_grid, make_run, report_of

Array = NDArray[Any]

EXAMPLES = 400
LABELS = np.random.default_rng(11).integers(0, 2, EXAMPLES)


def right(share: float, labels: Array = LABELS) -> Array:
    """Guess so many of the labels right."""
    return np.where(np.arange(len(labels)) < share * len(labels), labels, 1 - labels)


def rows(labels: Array, guesses: Array, split: str = "validation", selection: str = "last") -> Any:
    """Make the rows of a predictions file; they lie there as they were computed, not in order."""
    order = np.random.default_rng(2).permutation(len(labels))
    classes = guesses.dtype.kind == "i"
    outputs = np.eye(2)[guesses] if classes else guesses[:, None]
    return pa.table(
        {
            "selection": [selection] * len(labels),
            "split": [split] * len(labels),
            "index": order,
            "label": labels[order].astype(np.float64),
            "outputs": pa.array(list(outputs[order]), type=pa.list_(pa.float32())),
        }
    )


def run(seed: int = 0, task: str = "rte") -> Run:
    return make_run((task, "vanilla", seed))


def path_of(store: Store, run: Run) -> Path:
    result = store.result(run.id)
    assert isinstance(result, Result)
    return store.attempt_folder(run.id, result.attempt) / "predictions.parquet"


def store_of(root: Path, *tables: Any, task: str = "rte") -> Store:
    """Write a grid of runs with these predictions, seed by seed; None for one without."""
    runs = [run(seed, task) for seed in range(len(tables))]
    store = make_grid(root, ((each, 0.7, {}) for each in runs))
    for each, table in zip(runs, tables, strict=True):
        if table is not None:
            pq.write_table(table, path_of(store, each))
    return store


def noise(store: Store) -> tuple[tuple[CellNoise, ...], Archive]:
    archive = Archive(store, "last")
    return noises(report_of(store), archive), archive


def only(store: Store) -> CellNoise:
    ((found,), archive) = noise(store)
    assert archive.unread == []
    return found


def binomial(share: float, examples: int = EXAMPLES) -> float:
    return math.sqrt(share * (1 - share) / examples)


def test_predictions_are_read_in_the_order_of_their_examples(tmp_path: Path) -> None:
    others = [
        rows(LABELS, right(0.5), selection="best"),
        rows(LABELS[:9], right(0.5)[:9], split="test"),
    ]
    pq.write_table(pa.concat_tables([*others, rows(LABELS, right(0.8))]), tmp_path / "p.parquet")
    found = read_predictions(tmp_path / "p.parquet", "validation", "last")
    assert found.labels.tolist() == LABELS.tolist()
    assert found.guesses.tolist() == right(0.8).tolist()


def test_scores_are_read_as_they_are(tmp_path: Path) -> None:
    labels, scores = np.linspace(0, 5, 9), np.linspace(1, 4, 9, dtype=np.float32)
    pq.write_table(rows(labels, scores), tmp_path / "p.parquet")
    found = read_predictions(tmp_path / "p.parquet", "validation", "last")
    assert (found.labels.tolist(), found.guesses.tolist()) == (labels.tolist(), scores.tolist())


def test_the_noise_of_one_runs_accuracy_is_binomial(tmp_path: Path) -> None:
    found = only(store_of(tmp_path, rows(LABELS, right(0.8))))
    assert (found.method, found.task, found.examples) == ("vanilla", "rte", EXAMPLES)
    assert found.over_examples == pytest.approx(binomial(0.8), rel=0.08)
    assert found.of_the_mean == pytest.approx(found.over_examples)
    assert found.over_seeds is None


def test_the_noise_of_a_mean_is_that_of_examples_drawn_for_all_runs_at_once(tmp_path: Path) -> None:
    """The plain way: draw rows, score each run on them, and see how the mean moves."""
    numbers = np.random.default_rng(5)
    guesses = np.where(numbers.random((3, EXAMPLES)) < 0.75, LABELS, 1 - LABELS)
    drawn = numbers.integers(0, EXAMPLES, (2_000, EXAMPLES))
    scores = (guesses == LABELS)[:, drawn].mean(axis=2)
    found = only(store_of(tmp_path, *(rows(LABELS, guess) for guess in guesses)))
    assert found.over_examples == pytest.approx(scores.std(axis=1).mean(), rel=0.08)
    assert found.of_the_mean == pytest.approx(scores.mean(axis=0).std(), rel=0.08)
    assert (found.runs, found.scored) == (3, 3)
    assert found.of_the_mean is not None
    assert found.of_the_mean < 0.75 * found.over_examples


def test_a_mean_of_runs_some_of_which_left_no_predictions_has_no_noise(tmp_path: Path) -> None:
    kept, *lost = [rows(LABELS, right(0.8)), None, None]
    (found,), archive = noise(store_of(tmp_path, kept, *lost))
    assert len(archive.unread) == len(lost)
    assert (found.runs, found.scored, found.of_the_mean) == (1, 3, None)
    assert found.over_examples == pytest.approx(binomial(0.8), rel=0.08)


def test_the_spread_over_seeds_stands_beside_it(tmp_path: Path) -> None:
    store = make_grid(tmp_path, [(run(seed), 0.6 + seed / 10, {}) for seed in range(3)])
    for seed in range(3):
        pq.write_table(rows(LABELS, right(0.8)), path_of(store, run(seed)))
    assert only(store).over_seeds == pytest.approx(0.1)


def test_the_score_is_the_tasks_own(tmp_path: Path) -> None:
    """Matthews' correlation of classes that are as frequent as each other is 2 x accuracy - 1."""
    labels = np.arange(EXAMPLES) % 2
    found = only(store_of(tmp_path, rows(labels, right(0.8, labels)), task="cola"))
    assert found.over_examples == pytest.approx(2 * binomial(0.8), rel=0.08)


def test_two_splits_have_examples_of_their_own(tmp_path: Path) -> None:
    few, many = LABELS[:100], LABELS
    matched = rows(few, right(0.6, few), split="validation_matched")
    mismatched = rows(many, right(0.9), split="validation_mismatched")
    both = pa.concat_tables([matched, mismatched])
    found = only(store_of(tmp_path, both, task="mnli"))
    assert found.examples == 500
    expected = math.hypot(binomial(0.6, 100), binomial(0.9)) / 2
    assert found.over_examples == pytest.approx(expected, rel=0.08)
    assert found.of_the_mean == pytest.approx(found.over_examples)


def test_a_split_without_predictions_leaves_the_cell_without_noise(tmp_path: Path) -> None:
    matched = rows(LABELS, right(0.8), split="validation_matched")
    found, archive = noise(store_of(tmp_path, matched, task="mnli"))
    assert found == ()
    assert [file.reason for file in archive.unread] == [
        "no predictions of validation_mismatched at the last epoch"
    ]


def other_columns(path: Path) -> None:
    pq.write_table(pa.table({"split": [1], "selection": [2]}), path)


def other_types(path: Path) -> None:
    table = pq.read_table(path)
    place = table.column_names.index("outputs")
    pq.write_table(table.set_column(place, "outputs", table["label"]), path)


@pytest.mark.parametrize(
    "damage",
    [
        Path.unlink,
        lambda path: path.write_bytes(path.read_bytes()[:-100]),
        lambda path: path.write_text("no table"),
        other_columns,
        other_types,
    ],
    ids=["gone", "torn", "another file", "other columns", "other types"],
)
def test_a_file_that_cannot_be_read_is_named_and_the_other_runs_tell(
    tmp_path: Path, damage: Any
) -> None:
    whole = rows(LABELS, right(0.8))
    alone = only(store_of(tmp_path / "alone", whole))
    store = store_of(tmp_path, whole, whole)
    damage(path_of(store, run(0)))
    (found,), archive = noise(store)
    assert (found.over_examples, found.examples) == (alone.over_examples, EXAMPLES)
    (unread,) = archive.unread
    assert store.root / unread.path == path_of(store, run(0))
    assert unread.reason
    assert str(tmp_path) not in unread.reason


def test_without_any_predictions_there_is_no_noise(tmp_path: Path) -> None:
    store = store_of(tmp_path, None, None)
    found, archive = noise(store)
    assert found == ()
    assert len(archive.unread) == 2
    assert find(store, report_of(store), Wishes()).unread == tuple(archive.unread)


@pytest.mark.parametrize("others", [LABELS[:-1], 1 - LABELS], ids=["fewer", "other labels"])
def test_runs_that_were_put_to_different_examples_have_no_common_noise(
    tmp_path: Path, others: Array
) -> None:
    tables = rows(LABELS, right(0.8)), rows(others, right(0.8, others))
    assert noise(store_of(tmp_path, *tables))[0] == ()


def test_the_best_epoch_has_its_own_predictions(tmp_path: Path) -> None:
    tables = [rows(LABELS, right(0.6)), rows(LABELS, right(0.95), selection="best")]
    store = store_of(tmp_path, pa.concat_tables(tables))
    (found,) = find(store, report_of(store), Wishes(selection="best")).noises
    assert found.over_examples == pytest.approx(binomial(0.95), rel=0.08)


@pytest.mark.parametrize("end", ["diverged", "oom", (None, None), None])
def test_runs_without_a_score_are_not_asked_for_predictions(tmp_path: Path, end: Wanted) -> None:
    store = make_grid(tmp_path, [(run(0), 0.7, {}), (run(1), end, {})])
    pq.write_table(rows(LABELS, right(0.8)), path_of(store, run(0)))
    assert only(store).over_seeds is None


def test_a_task_of_another_installation_has_no_known_score(tmp_path: Path) -> None:
    store = store_of(tmp_path, rows(LABELS, right(0.8)), task="elsewhere")
    assert noise(store)[0] == ()


def test_without_resampling_no_predictions_are_read(tmp_path: Path) -> None:
    store = store_of(tmp_path, None)
    found = find(store, report_of(store), Wishes(bootstrap=False))
    assert (found.noises, found.unread) == ((), ())
