"""Results folders with runs to do that need milliseconds and no torch, and what comes of them."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from dpsrun.execution.drive import drive
from dpsrun.execution.engine import Engine, Progress
from dpsrun.execution.slurm.engine import ANY, SlurmEngine
from dpsrun.execution.slurm.submission import Records, Submission
from dpsrun.runs.result import Result
from dpsrun.runs.spec import Places
from dpsrun.runs.store import Store
from tests.cli.waiting import until
from tests.report.builder import make_run, write_manifest


@dataclass
class Seen:
    """A view that remembers what it was told."""

    starts: dict[str, str] = field(default_factory=dict)
    steps: dict[str, int] = field(default_factory=dict)
    ends: dict[str, str] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def started(self, run_id: str, slot: str) -> None:
        self.starts[run_id] = slot

    def progressed(self, run_id: str, progress: Progress) -> None:
        self.steps[run_id] = progress.step

    def ended(self, run_id: str, result: Result | None) -> None:
        self.ends[run_id] = result.outcome if result else "none"
        if result and result.failure:
            self.failures.append(result.failure.message)

    def said(self, words: str) -> None:
        self.words.append(words)


@dataclass
class Work:
    """A results folder with so many runs to do, and an engine for them."""

    store: Store
    demand: Any
    seen: Seen = field(default_factory=Seen)
    options: tuple[str, ...] = ()

    @classmethod
    def of(cls, folder: Path, runs: int, demand: Any = None, method: str = "vanilla") -> Self:
        """Write the orders of so many runs."""
        store = Store(folder / "results")
        places = Places(model=str(folder), tokens=str(folder))
        made = [make_run(("rte", method, seed), method=method) for seed in range(runs)]
        for run in made:
            store.order(run, places)
        write_manifest(store, "demo", made)
        return cls(store, demand)

    @property
    def runs(self) -> list[str]:
        return self.store.run_ids()

    @property
    def engine(self) -> Engine:
        """Make a new engine, as each command does."""
        raise NotImplementedError

    def drive(self) -> bool:
        """Do what is missing, as `dpsrun grid` does."""
        return drive(self.engine, self.missing)

    @property
    def missing(self) -> list[str]:
        return [run for run in self.runs if not isinstance(self.store.result(run), Result)]

    def begin(self, number: int = 1) -> tuple[Engine, Path]:
        """Submit all runs, which wait; return once so many are at work.

        Returns the engine, and the file that they wait for to be removed.
        """
        waiting, engine = self.wait(), self.engine
        engine.submit(self.runs)
        until(lambda: bool(engine.poll()) and len(self.at_work()) == number)
        return engine, waiting

    def wait(self) -> Path:
        """Let runs wait until this file is removed."""
        file = self.store.root / "wait"
        file.touch()
        return file

    def places(self, run: str) -> list[dict[str, Any]]:
        """Say where each attempt at a run was made, oldest first."""
        folders = (self.store.attempt_folder(run, each) for each in self.store.attempts(run))
        files = (folder / "where.txt" for folder in folders)
        return [ast.literal_eval(file.read_text()) for file in files if file.exists()]

    def at_work(self) -> list[dict[str, Any]]:
        """Say where the last attempt at each run was made that has no result."""
        found = (self.places(run)[-1:] for run in self.missing)
        return [place for each in found for place in each]


class OnSlurm(Work):
    """The same for Slurm; `demand` is what is asked of it."""

    @property
    def engine(self) -> SlurmEngine:
        return SlurmEngine(self.store, self.seen, self.demand or ANY, self.options)

    @property
    def submissions(self) -> list[Submission]:
        return Records(self.store).read()
