"""Fresh processes such as the product gives its runs, and the machine they run on."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import torch

from dpsrun.execution.devices import cores
from dpsrun.execution.local.server import warm_up
from dpsrun.training import record

T = TypeVar("T")

COMMAND = str(Path(sys.executable).with_name("dpsrun"))


def in_worker(function: Callable[..., T], *arguments: Any) -> T:  # noqa: ANN401 (the function's own)
    """Call a function in a new process with one thread, forked as those of runs are."""
    warm_up(["bert"])
    with ProcessPoolExecutor(1, mp_context=get_context("forkserver")) as pool:
        return pool.submit(_quietly, function, arguments).result()


def _quietly(function: Callable[..., T], arguments: tuple[Any, ...]) -> T:
    torch.set_num_threads(1)
    record.be_quiet()
    return function(*arguments)


def machine() -> dict[str, Any]:
    """Describe the machine as it is now; call it before measuring."""
    found = in_worker(record.environment, torch.device("cpu"))
    wanted = ("device_name", "platform", "python", "git_commit")
    return {
        "taken": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "load average before": ", ".join(f"{value:.2f}" for value in os.getloadavg()),
        "cores": cores(),
        "threads of a worker": found["threads"],
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.1f} GiB",
        **{name: found[name] for name in wanted},
        **found["packages"],
    }
