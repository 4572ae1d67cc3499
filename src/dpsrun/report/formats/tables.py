"""The tables of a report as text: a header and lines for each; pure.

Scores are shown times 100.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from dpsrun.report.aggregate import Cell, Row, Summary, Table
from dpsrun.report.analysis.ablation import Ablation
from dpsrun.report.analysis.costs import Cost
from dpsrun.report.analysis.sizes import Panel, Size
from dpsrun.report.analysis.transfer import Transfer, majorities
from dpsrun.report.formats.marks import curve_label, marked
from dpsrun.report.named import Named, RowKey
from dpsrun.report.read import Report
from dpsrun.runs.result import Result
from dpsrun.tasks.task import AVERAGE

NOTHING = "—"
ABSENT = "not in grid"
MAJORITY = "majority class (accuracy)"

Lines = tuple[list[str], list[list[str]]]
"""The header of a table, and its lines."""


def points(value: float | None) -> str:
    """Write a score times 100 with one decimal, never as `-0.0`."""
    return NOTHING if value is None else f"{100 * value:z.1f}"


def signed(value: float | None) -> str:
    """Write a difference times 100 with its sign."""
    return NOTHING if value is None else f"{100 * value:+z.1f}"


def shown(cell: Cell) -> str:
    """Write a cell: `73.2 ± 1.4 (n=3)`, `73.2 (n=2 of 3, 1 diverged)`, a dash without any score."""
    if cell.summary.n == 0 and not lost(cell):
        return NOTHING if cell.expected else ABSENT
    return described(cell.summary, cell.expected, lost(cell))


def lost(cell: Cell) -> str:
    """Count the runs of a task that went wrong or are missing; nothing where none was done."""
    if cell.column.averages:  # it has seeds where the tasks have runs
        return ""
    return "" if len(cell.counts.missing) == cell.expected else troubles(cell)


def troubles(cell: Cell) -> str:
    """Count the runs that failed, have no score or are missing, in words."""
    counts = cell.counts
    kinds = {
        "failed": counts.failed,
        "undefined": [seed for seed in counts.undefined if seed not in counts.failed],
        "diverged": counts.diverged,
        "error" if len(counts.errors) == 1 else "errors": counts.errors,
        "missing": counts.missing,
    }
    return ", ".join(f"{len(seeds)} {kind}" for kind, seeds in kinds.items() if seeds)


def described(summary: Summary, expected: int | None = None, lost: str = "") -> str:
    """Write mean, standard deviation and number, and of how many where some are lacking."""
    if summary.n == 0:
        return f"{NOTHING} ({lost})" if lost else NOTHING
    spread = "" if summary.sd is None else f" ± {points(summary.sd)}"
    of_expected = "" if expected in {None, summary.n} else f" of {expected}"
    told = f", {lost}" if lost else ""
    return f"{points(summary.mean)}{spread} (n={summary.n}{of_expected}{told})"


def _between(low: float | None, high: float | None) -> str:
    return NOTHING if low is None or high is None else f"[{points(low)}, {points(high)}]"


def cells_of(table: Table, row: Row) -> tuple[Cell, ...]:
    """Give a row's cells by column, and the average where there are several."""
    return row.cells if len(table.columns) == 1 else (*row.cells, row.average)


def row_labels(found: Iterable[Named]) -> tuple[str, ...]:
    """Name the columns that identify a row; the scenario only where there are several."""
    several = len({each.scenario for each in found}) > 1
    return ("scenario", "model", "method") if several else ("model", "method")


def headline(table: Table, unlike: Collection[RowKey] = ()) -> Lines:
    """Give the table of means; the `unlike` rows differ from others in more than the method."""
    labels = row_labels(table.rows)
    averaged = () if len(table.columns) == 1 else (AVERAGE,)
    lines = [
        [
            *(getattr(row, label) for label in labels[:-1]),
            marked(row, unlike),
            *map(shown, cells_of(table, row)),
        ]
        for row in table.rows
    ]
    return [*labels, *(column.title for column in table.columns), *averaged], lines


def further(found: Transfer, unlike: Collection[RowKey] = ()) -> Lines:
    """Give the table of means on further evaluation sets, with a line for the majority class."""
    header, lines = headline(found.table, unlike)
    labels, columns = len(row_labels(found.table.rows)), len(found.table.columns)
    shares = map(points, majorities(found))
    average = [NOTHING] * (len(header) - labels - columns)
    return header, [*lines, [*[""] * (labels - 1), MAJORITY, *shares, *average]]


def spread(table: Table, unlike: Collection[RowKey] = ()) -> Lines:
    """Give the table of spreads and failures, one line a cell."""
    labels = row_labels(table.rows)
    *places, _ = labels
    header = ["task", *labels, "n", "min", "median", "max", "se", "95 % interval", "ok only"]
    header += ["failed", "undefined", "diverged", "errors", "missing"]
    return header, [
        [
            cell.column.title,
            *(getattr(row, label) for label in places),
            marked(row, unlike),
            *_spread_of(cell),
        ]
        for row in table.rows
        for cell in cells_of(table, row)
        if cell.expected
    ]


def _spread_of(cell: Cell) -> list[str]:
    summary = cell.summary
    numbers = map(points, (summary.min, summary.median, summary.max, summary.se))
    around = (_between(summary.low, summary.high), described(cell.ok_only))
    # The average has seeds where the tasks have runs: counts of runs do not belong beside them.
    counts = [
        NOTHING if cell.column.averages else str(len(seeds)) for seeds in vars(cell.counts).values()
    ]
    return [f"{summary.n} of {cell.expected}", *numbers, *around, *counts]


def by_size(panel: Panel, unlike: Collection[RowKey] = ()) -> Lines:
    """Give the table of a task's means by the number of training examples."""
    header = ["model", "method", *map(_headed, panel.sizes)]
    lines = []
    for curve in panel.curves:
        cells = dict(curve.points)
        found = [shown(cells[size]) if size in cells else ABSENT for size in panel.sizes]
        lines.append([curve.model, curve_label(curve, unlike), *found])
    return header, lines


def _headed(size: Size) -> str:
    return f"{size.examples:,} (full)" if size.scenario == "full" else f"{size.examples:,}"


def by_settings(found: Ablation, task: str) -> Lines:
    """Give the table of a task's means by two settings: the first down, the second across."""
    xs, ys = found.values
    header = [" \\ ".join(found.settings), *(f"{y:g}" for y in ys)]
    return header, [[f"{x:g}", *(shown(found.cell(x, y, task)) for y in ys)] for x in xs]


def cost_table(found: list[Cost]) -> Lines:
    """Give the table of costs, one line a cell."""
    labels = ("task", *row_labels(found))
    measures = ["s/step", "x vanilla", "peak memory", "method's state", "x weights"]
    lines = [[*(getattr(cost, label) for label in labels), *_cost_of(cost)] for cost in found]
    return [*labels, "n", *measures], lines


def _cost_of(cost: Cost) -> list[str]:
    peak = _mebibytes(cost.peak_memory_bytes)
    return [
        str(cost.n),
        _rounded(cost.seconds_per_step, ".3g"),
        _rounded(cost.relative_seconds, ".2f"),
        peak if cost.peak_memory_bytes is None else f"{peak} ({cost.memory})",
        _mebibytes(cost.method_state_bytes),
        _rounded(cost.relative_state, ".2f"),
    ]


def _rounded(value: float | None, style: str) -> str:
    return NOTHING if value is None else format(value, style)


def _mebibytes(size: int | None) -> str:
    return NOTHING if size is None else f"{size / 2**20:,.1f} MiB"


def outcome(result: object) -> str:
    """Name the outcome of a run; `missing` without a result, `damaged` with an unreadable one."""
    if isinstance(result, Result):
        return result.outcome
    return "missing" if result is None else "damaged"


def outcomes(report: Report) -> dict[str, int]:
    """Count the runs of a report by outcome."""
    return dict(sorted(Counter(outcome(entry.result) for entry in report.entries).items()))
