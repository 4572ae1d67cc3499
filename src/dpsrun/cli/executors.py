"""Where `dpsrun grid` has its runs done: the options of each engine, and the engine itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

if TYPE_CHECKING:
    from dpsrun.execution.devices import Slot
    from dpsrun.execution.engine import Engine, View
    from dpsrun.execution.plan import Plan
    from dpsrun.execution.slurm.engine import Demand

Executor = Annotated[
    str, typer.Option("--executor", metavar="ENGINE", help="What does the runs: local or slurm.")
]
Sbatch = Annotated[
    list[str] | None,
    typer.Option(
        "--sbatch",
        metavar="OPTION",
        help="Slurm: an option of sbatch, as in --sbatch=--partition=gpu; repeatable.",
    ),
]
RunsPerJob = Annotated[
    int | None, typer.Option("--runs-per-job", min=1, help="Slurm: runs that a job does; 1.")
]
MaxParallel = Annotated[
    int | None, typer.Option("--max-parallel", min=1, help="Slurm: jobs at work at a time.")
]
Detach = Annotated[bool, typer.Option("--detach", help="Slurm: submit, and do not wait.")]


@dataclass(frozen=True)
class Ways:
    """How the user wants runs to be done."""

    device: str
    workers: int | None
    runs_per_gpu: str
    timeout: str | None
    checkpoint: bool
    fail_fast: bool
    stop_after: int
    progress: str


@dataclass(frozen=True)
class AskedOfSlurm:
    """What the user says for Slurm alone; nothing by default."""

    options: tuple[str, ...] = ()
    runs_per_job: int | None = None
    max_parallel: int | None = None
    detach: bool = False


class Place(Protocol):
    """Where runs are done."""

    @property
    def ways(self) -> Ways:
        """How they are done."""

    @property
    def detach(self) -> bool:
        """Whether nobody waits for them."""

    @property
    def elsewhere(self) -> bool:
        """Whether that is on other machines than this."""

    @property
    def device(self) -> str:
        """The device that the plan is made for."""

    def at_a_time(self, plan: Plan) -> int:
        """Say how many runs go side by side; at least, where nobody knows."""

    def get_ready(self, plan: Plan) -> None:
        """Begin with what takes its time."""

    def engine(self, plan: Plan, room: int, view: View) -> Engine:
        """Make the engine; `room` are bytes that must be free before a run is started."""


@dataclass(frozen=True)
class Here:
    """This machine."""

    ways: Ways
    elsewhere = detach = False

    @property
    def device(self) -> str:
        """What the user says; `auto` is what is here."""
        return self.ways.device

    def at_a_time(self, plan: Plan) -> int:
        """Count the slots; raises UserError as `devices.slots` does."""
        return len(self._slots(plan))

    def get_ready(self, plan: Plan) -> None:
        """Let the server of the workers load."""
        from dpsrun.execution.server import warm_up

        warm_up(plan.model_types)

    def engine(self, plan: Plan, room: int, view: View) -> Engine:
        """Make the local engine."""
        from dpsrun.execution.engine import Conditions
        from dpsrun.execution.local import Limits, LocalEngine
        from dpsrun.execution.watch import seconds

        limits, usual = Limits(seconds(self.ways.timeout), room), Conditions(self.ways.checkpoint)
        return LocalEngine(plan.store, self._slots(plan), plan.model_types, view, limits, usual)

    def _slots(self, plan: Plan) -> list[Slot]:
        from dpsrun.execution import devices
        from dpsrun.execution.estimate import peak_memory

        ways, specs = self.ways, [run.spec for run in plan.runs.values()]
        peak = peak_memory(plan.store, specs) if ways.runs_per_gpu == "auto" else None
        per_gpu = devices.runs_per_gpu(ways.device, ways.runs_per_gpu, peak)
        return devices.slots(ways.device, ways.workers, threads=plan.threads, per_gpu=per_gpu)


@dataclass(frozen=True)
class OnSlurm:
    """The nodes of a cluster."""

    ways: Ways
    demand: Demand
    detach: bool
    elsewhere = True

    @property
    def device(self) -> str:
        """What the user says; `auto` is a GPU where the options of sbatch ask for one."""
        from dpsrun.execution.slurm.script import asks_for_gpus

        if self.ways.device != "auto":
            return self.ways.device
        return "cuda" if asks_for_gpus(self.demand.options) else "cpu"

    def at_a_time(self, plan: Plan) -> int:  # noqa: ARG002 (as in Place)
        """Give what the user allows; how much of it Slurm gives is not known."""
        return self.demand.max_parallel or 1

    def get_ready(self, plan: Plan) -> None:
        """Nothing is done here."""

    def engine(self, plan: Plan, room: int, view: View) -> Engine:  # noqa: ARG002 (as in Place)
        """Make the engine; jobs look after room on the disk by themselves."""
        from dpsrun.execution.slurm.engine import SlurmEngine

        return SlurmEngine(plan.store, view, self.demand, self._options())

    def _options(self) -> list[str]:
        """Give the options of `dpsrun work` that do as the user wants."""
        from dpsrun.execution.versions import versions

        ways = self.ways
        words = ["--device", self.device, "--runs-per-gpu", ways.runs_per_gpu]
        words += ["--timeout", ways.timeout] if ways.timeout else []
        words += ["--checkpoint"] if ways.checkpoint else []
        return [*words, "--versions", versions()]


def choose(executor: str, ways: Ways, asked: AskedOfSlurm) -> Place:
    """Give the place that is named.

    Raises UserError for an unknown engine, for options that it does not have, and where it cannot
    work.
    """
    from dpsrun.errors import UserError, nearest
    from dpsrun.execution.devices import runs_per_gpu
    from dpsrun.execution.watch import seconds

    if executor not in (known := ("local", "slurm")):
        raise UserError(f"--executor {executor}: {nearest(executor, known)}")
    seconds(ways.timeout)
    runs_per_gpu("cpu", ways.runs_per_gpu, None)  # whether they can be read
    return _on_slurm(ways, asked) if executor == "slurm" else _here(ways, asked)


def _here(ways: Ways, asked: AskedOfSlurm) -> Here:
    from dpsrun.errors import UserError

    if asked != AskedOfSlurm():
        options = "--sbatch, --runs-per-job, --max-parallel and --detach"
        raise UserError(f"{options} are for Slurm: add --executor slurm")
    return Here(ways)


def _on_slurm(ways: Ways, asked: AskedOfSlurm) -> OnSlurm:
    from dpsrun.errors import UserError
    from dpsrun.execution.slurm import commands, script
    from dpsrun.execution.slurm.engine import Demand

    if ways.workers is not None:
        raise UserError("--workers is for this machine: on Slurm, --max-parallel limits the jobs")
    commands.check_installed()
    script.check(asked.options)
    demand = Demand(asked.options, asked.runs_per_job or 1, asked.max_parallel)
    return OnSlurm(ways, demand, asked.detach)
