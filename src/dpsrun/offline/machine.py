"""The doctor's view of this machine: packages, devices, threads, folders, the hub."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from functools import partial
from importlib import import_module
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import TYPE_CHECKING

from dpsrun import hub
from dpsrun.errors import UserError
from dpsrun.execution.devices import choose, cores, driver
from dpsrun.execution.disk import free_bytes, megabytes
from dpsrun.execution.local.server import PRELOAD
from dpsrun.offline.finding import Finding, State, guarded
from dpsrun.runs.files import can_link
from dpsrun.runs.spec import DeviceKind, Precision

if TYPE_CHECKING:
    from packaging.requirements import Requirement

MODULES = (*(name for name in PRELOAD if not name.startswith("dpsrun.")), "datasets")
"""What workers and tokenising load: a package may be there and not work."""

DEVELOPERS = frozenset({"bench", "lint", "test"})
"""Extras that no run needs."""

EXTRA = re.compile(r'extra == "([\w-]+)"')

BINDING = ("GOMP_CPU_AFFINITY", "KMP_AFFINITY", "OMP_PLACES", "OMP_PROC_BIND")
PRECISIONS: tuple[Precision, ...] = ("fp32", "bf16", "fp16")


def packages() -> Iterator[Finding]:
    """Compare what is installed with the ranges that dpsrun declares, and load it."""
    yield from guarded("packages", _declared)
    for module in MODULES:
        yield from guarded("packages", partial(_loaded, module))


def _declared() -> Iterator[Finding]:
    from packaging.requirements import Requirement  # noqa: PLC0415 (may be what is missing)

    for requirement in map(Requirement, requires("dpsrun") or ()):
        extra = EXTRA.search(str(requirement.marker))
        if extra is None:
            yield _package(requirement)
        elif extra[1] not in DEVELOPERS:
            yield _package(requirement, extra[1])


def _package(requirement: Requirement, extra: str = "") -> Finding:
    wanted = f"{requirement.name}{requirement.specifier}"
    state: State = "warning" if extra else "missing"
    advice = f"pip install 'dpsrun[{extra}]'" if extra else f"pip install '{wanted}'"
    try:
        found = version(requirement.name)
    except PackageNotFoundError:
        return Finding("packages", state, f"{wanted} is not installed", advice)
    if not requirement.specifier.contains(found, prereleases=True):
        return Finding("packages", state, f"{wanted} is wanted, {found} is installed", advice)
    return Finding("packages", "ok", f"{requirement.name} {found}")


def _loaded(module: str) -> Iterator[Finding]:
    """Say nothing of a module that loads."""
    try:
        import_module(module)
    except Exception as error:  # noqa: BLE001 (a broken package raises anything)
        package, reason = module.partition(".")[0], f"{type(error).__name__}: {error}"
        words = f"{module} cannot be loaded: {reason}"
        yield Finding("packages", "missing", words, f"reinstall {package}")


def devices(device: str) -> Iterator[Finding]:
    """Describe what runs can be done on, as the driver and torch see it."""
    yield Finding("devices", "ok", f"{cores()} CPU cores for us")
    for gpu in driver():
        words = f"GPU {gpu.index}: {megabytes(gpu.memory)}, compute capability {gpu.capability}"
        yield Finding("devices", "ok", f"{words}, says the driver's tool")
    yield from guarded("devices", _torch)
    try:
        kind, _ = choose(device)
    except UserError as error:
        yield Finding("devices", "missing", str(error))
        return
    yield from guarded("devices", lambda: [_precisions(kind)])


def _torch() -> Iterator[Finding]:
    import torch  # noqa: PLC0415 (slow, and may be what is broken)

    for number in range(torch.cuda.device_count()):
        found = torch.cuda.get_device_properties(number)
        words = f"torch uses cuda:{number}: {found.name}, {megabytes(found.total_memory)}"
        yield Finding("devices", "ok", words)
    if driver() and not torch.cuda.is_available():
        words = f"torch {torch.__version__} uses none of the driver's GPUs"
        yield Finding("devices", "warning", words, "install a build of torch for this CUDA driver")


def _precisions(kind: DeviceKind) -> Finding:
    there = [precision for precision in PRECISIONS if computes(kind, precision)]
    return Finding("devices", "ok", f"precision on {kind}: {', '.join(there)}")


def computes(kind: DeviceKind, precision: Precision) -> bool:
    """Try whether a kind of device can go forward and backward in a precision."""
    import torch  # noqa: PLC0415

    from dpsrun.models.precision import autocast  # noqa: PLC0415

    layer = torch.nn.Linear(8, 8, device=kind)
    try:
        with autocast(precision, torch.device(kind)):
            loss = layer(torch.ones(2, 8, device=kind)).sum()
        loss.backward()
    except RuntimeError:
        return False
    return bool(loss.isfinite())


def threads(environment: Mapping[str, str] = os.environ) -> Iterator[Finding]:
    """Warn of settings that tie every worker to the same cores; their number we set ourselves."""
    bound = [name for name in BINDING if environment.get(name, "false").lower() != "false"]
    for name in bound:
        words = f"{name}={environment[name]} may tie all runs to the same cores"
        yield Finding("settings", "warning", words, f"unset {name}")


def results_folder(results: Path, needed: int) -> Iterator[Finding]:
    """Try to write where the results will lie, and look for the bytes that a run needs."""
    there = _existing(results)
    try:
        links = can_link(there)
    except OSError as error:
        words = f"{results} cannot be written: {error.strerror or error}"
        yield Finding("disk", "missing", words, "choose another folder with --results")
        return
    if not links:
        words = f"{results}: its file system has no hard links"
        yield Finding("disk", "missing", words, "choose another folder with --results")
    yield room(results, needed)


def cache_folder(cache: Path) -> Iterator[Finding]:
    """Try to write where data and tokens are kept."""
    try:
        can_link(_existing(cache))
    except OSError as error:
        words = f"the cache {cache} cannot be written: {error.strerror or error}"
        yield Finding("disk", "missing", words, "DPSRUN_CACHE can name another folder")
        return
    yield room(cache, 0)


def room(folder: Path, needed: int) -> Finding:
    """Compare the room where a folder lies, or will lie, with the bytes needed."""
    free = free_bytes(folder)
    words = f"{folder}: {megabytes(free)} free"
    if needed:
        words = f"{words}, runs at a time need up to {megabytes(needed)}"
    if free < needed:
        return Finding("disk", "missing", words, "make room, or choose another folder")
    return Finding("disk", "ok", words)


def _existing(folder: Path) -> Path:
    absolute = folder.absolute()
    return next(path for path in (absolute, *absolute.parents) if path.exists())


def the_hub() -> Iterator[Finding]:
    """Ask the hub whether it is there."""
    if reason := hub.unreachable():
        words = f"the hub does not answer ({reason})"
        yield Finding("settings", "warning", words, "what is in the cache serves")
    else:
        yield Finding("settings", "ok", "the hub answers")
