"""Room for results: checked before a grid begins and before each run."""

from __future__ import annotations

import shutil
from pathlib import Path

RUN_BYTES = 8 << 20
"""What a run writes, generously: log, curve, predictions, result."""

STATE_COPIES = 11
"""A checkpoint of DPS Mix in copies of the model, twice: weights, moments, the method's state."""


def run_bytes(model_bytes: int, *, checkpoint: bool) -> int:
    """Estimate the bytes that one run needs on the disk while it lasts."""
    return RUN_BYTES + (STATE_COPIES * model_bytes if checkpoint else 0)


def free_bytes(folder: Path) -> int:
    """Give the bytes that may still be written where a folder lies, or will lie."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def megabytes(count: int) -> str:
    """Write bytes as people do."""
    return f"{count / 1e6:,.0f} MB"
