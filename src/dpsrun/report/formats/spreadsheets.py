"""A report as CSV: raw numbers in full; pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from dpsrun.report.aggregate import Table, score
from dpsrun.report.analysis.costs import Cost, costs
from dpsrun.report.formats.tables import cells_of, outcome
from dpsrun.report.read import Entry, Report
from dpsrun.runs.result import Result
from dpsrun.runs.spec import STREAMS

Line = dict[str, object]
"""Column -> value; None where there is none."""

STABILITY_COLUMNS = (
    *("grid", "scenario", "model", "method", "task", "evaluated_on", "selection", "expected", "n"),
    *("mean", "sd", "se", "low", "high", "median", "min", "max", "ok_n", "ok_mean", "ok_sd"),
    *("failed", "undefined", "diverged", "errors", "missing"),
)
COST_COLUMNS = ("grid", *Cost.__dataclass_fields__)


def numbers(report: Report) -> dict[str, list[Line]]:
    """Give what is known of all `runs`, `cells` and `costs`, raw; None for what is not."""
    tables = (*report.selections, report.transfer.table)
    return {
        "runs": list(map(_run_line, report.entries)),
        "cells": [line for table in tables for line in _lines(table)],
        "costs": [{"grid": report.grid, **vars(found)} for found in costs(report)],
    }


def stability(lines: Iterable[Line]) -> str:
    """Write `stability.csv`: one line per cell and selection, the averages too."""
    return _csv(STABILITY_COLUMNS, lines)


def _lines(table: Table) -> Iterator[Line]:
    for row in table.rows:
        for cell in (*row.cells, row.average):
            yield {
                "grid": table.grid,
                "scenario": row.scenario,
                "model": row.model,
                "method": row.method,
                "task": cell.column.task,
                "evaluated_on": cell.column.evaluated_on,
                "selection": table.selection,
                "expected": cell.expected,
                **vars(cell.summary),
                **{f"ok_{name}": getattr(cell.ok_only, name) for name in ("n", "mean", "sd")},
                **{kind: len(seeds) for kind, seeds in vars(cell.counts).items()},
            }


def cost(lines: Iterable[Line]) -> str:
    """Write `costs.csv`: one line per cell."""
    return _csv(COST_COLUMNS, lines)


def runs(lines: Sequence[Line]) -> str:
    """Write `runs.csv`: one line a run with everything that is a number or a word."""
    fixed = list(dict.fromkeys(key for line in lines for key in line if "/" not in key))
    open_ended = sorted({key for line in lines for key in line if "/" in key})
    return _csv([*fixed, *open_ended], lines)


def means(table: Table) -> str:
    """Write `means.csv`: one line a row, five columns a task, ready for another program."""
    return written(list(_wide(table)))


def _wide(table: Table) -> Iterator[Line]:
    for row in table.rows:
        line: Line = {"grid": table.grid, "selection": table.selection}
        line |= {"scenario": row.scenario, "model": row.model, "method": row.method}
        for cell in cells_of(table, row):
            for name in ("mean", "sd", "n"):
                line[f"{cell.column.title} {name}"] = getattr(cell.summary, name)
            for kind in () if cell.column.averages else ("failed", "diverged"):
                line[f"{cell.column.title} {kind}"] = len(getattr(cell.counts, kind))
        yield line


def written(lines: Sequence[Line]) -> str:
    """Write lines that all have the same columns; nothing for no lines."""
    return _csv(list(lines[0]), lines) if lines else ""


def _run_line(entry: Entry) -> Line:
    """Describe a run; keys with a slash (metrics, memory) differ from run to run."""
    result = entry.result if isinstance(entry.result, Result) else None
    labels = entry.member.labels.model_dump()
    seeds = {f"seed_{stream}": _seed(entry, stream) for stream in STREAMS}
    return {
        "run": entry.member.id,
        **labels,
        **seeds,
        "outcome": outcome(entry.result),
        "last": score(result, "last"),
        "best": score(result, "best"),
        "held_out": score(result, "held-out"),
        "best_epoch": result.best_epoch if result else None,
        "steps": result.timing.steps if result and result.timing else None,
        **_seconds(result),
        "attempts": entry.attempts,
        "stale": result.stale if result else None,
        **(_metrics(result) if result else {}),
    }


def _seed(entry: Entry, stream: str) -> object:
    return getattr(entry.spec.seeds, stream) if entry.spec else None


def _seconds(result: Result | None) -> Line:
    parts = ("total", "startup", "training", "evaluation")
    timing = result.timing if result else None
    return {f"seconds_{part}": getattr(timing, part, None) for part in parts}


def _metrics(result: Result) -> Line:
    splits = dict(result.last.metrics) if result.last else {}
    splits |= {f"set/{name}": further.metrics for name, further in result.sets.items()}
    metrics = {
        f"{split}/{name}": value for split, found in splits.items() for name, value in found.items()
    }
    memory = {f"peak_memory_bytes/{k}": size for k, size in result.peak_memory_bytes.items()}
    return {**metrics, **memory}


def _csv(header: Sequence[str], lines: Iterable[Line]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([line.get(name) for name in header] for line in lines)
    return stream.getvalue()
