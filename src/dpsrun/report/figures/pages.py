"""Blocks of panels on pages."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from dpsrun.report.analysis.panels import Panel
from dpsrun.report.figures.blocks import Block
from dpsrun.report.figures.legend import INCHES_OF_A_LINE, Entries, explain, inches_down
from dpsrun.report.figures.style import COLUMN_INCHES, PAGE_INCHES

T = TypeVar("T")

INCHES_DOWN_A_PAGE = 9.0


@dataclass(frozen=True)
class Room:
    """What a panel needs.

    Attributes:
        width: in inches, at least.
        height: of each of its axes, in inches.
        beside: for labels at the left of a block, in inches.
        stacked: how many axes it has.
    """

    width: float
    height: float
    beside: float = 0.0
    stacked: int = 1


@dataclass(frozen=True)
class Drawn(Generic[T]):
    """A panel on a page: its methods, and its axes from above."""

    methods: tuple[str, ...]
    panel: Panel[T]
    axes: tuple[Axes, ...]


@dataclass(frozen=True)
class Page(Generic[T]):
    """A figure that is no wider and no longer than a page, with its panels still empty."""

    figure: Figure
    panels: tuple[Drawn[T], ...]


def pages(
    blocks: Sequence[Block[T]],
    room: Room,
    marks: Entries,
    legend: Callable[[Block[T]], Entries] = lambda _: {},
) -> Iterator[Page[T]]:
    """Lay out pages.

    Args:
        blocks: in their order.
        room: what their panels need.
        marks: the legend of a page.
        legend: gives the legend of a block.
    """
    if not blocks:
        return
    rows, columns = _even(max(len(block.panels) for block in blocks), room.width, room.beside)
    width = room.beside + columns * room.width
    height = rows * room.stacked * room.height
    height += max(inches_down(legend(block), width) for block in blocks)
    height += INCHES_OF_A_LINE * any(block.heading for block in blocks)
    _, across = _even(len(blocks), width)
    total = PAGE_INCHES if across > 1 or width > COLUMN_INCHES else COLUMN_INCHES
    foot = inches_down(marks, total) + 2 * INCHES_OF_A_LINE
    per_page = across * max(1, int((INCHES_DOWN_A_PAGE - foot) / height))
    for first in range(0, len(blocks), per_page):
        own = blocks[first : first + per_page]
        down = math.ceil(len(own) / across)
        figure = Figure(figsize=(total, down * height + foot), layout="constrained")
        explain(figure, marks, total)
        places = figure.subfigures(down, across, squeeze=False).flatten()
        panels: list[Drawn[T]] = []
        for block, place in zip(own, places, strict=False):
            place.suptitle(block.heading)
            explain(place, legend(block), total / across)
            panels += _empty(block, place, (rows, columns), room.stacked)
        yield Page(figure, tuple(panels))


def _even(count: int, width: float, beside: float = 0.0) -> tuple[int, int]:
    """Share panels out to the rows of a page, evenly: how many rows, and how many in a row."""
    rows = math.ceil(count / max(1, int((PAGE_INCHES - beside) / width)))
    return rows, math.ceil(count / rows)


def _empty(
    block: Block[T], place: SubFigure, grid: tuple[int, int], stacked: int
) -> Iterator[Drawn[T]]:
    rows, columns = grid
    axes = place.subplots(rows * stacked, columns, squeeze=False)
    for number in range(rows * columns):
        row, column = divmod(number, columns)
        own = tuple(axes[row * stacked : (row + 1) * stacked, column])
        if number < len(block.panels):
            panel = block.panels[number]
            own[0].set_title(panel.task)
            yield Drawn(block.methods, panel, own)
        else:
            for spare in own:
                spare.remove()
