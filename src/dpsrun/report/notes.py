"""What a reader must know beside the numbers of a table."""

from __future__ import annotations

from collections.abc import Iterator

from dpsrun.report.aggregate import Cell, Row
from dpsrun.report.read import Report
from dpsrun.runs.result import Result

MEANINGS = (
    "failed: no better than a constant guess at the end; its score, if it has one, is in the mean.",
    "undefined: failed without a score (a correlation with constants); left out, never taken as 0.",
    "diverged: a loss, gradient or weight was not finite; without a score, left out of the mean.",
    "errors: ended by an error, lack of memory or time; without a score, left out of the mean.",
    "average: over the seeds that have a score in every task of the table.",
)


def notes(report: Report) -> list[str]:
    """Give the notes of a grid's tables: what words mean, and every run without a score."""
    return [*MEANINGS, *_troubles(report), *_stale(report), *_damage(report)]


def _troubles(report: Report) -> Iterator[str]:
    for row in report.last.rows:
        for cell in row.cells:
            if found := _without_score(cell):
                yield f"{_place(row, cell)}: {found}."


def _place(row: Row, cell: Cell) -> str:
    return f"{cell.task}, {row.model}, {row.method}, {row.scenario}"


def _without_score(cell: Cell) -> str:
    kinds = ("missing", "errors", "diverged", "undefined")
    named = {kind: getattr(cell.counts, kind) for kind in kinds}
    return "; ".join(f"{kind} {', '.join(seeds)}" for kind, seeds in named.items() if seeds)


def _stale(report: Report) -> Iterator[str]:
    results = [entry.result for entry in report.entries if isinstance(entry.result, Result)]
    if number := sum(result.stale for result in results):
        runs = "1 run was" if number == 1 else f"{number} runs were"
        yield f"{runs} computed by another version of dpsrun, which may give other numbers."


def _damage(report: Report) -> Iterator[str]:
    for file in report.damaged:
        yield f"{file.path.as_posix()} is damaged and counted as missing: {file.reason}"
