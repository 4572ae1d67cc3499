"""A task's grid, done by the product and by the programs that people would run instead."""

from __future__ import annotations

import csv
import heapq
import json
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from benchmarks.grids import METHODS, call, plan_of, timed, words_of, write_grid
from benchmarks.loop import Job, Outcome
from benchmarks.measure import Settings
from benchmarks.workload import encoder
from dpsrun.execution.devices import cores
from dpsrun.runs.fingerprint import cache_folder
from dpsrun.runs.spec import Run, derive
from dpsrun.runs.store import Store
from dpsrun.tasks import registry
from dpsrun.tasks.rows import read
from dpsrun.tasks.source import TaskFiles, locate
from dpsrun.tasks.subset import stratified
from dpsrun.training.data import training_steps
from dpsrun.training.optimiser import warmup_steps
from dpsrun.training.seeds import Streams

OURS = "dpsrun grid"
PEERS = {
    "bare loop, padded to the longest": ("loop", "longest"),
    "Trainer, padded to the longest": ("trainer", "longest"),
    "Trainer, padded to 128": ("trainer", "max_length"),
}
TRAINING = "learning_rate: 2e-4, weight_decay: 0.1"
"""Larger than usual, so that a peer with other settings shows after a few steps."""


@dataclass(frozen=True)
class Work:
    """The grid of a task, how many runs it has, and the part of those that peers do, by run id."""

    task: str
    file: Path
    data: str | None
    runs: int
    jobs: Mapping[str, Job]


@dataclass(frozen=True)
class Done:
    """What a program made of a grid: its runs, and seconds with and without starting.

    `alone` are training and evaluation, one run after the other or as our slots took them.
    """

    outcomes: Mapping[str, Outcome]
    wall: float
    alone: float


def prepare(task: str, settings: Settings, folder: Path) -> Work:
    """Write a task's grid of two methods and two seeds, and the jobs of its runs."""
    found = registry.find(task)
    files = locate(found, settings.data, cache=cache_folder())
    batch, file = settings.pick(16, 4), folder / f"{task}.yaml"
    steps = min(settings.pick(96, 4), files.train_examples // batch)
    rest = (
        f"scenario: low-resource({steps * batch})",
        f"training: {{batch_size: {batch}, epochs: 1, {TRAINING}}}",
    )
    methods, seeds = METHODS[settings.pick(0, 1) :], settings.pick(2, 1)
    write_grid(file, settings, *rest, tasks=[task], methods=methods, seeds=seeds)
    runs = plan_of(file, folder / "plan", settings.data).runs.values()
    share, model = settings.pick(16, 2), encoder(settings).folder
    first = [run for run in runs if run.spec.seeds.order == 0]
    jobs = {run.id: _job(run, files, model, share) for run in first}
    return Work(task, file, settings.data, len(runs), jobs)


def _job(run: Run, files: TaskFiles, model: Path, share: int) -> Job:
    """Give the first of a run's steps, one in `share`, as a job."""
    training, task, seeds = run.spec.training, registry.find(run.spec.task), run.spec.seeds
    labels = read(task, files.splits[task.train]).labels
    chosen = stratified(labels, run.train_examples, seeds.subset, regression=task.regression)
    steps = training_steps(
        chosen.tolist(),
        batch_size=training.batch_size,
        total_steps=max(1, run.total_steps // share),
        order=Streams.of(seeds).order,
    )
    return Job(
        model=str(model),
        outputs=task.outputs,
        texts=task.text,
        train=[str(path) for path in files.splits[task.train]],
        validation=[str(path) for path in files.splits[task.evaluation[0]]],
        rows=[row for _, rows, _ in steps for row in rows],
        batch_size=training.batch_size,
        total_steps=run.total_steps,
        every=share,
        max_length=training.max_length,
        head_seed=derive("init", seeds.init),
        dropout=run.spec.params["dropout"],
        learning_rate=training.learning_rate,
        warmup_steps=warmup_steps(training, run.total_steps),
        weight_decay=training.weight_decay,
        clip=training.max_grad_norm or 0.0,
    )


def do(name: str, work: Work) -> Done:
    """Do a grid with the program of that name."""
    return _ours(work) if name == OURS else _theirs(*PEERS[name], work)


def can_do(name: str) -> bool:
    """Say whether a program can be had: the Trainer needs a package more."""
    return name == OURS or PEERS[name][0] == "loop" or find_spec("accelerate") is not None


def _ours(work: Work) -> Done:
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        call(words_of("grid", work.file, Path(folder), work.data), DPSRUN_CACHE=f"{folder}/cache")
        wall, store = time.perf_counter() - began, Store(Path(folder))
        # An attempt's name sorts by its time.
        results = [timed(store.result(run)) for run in store.run_ids()]
        found = sorted(results, key=lambda each: each[0].attempt)
        outcomes = {
            result.run: Outcome(
                timing.training,
                timing.evaluation,
                timing.training + timing.evaluation,
                _losses(store.attempt_folder(result.run, result.attempt) / "curve.csv"),
            )
            for result, timing in found
        }
    return Done(outcomes, wall, makespan([each.seconds for each in outcomes.values()], cores()))


def _losses(curve: Path) -> list[float]:
    with curve.open(encoding="utf-8") as stream:
        return [float(row["loss"]) for row in csv.DictReader(stream)]


def makespan(seconds: Sequence[float], slots: int) -> float:
    """Give the time that runs take if each goes, in this order, to the slot that is free first."""
    ends = [0.0] * slots
    for each in seconds:
        heapq.heapreplace(ends, ends[0] + each)
    return max(ends)


def _theirs(program: str, pad: str, work: Work) -> Done:
    outcomes, wall = {}, 0.0
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "job.json"
        for run, job in work.jobs.items():
            file.write_text(json.dumps(asdict(replace(job, pad=pad))), encoding="utf-8")
            words = [sys.executable, "-m", "benchmarks.peer", str(file), program]
            began = time.perf_counter()
            printed = call(words, OMP_NUM_THREADS=str(cores()))
            outcomes[run] = outcome = Outcome(**json.loads(printed.splitlines()[-1]))
            wall += time.perf_counter() - began - outcome.done + outcome.seconds
    seeds, alone = work.runs / len(work.jobs), sum(each.seconds for each in outcomes.values())
    return Done(outcomes, wall * seeds, alone * seeds)
