"""`dpsrun tasks`: the tasks that a grid can name."""

from __future__ import annotations

from dpsrun.cli.options import AsJson


def tasks(*, as_json: AsJson = False) -> None:
    """List the tasks with their kind, metrics and primary score."""
    from dpsrun.report import catalogue, terminal
    from dpsrun.tasks import registry

    known = list(registry.tasks().values())
    if as_json:
        terminal.print_json([catalogue.task_json(task) for task in known])
    else:
        terminal.print_table("tasks", catalogue.TASK_HEADER, map(catalogue.task_line, known))
