"""How long commands take that train nothing, each as a process of its own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from benchmarks.fresh import COMMAND
from benchmarks.measure import Settings, Spread, interleave, ratios
from benchmarks.tables import Table
from benchmarks.workload import MODEL
from dpsrun.execution import plan as planning
from dpsrun.execution.plan import Plan, Request
from dpsrun.runs.fingerprint import cache_folder
from dpsrun.runs.result import Result
from dpsrun.runs.spec import Places
from dpsrun.runs.store import Store

PYTHON = "python -c pass"
TARGETS = (None, 0.3, 5.0, 1.5, 3.0)


def measure(settings: Settings) -> Table:
    """Time the commands in turns."""
    with tempfile.TemporaryDirectory() as folder:
        words = _commands(Path(folder), settings.pick(10_000, 16), settings.pick(1_000, 16))
        calls = {name: partial(_call, command) for name, command in words.items()}
        seconds = interleave(calls, settings.pick(7, 1))
    rows = [
        {
            "command": name,
            "seconds": Spread.of(values),
            "target": target,
            "times bare Python": ratios(values, seconds[PYTHON]),
        }
        for (name, values), target in zip(seconds.items(), TARGETS, strict=True)
    ]
    notes = "Median (range) of whole processes, the commands in turns."
    return Table("latency", "Wall time of commands that train nothing", notes, rows)


def _call(words: list[str], _round: int) -> None:
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


def _commands(folder: Path, many: int, some: int) -> dict[str, list[str]]:
    """Prepare grids and results; give the words of each command."""
    large, small, results = folder / "large.yaml", folder / "small.yaml", folder / "results"
    write_grid(large, seeds=many // 8)
    write_grid(small, seeds=some // 8)
    pretend(plan_of(small, results), Store(results))
    place = ["--results", str(results), "--device", "cpu"]
    return {
        PYTHON: [sys.executable, "-c", "pass"],
        "dpsrun --help": [COMMAND, "--help"],
        f"plan of {many} new runs": [COMMAND, "plan", str(large), *place],
        f"report on {some} runs": [COMMAND, "report", str(results)],
        f"grid of {some} runs, all done": [COMMAND, "grid", str(small), *place],
    }


def write_grid(path: Path, *, seeds: int) -> None:
    """Write a grid of 8 runs a seed."""
    path.write_text(
        "tasks: [mini-cola, mini-mrpc, mini-rte, mini-stsb]\n"
        f"models: [{{label: minilm, source: '{MODEL}'}}]\n"
        "methods: [vanilla, {method: vanilla, label: no-dropout, dropout: 0.0}]\n"
        f"seeds: {list(range(seeds))}\n",
        encoding="utf-8",
    )


def plan_of(grid: Path, results: Path, *data: str) -> Plan:
    """Plan a grid file as the commands do, and note it in the results folder."""
    request = Request([grid], results, "cpu", data=data)
    plan = planning.make(request, Store(results), cache_folder())
    planning.write_manifests(plan, Store(results))
    return plan


def pretend(plan: Plan, store: Store) -> None:
    """Publish a made-up result for every run of a plan."""
    for number, run in enumerate(plan.runs.values()):
        store.order(run, Places(model="model", tokens="tokens"))
        store.finish(_result(run.id, store.begin(run.id), 0.5 + number % 97 / 200))


def _result(run: str, attempt: str, score: float) -> Result:
    metrics = dict.fromkeys(("accuracy", "f1", "matthews", "pearson", "spearman"), score)
    scores = {"metrics": {"validation": metrics}, "primary": score, "train_loss": 0.5}
    return Result.model_validate(
        {
            "run": run,
            "attempt": attempt,
            "outcome": "ok",
            "best_epoch": 1,
            "evaluations": tuple({"epoch": n, "step": 20 * n, **scores} for n in (1, 2, 3)),
            "timing": {
                **dict.fromkeys(("total", "startup", "training", "evaluation"), 1.0),
                **dict.fromkeys(("steps", "tokens"), 60),
            },
        }
    )
