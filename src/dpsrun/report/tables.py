"""A report as text: `stability.md`, `stability.csv` and `runs.csv`; pure.

The same results give the same bytes: nothing of the clock or the machine goes into them.
Markdown shows scores times 100, CSV the raw numbers in full.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from dpsrun.report.aggregate import AVERAGE, Cell, Row, Table, score
from dpsrun.report.notes import notes
from dpsrun.report.read import Entry, Report
from dpsrun.runs.files import write_whole
from dpsrun.runs.result import Result
from dpsrun.runs.spec import STREAMS
from dpsrun.runs.store import Store

NOTHING = "—"
ABSENT = "not in grid"

INTRODUCTION = """\
Mean ± sample standard deviation (ddof 1) of the primary score over n seeds, times 100. The
headline is the score after the last epoch. The best epoch is selected on the development set that
also gives the score, so it is optimistic. The average is taken over the tasks within each seed
first; its deviation is that of the seeds' averages."""

STABILITY_COLUMNS = (
    *("grid", "scenario", "model", "method", "task", "selection", "expected", "n"),
    *("mean", "sd", "median", "min", "max"),
    *("failed", "undefined", "diverged", "errors", "missing"),
)


def write_tables(store: Store, report: Report) -> list[Path]:
    """Write the report's files to `tables/<grid>/`; raises OSError."""
    folder = store.root / "tables" / report.grid
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        "stability.md": markdown(report),
        "stability.csv": stability_csv(report),
        "runs.csv": runs_csv(report),
    }
    for name, text in texts.items():
        write_whole(folder / name, text)
    return [folder / name for name in texts]


def points(value: float | None) -> str:
    """Write a score times 100 with one decimal, never as `-0.0`."""
    return NOTHING if value is None else f"{100 * value:z.1f}"


def shown(cell: Cell) -> str:
    """Write a cell: `73.2 ± 1.4 (n=3)`, `73.2 (n=1 of 3)`, a dash without any score."""
    summary = cell.summary
    if summary.n == 0:
        return NOTHING if cell.expected else ABSENT
    spread = "" if summary.sd is None else f" ± {points(summary.sd)}"
    of_expected = "" if summary.n == cell.expected else f" of {cell.expected}"
    return f"{points(summary.mean)}{spread} (n={summary.n}{of_expected})"


def cells_of(table: Table, row: Row) -> tuple[Cell, ...]:
    """Give a row's cells as columns: the tasks, and the average where there are several."""
    return row.cells if len(table.tasks) == 1 else (*row.cells, row.average)


def row_labels(table: Table) -> tuple[str, ...]:
    """Name the columns that identify a row; the scenario only where there are several."""
    several = len({row.scenario for row in table.rows}) > 1
    return ("scenario", "model", "method") if several else ("model", "method")


def headline(table: Table) -> tuple[list[str], list[list[str]]]:
    """Give header and lines of the table of means."""
    labels = row_labels(table)
    averaged = () if len(table.tasks) == 1 else ("average",)
    lines = [
        [*(getattr(row, label) for label in labels), *map(shown, cells_of(table, row))]
        for row in table.rows
    ]
    return [*labels, *table.tasks, *averaged], lines


def spread(table: Table) -> tuple[list[str], list[list[str]]]:
    """Give header and lines of the table of spreads and failures, one line a cell."""
    labels = row_labels(table)
    header = ["task", *labels, "n", "min", "median", "max"]
    header += ["failed", "undefined", "diverged", "errors", "missing"]
    return header, [
        [cell.task, *(getattr(row, label) for label in labels), *_spread_of(cell)]
        for row in table.rows
        for cell in cells_of(table, row)
        if cell.expected
    ]


def _spread_of(cell: Cell) -> list[str]:
    summary = cell.summary
    numbers = map(points, (summary.min, summary.median, summary.max))
    # The average has seeds where the tasks have runs: counts of runs do not belong beside them.
    counts = [
        NOTHING if cell.task == AVERAGE else str(len(seeds)) for seeds in vars(cell.counts).values()
    ]
    return [f"{summary.n} of {cell.expected}", *numbers, *counts]


def markdown(report: Report) -> str:
    """Write `stability.md`."""
    scenarios = dict.fromkeys(row.scenario for row in report.last.rows)
    parts = [
        f"# {_plain(report.grid)}: means and stability",
        INTRODUCTION,
        f"Scenario: {', '.join(map(_plain, scenarios))}.",
        "## Last epoch",
        _pipe_table(*headline(report.last)),
        "## Spread after the last epoch",
        _pipe_table(*spread(report.last)),
        "## Best epoch (selected on the development set)",
        _pipe_table(*headline(report.best)),
        "## Notes",
        "\n".join(f"- {_plain(note)}" for note in notes(report)),
    ]
    return "\n\n".join(parts) + "\n"


def _pipe_table(header: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    rule = ["---"] * len(header)
    return "\n".join(f"| {' | '.join(map(_plain, row))} |" for row in (header, rule, *lines))


def _plain(text: str) -> str:
    """Keep a label on its line and in its column."""
    return " ".join(text.split()).replace("|", "\\|")


def stability_csv(report: Report) -> str:
    """Write `stability.csv`: one line per cell and selection, the averages too."""
    return _csv(STABILITY_COLUMNS, stability_lines(report))


def stability_lines(report: Report) -> Iterator[dict[str, object]]:
    """Give all statistics of all cells, raw; None where one does not exist."""
    for table in (report.last, report.best):
        for row in table.rows:
            for cell in (*row.cells, row.average):
                yield {
                    "grid": report.grid,
                    "scenario": row.scenario,
                    "model": row.model,
                    "method": row.method,
                    "task": cell.task,
                    "selection": table.selection,
                    "expected": cell.expected,
                    **vars(cell.summary),
                    **{kind: len(seeds) for kind, seeds in vars(cell.counts).items()},
                }


def runs_csv(report: Report) -> str:
    """Write `runs.csv`: one line a run with everything that is a number or a word."""
    lines = [_run_line(entry) for entry in report.entries]
    fixed = list(dict.fromkeys(key for line in lines for key in line if "/" not in key))
    open_ended = sorted({key for line in lines for key in line if "/" in key})
    return _csv([*fixed, *open_ended], lines)


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
        "best_epoch": result.best_epoch if result else None,
        "steps": result.timing.steps if result and result.timing else None,
        **_seconds(result),
        "attempts": entry.attempts,
        **(_metrics(result) if result else {}),
    }


def _seed(entry: Entry, stream: str) -> object:
    return getattr(entry.spec.seeds, stream) if entry.spec else None


def outcome(result: object) -> str:
    """Name the outcome of a run; `missing` without a result, `damaged` with an unreadable one."""
    if isinstance(result, Result):
        return result.outcome
    return "missing" if result is None else "damaged"


def outcomes(report: Report) -> dict[str, int]:
    """Count the runs of a report by outcome."""
    return dict(sorted(Counter(outcome(entry.result) for entry in report.entries).items()))


def _seconds(result: Result | None) -> dict[str, object]:
    parts = ("total", "startup", "training", "evaluation")
    timing = result.timing if result else None
    return {f"seconds_{part}": getattr(timing, part, None) for part in parts}


def _metrics(result: Result) -> dict[str, object]:
    splits = result.last.metrics if result.last else {}
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
