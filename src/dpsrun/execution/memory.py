"""Memory of devices: how many runs fit into it, and whom the kernel killed for want of it."""

from __future__ import annotations

import re
from pathlib import Path

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


def runs_that_fit(total: int, peak: int) -> int:
    """Count the runs that fit into a GPU of `total` bytes, each of `peak` as torch counts them."""
    return max(1, int(total * USABLE // (peak * RESERVED + CONTEXT)))
