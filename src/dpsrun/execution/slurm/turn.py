"""One command at a time looks what is queued and submits the rest: else two would submit all twice.

DIR/engine/slurm/turns/<number>.json   whose turn it is or was; the highest number counts
DIR/engine/slurm/turns/<number>.over   that it is over

A turn is taken by linking the next number, as a lease of a run is (`runs/lease.py`). One whose
process is gone, or that shows no sign of life for longer than a command of Slurm may take, is over.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

from dpsrun.execution.engine import View
from dpsrun.execution.slurm.commands import PATIENCE_SECONDS
from dpsrun.runs.files import new_token, publish_once, time_of, write_whole
from dpsrun.runs.lease import Owner

STALE_SECONDS = 5 * PATIENCE_SECONDS
WAIT_SECONDS = 0.2


@contextlib.contextmanager
def turn(folder: Path, view: View) -> Iterator[None]:
    """Wait for our turn in a folder of records, and hold it."""
    turns, told = folder / "turns", False
    turns.mkdir(parents=True, exist_ok=True)
    while (number := _take(turns)) is None:
        if not told:
            view.said("waiting for another command that submits runs of this folder")
        told = True
        time.sleep(WAIT_SECONDS)
    try:
        yield
    finally:
        (turns / f"{number}.over").touch()


def _take(turns: Path) -> int | None:
    """Take the next number if the last turn is over, and nobody is faster."""
    number = max((int(path.stem) for path in turns.glob("*.json")), default=0)
    if number and not _is_over(turns, number):
        return None
    token = new_token()
    draft = turns / f".{token}"
    write_whole(draft, Owner.here(token).model_dump_json())
    try:
        return number + 1 if publish_once(draft, turns / f"{number + 1}.json") else None
    finally:
        draft.unlink()


def _is_over(turns: Path, number: int) -> bool:
    if (turns / f"{number}.over").exists():
        return True
    path = turns / f"{number}.json"
    with contextlib.suppress(OSError, ValueError):
        if Owner.model_validate_json(path.read_text(encoding="utf-8")).is_gone:
            return True
    return time_of(turns) - path.stat().st_mtime > STALE_SECONDS
