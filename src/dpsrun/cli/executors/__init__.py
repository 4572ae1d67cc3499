"""Where `dpsrun grid` has its runs done: a file for each engine, and the choice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dpsrun.cli.executors.here import Here
from dpsrun.cli.executors.on_ray import on_ray
from dpsrun.cli.executors.on_slurm import on_slurm

if TYPE_CHECKING:
    from dpsrun.cli.executors.options import Asked
    from dpsrun.cli.executors.place import Place, Ways


def choose(executor: str, ways: Ways, asked: Asked) -> Place:
    """Give the place that is named.

    Raises UserError for an unknown engine, for options that it does not have, and where it cannot
    work.
    """
    from dpsrun.cli.duration import seconds
    from dpsrun.errors import UserError, nearest
    from dpsrun.execution.devices import runs_per_gpu

    if executor not in (known := ("local", "slurm", "ray")):
        raise UserError(f"--executor {executor}: {nearest(executor, known)}")
    asked.check(executor)
    seconds(ways.timeout)
    runs_per_gpu("cpu", ways.runs_per_gpu, None)  # whether they can be read
    if executor == "local":
        return Here(ways)
    return on_slurm(ways, asked.slurm) if executor == "slurm" else on_ray(ways, asked.ray)
