"""How far the grids of a results folder have come, and what failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from dpsrun.runs import lease
from dpsrun.runs.lease import Pulse
from dpsrun.runs.result import FINISHED, Result
from dpsrun.runs.store import Damaged, Manifest, Store


@dataclass(frozen=True)
class Progress:
    """The runs of a grid by state and by outcome; a damaged result is to be done again.

    `stale` are results that other code computed.
    """

    grid: str
    runs: int
    new: int
    running: int
    done: int
    failed: int
    stale: int
    outcomes: Mapping[str, int]
    damaged: tuple[Damaged, ...]


@dataclass(frozen=True)
class Trouble:
    """A run without a score: why, and where its log lies."""

    run: str
    outcome: str
    message: str
    log: Path


@dataclass(frozen=True)
class AtWork:
    """A run that somebody is at: where, and how far it is."""

    run: str
    host: str
    pid: int
    pulse: Pulse

    def __str__(self) -> str:
        """Say it in one line."""
        step = f"step {self.pulse.step}/{self.pulse.total_steps}" if self.pulse.step else "starting"
        loss = "" if self.pulse.loss is None else f", loss {self.pulse.loss:.3f}"
        score = "" if self.pulse.score is None else f", score {100 * self.pulse.score:.1f}"
        return f"{self.run}: {step}{loss}{score}, on {self.host} (process {self.pid})"


def progress(store: Store, manifest: Manifest, running: Collection[str]) -> Progress:
    """Count the runs of a grid; `running` are those that somebody is at."""
    at_work = sum(member.id in running for member in manifest.members)
    results = [store.result(member.id) for member in manifest.members]
    read = [result for result in results if isinstance(result, Result)]
    outcomes = Counter(result.outcome for result in read)
    finished = sum(result.outcome in FINISHED for result in read)
    stale = sum(result.stale for result in read)
    return Progress(
        grid=manifest.name,
        runs=len(results),
        new=len(results) - len(read) - at_work,
        running=at_work,
        done=finished - stale,
        failed=len(read) - finished,
        stale=stale,
        outcomes=dict(sorted(outcomes.items())),
        damaged=tuple(result for result in results if isinstance(result, Damaged)),
    )


def at_work(store: Store, manifests: Iterable[Manifest]) -> list[AtWork]:
    """List the runs that somebody is at, each once."""
    runs = dict.fromkeys(member.id for manifest in manifests for member in manifest.members)
    undone = [run for run in runs if not isinstance(store.result(run), Result)]
    owners = [(run, owner) for run in undone if (owner := lease.holder(store, run))]
    return [
        AtWork(run, owner.host, owner.pid, lease.pulse(store, run, owner.attempt) or Pulse())
        for run, owner in owners
    ]


def troubles(
    store: Store, manifests: Iterable[Manifest], running: Collection[str]
) -> list[Trouble]:
    """List the runs that ended without a score, each once; those interrupted are to be done."""
    runs = dict.fromkeys(member.id for manifest in manifests for member in manifest.members)
    found = (store.result(run) or _interrupted(store, run) for run in runs if run not in running)
    return [
        Trouble(
            run=result.run,
            outcome=result.outcome,
            message=result.failure.message if result.failure else "",
            log=log_path(store, result.run, result.attempt),
        )
        for result in found
        if isinstance(result, Result) and result.outcome not in {"ok", "failed"}
    ]


def _interrupted(store: Store, run_id: str) -> Result | Damaged | None:
    """Give what the last attempt at a run left that has no result."""
    last = store.attempts(run_id)[-1:]
    return store.attempt_result(run_id, *last) if last else None


def log_path(store: Store, run_id: str, attempt: str) -> Path:
    """Give the log of an attempt, or its folder where there is none."""
    log = store.log_path(run_id, attempt)
    return log if log.exists() else log.parent
