"""This machine as the place of runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dpsrun.cli.executors.place import Ways
    from dpsrun.execution.devices import Slot
    from dpsrun.execution.engine import Engine, View
    from dpsrun.execution.plan import Plan


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
        from dpsrun.execution.local.server import warm_up

        warm_up(plan.model_types)

    def engine(self, plan: Plan, room: int, view: View) -> Engine:
        """Make the local engine."""
        from dpsrun.cli.duration import seconds
        from dpsrun.execution.engine import Conditions
        from dpsrun.execution.local.engine import Limits, LocalEngine

        limits, usual = Limits(seconds(self.ways.timeout), room), Conditions(self.ways.checkpoint)
        return LocalEngine(plan.store, self._slots(plan), plan.model_types, view, limits, usual)

    def _slots(self, plan: Plan) -> list[Slot]:
        from dpsrun.execution import devices
        from dpsrun.execution.estimate import peak_memory

        ways, specs = self.ways, [run.spec for run in plan.runs.values()]
        peak = peak_memory(plan.store, specs) if ways.runs_per_gpu == "auto" else None
        per_gpu = devices.runs_per_gpu(ways.device, ways.runs_per_gpu, peak)
        return devices.slots(ways.device, ways.workers, threads=plan.threads, per_gpu=per_gpu)
