"""A grid and the facts of its data and models become runs with their identity; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from dpsrun.config.facts import Machine, ModelFacts, TaskFacts
from dpsrun.config.grid import Cell, Grid, seed_label
from dpsrun.config.yaml import Key
from dpsrun.errors import ConfigError, Problem
from dpsrun.methods.spec import EncoderError, Setting
from dpsrun.runs.spec import EvaluationSet, Labels, Run, RunSpec, Seeds, Training

EMPTY: Mapping[str, str] = MappingProxyType({})

NO_PRECISION = (
    "'auto' has no meaning here, since the driver does not describe the chosen GPUs: "
    "give precision: bf16 or fp16 or fp32 in training"
)


def expand(
    grid: Grid,
    tasks: Mapping[str, TaskFacts],
    models: Mapping[str, ModelFacts],
    machine: Machine,
    sets: Mapping[str, str] = EMPTY,
) -> list[Run]:
    """Give every run of a grid in the order of the file.

    `tasks` are keyed by name and `models` by label; `sets` has the fingerprints of the further
    evaluation sets by name.
    Raises ConfigError with every problem that only the facts bring to light.
    """
    problems = [
        grid.document.problem(place, message)
        for cell in grid.cells
        for place, message in _faults(cell, tasks[cell.task], models[cell.model], machine)
    ]
    if problems:
        raise ConfigError(dict.fromkeys(problems))
    runs = [
        run
        for cell in grid.cells
        for run in _runs(cell, tasks[cell.task], models[cell.model], machine, sets)
    ]
    _check_distinct(grid, runs)
    return runs


def _faults(
    cell: Cell, task: TaskFacts, model: ModelFacts, machine: Machine
) -> Iterator[tuple[Key, str]]:
    origin, wanted = cell.origin, cell.scenario.train_size(task.train_examples)
    if _settled(cell.training, machine).precision == "auto":
        yield origin.training.places.get("precision", ("training", "precision")), NO_PRECISION
    if wanted > task.train_examples:
        yield origin.scenario, f"{cell.task} has only {task.train_examples} training examples"
        return
    if wanted < task.classes:
        few = f"{wanted} examples cannot hold the {task.classes} classes of {cell.task}"
        yield origin.scenario, f"{few}: take at least {task.classes}"
    if cell.training.max_length > model.max_length:
        place = origin.training.places.get("max_length", origin.model)
        asked = f"max_length {cell.training.max_length} is too long"
        yield place, f"{asked}: {cell.model} takes {model.max_length} tokens"
    steps = cell.training.total_steps(wanted)
    try:
        epoch_steps = cell.training.epoch_steps(wanted)
        cell.params.check(Setting(steps, epoch_steps, cell.training, model.blocks))
    except ValueError as error:
        where = f"{cell.label}, {cell.model}"
        if not isinstance(error, EncoderError):
            where += f", {cell.task}, {cell.scenario}: {steps} steps"
        yield origin.params.blamed(str(error), origin.method), f"{error} ({where})"


def _settled(training: Training, machine: Machine) -> Training:
    """Replace `precision: auto` by what it means here, if that is known."""
    if training.precision != "auto" or machine.precision is None:
        return training
    return training.model_copy(update={"precision": machine.precision})


def _runs(
    cell: Cell, task: TaskFacts, model: ModelFacts, machine: Machine, sets: Mapping[str, str]
) -> Iterator[Run]:
    training = _settled(cell.training, machine)
    params = cell.params.content()
    examples = cell.scenario.train_size(task.train_examples)
    for seeds in cell.seeds:
        spec = RunSpec(
            task=cell.task,
            data=task.fingerprint,
            model=model.fingerprint,
            architecture=model.architecture,
            device=machine.device,
            method=cell.method,
            params=params,
            scenario=cell.scenario,
            training=training,
            seeds=seeds,
            evaluate=tuple(EvaluationSet(name=name, data=sets[name]) for name in cell.evaluate),
        )
        yield Run(
            id=spec.id,
            spec=spec,
            labels=_labels(cell, seeds),
            train_examples=examples,
            total_steps=training.total_steps(examples),
        )


def _labels(cell: Cell, seeds: Seeds) -> Labels:
    return Labels(
        task=cell.task,
        model=cell.model,
        method=cell.label,
        scenario=str(cell.scenario),
        seed=seed_label(seeds),
    )


def _check_distinct(grid: Grid, runs: list[Run]) -> None:
    """Refuse two rows of a table that would hold the same runs under two names."""
    first: dict[str, Labels] = {}
    pairs: dict[tuple[Labels, Labels], None] = {}
    for run in runs:
        twin = first.setdefault(run.id, run.labels)
        if twin is not run.labels:
            pairs.setdefault((_row(twin), _row(run.labels)))
    if pairs:
        raise ConfigError(dict.fromkeys(_same(grid, *pair) for pair in pairs))


def _row(labels: Labels) -> Labels:
    return labels.model_copy(update={"task": "", "seed": ""})


def _same(grid: Grid, one: Labels, other: Labels) -> Problem:
    origins = {_row_of(cell): cell.origin for cell in grid.cells}
    by_model = one.model != other.model
    places = [origins[labels.model, labels.method, labels.scenario] for labels in (one, other)]
    keys = [place.model if by_model else place.method for place in places]
    names = [labels.model if by_model else labels.method for labels in (one, other)]
    line = grid.document.lines.get(grid.document.known(keys[0]))
    return grid.document.problem(
        keys[1], f"{names[1]!r} is the same as {names[0]!r} in line {line}: keep one of them"
    )


def _row_of(cell: Cell) -> tuple[str, str, str]:
    return cell.model, cell.label, str(cell.scenario)
