"""Everything that may be missing before a run starts, found out beforehand."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from dpsrun.config.facts import Machine
from dpsrun.config.grid import relocate
from dpsrun.config.load import load
from dpsrun.errors import UserError
from dpsrun.execution import devices
from dpsrun.execution.disk import RUN_BYTES
from dpsrun.execution.plan import Request
from dpsrun.offline import machine
from dpsrun.offline.finding import Finding, guarded
from dpsrun.offline.grids import examine


def diagnose(request: Request, cache: Path) -> Iterator[Finding]:
    """Look at this machine, then at each grid; a finding is given as soon as it is made.

    Raises ConfigError for mistakes of the grid files, UserError for those of the command line.
    """
    grids = relocate(load(request.files), models=request.models, data=request.data)
    yield from machine.packages()
    yield from machine.devices(request.device)
    yield from machine.threads()
    yield from machine.results_folder(request.results, RUN_BYTES)
    yield from machine.cache_folder(cache)
    yield from guarded("packages", machine.the_hub)
    here = _machine(request.device)
    for grid in grids:
        yield from guarded("packages", partial(examine, grid, request, here, cache))


def _machine(device: str) -> Machine | None:
    """None where `machine.devices` has said what is wrong."""
    try:
        return devices.machine(device)
    except UserError:
        return None
