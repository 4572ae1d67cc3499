"""A method over all tasks: its average, its rank, the middle of its scores."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from dpsrun.errors import UserError
from dpsrun.report.aggregate import Cell, Row, shared_seeds
from dpsrun.report.analysis.measures import DECIMALS, SEED
from dpsrun.report.named import Named, RowKey, by_place
from dpsrun.report.read import Report
from dpsrun.report.statistics.interval import Interval
from dpsrun.report.statistics.several import interquartile_interval, interquartile_mean, ranks
from dpsrun.tasks.declared import find

SHARES = frozenset({"accuracy", "f1"})
CORRELATIONS = frozenset({"matthews", "pearson", "spearman"})


@dataclass(frozen=True)
class Standing(Named):
    """What a row comes to over all tasks of its table; None where it leaves one out.

    Attributes:
        average: over the seeds that have a score in each task: their averages over the tasks.
        rank: mean over the tasks of the rank of its mean score, 1 is best, among `ranked` rows.
        ranked: comparable rows of the scenario and the model all of whose runs have a score.
        middle: interquartile mean of all scores (Agarwal et al. 2021); None across scales, and
            where a run has none.
        interval: of that, by bootstrap over the seeds within each task; None where runs share some.
    """

    average: Cell
    rank: float | None
    ranked: int
    middle: float | None
    interval: Interval | None


def standings(
    report: Report, apart: Container[RowKey] = (), *, bootstrap: bool = True
) -> tuple[Standing, ...]:
    """Give the standing of each row of a report; none where there is one task only.

    Rows that are `apart` from their reference have no rank among the others.
    """
    if len(report.main.columns) == 1:
        return ()
    pooled = one_scale(report)
    found = []
    for group in by_place(report.main.rows).values():
        ranked = _mean_ranks([row for row in group if row.key not in apart])
        found += [_standing(row, ranked, pooled=pooled, bootstrap=bootstrap) for row in group]
    return tuple(found)


def _mean_ranks(rows: Sequence[Row]) -> Mapping[str, float]:
    """Rank the rows whose runs all have a score, task by task; method -> mean of its ranks.

    A mean of the runs that are left would let a method win by those that it lost.
    """
    complete = {row.method: row.cells for row in rows if _is_whole(row)}
    means = [
        {method: round(fmean(cell.scores.values()), DECIMALS) for method, cell in column}
        for column in zip(*(_named(*each) for each in complete.items()), strict=True)
    ]
    by_task = [ranks(each) for each in means]
    return {method: fmean(each[method] for each in by_task) for method in complete}


def _is_whole(row: Row) -> bool:
    """Say whether every run that the grid asks for has a score, in each task."""
    return all(cell.scores and len(cell.scores) == cell.expected for cell in row.cells)


def _named(method: str, cells: Iterable[Cell]) -> Iterator[tuple[str, Cell]]:
    return ((method, cell) for cell in cells)


def _standing(row: Row, ranked: Mapping[str, float], *, pooled: bool, bootstrap: bool) -> Standing:
    scores = {cell.column.title: tuple(cell.scores.values()) for cell in row.cells}
    known = pooled and _is_whole(row)
    drawn = known and bootstrap and not any(shared_seeds(cell.scores) for cell in row.cells)
    generator = np.random.default_rng(SEED)
    return Standing(
        *row.key,
        average=row.average,
        rank=ranked.get(row.method),
        ranked=len(ranked),
        middle=interquartile_mean([s for each in scores.values() for s in each]) if known else None,
        interval=interquartile_interval(scores, generator) if drawn else None,
    )


def one_scale(report: Report) -> bool:
    """Say whether the primary scores of all tasks can be pooled: all shares or all correlations.

    A task that is not known, or whose score is a mean of both, can be pooled with nothing.
    """
    orders = {entry.member.labels.task: entry.order for entry in report.entries if entry.order}
    if len(orders) < len(report.main.columns):
        return False
    try:
        tasks = [find(name, order.declared) for name, order in orders.items()]
    except UserError:
        return False
    metrics = {metric for task in tasks for metric in task.primary}
    return bool(metrics) and (metrics <= SHARES or metrics <= CORRELATIONS)
