"""What to do where memory runs out: first more room, then smaller micro-batches.

The batch of an optimiser step stays as it is: gradients of smaller micro-batches are accumulated,
so that the run is the one that was asked for, but for rounding.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dpsrun.execution.process import Job

COUNTERS = Path("/proc/vmstat")

USABLE = 0.95
"""The share of a GPU's memory that runs may fill."""

RESERVED = 1.2
"""How much the allocator holds for each byte in use; fragments are not given back."""

CONTEXT = 600 << 20
"""Bytes that a process on a GPU holds before its first tensor."""


def kernel_kills() -> int | None:
    """Count the processes that this kernel has killed for want of memory; None if it is silent."""
    try:
        found = re.search(r"^oom_kill (\d+)$", COUNTERS.read_text(encoding="ascii"), re.MULTILINE)
    except OSError:
        return None
    return int(found[1]) if found else None


def next_try(job: Job, batch_size: int, *, shared: bool) -> Job | None:
    """Give how to do a run again that did not fit into memory; None if nothing is left to try.

    Args:
        job: how it was done.
        batch_size: examples at a time by the run's own settings.
        shared: whether others may have been on the device.
    """
    if shared and not job.alone:
        return replace(job, alone=True)
    half = (job.conditions.micro_batch_size or batch_size) // 2
    if half == 0:
        return None
    return replace(job, alone=True, conditions=replace(job.conditions, micro_batch_size=half))


def wording(job: Job) -> str:
    """Say how a run is done again."""
    size = job.conditions.micro_batch_size
    return "alone on its device" if size is None else f"alone, {size} examples at a time"


def runs_that_fit(total: int, peak: int) -> int:
    """Count the runs that fit into a GPU of `total` bytes, each of `peak` as torch counts them."""
    return max(1, int(total * USABLE // (peak * RESERVED + CONTEXT)))
