"""A whole grid against what people run without the product: wall time for the same losses."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from benchmarks.fresh import COMMAND
from benchmarks.latency import plan_of
from benchmarks.measure import Settings, Spread, interleave, ratios
from benchmarks.peer import Job, Outcome
from benchmarks.tables import Row, Table
from benchmarks.workload import MODEL, model_folder
from dpsrun.execution.devices import cores
from dpsrun.runs.fingerprint import cache_folder
from dpsrun.runs.result import Result
from dpsrun.runs.spec import Run, derive
from dpsrun.runs.store import Store
from dpsrun.tasks import registry
from dpsrun.tasks.rows import read
from dpsrun.tasks.source import TaskFiles, locate
from dpsrun.tasks.subset import stratified
from dpsrun.training.data import training_steps
from dpsrun.training.optimiser import warmup_steps
from dpsrun.training.seeds import Streams

TOLERANCE = 0.01
"""Largest relative difference of the loss of a run's last step between two programs."""

OURS = "dpsrun grid"
PEERS = {
    "bare loop, padded to the longest": ("loop", "longest"),
    "Trainer, padded to the longest": ("trainer", "longest"),
    "Trainer, padded to 128": ("trainer", "max_length"),
}

Rounds = dict[str, list[list[Outcome]]]
"""Program -> round -> run, in the order of the jobs."""


def measure(settings: Settings) -> Table:
    """Do the grid with each program in turns."""
    rounds = settings.pick(3, 1)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "peers.yaml"
        jobs = write_grid(file, settings)
        programs = _programs(file, jobs, settings.data)
        seen: Rounds = {name: [] for name in programs}
        turns = {
            name: (lambda _, name=name, do=do: seen[name].append(do()))
            for name, do in programs.items()
        }
        walls = interleave(turns, rounds)
    check(seen)
    return Table("peers", "A grid against other programs", _notes(jobs, rounds), _rows(walls, seen))


def _programs(
    file: Path, jobs: Mapping[str, Job], data: str | None
) -> dict[str, Callable[[], list[Outcome]]]:
    """Give what does the grid once, by name; the Trainer only if it can be had."""
    programs: dict[str, Callable[[], list[Outcome]]] = {
        OURS: partial(_ours, file, list(jobs), data)
    }
    for name, (program, pad) in PEERS.items():
        if program == "loop" or find_spec("accelerate"):
            padded = [replace(job, pad=pad) for job in jobs.values()]
            programs[name] = partial(_peers, program, padded)
    return programs


def _rows(walls: Mapping[str, Sequence[float]], seen: Rounds) -> list[Row]:
    alone = {name: [_alone(name, done) for done in rounds] for name, rounds in seen.items()}
    return [
        {
            "program": name,
            "wall seconds": Spread.of(walls[name]),
            f"wall / {OURS}": ratios(walls[name], walls[OURS]),
            "steps alone, seconds": Spread.of(alone[name]),
            f"steps alone / {OURS}": ratios(alone[name], alone[OURS]),
            "last loss, first run": seen[name][0][0].loss,
        }
        for name in walls
    ]


def _notes(jobs: Mapping[str, Job], rounds: int) -> str:
    job = next(iter(jobs.values()))
    missing = "" if find_spec("accelerate") else " No Trainer: `accelerate` is not installed."
    return (
        f"{len(jobs)} runs of {len(job.rows) // job.batch_size} steps, batch {job.batch_size}, no "
        f"dropout, one evaluation at the end; median (range) of {rounds} rounds, the programs in "
        "turns. All have the same rows in the same order, the same head and the same optimiser "
        f"settings, and reach the same loss at the last step of every run within {TOLERANCE:.0%}. "
        f"The product does {cores()} runs at a time with one thread each and begins with an empty "
        "cache; the others do one run after the other, a process each, on all cores. Steps alone: "
        "training and evaluation without starting, reading and tokenising; the product's sum is "
        f"divided by its {cores()} slots.{missing}"
    )


def write_grid(file: Path, settings: Settings) -> dict[str, Job]:
    """Write a grid of one run a task; give the same as a job by the run's id."""
    tasks = [registry.find(name) for name in settings.tasks]
    files = {t.name: locate(t, settings.data, cache=cache_folder()) for t in tasks}
    batch = settings.pick(16, 4)
    steps = min(settings.pick(96, 2), *(f.train_examples // batch for f in files.values()))
    file.write_text(
        f"tasks: [{', '.join(settings.tasks)}]\n"
        f"models: [{{label: minilm, source: '{MODEL}'}}]\n"
        "methods: [{method: vanilla, dropout: 0.0}]\n"
        "seeds: [0]\n"
        f"scenario: low-resource({steps * batch})\n"
        f"training: {{batch_size: {batch}, epochs: 1, learning_rate: 1e-4}}\n",
        encoding="utf-8",
    )
    plan = plan_of(file, file.parent, *_places(settings.data))
    return {run.id: _job(run, files[run.spec.task]) for run in plan.runs.values()}


def _places(data: str | None) -> list[str]:
    return [f"glue={data}"] if data else []


def _job(run: Run, files: TaskFiles) -> Job:
    training, task, seeds = run.spec.training, registry.find(run.spec.task), run.spec.seeds
    labels = read(task, files.splits[task.train]).labels
    chosen = stratified(labels, run.train_examples, seeds.subset, regression=task.regression)
    steps = training_steps(
        chosen.tolist(),
        batch_size=training.batch_size,
        total_steps=run.total_steps,
        order=Streams.of(seeds).order,
    )
    return Job(
        model=str(model_folder()),
        outputs=task.outputs,
        texts=task.text,
        train=[str(path) for path in files.splits[task.train]],
        validation=[str(path) for path in files.splits[task.evaluation[0]]],
        rows=[row for _, rows, _ in steps for row in rows],
        batch_size=training.batch_size,
        max_length=training.max_length,
        head_seed=derive("init", seeds.init),
        learning_rate=training.learning_rate,
        warmup_steps=warmup_steps(training, run.total_steps),
        weight_decay=training.weight_decay,
    )


def _ours(file: Path, runs: Sequence[str], data: str | None) -> list[Outcome]:
    with tempfile.TemporaryDirectory() as folder:
        words = [COMMAND, "grid", str(file), "--results", folder, "--device", "cpu"]
        places = [word for place in _places(data) for word in ("--data", place)]
        _output([*words, *places], DPSRUN_CACHE=f"{folder}/cache")
        return [_outcome(Store(Path(folder)), run) for run in runs]


def _outcome(store: Store, run: str) -> Outcome:
    result = store.result(run)
    if not isinstance(result, Result) or result.timing is None:
        raise RuntimeError(f"run {run} left no timing: {result}")
    curve = store.attempt_folder(run, result.attempt) / "curve.csv"
    with curve.open(encoding="utf-8") as stream:
        last = list(csv.DictReader(stream))[-1]
    return Outcome(result.timing.training, result.timing.evaluation, float(last["loss"]))


def _peers(program: str, jobs: Sequence[Job]) -> list[Outcome]:
    with tempfile.TemporaryDirectory() as folder:
        file, done = Path(folder) / "job.json", []
        for job in jobs:
            file.write_text(json.dumps(asdict(job)), encoding="utf-8")
            words = [sys.executable, "-m", "benchmarks.peer", str(file), program]
            done.append(Outcome(**json.loads(_output(words).splitlines()[-1])))
        return done


def _output(words: Sequence[str], **environment: str) -> str:
    """Run a program offline; raises RuntimeError with its last words if it fails."""
    variables = {**os.environ, "HF_HUB_OFFLINE": "1", **environment}
    done = subprocess.run(words, check=False, capture_output=True, text=True, env=variables)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)} ended with {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout


def _alone(name: str, outcomes: Sequence[Outcome]) -> float:
    seconds = [outcome.training + outcome.evaluation for outcome in outcomes]
    return max(sum(seconds) / cores(), *seconds) if name == OURS else sum(seconds)


def check(seen: Rounds) -> None:
    """Raise RuntimeError if a program ends with another loss than ours."""
    for name, rounds in seen.items():
        for ours, other in zip(seen[OURS][0], rounds[0], strict=True):
            if abs(ours.loss - other.loss) > TOLERANCE * abs(ours.loss):
                raise RuntimeError(f"{name}: last loss {other.loss}, but ours is {ours.loss}")
