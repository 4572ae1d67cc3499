"""Comparisons with the reference, task by task."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from dpsrun.report.analysis.comparison import Comparison
from dpsrun.report.analysis.panels import Panel
from dpsrun.report.named import Place, by_place


def differences(compared: Iterable[Comparison]) -> tuple[Panel[Comparison], ...]:
    """Arrange comparisons by place and task, in their order; the average comes last."""
    places = by_place(each for each in compared if each.gain)
    return tuple(panel for place, found in places.items() for panel in _panels(place, found))


def _panels(place: Place, found: Sequence[Comparison]) -> Iterator[Panel[Comparison]]:
    order = tuple(dict.fromkeys(each.method for each in found))
    tasks: dict[str, dict[str, Comparison]] = {}
    for each in sorted(found, key=_is_average):
        tasks.setdefault(each.task, {})[each.method] = each
    for task, of in tasks.items():
        yield Panel(place, task, order, of, next(iter(of.values())).reference)


def _is_average(compared: Comparison) -> bool:
    return compared.failures is None
