"""Every task by name, and where each family's data lie unless the user says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from dpsrun.errors import UserError, nearest
from dpsrun.tasks.glue import GLUE
from dpsrun.tasks.inference import INFERENCE
from dpsrun.tasks.mini.tasks import MINI
from dpsrun.tasks.task import Task

FAMILIES: dict[str, str | None] = {
    "glue": "nyu-mll/glue",
    "snli": "stanfordnlp/snli",
    "scitail": "allenai/scitail",
    "sick": "",
    "hans": "",
    "mini": None,
}
"""Family -> hub data set; None for a family that is generated, "" for one of which no Parquet files
are known on the hub, or only a loading script, which is not run."""

NONE: Mapping[str, Task] = MappingProxyType({})


def tasks() -> dict[str, Task]:
    """Give every task by name, in the order in which they are listed."""
    return {task.name: task for task in (*GLUE, *INFERENCE, *MINI)}


def find(name: str, declared: Mapping[str, Task] = NONE) -> Task:
    """Look a task up, among those that a grid declares too; raises UserError with the nearest."""
    known = {**tasks(), **declared}
    if name not in known:
        raise UserError(f"there is no task {name!r}: {nearest(name, known)}")
    return known[name]
