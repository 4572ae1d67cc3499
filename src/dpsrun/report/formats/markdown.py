"""A report as documents: `stability.md` and `costs.md`; pure.

The same results give the same bytes: nothing of the clock or the machine goes into them. What
differs between repetitions with equal scores is in `costs.md` alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from dpsrun.report.analysis.ablation import ablations
from dpsrun.report.analysis.costs import cost_notes, costs
from dpsrun.report.analysis.sizes import panels
from dpsrun.report.formats.pipes import bullets, pipe_table, plain
from dpsrun.report.formats.tables import (
    by_settings,
    by_size,
    cost_table,
    further,
    headline,
    spread,
)
from dpsrun.report.named import RowKey
from dpsrun.report.notes import notes, unverified
from dpsrun.report.read import Report

INTRODUCTION = """\
Mean ± sample standard deviation (ddof 1) of the primary score over n seeds, times 100. The
headline is the score after the last epoch. The best epoch is selected on the development set that
also gives the score, so it is optimistic. The average is taken over the tasks within each seed
first; its deviation is that of the seeds' averages."""

HELD_OUT = """\
Each half of the evaluated examples selects the epoch for the other; the mean of both scores."""

FURTHER = """\
Scores of the trained models after the last step on sets beyond their own evaluation splits:
trained on → evaluated on. Degenerate runs count in. The average is over the columns within each
seed first."""

COSTS = """\
Seconds are wall clock: a run's seconds of training by its optimiser steps, the median of n runs.
Runs that share a machine slow each other down. Peak memory is the largest of the runs, of the
device or, without one, of the process. The method's state is what it keeps beside the model and
the optimiser; weights are those that the method acts on, 4 bytes each."""


def stability(
    report: Report, unlike: Collection[RowKey] = (), told: Sequence[str] | None = None
) -> str:
    """Write `stability.md`.

    Args:
        report: read from a results folder.
        unlike: the rows to mark, for they differ from their reference in more than the method.
        told: its notes; None for those on the report alone.
    """
    scenarios = dict.fromkeys(row.scenario for row in report.last.rows)
    parts = [
        f"# {plain(report.grid)}: means and stability",
        INTRODUCTION,
        f"Scenario: {', '.join(map(plain, scenarios))}.",
        "## Last epoch",
        pipe_table(headline(report.last, unlike)),
        *_further(report, unlike),
        "## Spread after the last epoch",
        pipe_table(spread(report.last, unlike)),
        "## Best epoch (selected on the development set)",
        pipe_table(headline(report.best, unlike)),
        *_held_out(report, unlike),
        *_by_size(report, unlike),
        *_by_settings(report),
        "## Notes",
        bullets(notes(report) if told is None else told),
    ]
    return "\n\n".join(parts) + "\n"


def _held_out(report: Report, unlike: Collection[RowKey]) -> Iterator[str]:
    if report.held_out in report.selections:
        yield "## Best epoch by half of the examples, scored on the other half"
        yield HELD_OUT
        yield pipe_table(headline(report.held_out, unlike))


def _further(report: Report, unlike: Collection[RowKey]) -> Iterator[str]:
    if report.transfer.table.columns:
        yield "## Further evaluation sets"
        yield FURTHER
        yield pipe_table(further(report.transfer, unlike))


def _by_size(report: Report, unlike: Collection[RowKey]) -> Iterator[str]:
    found = panels(report)
    if found:
        yield "## Score by training examples"
    for panel in found:
        yield f"### {plain(panel.task)}"
        yield pipe_table(by_size(panel, unlike))


def _by_settings(report: Report) -> Iterator[str]:
    for found in ablations(report):
        settings = f"{found.method} by {' and '.join(found.settings)}"
        yield f"## {plain(f'{settings}: {found.model}, {found.scenario}')}"
        for task in found.tasks:
            yield f"### {plain(task)}"
            yield pipe_table(by_settings(found, task))


def cost(report: Report) -> str:
    """Write `costs.md`."""
    parts = [
        f"# {plain(report.grid)}: what it cost",
        COSTS,
        pipe_table(cost_table(costs(report))),
        bullets((*cost_notes(report), *unverified(report))),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"
