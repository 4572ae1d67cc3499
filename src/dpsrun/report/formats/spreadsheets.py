"""A report as CSV: raw numbers in full; pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict

from dpsrun.report.aggregate import Table, score
from dpsrun.report.analysis.costs import Cost, costs
from dpsrun.report.formats.tables import cells_of, outcome
from dpsrun.report.read import Entry, Report
from dpsrun.runs.result import Result
from dpsrun.runs.spec import STREAMS

STABILITY_COLUMNS = (
    *("grid", "scenario", "model", "method", "task", "evaluated_on", "selection", "expected", "n"),
    *("mean", "sd", "se", "low", "high", "median", "min", "max", "ok_n", "ok_mean", "ok_sd"),
    *("failed", "undefined", "diverged", "errors", "missing"),
)
COST_COLUMNS = ("grid", *Cost.__dataclass_fields__)


def stability(report: Report) -> str:
    """Write `stability.csv`: one line per cell and selection, the averages too."""
    return _csv(STABILITY_COLUMNS, stability_lines(report))


def stability_lines(report: Report) -> Iterator[dict[str, object]]:
    """Give all statistics of all cells, raw; None where one does not exist."""
    for table in (*report.selections, report.transfer.table):
        yield from _lines(table)


def _lines(table: Table) -> Iterator[dict[str, object]]:
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


def cost(report: Report) -> str:
    """Write `costs.csv`: one line per cell."""
    return _csv(COST_COLUMNS, cost_lines(report))


def cost_lines(report: Report) -> Iterator[dict[str, object]]:
    """Give the costs of all cells, raw; None where one is not known."""
    yield from ({"grid": report.grid, **asdict(found)} for found in costs(report))


def runs(report: Report) -> str:
    """Write `runs.csv`: one line a run with everything that is a number or a word."""
    lines = list(run_lines(report))
    fixed = list(dict.fromkeys(key for line in lines for key in line if "/" not in key))
    open_ended = sorted({key for line in lines for key in line if "/" in key})
    return _csv([*fixed, *open_ended], lines)


def run_lines(report: Report) -> Iterator[dict[str, object]]:
    """Give all runs with what is known of each; None for what is not."""
    yield from map(_run_line, report.entries)


def means(table: Table) -> str:
    """Write `means.csv`: one line a row, three columns a task, ready for another program."""
    return written(_wide(table))


def _wide(table: Table) -> Iterator[dict[str, object]]:
    for row in table.rows:
        line: dict[str, object] = {"grid": table.grid, "selection": table.selection}
        line |= {"scenario": row.scenario, "model": row.model, "method": row.method}
        for cell in cells_of(table, row):
            for name in ("mean", "sd", "n"):
                line[f"{cell.column.title} {name}"] = getattr(cell.summary, name)
        yield line


def written(lines: Iterable[Mapping[str, object]]) -> str:
    """Write lines that all have the same columns; nothing for no lines."""
    known = list(lines)
    return _csv(list(known[0]), known) if known else ""


def _run_line(entry: Entry) -> dict[str, object]:
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
        **(_metrics(result) if result else {}),
    }


def _seed(entry: Entry, stream: str) -> object:
    return getattr(entry.spec.seeds, stream) if entry.spec else None


def _seconds(result: Result | None) -> dict[str, object]:
    parts = ("total", "startup", "training", "evaluation")
    timing = result.timing if result else None
    return {f"seconds_{part}": getattr(timing, part, None) for part in parts}


def _metrics(result: Result) -> dict[str, object]:
    splits = dict(result.last.metrics) if result.last else {}
    splits |= {f"set/{name}": further.metrics for name, further in result.sets.items()}
    metrics = {
        f"{split}/{name}": value for split, found in splits.items() for name, value in found.items()
    }
    memory = {f"peak_memory_bytes/{k}": size for k, size in result.peak_memory_bytes.items()}
    return {**metrics, **memory}


def _csv(header: Sequence[str], lines: Iterable[Mapping[str, object]]) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, header, lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return stream.getvalue()
