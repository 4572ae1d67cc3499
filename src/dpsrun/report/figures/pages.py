"""Blocks of panels on pages."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from dpsrun.report.analysis.panels import Panel
from dpsrun.report.figures.blocks import Block
from dpsrun.report.figures.legend import (
    INCHES_OF_A_LINE,
    Entries,
    explain,
    inches_down,
    inches_of_entry,
)
from dpsrun.report.figures.style import COLUMN_INCHES, PAGE_INCHES

T = TypeVar("T")

Legend = Callable[[Block[T]], Entries]
"""Gives the legend of a block."""

INCHES_DOWN_A_PAGE = 9.0


@dataclass(frozen=True)
class Room:
    """What a panel needs, in inches, and its labels.

    Attributes:
        width: of a panel, at least.
        height: of each of its axes.
        across: label of the x axis.
        up: label of the y axis of each of its axes, from above.
        beside: what a block needs at its left.
    """

    width: float
    height: float
    across: str
    up: tuple[str, ...] = ("",)
    beside: float = 0.0


@dataclass(frozen=True)
class Drawn(Generic[T]):
    """A panel on a page, still empty.

    Attributes:
        methods: those that it shows if they are in it.
        panel: what is to be drawn.
        axes: from above.
        leftmost: whether it is at the left of its block.
    """

    methods: tuple[str, ...]
    panel: Panel[T]
    axes: tuple[Axes, ...]
    leftmost: bool

    @property
    def shown(self) -> dict[str, T]:
        """What is to be drawn of each of its methods."""
        return {name: self.panel.of[name] for name in self.methods if name in self.panel.of}


@dataclass(frozen=True)
class Page(Generic[T]):
    """A figure that is as wide as a column or a page, and no longer than a page."""

    figure: Figure
    panels: tuple[Drawn[T], ...]


@dataclass(frozen=True)
class Plan:
    """How panels lie in a block, rows and columns, and blocks on a page; sizes in inches."""

    rows: int
    columns: int
    blocks_across: int
    page_width: float
    block_height: float

    @property
    def block_width(self) -> float:
        """The width of a block."""
        return self.page_width / self.blocks_across


def pages(
    blocks: Sequence[Block[T]], room: Room, marks: Entries, legend: Legend[T]
) -> Iterator[Page[T]]:
    """Lay blocks out on as many pages as they need.

    Args:
        blocks: in their order.
        room: what their panels need.
        marks: the legend of a page.
        legend: gives the legend of a block; one that all have in common stands on the page.
    """
    if not blocks:
        return
    if len({tuple(legend(block)) for block in blocks}) == 1:
        marks, legend = {**legend(blocks[0]), **marks}, no_legend
    plan = _plan(blocks, room, legend)
    foot = inches_down(marks, plan.page_width)
    down = max(1, int((INCHES_DOWN_A_PAGE - foot) / plan.block_height))
    for own in _batches(blocks, down * plan.blocks_across):
        rows = math.ceil(len(own) / plan.blocks_across)
        size = plan.page_width, rows * plan.block_height + foot
        figure = Figure(figsize=size, layout="constrained")
        explain(figure, marks, plan.page_width)
        places = figure.subfigures(rows, plan.blocks_across, squeeze=False).flatten()
        panels: list[Drawn[T]] = []
        for block, place in zip(own, places, strict=False):
            explain(place, legend(block), plan.block_width)
            panels += _panels(block, place, plan, room)
        yield Page(figure, tuple(panels))


def filled(found: Iterable[Page[T]], draw: Callable[[Drawn[T]], None]) -> list[Figure]:
    """Draw the panels of pages; give the figures."""
    figures = []
    for page in found:
        for each in page.panels:
            draw(each)
        figures.append(page.figure)
    return figures


def _batches(blocks: Sequence[Block[T]], size: int) -> Iterator[Sequence[Block[T]]]:
    return (blocks[first : first + size] for first in range(0, len(blocks), size))


def no_legend(_: Block[T]) -> Entries:
    """Leave blocks without a legend."""
    return {}


def _plan(blocks: Sequence[Block[T]], room: Room, legend: Legend[T]) -> Plan:
    rows, columns = _even(max(len(block.panels) for block in blocks), room.width, room.beside)
    words = max(inches_of_entry(legend(block)) for block in blocks)
    width = max(room.beside + columns * room.width, words)
    _, across = _even(len(blocks), width)
    total = PAGE_INCHES if across > 1 or width > COLUMN_INCHES else COLUMN_INCHES
    height = rows * len(room.up) * room.height
    height += max(inches_down(legend(block), total / across) for block in blocks)
    height += INCHES_OF_A_LINE * any(block.heading for block in blocks)
    return Plan(rows, columns, across, total, height)


def _even(count: int, width: float, beside: float = 0.0) -> tuple[int, int]:
    """Share out evenly to the rows of a page: how many rows, and how many in a row."""
    rows = math.ceil(count / max(1, int((PAGE_INCHES - beside) / width)))
    return rows, math.ceil(count / rows)


def _panels(block: Block[T], place: SubFigure, plan: Plan, room: Room) -> Iterator[Drawn[T]]:
    """Make the axes of a block's panels, label them, and take away those that are left over."""
    place.suptitle(block.heading, fontsize=8, fontweight="bold")
    stacked = len(room.up)
    grid = place.subplots(plan.rows * stacked, plan.columns, squeeze=False)
    axes = grid.reshape(plan.rows, stacked, plan.columns).swapaxes(1, 2).reshape(-1, stacked)
    for number, (panel, own) in enumerate(zip(block.panels, axes, strict=False)):
        leftmost = number % plan.columns == 0
        own[0].set_title(panel.task)
        own[-1].set_xlabel(room.across)
        for upper in own[:-1]:
            upper.tick_params(labelbottom=False)
        if leftmost:
            for ax, label in zip(own, room.up, strict=True):
                ax.set_ylabel(label)
        yield Drawn(block.methods, panel, tuple(own), leftmost)
    for spare in axes[len(block.panels) :].flatten():
        spare.remove()
