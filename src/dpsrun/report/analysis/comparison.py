"""Each method against the reference, task by task: is it better, and is it more stable?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from dpsrun.report.aggregate import Cell, Row, Table
from dpsrun.report.analysis.measures import Measures, measure_groups, measure_pairs
from dpsrun.report.analysis.reference import pairs
from dpsrun.report.named import Named, Place
from dpsrun.report.statistics.interval import Interval, wilson
from dpsrun.report.statistics.several import holm
from dpsrun.report.statistics.stability import fisher_p

PAIRS = 2
"""Fewer common seeds than this say nothing of the spread of differences."""


@dataclass(frozen=True)
class Share:
    """Degenerate and diverged runs among those that the machine let end; Wilson's interval."""

    count: int
    runs: int
    interval: Interval | None


@dataclass(frozen=True)
class Failures:
    """How often either method failed, and Fisher's exact p of equal rates."""

    first: Share
    second: Share
    p: float


@dataclass(frozen=True)
class Comparison(Named):
    """A method against the reference on a task, or on the average over the tasks.

    Attributes:
        reference: label of the reference's row.
        task: title of the column.
        paired: whether seeds are compared with themselves.
        seeds: labels of the seeds of the pairs; empty without pairs.
        first: scores of the method that are compared, in the order of `seeds` if there are pairs.
        second: scores of the reference that are compared.
        left_out: scores of either method without a partner.
        measures: what the scores say.
        adjusted_p: the p of the difference after Holm 1979 over the tasks; None for the average.
        failures: None for the average, whose seeds are no runs.
    """

    reference: str
    task: str
    paired: bool
    seeds: tuple[str, ...]
    first: tuple[float, ...]
    second: tuple[float, ...]
    left_out: int
    measures: Measures
    adjusted_p: float | None
    failures: Failures | None


def compare(
    table: Table, found: Mapping[Place, Row], *, bootstrap: bool = True
) -> tuple[Comparison, ...]:
    """Compare each row with its reference on each task in which both have scores.

    Args:
        table: of a report.
        found: the `references` of it.
        bootstrap: whether to make the intervals that take resampling.
    """
    compared: list[Comparison] = []
    for row, reference in pairs(table, found):
        compared += _adjusted(list(_on_tasks(row, reference, bootstrap=bootstrap)))
        if len(row.cells) > 1 and row.average.scores and reference.average.scores:
            cells = row.average, reference.average
            compared.append(_compared(row, reference, cells, None, bootstrap=bootstrap))
    return tuple(compared)


def _on_tasks(row: Row, reference: Row, *, bootstrap: bool) -> Iterator[Comparison]:
    for cells in zip(row.cells, reference.cells, strict=True):
        if all(cell.scores for cell in cells):
            yield _compared(row, reference, cells, _failures(*cells), bootstrap=bootstrap)


def _adjusted(compared: Sequence[Comparison]) -> list[Comparison]:
    values = holm([each.measures.difference.p for each in compared])
    return [replace(each, adjusted_p=p) for each, p in zip(compared, values, strict=True)]


def _compared(
    row: Row,
    reference: Row,
    cells: tuple[Cell, Cell],
    failures: Failures | None,
    *,
    bootstrap: bool,
) -> Comparison:
    cell, other = cells
    seeds = _common(cell, other)
    first, second = (tuple(_chosen(each, seeds)) for each in cells)
    measure = measure_pairs if seeds else measure_groups
    return Comparison(
        *row.key,
        reference=reference.method,
        task=cell.column.title,
        paired=bool(seeds),
        seeds=seeds,
        first=first,
        second=second,
        left_out=sum(len(each.scores) for each in cells) - len(first) - len(second),
        measures=measure(first, second, bootstrap=bootstrap),
        adjusted_p=None,
        failures=failures,
    )


def _common(cell: Cell, other: Cell) -> tuple[str, ...]:
    """Name the seeds that can be compared with themselves; none where that would say too little."""
    common = tuple(seed for seed in cell.scores if seed in other.scores)
    complete = len(common) == len(cell.scores) == len(other.scores)
    return common if complete or len(common) >= PAIRS else ()


def _chosen(cell: Cell, seeds: Sequence[str]) -> Iterator[float]:
    return (cell.scores[seed] for seed in seeds or cell.scores)


def _failures(cell: Cell, other: Cell) -> Failures:
    first, second = (_share(each) for each in (cell, other))
    counts, runs = (first.count, second.count), (first.runs, second.runs)
    return Failures(first, second, fisher_p(counts, runs))


def _share(cell: Cell) -> Share:
    count = len(cell.counts.failed) + len(cell.counts.diverged)
    runs = cell.expected - len(cell.counts.errors) - len(cell.counts.missing)
    return Share(count, runs, wilson(count, runs))
