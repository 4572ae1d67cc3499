"""Scores on further evaluation sets: which of them are columns, and what they are called."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dpsrun.report.aggregate import Column, Results, Table, tabulate
from dpsrun.runs.result import Result, SetScore
from dpsrun.runs.store import Manifest

SCORED_BY_DEFAULT = "validation"
"""The split that goes without saying where no other split of its task is named."""


@dataclass(frozen=True)
class Transfer:
    """The further evaluation sets of a grid.

    Attributes:
        table: a column for each task and each set with labels that its models were put to.
        found: column -> a score on it, for what is the same in all of them; None without any.
        hidden: names of the sets that have predictions only, for their labels are hidden.
    """

    table: Table
    found: dict[Column, SetScore | None]
    hidden: tuple[str, ...]


def transfer(manifest: Manifest, results: Results) -> Transfer:
    """Make the table of a grid's further evaluation sets; it is empty if there are none."""
    named = dict.fromkeys((m.labels.task, name) for m in manifest.members for name in m.evaluate)
    names = dict.fromkeys(name for _, name in named)
    hidden = tuple(name for name in names if _labels_are_hidden(name, results))
    columns = [
        Column(f"{task} → {_short(name, [n for t, n in named if t == task])}", task, name)
        for task, name in named
        if name not in hidden
    ]
    return Transfer(
        table=tabulate(manifest, columns, results, "last"),
        found={column: _first(column, manifest, results) for column in columns},
        hidden=hidden,
    )


def _labels_are_hidden(name: str, results: Results) -> bool:
    scores = [r.sets[name] for r in results.values() if isinstance(r, Result) and name in r.sets]
    return bool(scores) and not any(score.metrics for score in scores)


def _short(name: str, named: Iterable[str]) -> str:
    """Leave out a split that goes without saying among those that are named with it."""
    task, _, split = name.partition(":")
    rivals = [other for other in named if other != name and other.partition(":")[0] == task]
    return task if split == SCORED_BY_DEFAULT and not rivals else name


def _first(column: Column, manifest: Manifest, results: Results) -> SetScore | None:
    for member in manifest.members:
        result = results.get(member.id)
        if column.holds(member) and isinstance(result, Result):
            score = result.sets.get(column.evaluated_on)
            if score and score.metrics:
                return score
    return None


def majorities(found: Transfer) -> list[float | None]:
    """Give the share of the most frequent class of each column's set, where it is known."""
    scores = (found.found[column] for column in found.table.columns)
    return [score.majority if score else None for score in scores]


def transfer_notes(found: Transfer) -> Iterator[str]:
    """Say in which classes other tasks' sets were scored, and which sets have no scores."""
    titles: dict[tuple[str, ...], list[str]] = {}
    for column, score in found.found.items():
        elsewhere = column.evaluated_on.partition(":")[0] != column.task
        if elsewhere and score and score.classes:
            titles.setdefault(score.classes, []).append(column.title)
    for classes, columns in titles.items():
        yield f"scored in the classes {', '.join(classes)}: {', '.join(columns)}."
    if found.hidden:
        yield f"predictions only: {', '.join(found.hidden)}."
