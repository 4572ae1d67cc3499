"""What runs cost: seconds of a step, memory, and the state that a method adds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from dpsrun.report.aggregate import Row
from dpsrun.report.analysis.reference import BASELINE
from dpsrun.report.named import Named
from dpsrun.report.read import Entry, Report
from dpsrun.runs.result import Result

BYTES_PER_WEIGHT = 4
"""Weights are float32 at any precision of the forward pass."""


@dataclass(frozen=True)
class Cost(Named):
    """What the runs of a cell cost; None where their results do not tell.

    Attributes:
        task: the task.
        n: the runs that came to their end.
        seconds_per_step: median of the seconds of training by optimiser steps.
        relative_seconds: that, by the same of the first row of vanilla.
        memory: whose memory is meant, `device` or `host`.
        peak_memory_bytes: the largest of all runs.
        method_state_bytes: what the method keeps beside the model, the largest of all runs.
        relative_state: that, in multiples of the weights that the method acts on.
    """

    task: str
    n: int
    seconds_per_step: float | None
    relative_seconds: float | None
    memory: str
    peak_memory_bytes: int | None
    method_state_bytes: int | None
    relative_state: float | None


def costs(report: Report) -> list[Cost]:
    """Give the cost of each cell that has runs, in the order of the grid."""
    cells = [
        (row, cell.column.task, report.runs(row, cell.column.task))
        for row in report.last.rows
        for cell in row.cells
        if cell.expected
    ]
    baselines: dict[tuple[str, str, str], float | None] = {}
    for row, task, entries in cells:
        if any(entry.spec and entry.spec.method == BASELINE for entry in entries):
            baselines.setdefault((*row.place, task), _seconds(_results(entries)))
    return [
        _cost(row, task, _results(entries), baselines.get((*row.place, task)))
        for row, task, entries in cells
    ]


def _results(entries: Iterable[Entry]) -> list[Result]:
    return [entry.trained for entry in entries if entry.trained]


def _cost(row: Row, task: str, results: Sequence[Result], baseline: float | None) -> Cost:
    seconds = _seconds(results)
    memory = "device" if any("device" in r.peak_memory_bytes for r in results) else "host"
    state = _largest(r.effective.get("method_state_bytes") for r in results)
    weights = _largest(r.method.get("weights") for r in results)
    return Cost(
        *row.key,
        task=task,
        n=len(results),
        seconds_per_step=seconds,
        relative_seconds=_ratio(seconds, baseline),
        memory=memory,
        peak_memory_bytes=_largest(r.peak_memory_bytes.get(memory) for r in results),
        method_state_bytes=state,
        relative_state=_ratio(state, weights and weights * BYTES_PER_WEIGHT),
    )


def _seconds(results: Iterable[Result]) -> float | None:
    timings = [result.timing for result in results if result.timing and result.timing.steps]
    return median(timing.training / timing.steps for timing in timings) if timings else None


def _largest(sizes: Iterable[int | None]) -> int | None:
    return max((size for size in sizes if size is not None), default=None)


def _ratio(value: float | None, of: float | None) -> float | None:
    return None if value is None or not of else value / of


def cost_notes(report: Report) -> Iterator[str]:
    """Say so where runs of several machines are in the table, whose seconds do not compare."""
    machines = Counter(
        machine
        for entry in report.entries
        if (result := entry.trained) and (machine := _machine(result.environment))
    )
    if len(machines) > 1:
        listed = "; ".join(f"{runs} on {machine}" for machine, runs in machines.items())
        yield f"runs of several machines, whose seconds do not compare: {listed}."


def _machine(environment: Mapping[str, Any]) -> str | None:
    name, threads = environment.get("device_name"), environment.get("threads")
    if not name:
        return None
    return f"{name} ({environment.get('device')}, threads: {threads})"
