"""Tasks of the user's own, declared in the grid file."""

from __future__ import annotations

from pathlib import Path

import pytest

from dpsrun.config.load import read
from dpsrun.errors import ConfigError
from dpsrun.tasks.task import Task
from tests.config.grids import small


@pytest.fixture(autouse=True)
def files(tmp_path: Path) -> None:
    for name in ("train.csv", "dev.csv", "test.csv"):
        (tmp_path / name).touch()


def text(**changes: str) -> str:
    parts = {
        "name": "tickets",
        "train": "train.csv",
        "validation": "dev.csv",
        "text": "[title, body]",
        "labels": "[bug, question, other]",
    }
    items = {**parts, **changes}
    entry = ", ".join(f"{key}: {value}" for key, value in items.items() if value)
    return small(tasks=f"[{{{entry}}}]")


def declared(folder: Path, **changes: str) -> Task:
    return read(text(**changes).encode(), folder / "a.yaml").find("tickets")


def faults(folder: Path, **changes: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        declared(folder, **changes)
    return [str(p).partition(":1: ")[2] for p in caught.value.problems]


def test_classes_are_scored_by_accuracy_unless_it_says_otherwise(tmp_path: Path) -> None:
    task = declared(tmp_path)
    assert (task.text, task.label, task.labels) == (
        ("title", "body"),
        "label",
        ("bug", "question", "other"),
    )
    assert (task.metrics, task.primary) == (("accuracy",), ("accuracy",))
    assert task.splits == ("train", "validation")
    assert task.files["train"] == str(tmp_path / "train.csv")


def test_chosen_metrics_make_the_primary_score(tmp_path: Path) -> None:
    task = declared(tmp_path, labels="[no, 'yes']", metrics="[f1]")
    assert task.labels == ("no", "yes")
    assert task.primary == ("f1",)
    assert task.metrics == ("f1", "accuracy")  # accuracy tells whether a run has failed


def test_a_scale_makes_a_regression_task(tmp_path: Path) -> None:
    task = declared(tmp_path, labels="", scale="[1, 7]", text="body", test="test.csv")
    assert task.regression
    assert (task.scale, task.primary) == ((1.0, 7.0), ("pearson", "spearman"))
    assert task.test == ("test",)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"name": "rte"}, "tasks[0].name: 'rte' has a meaning already; give it another name"),
        ({"name": "average"}, "tasks[0].name: 'average' has a meaning already"),
        ({"name": "../x"}, "tasks[0].name: must be made of letters, digits"),
        ({"train": "trian.csv"}, "tasks[0].train: there is no file"),
        ({"text": "[a, b, c]"}, "tasks[0].text: "),
        ({"labels": ""}, "tasks[0]: give labels (the classes), or scale"),
        ({"labels": "[bug, bug]"}, "tasks[0].labels: must be different words, at least two"),
        ({"scale": "[0, 5]"}, "tasks[0].scale: is the lowest and the highest score of a task"),
        ({"metrics": "[f1]"}, "tasks[0].metrics[0]: f1 is that of the second of two classes"),
        ({"metrics": "[acuracy]"}, "tasks[0].metrics[0]: no metric of such a task: did you mean"),
        ({"primary": "[pearson]"}, "tasks[0].primary[0]: is none of its metrics"),
        ({"aliases": "{b: bugg}"}, "tasks[0].aliases.b: 'bugg' is none of the labels; did you"),
        ({"lables": "[a, b]"}, "tasks[0].lables: unknown key; did you mean 'labels'?"),
        ({"validation": ""}, "tasks[0].validation: this key is missing"),
    ],
)
def test_a_fault_names_its_key_and_what_would_be_right(
    tmp_path: Path, changes: dict[str, str], expected: str
) -> None:
    (found,) = faults(tmp_path, **changes)
    assert found.startswith(expected), found


def test_a_task_without_training_data_cannot_be_trained_on(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="ax has no training data; name it under 'evaluate'"):
        read(small(tasks="[ax]").encode(), tmp_path / "a.yaml")
