"""A grid a task against what people run without the product: wall time for the same losses."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from benchmarks.loop import Job
from benchmarks.measure import Settings, Spread, ratios, rotated
from benchmarks.programs import OURS, PEERS, Done, Work, can_do, do, prepare
from benchmarks.tables import Row, Table, at_least, mean_row
from dpsrun.execution.devices import cores

TARGETS = dict(zip(PEERS, (2.0, 3.0, 6.0), strict=True))
WALL, ALONE = f"wall / {OURS}", f"steps alone / {OURS}"
SAME, ALIKE = 1e-5, 0.1
"""Largest difference of losses, over their mean: without dropout, and with other random numbers."""


def measure(settings: Settings) -> Table:
    """Do each task's grid with the programs in turns; each task begins with another one."""
    names, rows = [name for name in (OURS, *PEERS) if can_do(name)], list[Row]()
    with tempfile.TemporaryDirectory() as folder:
        for number, task in enumerate(settings.tasks):
            work = prepare(task, settings, Path(folder))
            done = {name: do(name, work) for name in rotated(names, number)}
            check(work, done)
            rows += _rows(task, {name: done[name] for name in names}, work.jobs)
            partial = Table("peers", "A grid against other programs", _notes(work), rows)
            partial.show()
    return replace(partial, rows=[*rows, *(_mean(rows, name) for name in names[1:])])


def differences(jobs: Mapping[str, Job], ours: Done, other: Done) -> dict[str, float]:
    """Give the largest difference of the losses of a run's first steps, over their mean."""
    found = {}
    for run in jobs:
        both = (done.outcomes[run].losses[: jobs[run].steps] for done in (ours, other))
        pairs = list(zip(*both, strict=True))
        found[run] = max(abs(a - b) for a, b in pairs) / (sum(a for a, _ in pairs) / len(pairs))
    return found


def check(work: Work, done: Mapping[str, Done]) -> None:
    """Raise RuntimeError if a program's losses are not ours, step by step."""
    for name, other in done.items():
        for run, difference in differences(work.jobs, done[OURS], other).items():
            allowed = SAME if work.jobs[run].dropout == 0 else ALIKE
            if not difference <= allowed:
                raise RuntimeError(f"{name}: losses of {run} differ from ours by {difference:.2g}")


def _rows(task: str, done: Mapping[str, Done], jobs: Mapping[str, Job]) -> list[Row]:
    ours = done[OURS]
    runs = [run for run in jobs if jobs[run].dropout == 0]
    return [
        {
            "task": task,
            "program": name,
            "wall seconds": each.wall,
            WALL: each.wall / ours.wall,
            "steps alone, seconds": each.alone,
            ALONE: each.alone / ours.alone,
            "spread": by_run(each, ours),
            "target": None,
            "losses differ by": max(differences({r: jobs[r] for r in runs}, ours, each).values()),
        }
        for name, each in done.items()
    ]


def by_run(other: Done, ours: Done) -> Spread | None:
    """Compare run by run; our runs share the time that they took side by side."""
    if other is ours:
        return None
    share = ours.alone / sum(mine.seconds for mine in ours.outcomes.values())
    theirs = [each.seconds for each in other.outcomes.values()]
    return ratios(theirs, [ours.outcomes[run].seconds * share for run in other.outcomes])


def _mean(rows: Sequence[Row], name: str) -> Row:
    """Sum up the tasks."""
    row = mean_row(rows, {"program": name}, WALL, ALONE)
    alone = [each[ALONE] for each in rows if each["program"] == name]
    return row | {
        "spread": Spread.of([each for each in alone if isinstance(each, float)]),
        "target": at_least(row[ALONE], TARGETS[name]),
    }


def _notes(work: Work) -> str:
    job = next(iter(work.jobs.values()))
    missing = "" if find_spec("accelerate") else " No Trainer: `accelerate` is not installed."
    return (
        f"A grid a task: vanilla with the encoder's own dropout and without, {work.runs} runs "
        f"of {job.total_steps} steps of {job.batch_size} examples and an evaluation. The product "
        f"does {cores()} runs at a time with one thread each, from an empty cache; the "
        "others do one run after the other, a process each, on all cores. To spare hours they do "
        f"the first seed only, the first {job.steps} steps of a run, and one example in "
        f"{job.every} of the evaluation; "
        "what is left out is counted at the same pace. They have the same head, the same rows in "
        "the same order and the same optimiser settings: without dropout every loss is the "
        f"product's within {SAME:g} of their mean, with dropout, whose random numbers are others, "
        f"within {ALIKE:g}. Steps alone: training and evaluation, without starting, reading and "
        "tokenising; the product's as its slots took them. Spread: of that ratio, over the runs, "
        f"in the last lines over the tasks. The programs took turns.{missing}"
    )
