"""The nodes of a Ray cluster as the place of runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dpsrun.cli.executors.place import work_options

if TYPE_CHECKING:
    from dpsrun.cli.executors.options import AskedOfRay
    from dpsrun.cli.executors.place import Ways
    from dpsrun.execution.engine import Engine, View
    from dpsrun.execution.plan import Plan
    from dpsrun.execution.ray.cluster import Demand


@dataclass(frozen=True)
class OnRay:
    """The nodes of a Ray cluster."""

    ways: Ways
    asked: AskedOfRay
    elsewhere = True
    detach = False

    @property
    def device(self) -> str:
        """What the user says; `auto` is a GPU where a run is given one."""
        if self.ways.device != "auto":
            return self.ways.device
        return "cuda" if self.asked.gpus_per_run else "cpu"

    def at_a_time(self, plan: Plan) -> int:
        """Connect, and count what there is room for.

        Raises UserError if there is no cluster, or none of its nodes can do a run.
        """
        from dpsrun.execution.ray import cluster

        cluster.connect(self.asked.ray_address or "auto")
        demand = self._demand(plan)
        cluster.check(demand)
        return cluster.at_a_time(demand)

    def get_ready(self, plan: Plan) -> None:
        """Nothing is done here."""

    def engine(self, plan: Plan, room: int, view: View) -> Engine:  # noqa: ARG002 (as in Place)
        """Make the engine; tasks look after room on the disk by themselves."""
        from dpsrun.execution.ray.engine import RayEngine

        options = work_options(self.ways, self.device)
        return RayEngine(plan.store, view, self._demand(plan), options)

    def _demand(self, plan: Plan) -> Demand:
        from dpsrun.execution.ray.cluster import Demand

        gpus = self.asked.gpus_per_run
        usual = 1.0 if self.device == "cuda" else 0.0
        return Demand(self.asked.cpus_per_run or plan.threads, usual if gpus is None else gpus)


def on_ray(ways: Ways, asked: AskedOfRay) -> OnRay:
    """Give this place; raises UserError for what cannot be asked of it, or without ray."""
    from importlib.util import find_spec

    from dpsrun.errors import UserError

    if ways.workers is not None:
        raise UserError("--workers is for this machine: on Ray, --cpus-per-run is what counts")
    if ways.runs_per_gpu != "1":
        raise UserError("--runs-per-gpu: on Ray, --gpus-per-run 0.5 puts two runs on a GPU")
    place, gpus = OnRay(ways, asked), asked.gpus_per_run
    if gpus is not None and gpus != round(gpus, 4):
        raise UserError(f"--gpus-per-run {gpus:.9g}: Ray takes four decimals, as in 0.3333")
    if gpus is not None and (place.device == "cuda") != (gpus > 0):
        raise UserError(f"--gpus-per-run {gpus:g} does not go with --device {place.device}")
    if find_spec("ray") is None:
        raise UserError("ray is not installed here: pip install 'dpsrun[ray]'")
    return place
