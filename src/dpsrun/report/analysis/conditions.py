"""Under which conditions runs were done, beside their method: only like is compared with like."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dpsrun.report.aggregate import Row, Table
from dpsrun.report.analysis.reference import Place, pairs
from dpsrun.report.read import CellKey, Entry, Report
from dpsrun.runs.result import Result
from dpsrun.runs.spec import RunSpec, Training

EFFECTIVE = ("precision", "batching", "attention", "micro_batch_size")
"""What applied in the end and follows neither from the spec nor from the method alone."""

PACKAGES = ("dpsrun", "torch", "transformers", "tokenizers", "numpy")
"""Libraries whose versions can change a score."""

MACHINE = ("device_name", "threads")

UNRECORDED = "not recorded"

Found = Mapping[str, frozenset[str]]
"""Condition -> what it was in the runs of a cell; several values where the runs differ."""


@dataclass(frozen=True)
class Contrast:
    """A condition that a row does not share with its reference.

    Attributes:
        scenario: label of the scenario.
        model: label of the model.
        method: label of the row.
        task: title of the column.
        name: the condition, such as `learning_rate`.
        first: what it was in the row.
        second: what it was in the reference.
    """

    scenario: str
    model: str
    method: str
    task: str
    name: str
    first: str
    second: str


@dataclass(frozen=True)
class Mixture:
    """A condition that the runs of one cell do not share."""

    scenario: str
    model: str
    method: str
    task: str
    name: str
    values: tuple[str, ...]


def gather(report: Report) -> Mapping[CellKey, Found]:
    """Collect the conditions of each cell's runs."""
    return {key: conditions(entries) for key, entries in report.entries_of.items()}


def contrasts(
    known: Mapping[CellKey, Found], table: Table, found: Mapping[Place, Row]
) -> tuple[Contrast, ...]:
    """List what each row does not share with its reference, by task; `known` as `gather` gives."""
    return tuple(
        contrast
        for row, reference in pairs(table, found)
        for column in table.columns
        for contrast in _contrasts(known, row, reference, column.task)
    )


def _contrasts(
    known: Mapping[CellKey, Found], row: Row, reference: Row, task: str
) -> Iterator[Contrast]:
    keys = ((each.scenario, each.model, each.method, task) for each in (row, reference))
    first, second = (known.get(key, {}) for key in keys)
    if not first or not second:
        return
    for name in dict.fromkeys((*first, *second)):
        mine, theirs = (_told(each.get(name)) for each in (first, second))
        if mine != theirs:
            yield Contrast(row.scenario, row.model, row.method, task, name, mine, theirs)


def _told(values: Collection[str] | None) -> str:
    return UNRECORDED if values is None else " or ".join(sorted(values))


def mixtures(known: Mapping[CellKey, Found]) -> Iterator[Mixture]:
    """List what the runs of a cell do not share, cell by cell; `known` as `gather` gives."""
    for place, found in known.items():
        for name, values in found.items():
            if len(values) > 1:
                yield Mixture(*place, name, tuple(sorted(values)))


def conditions(entries: Iterable[Entry]) -> Found:
    """Collect the conditions of runs that have a score; those of a method are none of them."""
    found: dict[str, set[str]] = {}
    for entry in entries:
        if entry.trained and entry.spec:
            for name, value in (*_ordered(entry.spec), *_applied(entry.trained)):
                found.setdefault(name, set()).add(str(value))
    return {name: frozenset(values) for name, values in found.items()}


def _ordered(spec: RunSpec) -> Iterator[tuple[str, Any]]:
    yield "data", spec.data
    yield "weights", spec.model
    yield "device", spec.device
    for name in SETTINGS:
        yield name, getattr(spec.training, name)


SETTINGS: Sequence[str] = tuple(
    name for name in Training.model_fields if name not in {*EFFECTIVE, *MACHINE}
)
"""Shared training settings that hold as they are ordered; the others are recorded as they were."""


NAMES = frozenset({"data", "weights", "device", "code", *SETTINGS, *EFFECTIVE, *MACHINE, *PACKAGES})
"""All conditions."""


def _applied(result: Result) -> Iterator[tuple[str, Any]]:
    yield "code", result.code
    for name in EFFECTIVE:
        if name in result.effective:
            yield name, result.effective[name]
    for name in MACHINE:
        if name in result.environment:
            yield name, result.environment[name]
    packages = result.environment.get("packages", {})
    yield from ((name, packages[name]) for name in PACKAGES if name in packages)
