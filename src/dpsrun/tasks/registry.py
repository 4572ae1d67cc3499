"""Every task by name, and where each family's data lie unless the user says otherwise."""

from __future__ import annotations

from dpsrun.errors import UserError, nearest
from dpsrun.tasks.glue import GLUE
from dpsrun.tasks.mini.tasks import MINI
from dpsrun.tasks.task import Task

FAMILIES: dict[str, str | None] = {"glue": "nyu-mll/glue", "mini": None}
"""Family -> hub data set; None for a family that is generated."""


def tasks() -> dict[str, Task]:
    """Give every task by name, in the order in which they are listed."""
    return {task.name: task for task in (*GLUE, *MINI)}


def find(name: str) -> Task:
    """Look a task up; raises UserError with the nearest name."""
    known = tasks()
    if name not in known:
        raise UserError(f"there is no task {name!r}: {nearest(name, known)}")
    return known[name]
