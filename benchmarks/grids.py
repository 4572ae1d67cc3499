"""Grid files to measure, and the real commands on them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from benchmarks.fresh import COMMAND
from benchmarks.measure import Settings
from dpsrun.execution import plan as planning
from dpsrun.execution.plan import Plan, Request
from dpsrun.runs.fingerprint import cache_folder
from dpsrun.runs.result import Result, Timing
from dpsrun.runs.store import Store

MINI_TASKS = ("mini-cola", "mini-mrpc", "mini-rte", "mini-stsb")
METHODS = ("vanilla", "{method: vanilla, label: no-dropout, dropout: 0.0}")


def write_grid(
    path: Path,
    settings: Settings,
    *rest: str,
    tasks: Sequence[str] = MINI_TASKS,
    methods: Sequence[str] = METHODS,
    seeds: int = 1,
) -> None:
    """Write a grid with vanilla as it is and without dropout; `rest` are further lines."""
    lines = [
        f"tasks: [{', '.join(tasks)}]",
        f"models: [{{label: encoder, source: '{settings.model}'}}]",
        f"methods: [{', '.join(methods)}]",
        f"seeds: {list(range(seeds))}",
        *rest,
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def plan_of(grid: Path, results: Path, data: str | None = None) -> Plan:
    """Plan a grid file as the commands do, and note it in the results folder."""
    request = Request([grid], results, "cpu", data=[f"glue={data}"] if data else [])
    plan = planning.make(request, Store(results), cache_folder())
    planning.write_manifests(plan, Store(results))
    return plan


def words_of(command: str, grid: Path, results: Path, data: str | None = None) -> list[str]:
    """Give the words of a command on a grid file."""
    places = ["--data", f"glue={data}"] if data else []
    return [COMMAND, command, str(grid), "--results", str(results), "--device", "cpu", *places]


def call(words: Sequence[str], **environment: str) -> str:
    """Run a program offline; gives what it printed, raises RuntimeError if it fails."""
    variables = {**os.environ, "HF_HUB_OFFLINE": "1", **environment}
    done = subprocess.run(words, check=False, capture_output=True, text=True, env=variables)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)} ended with {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout


def timed(result: object) -> tuple[Result, Timing]:
    """Give a result with its timing; raises RuntimeError for a run that has none."""
    if not isinstance(result, Result) or result.timing is None:
        raise RuntimeError(f"a run left no timing: {result}")
    return result, result.timing
