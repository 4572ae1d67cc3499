"""From the runs of a grid and their results to the numbers of its tables; pure.

A cell holds all runs that differ in the seed alone. Its statistics are over every run that has a
score, degenerate runs (`failed`) included: leaving those out would hide the instability that is
studied. Runs without a score are counted and never stand in as zero.
"""

from __future__ import annotations

import statistics
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from dpsrun.errors import UserError
from dpsrun.report.named import Named, RowKey, row_key
from dpsrun.report.statistics.clusters import Clusters, clusters, estimate
from dpsrun.report.statistics.interval import deviation
from dpsrun.runs.result import FINISHED, TRAINED, Result
from dpsrun.runs.spec import STREAMS, Seeds
from dpsrun.runs.store import Damaged, Manifest, Member
from dpsrun.tasks.task import AVERAGE

Selection = Literal["last", "best", "held-out"]
"""Which epoch gives a run's score: the last, the best by that same score, or the best by half of
the examples, scored on the other half (both ways round, averaged)."""

Results = Mapping[str, Result | Damaged | None]
"""Run id -> what its result file holds; None where there is none."""


@dataclass(frozen=True)
class Column:
    """What the scores of a column are of.

    Attributes:
        title: its heading.
        task: what the runs were trained on.
        evaluated_on: the further set that they were put to; empty for the task's own splits.
        averages: whether they are averages over the other columns.
    """

    title: str
    task: str
    evaluated_on: str = ""
    averages: bool = False

    def holds(self, member: Member) -> bool:
        """Say whether a run of the grid has a score here, once it is done."""
        named = not self.evaluated_on or self.evaluated_on in member.evaluate
        return named and member.labels.task == self.task


@dataclass(frozen=True)
class Summary:
    """Statistics of n scores in natural units; None where they do not exist.

    `se` is the standard error of the mean, `low` and `high` are the ends of its 95 % t-interval.
    """

    n: int
    mean: float | None = None
    sd: float | None = None
    se: float | None = None
    low: float | None = None
    high: float | None = None
    median: float | None = None
    min: float | None = None
    max: float | None = None


@dataclass(frozen=True)
class Counts:
    """What became of the runs of a cell, by seed label.

    Attributes:
        failed: degenerate runs.
        undefined: runs that ended without a defined score (a correlation with constants).
        diverged: runs with a non-finite loss, gradient or weight; they have no score.
        errors: runs that the machine ended (error, oom, timeout); they have no score.
        missing: runs without a readable result, or that were not put to what is asked for.
    """

    failed: tuple[str, ...] = ()
    undefined: tuple[str, ...] = ()
    diverged: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cell:
    """One column (or the average) of one row: scores by seed label and what they come to.

    `expected` counts the seeds that the grid asks for, and `runs` what it asks for of them. In the
    average, a seed has a score where it has one in every column, and the counts are of the row's
    runs as `column/seed`. `ok_only` leaves degenerate runs out, which hides what is studied: it
    stands beside the summary.
    """

    column: Column
    expected: int
    runs: int
    scores: Mapping[str, float]
    summary: Summary
    ok_only: Summary
    counts: Counts


@dataclass(frozen=True)
class Row(Named):
    """One line of a table: a method on a model in a scenario, one cell a column."""

    cells: tuple[Cell, ...]
    average: Cell


@dataclass(frozen=True)
class Table:
    """The rows of a grid, in the grid's order, under one selection of the epoch."""

    grid: str
    selection: Selection
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


def summarise(scores: Iterable[float], shared: Clusters = ()) -> Summary:
    """Describe scores; the standard deviation is the sample's (ddof 1), none for n < 2.

    Where runs share seeds with some of the others, the error of the mean is by their clusters.
    """
    values = list(scores)
    if not values:
        return Summary(0)
    found = estimate(values, shared) if len(values) > 1 else None
    interval = found.interval if found else None
    return Summary(
        n=len(values),
        mean=statistics.fmean(values),
        sd=deviation(values),
        se=found.error if found else None,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        median=statistics.median(values),
        min=min(values),
        max=max(values),
    )


def shared_seeds(labels: Iterable[str]) -> Clusters:
    """Find the runs that share a head or another seed with some of the others, by their labels."""
    return clusters([_seeds_of(label) for label in labels])


@cache
def _seeds_of(label: str) -> tuple[object, ...]:
    """Give the seeds of all streams; a label that is no seed is one of its own."""
    seeds = Seeds.read(label)
    return tuple(getattr(seeds, stream) for stream in STREAMS) if seeds else (label,) * len(STREAMS)


def score(
    result: Result | Damaged | None, selection: Selection, evaluated_on: str = ""
) -> float | None:
    """Give a run's primary score, if it finished and the score is defined.

    With `evaluated_on` it is the score on that further set, to which runs are put at their end.
    """
    if not isinstance(result, Result) or result.outcome not in TRAINED:
        return None
    if evaluated_on:
        further = result.sets.get(evaluated_on)
        return further.primary if further else None
    if selection == "held-out":
        return result.held_out
    evaluation = result.last if selection == "last" else result.best
    return evaluation.primary if evaluation else None


def aggregate(manifest: Manifest, results: Results, selection: Selection) -> Table:
    """Make the table of a grid, a column a task; raises UserError for `repeated` labels."""
    if repetition := repeated(manifest):
        raise UserError(f"grid {manifest.name}: {repetition}")
    tasks = dict.fromkeys(member.labels.task for member in manifest.members)
    return tabulate(manifest, [Column(task, task) for task in tasks], results, selection)


def tabulate(
    manifest: Manifest, columns: Sequence[Column], results: Results, selection: Selection
) -> Table:
    """Make a table with these columns of all rows that have runs in one of them."""
    rows: dict[RowKey, dict[str, list[Member]]] = {}
    of_task: dict[str, list[Column]] = {}
    for column in columns:
        of_task.setdefault(column.task, []).append(column)
    for member in manifest.members:
        for column in of_task.get(member.labels.task, ()):
            if column.holds(member):
                of_row = rows.setdefault(row_key(member.labels), {})
                of_row.setdefault(column.title, []).append(member)
    made = (_row(key, columns, held, results, selection) for key, held in rows.items())
    return Table(manifest.name, selection, tuple(columns), tuple(made))


def repeated(manifest: Manifest) -> str | None:
    """Say which two runs of a grid have all labels in common: no table can tell them apart."""
    seen: dict[tuple[str, ...], str] = {}
    for member in manifest.members:
        labels = member.labels
        other = seen.setdefault((*row_key(labels), labels.task, labels.seed), member.id)
        if other != member.id:
            return (
                f"the runs {other} and {member.id} have the same labels; "
                "give one of them a label of its own in the grid file"
            )
    return None


def _row(
    key: RowKey,
    columns: Sequence[Column],
    held: Mapping[str, Sequence[Member]],
    results: Results,
    selection: Selection,
) -> Row:
    cells = tuple(
        _cell(column, held.get(column.title, ()), results, selection) for column in columns
    )
    seeds = dict.fromkeys(member.labels.seed for members in held.values() for member in members)
    return Row(*key, cells=cells, average=_average(cells, seeds))


def _cell(
    column: Column, members: Sequence[Member], results: Results, selection: Selection
) -> Cell:
    scores = {}
    kinds: dict[str, list[str]] = {}
    for member in members:
        result, seed = results.get(member.id), member.labels.seed
        value = score(result, selection, column.evaluated_on)
        if value is not None:
            scores[seed] = value
        for kind in _kinds(result, value, selection, column.evaluated_on):
            kinds.setdefault(kind, []).append(seed)
    counts = Counts(**{kind: tuple(seeds) for kind, seeds in kinds.items()})
    asked = len(members), len(members)
    return _summed_up(column, asked, scores, counts.failed, counts)


def _summed_up(
    column: Column,
    asked: tuple[int, int],
    scores: Mapping[str, float],
    failed: Container[str],
    counts: Counts,
) -> Cell:
    summary = summarise(scores.values(), shared_seeds(scores))
    ok = {seed: score for seed, score in scores.items() if seed not in failed}
    return Cell(
        column=column,
        expected=asked[0],
        runs=asked[1],
        scores=scores,
        summary=summary,
        ok_only=summary if len(ok) == len(scores) else summarise(ok.values(), shared_seeds(ok)),
        counts=counts,
    )


def _kinds(
    result: Result | Damaged | None, value: float | None, selection: Selection, evaluated_on: str
) -> tuple[str, ...]:
    """Name the counts that a run with this score goes into."""
    if not isinstance(result, Result):
        return ("missing",)
    if result.outcome not in FINISHED:
        return ("errors",)
    if result.outcome == "diverged":
        return ("diverged",)
    if not _evaluated(result, selection, evaluated_on):
        return ("missing",)
    failed = ("failed",) if result.outcome == "failed" else ()
    return failed if value is not None else (*failed, "undefined")


def _evaluated(result: Result, selection: Selection, evaluated_on: str) -> bool:
    """Say whether a run was put to what is asked for; results of old have no halves."""
    if evaluated_on:
        return evaluated_on in result.sets
    return selection != "held-out" or any(each.halves for each in result.evaluations)


def _average(cells: tuple[Cell, ...], seeds: Iterable[str]) -> Cell:
    """Average each seed over the columns first, so that the deviation is that of the average.

    A row that leaves a column of the table out has no average.
    """
    seeds = tuple(seeds) if all(cell.expected for cell in cells) else ()
    scores = {
        seed: statistics.fmean(cell.scores[seed] for cell in cells)
        for seed in seeds
        if all(seed in cell.scores for cell in cells)
    }
    further = any(cell.column.evaluated_on for cell in cells)
    column = Column(AVERAGE, AVERAGE, AVERAGE if further else "", averages=True)
    failed = {seed for cell in cells for seed in cell.counts.failed}
    asked = len(seeds), sum(cell.runs for cell in cells)
    return _summed_up(column, asked, scores, failed, _total(cells))


def _total(cells: tuple[Cell, ...]) -> Counts:
    return Counts(
        **{
            kind: tuple(
                f"{cell.column.title}/{seed}"
                for cell in cells
                for seed in getattr(cell.counts, kind)
            )
            for kind in Counts.__dataclass_fields__
        }
    )
