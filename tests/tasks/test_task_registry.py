from __future__ import annotations

import subprocess
import sys

import pytest

from dpsrun.errors import UserError
from dpsrun.tasks.labels import label_map
from dpsrun.tasks.metrics import METRICS
from dpsrun.tasks.registry import FAMILIES, find, tasks
from dpsrun.tasks.task import OWN, Task

HUB = {
    "cola": (["sentence"], ["unacceptable", "acceptable"]),
    "sst2": (["sentence"], ["negative", "positive"]),
    "mrpc": (["sentence1", "sentence2"], ["not_equivalent", "equivalent"]),
    "qqp": (["question1", "question2"], ["not_duplicate", "duplicate"]),
    "stsb": (["sentence1", "sentence2"], []),
    "mnli": (["premise", "hypothesis"], ["entailment", "neutral", "contradiction"]),
    "qnli": (["question", "sentence"], ["entailment", "not_entailment"]),
    "rte": (["sentence1", "sentence2"], ["entailment", "not_entailment"]),
    "wnli": (["sentence1", "sentence2"], ["not_entailment", "entailment"]),
    "ax": (["premise", "hypothesis"], ["entailment", "neutral", "contradiction"]),
}


def test_glue_with_its_diagnostic_set_four_inference_sets_and_four_mini_tasks_are_there() -> None:
    inference = ["snli", "sick", "scitail", "hans"]
    minis = ["mini-cola", "mini-mrpc", "mini-rte", "mini-stsb"]
    assert list(tasks()) == [*HUB, *inference, *minis]


@pytest.mark.parametrize("name", HUB)
def test_columns_and_classes_of_glue_are_the_hubs(name: str) -> None:
    task = find(name)
    assert (list(task.text), list(task.labels)) == HUB[name]


def test_mnli_is_scored_on_matched_and_mismatched() -> None:
    assert find("mnli").splits == ("train", "validation_matched", "validation_mismatched")


def test_the_diagnostic_set_can_only_be_evaluated_on() -> None:
    assert (find("ax").splits, find("ax").test) == ((), ("test",))


@pytest.mark.parametrize("name", ["snli", "sick", "scitail", "hans"])
def test_a_model_of_mnli_can_be_scored_on_every_inference_set(name: str) -> None:
    assert label_map(find("mnli"), find(name)).classes == find(name).labels


def test_outputs_are_the_classes_or_one_score() -> None:
    assert [find(name).outputs for name in ("rte", "mnli", "stsb")] == [2, 3, 1]


@pytest.mark.parametrize("task", tasks().values(), ids=lambda task: task.name)
def test_every_task_is_complete(task: Task) -> None:
    assert task.family in FAMILIES
    assert set(task.primary) <= set(task.metrics) <= set(METRICS)
    assert ("pearson" if task.regression else "accuracy") in task.metrics


def test_a_mini_task_has_the_shape_of_its_model() -> None:
    mini, shape = find("mini-mrpc"), find("mrpc")
    assert (mini.text, mini.labels, mini.metrics) == (shape.text, shape.labels, shape.metrics)


def test_a_misspelt_task_is_named_with_the_nearest_one() -> None:
    with pytest.raises(UserError, match=r"no task 'mini-colla': did you mean 'mini-cola'\?"):
        find("mini-colla")


def test_a_declared_task_is_found_by_name_too() -> None:
    own = Task(
        name="mood", family=OWN, config="mood", summary="", text=("text",), labels=("a", "b")
    )
    assert find("mood", {"mood": own}) is own
    with pytest.raises(UserError, match=r"no task 'mod': did you mean 'mood'\?"):
        find("mod", {"mood": own})


def test_tasks_are_found_and_scored_without_the_heavy_libraries() -> None:
    code = (
        "import sys, dpsrun.tasks.source, dpsrun.tasks.metrics, dpsrun.tasks.tokens\n"
        "print({'torch', 'transformers', 'datasets'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
