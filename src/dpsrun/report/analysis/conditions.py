"""Under which conditions runs were done, beside their method: only like is compared with like."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from dpsrun.report.aggregate import Row, Table
from dpsrun.report.analysis.reference import pairs
from dpsrun.report.named import Named, Place
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
class Contrast(Named):
    """A condition that a row does not share with its reference.

    Attributes:
        task: title of the column.
        name: the condition, such as `learning_rate`.
        first: what it was in the row.
        second: what it was in the reference.
    """

    task: str
    name: str
    first: str
    second: str


@dataclass(frozen=True)
class Mixture(Named):
    """A condition that the runs of one cell do not share."""

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
    keys = ((*each.key, task) for each in (row, reference))
    first, second = (known.get(key, {}) for key in keys)
    if not first or not second:
        return
    for name in NAMES:
        if first[name] != second[name]:
            mine, theirs = (" or ".join(sorted(each[name])) for each in (first, second))
            yield Contrast(*row.key, task, name, mine, theirs)


def mixtures(known: Mapping[CellKey, Found]) -> Iterator[Mixture]:
    """List what the runs of a cell do not share, cell by cell; `known` as `gather` gives."""
    for place, found in known.items():
        for name, values in found.items():
            if len(values) > 1:
                yield Mixture(*place, name, tuple(sorted(values)))


def conditions(entries: Iterable[Entry]) -> Found:
    """Collect the conditions of runs that have a score; those of a method are none of them."""
    known = {_conditions(e.spec, e.trained) for e in entries if e.spec and e.trained}
    found: dict[str, set[str]] = {}
    for values in known:
        for name, value in zip(NAMES, values, strict=True):
            found.setdefault(name, set()).add(UNRECORDED if value is None else str(value))
    return {name: frozenset(values) for name, values in found.items()}


def _conditions(spec: RunSpec, result: Result) -> tuple[object, ...]:
    """Give the conditions of a run in the order of `NAMES`; None for what its result lacks."""
    packages = result.environment.get("packages", {})
    return (
        *(getattr(spec, field) for field in SPEC.values()),
        *(getattr(spec.training, name) for name in SETTINGS),
        result.code,
        *(result.effective.get(name) for name in EFFECTIVE),
        *(result.environment.get(name) for name in MACHINE),
        *(packages.get(name) for name in PACKAGES),
    )


SPEC = {"data": "data", "weights": "model", "device": "device"}

SETTINGS: Sequence[str] = tuple(
    name for name in Training.model_fields if name not in {*EFFECTIVE, *MACHINE}
)
"""Shared training settings that hold as they are ordered; the others are recorded as they were."""

NAMES = (*SPEC, *SETTINGS, "code", *EFFECTIVE, *MACHINE, *PACKAGES)
"""All conditions."""
