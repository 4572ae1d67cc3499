"""The nodes that Slurm manages as the place of runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dpsrun.cli.executors.place import work_options

if TYPE_CHECKING:
    from dpsrun.cli.executors.options import AskedOfSlurm
    from dpsrun.cli.executors.place import Ways
    from dpsrun.execution.engine import Engine, View
    from dpsrun.execution.plan import Plan
    from dpsrun.execution.slurm.engine import Demand


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

    def at_a_time(self, plan: Plan) -> int:
        """Give what the user allows; how much of it Slurm gives is not known.

        Raises UserError for a results folder that Slurm cannot name.
        """
        from dpsrun.execution.slurm.script import check_folder

        check_folder(plan.store.root)
        return self.demand.max_parallel or 1

    def get_ready(self, plan: Plan) -> None:
        """Nothing is done here."""

    def engine(self, plan: Plan, room: int, view: View) -> Engine:  # noqa: ARG002 (as in Place)
        """Make the engine; jobs look after room on the disk by themselves."""
        from dpsrun.execution.slurm.engine import SlurmEngine

        return SlurmEngine(plan.store, view, self.demand, work_options(self.ways, self.device))


def on_slurm(ways: Ways, asked: AskedOfSlurm) -> OnSlurm:
    """Give this place; raises UserError for what cannot be asked of it, or where it is not."""
    from dpsrun.errors import UserError
    from dpsrun.execution.slurm import commands, script
    from dpsrun.execution.slurm.engine import Demand

    if ways.workers is not None:
        raise UserError("--workers is for this machine: on Slurm, --max-parallel limits the jobs")
    commands.check_installed()
    script.check(asked.sbatch)
    demand = Demand(asked.sbatch, asked.runs_per_job or 1, asked.max_parallel)
    return OnSlurm(ways, demand, asked.detach)
