"""Comparisons with the reference, task by task."""

from __future__ import annotations

from collections.abc import Iterable

from dpsrun.report.analysis.comparison import Comparison
from dpsrun.report.analysis.panels import Panel
from dpsrun.report.analysis.reference import Place


def differences(compared: Iterable[Comparison]) -> tuple[Panel[Comparison], ...]:
    """Arrange comparisons by place and task, in their order; the average comes last."""
    orders: dict[Place, dict[str, None]] = {}
    shown: dict[Place, dict[str, dict[str, Comparison]]] = {}
    for each in compared:
        place = each.scenario, each.model
        orders.setdefault(place, {})[each.method] = None
        shown.setdefault(place, {}).setdefault(each.task, {})[each.method] = each
    return tuple(
        Panel(place, task, tuple(orders[place]), of, next(iter(of.values())).reference)
        for place, tasks in shown.items()
        for task, of in sorted(tasks.items(), key=_is_average)
    )


def _is_average(task: tuple[str, dict[str, Comparison]]) -> bool:
    return all(each.failures is None for each in task[1].values())
