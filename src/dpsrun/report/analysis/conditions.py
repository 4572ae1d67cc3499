"""Under which conditions runs were done, beside their method: only like is compared with like."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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

SILENT = object()
"""Stands for a condition that a run does not tell, for it came to no score."""

Told = tuple[object, ...]
"""The conditions of a run in the order of `NAMES`; None for what is not recorded."""

Known = Mapping[CellKey, Mapping[str, Told]]
"""Cell -> seed -> what its run tells."""


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


def gather(report: Report) -> Known:
    """Collect the conditions of each cell's runs."""
    return {
        key: {entry.member.labels.seed: _told(entry) for entry in entries if _tells(entry)}
        for key, entries in report.entries_of.items()
    }


def contrasts(known: Known, table: Table, found: Mapping[Place, Row]) -> tuple[Contrast, ...]:
    """List what each row does not share with its reference, by task; `known` as `gather` gives."""
    return tuple(
        contrast
        for row, reference in pairs(table, found)
        for column in table.columns
        for contrast in _contrasts(known, row, reference, column.task)
    )


def _contrasts(known: Known, row: Row, reference: Row, task: str) -> Iterator[Contrast]:
    cells = [known.get((*each.key, task), {}) for each in (row, reference)]
    if len({told for cell in cells for told in cell.values()}) < 2:  # noqa: PLR2004 (differ)
        return
    for index, name in enumerate(NAMES):
        first, second = (_values(cell, index) for cell in cells)
        if first and second and _differ(first, second):
            mine, theirs = (" or ".join(_words(each)) for each in (first, second))
            apart = " in other seeds" if mine == theirs else ""
            yield Contrast(*row.key, task, name, mine, theirs + apart)


def _values(cell: Mapping[str, Told], index: int) -> dict[str, object]:
    """Give what a condition was, seed by seed, where that is told."""
    return {seed: told[index] for seed, told in cell.items() if told[index] is not SILENT}


def _differ(first: Mapping[str, object], second: Mapping[str, object]) -> bool:
    """Say whether a condition is not the same in both, or not in the same seeds."""
    swapped = any(first[seed] != second[seed] for seed in first if seed in second)
    return swapped or set(first.values()) != set(second.values())


def _words(values: Mapping[str, object]) -> list[str]:
    return sorted({UNRECORDED if value is None else str(value) for value in values.values()})


def mixtures(known: Known) -> Iterator[Mixture]:
    """List what the runs of a cell do not share, cell by cell; `known` as `gather` gives."""
    for place, cell in known.items():
        if len(set(cell.values())) > 1:
            for index, name in enumerate(NAMES):
                words = _words(_values(cell, index))
                if len(words) > 1:
                    yield Mixture(*place, name, tuple(words))


def _tells(entry: Entry) -> bool:
    return entry.spec is not None or entry.trained is not None


def _told(entry: Entry) -> Told:
    """Give the conditions of a run: as it was ordered, and once it has a score, as it was done."""
    return (*_ordered(entry.spec), *_done(entry.trained))


def _ordered(spec: RunSpec | None) -> Iterator[object]:
    if spec is None:  # its file is damaged: that is said once, not for each setting
        yield from (*(None for _ in SPEC), *(SILENT for _ in SETTINGS))
        return
    yield from (getattr(spec, field) for field in SPEC.values())
    yield from (getattr(spec.training, name) for name in SETTINGS)


def _done(result: Result | None) -> Iterator[object]:
    if result is None:
        yield from (SILENT for _ in DONE)
        return
    packages = result.environment.get("packages", {})
    yield result.code
    yield from (result.effective.get(name) for name in EFFECTIVE)
    yield from (result.environment.get(name) for name in MACHINE)
    yield from (packages.get(name) for name in PACKAGES)


SPEC = {"data": "data", "weights": "model", "device": "device"}

SETTINGS: Sequence[str] = tuple(
    name for name in Training.model_fields if name not in {*EFFECTIVE, *MACHINE}
)
"""Shared training settings that hold as they are ordered; the others are recorded as they were."""

DONE = ("code", *EFFECTIVE, *MACHINE, *PACKAGES)
"""What only a run that has a score tells."""

NAMES = (*SPEC, *SETTINGS, *DONE)
"""All conditions."""
