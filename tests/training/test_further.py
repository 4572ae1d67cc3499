"""After its training a model is put to further sets."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from dpsrun.report.analysis.conditions import EFFECTIVE, MACHINE, PACKAGES
from dpsrun.runs.result import SetScore
from dpsrun.runs.store import Order
from dpsrun.tasks.labels import label_map
from dpsrun.tasks.registry import find
from dpsrun.training import record
from dpsrun.training.finetune import FineTune
from dpsrun.training.further import FurtherSet
from tests.training.runs import TASK, Inputs, attempt, outcome

OWN_TEST = f"{TASK}:test"


def with_sets(inputs: Inputs, **sets: Path) -> Order:
    order = inputs.order()
    folders = {name.replace("__", ":").replace("_", "-"): str(path) for name, path in sets.items()}
    return order.model_copy(
        update={"places": order.places.model_copy(update={"evaluate": folders})}
    )


def hidden(tokens: Path, folder: Path) -> Path:
    """The same set as GLUE gives it out: every label is -1."""
    shutil.copytree(tokens, folder)
    labels = folder / "test" / "labels.npy"
    np.save(labels, np.full_like(np.load(labels), -1))
    return folder


@pytest.fixture(scope="module")
def tuned(inputs: Inputs, tmp_path_factory: pytest.TempPathFactory) -> FineTune:
    order = with_sets(inputs, mini_rte__test=inputs.set_of(TASK, "test"))
    return attempt(order, tmp_path_factory.mktemp("run"), keep=False)


def test_a_set_is_scored_by_the_model_of_the_last_epoch(tuned: FineTune) -> None:
    score = tuned.set_scores[OWN_TEST]
    outputs, labels = tuned.outputs["last"][OWN_TEST], tuned.inputs.further[OWN_TEST].data.labels
    accuracy = float((outputs.argmax(axis=1) == labels).mean())
    assert score == SetScore(
        examples=160,
        metrics={"accuracy": accuracy},
        primary=accuracy,
        majority=0.5,
        classes=find(TASK).labels,
    )


def test_a_result_names_the_conditions_by_which_a_report_tells_rows_apart(tuned: FineTune) -> None:
    machine = record.environment(tuned.device)
    assert {*EFFECTIVE} <= tuned.effective().keys()
    assert {*MACHINE} <= machine.keys()
    assert {*PACKAGES} <= machine["packages"].keys()


def test_further_sets_leave_the_training_and_its_own_scores_as_they_are(
    tuned: FineTune, inputs: Inputs, tmp_path: Path
) -> None:
    plain, more = outcome(attempt(inputs.order(), tmp_path, keep=False)), outcome(tuned)
    assert more["evaluations"] == plain["evaluations"]
    assert more["hashes"]["order"] == plain["hashes"]["order"]


def test_the_predictions_on_a_set_lie_beside_those_on_the_tasks_own_splits(
    tuned: FineTune, tmp_path: Path
) -> None:
    tuned.write_files(tmp_path)
    rows = pq.read_table(tmp_path / "predictions.parquet").to_pylist()
    mine = [row for row in rows if row["split"] == OWN_TEST]
    assert {row["selection"] for row in mine} == {"last"}
    assert [row["index"] for row in mine] == list(range(160))
    assert mine[0]["outputs"] == tuned.outputs["last"][OWN_TEST][0].tolist()


def test_hidden_labels_leave_predictions_without_a_score(inputs: Inputs, tmp_path: Path) -> None:
    tokens = hidden(inputs.set_of(TASK, "test"), tmp_path / "hidden")
    tune = attempt(with_sets(inputs, mini_rte__test=tokens), tmp_path, keep=False)
    assert tune.set_scores == {OWN_TEST: SetScore(examples=160)}
    assert len(tune.outputs["last"][OWN_TEST]) == 160


def test_three_classes_are_scored_on_two(tuned: FineTune) -> None:
    one = tuned.inputs.further[OWN_TEST]
    three = FurtherSet(one.task, one.data, label_map(find("mnli"), one.task))
    logits = np.zeros((160, 3), dtype=np.float32)
    logits[np.arange(160), np.where(one.data.labels == 0, 0, 2)] = 1.0
    assert three.score(logits).metrics == {"accuracy": 1.0}
