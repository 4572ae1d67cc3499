"""A task that a grid file declares, on its way to the workers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from dpsrun.tasks import registry
from dpsrun.tasks.task import Task

_TASK = TypeAdapter(Task)


def declaration(task: Task) -> dict[str, Any]:
    """Give all that a task is, but not where its files lie, as JSON values."""
    found: dict[str, Any] = _TASK.dump_python(task, mode="json", exclude={"files"})
    return found


def restore(declared: Mapping[str, Any]) -> Task:
    """Make the task that `declaration` wrote down; raises ValueError if that is no task."""
    return _TASK.validate_python(dict(declared))


def find(name: str, declared: Mapping[str, Mapping[str, Any]]) -> Task:
    """Look a task up among declarations, then in the registry; raises UserError."""
    return restore(declared[name]) if name in declared else registry.find(name)
