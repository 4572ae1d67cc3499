"""Reads the tasks of a grid, registered or declared in it, and the sets it evaluates on besides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dpsrun.config.reader import Reader
from dpsrun.config.schema import TaskItem, shown
from dpsrun.config.yaml import Key
from dpsrun.errors import UserError, nearest
from dpsrun.tasks import registry
from dpsrun.tasks.labels import label_map
from dpsrun.tasks.task import AVERAGE, CLASS_METRICS, OWN, SCORE_METRICS, Task, set_name

TEST = "test"
"""What `evaluate` calls the test splits of a run's own task."""


def read_tasks(reader: Reader, base: Path) -> list[tuple[Task, Key]]:
    """Read names of registered tasks and declarations of others; files are relative to `base`."""
    found = []
    for place, value in reader.items("tasks"):
        task = _declared(reader, value, place, base) if isinstance(value, dict) else None
        if isinstance(value, str):
            task = reader.look_up(registry.find, value, place)
        elif not isinstance(value, dict):
            reader.fault(place, f"must be the name of a task, or a mapping; found {shown(value)}")
        if task:
            found.append((task, place))
    reader.unique(((task.name, place) for task, place in found), "task")
    for task, place in found:
        if not task.train:
            reader.fault(place, f"{task.name} has no training data; name it under 'evaluate'")
    return found


def _declared(reader: Reader, value: dict[str, Any], place: Key, base: Path) -> Task | None:
    item = reader.check(TaskItem, value, place)
    if item is None:
        return None
    faults = list(_faults(item, base))
    for key, message in faults:
        reader.fault((*place, *key), message)
    return None if faults else _task(item, base)


def _faults(item: TaskItem, base: Path) -> Iterator[tuple[Key, str]]:
    """Find what a shape cannot say."""
    if item.name in {*registry.tasks(), TEST, AVERAGE}:
        yield ("name",), f"{item.name!r} has a meaning already; give it another name"
    for split, file in item.files.items():
        if not (base / file).is_file():
            yield (split,), f"there is no file {base / file}"
    yield from _class_faults(item)
    yield from _metric_faults(item)


def _class_faults(item: TaskItem) -> Iterator[tuple[Key, str]]:
    if len(set(item.labels)) < len(item.labels) or len(item.labels) == 1:
        yield ("labels",), "must be different words, at least two"
    for alias, label in item.aliases.items():
        if label not in item.labels:
            yield ("aliases", alias), f"{label!r} is none of the labels; {_near(label, item)}"
    if item.scale and (item.labels or item.scale[0] >= item.scale[1]):
        yield ("scale",), "is the lowest and the highest score of a task without labels"
    if not item.labels and not item.scale:
        yield (), "give labels (the classes), or scale (the lowest and the highest score)"


def _near(label: str, item: TaskItem) -> str:
    return nearest(label, item.labels) if item.labels else "a task with a scale has none"


def _metric_faults(item: TaskItem) -> Iterator[tuple[Key, str]]:
    known = CLASS_METRICS if item.labels else SCORE_METRICS
    for index, metric in enumerate(item.metrics):
        if metric not in known:
            yield ("metrics", index), f"no metric of such a task: {nearest(metric, known)}"
        if metric == "f1" and len(item.labels) != 2:  # noqa: PLR2004 (the second one is positive)
            yield ("metrics", index), "f1 is that of the second of two classes"
    for index, metric in enumerate(item.primary):
        if metric not in (item.metrics or known):
            yield ("primary", index), "is none of its metrics"


def _task(item: TaskItem, base: Path) -> Task:
    usual = CLASS_METRICS[:1] if item.labels else SCORE_METRICS
    metrics = tuple(item.metrics) or usual
    return Task(
        name=item.name,
        family=OWN,
        config=item.name,
        summary="declared in the grid file",
        text=tuple(item.text),
        labels=tuple(item.labels),
        # Whether a run has learnt anything is told by the first of the usual ones.
        metrics=tuple(dict.fromkeys((*metrics, usual[0]))),
        primary=tuple(item.primary) or metrics,
        test=(TEST,) if item.test else (),
        scale=(item.scale[0], item.scale[1]) if item.scale else (0.0, 5.0),
        files={split: str((base / file).absolute()) for split, file in item.files.items()},
        label=item.label,
        aliases=item.aliases,
        quoted=item.quoted,
    )


@dataclass(frozen=True)
class Wanted:
    """One item of `evaluate`: some splits of a task, or the test splits of each run's own."""

    task: Task | None
    splits: tuple[str, ...]
    place: Key


def read_evaluate(
    reader: Reader, values: Sequence[Any], place: Key, own: Mapping[str, Task]
) -> tuple[Wanted, ...]:
    """Read a list of further evaluation sets; `own` are the tasks that the grid declares."""
    items = [((*place, index), value) for index, value in enumerate(values)]
    found = (_wanted(reader, value, where, own) for where, value in items)
    return tuple(wanted for wanted in found if wanted)


def _wanted(reader: Reader, value: object, place: Key, own: Mapping[str, Task]) -> Wanted | None:
    if not isinstance(value, str):
        reader.fault(place, f"must be a task, task:split or {TEST}; found {shown(value)}")
        return None
    if value == TEST:
        return Wanted(None, (), place)
    name, _, split = value.partition(":")
    task = reader.look_up(lambda name: registry.find(name, own), name, place)
    if task is None:
        return None
    splits = (*task.evaluation, *task.test, *((task.train,) if task.train else ()))
    if split and split not in splits:
        reader.fault(place, f"{name} has no split {split!r}; {nearest(split, splits)}")
        return None
    return Wanted(task, (split,) if split else task.evaluation or task.test, place)


def sets_of(reader: Reader, trained: Task, wanted: Sequence[Wanted]) -> tuple[str, ...]:
    """Name the sets that a run of `trained` is put to, beyond its own evaluation splits."""
    names: dict[str, None] = {}
    for item in wanted:
        task = item.task or trained
        splits = item.splits if item.task else trained.test
        if not splits:
            reader.fault(item.place, f"{trained.name} has no test split")
        try:
            label_map(trained, task)
        except UserError as error:
            reader.fault(item.place, f"{error}; 'overrides' can give tasks sets of their own")
            continue
        seen = trained.splits if task.name == trained.name else ()
        names |= {set_name(task, split): None for split in splits if split not in seen}
    return tuple(names)
