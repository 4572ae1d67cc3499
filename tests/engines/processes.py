"""Processes of a cluster on this host, found by what their environment says."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Sequence
from pathlib import Path


def marked(*marks: str) -> list[int]:
    """Find the processes that have all of these variables."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            variables = (process / "environ").read_bytes().split(b"\0")
            if all(mark.encode() in variables for mark in marks):
                found.append(int(process.name))
    return found


def named(program: str, root: Path) -> list[int]:
    """Find the processes of a program that were told of a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (process / "cmdline").read_bytes()
            if program.encode() in words and str(root).encode() in words:
                found.append(int(process.name))
    return found


def parent(pid: int) -> int | None:
    """Find who started a process."""
    with contextlib.suppress(OSError):
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
        return int(stat.rpartition(")")[2].split()[1])
    return None


def kill(pids: Sequence[int]) -> Sequence[int]:
    """Let them die as a machine dies."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return pids
