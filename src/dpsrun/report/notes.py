"""What a reader must know beside the numbers of a table."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from statistics import fmean

from dpsrun.errors import UserError
from dpsrun.methods import registry
from dpsrun.report.aggregate import Cell, Row, Table, shared_seeds
from dpsrun.report.analysis.measured import Measure, measures
from dpsrun.report.analysis.transfer import transfer_notes
from dpsrun.report.formats.measures import measured
from dpsrun.report.read import Report
from dpsrun.runs.result import Result

MEANINGS = (
    (
        "failed: at the end no better than the majority class (Mosbach et al. 2021) or, for "
        "regression (our own rule), no positive correlation; its score, if any, is in the mean."
    ),
    "ok only: the same without failed runs, which hides the instability that is studied.",
    "undefined: without a score (a correlation with constants); left out, never taken as 0.",
    "diverged: a loss, gradient or weight was not finite; without a score, left out of the mean.",
    "errors: ended by an error, lack of memory or time; without a score, left out of the mean.",
    "average: over the seeds that have a score in every task of the table.",
)


STALE_SHOWN = 3
"""A note names so many runs of other code; `runs.csv` marks all."""


def notes(report: Report, known: Sequence[Measure] | None = None) -> list[str]:
    """Give the notes of a grid's tables: what words mean, and every run without a score.

    The `known` measures of the tasks are those that tell examples; None for what orders tell.
    """
    told = measured(measures(report) if known is None else known)
    found = (
        *([f"scores: {told}."] if told else []),
        *transfer_notes(report.transfer),
        *unverified(report),
        *_majorities(report),
        *motionless(report.last),
        *crossed(report.last),
        *_troubles(report),
        *_troubles_elsewhere(report),
        *_stale(report),
        *_damage(report),
    )
    return [*MEANINGS, *found]


def unverified(report: Report) -> Iterator[str]:
    """Say what no source confirms in the methods of a report."""
    try:
        known = registry.made_of(entry.spec.method for entry in report.entries if entry.spec)
    except UserError as error:  # another package's, and no reason to keep scores from their reader
        yield f"unverified parts of methods are not listed: {error}"
    else:
        yield from (f"unverified: {spec.unverified}" for spec in known if spec.unverified)


def _majorities(report: Report) -> Iterator[str]:
    """Say what a constant guess comes to in accuracy, task by task."""
    shares: dict[str, float] = {}
    for entry in report.entries:
        majority = entry.trained.majority.values() if entry.trained else ()
        if known := [share for share in majority if share is not None]:
            shares.setdefault(entry.member.labels.task, fmean(known))
    if shares:
        told = ", ".join(f"{task} {100 * share:.1f}" for task, share in shares.items())
        yield f"the majority class has an accuracy of: {told}."


def motionless(table: Table) -> Iterator[str]:
    """Name the cells without any spread: as a rule their models predict one class alone."""
    found = [
        _place(row, cell)
        for row in table.rows
        for cell in row.cells
        if cell.summary.n > 1 and cell.summary.min == cell.summary.max
    ]
    if found:
        yield f"every run has the same score, which is no stability: {'; '.join(found)}."


def crossed(table: Table) -> Iterator[str]:
    """Say what becomes of errors where runs share a head, an order or another seed."""
    if any(shared_seeds(cell.scores) for row in table.rows for cell in row.cells):
        yield (
            "runs share seeds with some of the others and are not independent: errors of means and "
            "differences, their intervals and p count the runs of a shared seed as a cluster "
            "(Cameron, Gelbach and Miller 2011, the clusters of each stream added up), with the "
            "degrees of freedom of the fewest clusters; p is Student's there and takes scores to "
            "be normal, as the interval does. Deviations, P(better) and interquartile means have "
            "no interval; lost runs and the best of several runs are told as if none were shared."
        )


def _troubles(report: Report) -> Iterator[str]:
    for row in report.last.rows:
        for cell in row.cells:
            if found := _without_score(cell):
                yield f"{_place(row, cell)}: {found}."


def _troubles_elsewhere(report: Report) -> Iterator[str]:
    """Name the runs without a score on a further set that have one on their own task."""
    own = {
        (*row.key, cell.column.task): cell.scores for row in report.last.rows for cell in row.cells
    }
    for row in report.transfer.table.rows:
        for cell in row.cells:
            scored = own[(*row.key, cell.column.task)]
            if found := _without_score(cell, among=scored):
                yield f"{_place(row, cell)}: {found}."


def _place(row: Row, cell: Cell) -> str:
    return f"{cell.column.title}, {row.model}, {row.method}, {row.scenario}"


def _without_score(cell: Cell, among: Container[str] | None = None) -> str:
    """Name the seeds without a score by kind; only those that are `among` the given ones."""
    named = {
        kind: [seed for seed in getattr(cell.counts, kind) if among is None or seed in among]
        for kind in ("missing", "errors", "diverged", "undefined")
    }
    return "; ".join(f"{kind} {', '.join(seeds)}" for kind, seeds in named.items() if seeds)


def _stale(report: Report) -> Iterator[str]:
    results = [entry.result for entry in report.entries if isinstance(entry.result, Result)]
    stale = [result.run for result in results if result.stale]
    if stale:
        runs = "1 run was" if len(stale) == 1 else f"{len(stale)} runs were"
        more = len(stale) - STALE_SHOWN
        named = ", ".join(stale[:STALE_SHOWN]) + (f" and {more} more" if more > 0 else "")
        yield (
            f"{runs} computed by another version of dpsrun, which may give other numbers: {named}."
        )


def _damage(report: Report) -> Iterator[str]:
    for file in report.damaged:
        of_order = file.path.name == "spec.json"
        so = "settings of its run are not known" if of_order else "counted as missing"
        yield f"{file.path.as_posix()} is damaged, {so}: {file.reason}"
