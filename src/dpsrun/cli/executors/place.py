"""What `dpsrun grid` wants to know of where its runs are done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from dpsrun.execution.engine import Engine, View
    from dpsrun.execution.plan import Plan


@dataclass(frozen=True)
class Ways:
    """How the user wants runs to be done."""

    device: str = "auto"
    workers: int | None = None
    runs_per_gpu: str = "1"
    timeout: str | None = None
    checkpoint: bool = False
    stop_after: int = 10
    progress: str = "auto"


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
        """Say how many runs go side by side; at least, where nobody knows.

        Raises UserError where none can be done.
        """

    def get_ready(self, plan: Plan) -> None:
        """Begin with what takes its time."""

    def engine(self, plan: Plan, room: int, view: View) -> Engine:
        """Make the engine; `room` are bytes that must be free before a run is started."""


def work_options(ways: Ways, device: str) -> list[str]:
    """Give the options of `dpsrun work` that do on a node as the user wants."""
    from dpsrun.execution.versions import versions

    words = ["--device", device, "--runs-per-gpu", ways.runs_per_gpu]
    words += ["--timeout", ways.timeout] if ways.timeout else []
    words += ["--checkpoint"] if ways.checkpoint else []
    words += ["--stop-after", str(ways.stop_after)]
    return [*words, "--versions", versions()]
