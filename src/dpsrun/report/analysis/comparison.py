"""Each method against the reference, task by task: is it better, and is it more stable?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from dpsrun.report.aggregate import Cell, Row, Table, shared_seeds
from dpsrun.report.analysis.measures import (
    Gain,
    Steadiness,
    gain_of_groups,
    gain_of_pairs,
    steadiness,
)
from dpsrun.report.analysis.reference import pairs
from dpsrun.report.named import Named, Place
from dpsrun.report.statistics.interval import Interval, wilson
from dpsrun.report.statistics.several import holm
from dpsrun.report.statistics.stability import fisher_p

PAIRS = 2
"""Fewer common seeds than this say nothing of the spread of differences."""


@dataclass(frozen=True)
class Share:
    """Failed and diverged runs among those that the machine let end; Wilson's interval."""

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
        gain: what these say; None where the method or its reference never came to a score.
        steadiness: what all scores of either method say of their spread, with partners or not.
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
    gain: Gain | None
    steadiness: Steadiness
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
        if all(map(_says_something, cells)):
            yield _compared(row, reference, cells, _failures(*cells), bootstrap=bootstrap)


def _says_something(cell: Cell) -> bool:
    """Say whether there are scores, or none for reasons that lie with the method."""
    return bool(cell.scores or cell.counts.diverged or cell.counts.undefined)


def _adjusted(compared: Sequence[Comparison]) -> list[Comparison]:
    """Correct the p of each task; one without a score counts as a task that shows nothing."""
    values = holm([each.gain.difference.p if each.gain else 1.0 for each in compared])
    adjusted = zip(compared, values, strict=True)
    return [replace(each, adjusted_p=p if each.gain else None) for each, p in adjusted]


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
    left_out = len(cell.scores) + len(other.scores) - len(first) - len(second)
    every = tuple(tuple(each.scores.values()) for each in cells) if left_out else (first, second)
    return Comparison(
        *row.key,
        reference=reference.method,
        task=cell.column.title,
        paired=bool(seeds),
        seeds=seeds,
        first=first,
        second=second,
        left_out=left_out,
        gain=_gain(cells, seeds, bootstrap=bootstrap) if first and second else None,
        steadiness=steadiness(
            *every,
            paired=bool(seeds) and not left_out,
            independent=not any(shared_seeds(each.scores) for each in cells),
        ),
        adjusted_p=None,
        failures=failures,
    )


def _gain(cells: tuple[Cell, Cell], seeds: Sequence[str], *, bootstrap: bool) -> Gain:
    first, second = (tuple(_chosen(each, seeds)) for each in cells)
    if seeds:
        return gain_of_pairs(first, second, shared_seeds(seeds), bootstrap=bootstrap)
    own, other = (shared_seeds(each.scores) for each in cells)
    return gain_of_groups(first, second, (own, other), bootstrap=bootstrap)


def _common(cell: Cell, other: Cell) -> tuple[str, ...]:
    """Name the seeds that can be compared with themselves; none where too many have no partner."""
    common = tuple(seed for seed in cell.scores if seed in other.scores)
    most = max(len(cell.scores), len(other.scores))
    enough = len(common) >= max(PAIRS, most / 2)
    return common if enough or len(common) == most else ()


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
