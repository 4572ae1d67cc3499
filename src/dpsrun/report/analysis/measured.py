"""What the scores of a task are: which metrics, on how many examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from dpsrun.errors import UserError
from dpsrun.report.read import Entry, Report
from dpsrun.tasks.declared import find
from dpsrun.tasks.task import Task

UNKNOWN: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True)
class Measure:
    """The primary score of a task.

    Attributes:
        name: title of the task's column.
        metrics: those whose mean it is, as `dpsrun.tasks` calls them.
        splits: those over which it is the mean.
        examples: how many there are in all splits; None where that is not known.
    """

    name: str
    metrics: Sequence[str]
    splits: Sequence[str]
    examples: int | None


def measures(report: Report, examples: Mapping[str, int] = UNKNOWN) -> tuple[Measure, ...]:
    """Give the measure of each task that is known here, with its number of examples, if told."""
    entries: dict[str, list[Entry]] = {}
    for entry in report.entries:
        entries.setdefault(entry.member.labels.task, []).append(entry)
    found = (_measure(name, own, examples.get(name)) for name, own in entries.items())
    return tuple(each for each in found if each)


def _measure(name: str, entries: Sequence[Entry], examples: int | None) -> Measure | None:
    """Give the measure of runs; None if they do not agree on it."""
    of_data = {entry.spec.data: entry for entry in entries if entry.spec}
    tasks = [task for entry in of_data.values() if (task := task_of(entry))]
    if len({(task.primary, task.evaluation) for task in tasks}) != 1:
        return None
    return Measure(name, [*tasks[0].primary], [*tasks[0].evaluation], examples)


def task_of(entry: Entry) -> Task | None:
    """Find the task of a run; None for one of another installation."""
    try:
        return find(entry.order.spec.task, entry.order.declared) if entry.order else None
    except (UserError, ValueError):
        return None
