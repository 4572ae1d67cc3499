"""Panels that belong together: those of a scenario and a model that show the same methods."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from dpsrun.report.analysis.panels import Panel
from dpsrun.report.named import Place

T = TypeVar("T")


@dataclass(frozen=True)
class Block(Generic[T]):
    """Panels of one place that show the same methods; the heading names it among several."""

    heading: str
    methods: tuple[str, ...]
    panels: tuple[Panel[T], ...]


def blocks(panels: Iterable[Panel[T]], most: int, *, repeat: bool = False) -> list[Block[T]]:
    """Share the methods of each place out to blocks of at most so many, evenly.

    With `repeat` the reference comes first in each of them.
    """
    places: dict[Place, list[Panel[T]]] = {}
    for panel in panels:
        places.setdefault(panel.place, []).append(panel)
    return [
        Block(_heading(place, places), methods, tuple(p for p in group if _has(p, methods)))
        for place, group in places.items()
        for methods in _shares(group, most, repeat=repeat)
    ]


def _heading(place: Place, places: Iterable[Place]) -> str:
    """Name of scenario and model what is not the same in all places."""
    labels = zip(place, zip(*places, strict=True), strict=True)
    return ", ".join(label for label, found in labels if len(set(found)) > 1)


def _has(panel: Panel[T], methods: Iterable[str]) -> bool:
    return any(method in panel.of for method in methods)


def _shares(panels: Sequence[Panel[T]], most: int, *, repeat: bool) -> Iterator[tuple[str, ...]]:
    shown = [name for name in panels[0].order if any(name in panel.of for panel in panels)]
    again = [name for name in shown if repeat and name == panels[0].reference]
    others = [name for name in shown if name not in again]
    shares = max(1, math.ceil(len(others) / (most - len(again))))
    size = math.ceil(len(others) / shares)
    for share in range(shares):
        yield (*again, *others[share * size : (share + 1) * size])
