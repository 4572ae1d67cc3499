"""Figures of lines, one a method: few in a panel, and the reference in grey in each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, TypeVar

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from dpsrun.report.analysis.panels import Panel
from dpsrun.report.figures.blocks import Block, blocks
from dpsrun.report.figures.legend import Entries
from dpsrun.report.figures.marks import explained
from dpsrun.report.figures.pages import Room, pages
from dpsrun.report.figures.style import look

T = TypeVar("T")

Look = Mapping[str, Any]
"""How a line looks, as matplotlib takes it."""

Draw = Callable[[tuple[Axes, ...], T, Look], None]
"""Draws into the axes of a panel what is shown of a method."""

MOST = 7
"""More lines than this in a panel cannot be told apart."""

REFERENCE: Look = {"color": "0.6", "linestyle": "-", "linewidth": 2.2, "zorder": 1.8}


def draw_lines(
    panels: Sequence[Panel[T]],
    room: Room,
    marks: Entries,
    draw: Draw[T],
    style: Look = MappingProxyType({}),
) -> Iterator[Figure]:
    """Draw panels with a legend of the methods in each block, and one of `marks` on each page.

    What `style` says holds for all lines.
    """
    entries = {**marks, **explained(panels)}
    for page in pages(blocks(panels, MOST, repeat=True), room, entries, partial(_legend, style)):
        for each in page.panels:
            looks = _looks(each.methods, each.panel.reference, style)
            for method, value in each.shown.items():
                draw(each.axes, value, looks[method])
            for ax in each.axes:
                ax.spines[["top", "right"]].set_visible(False)
        yield page.figure


def _legend(style: Look, block: Block[T]) -> Entries:
    looks = _looks(block.methods, block.panels[0].reference, style)
    return {method: Line2D([], [], **look) for method, look in looks.items()}


def _looks(methods: Sequence[str], reference: str | None, style: Look) -> Mapping[str, Look]:
    others = [method for method in methods if method != reference]
    looks: dict[str, Look] = {name: vars(look(number)) for number, name in enumerate(others)}
    return {method: {**looks.get(method, REFERENCE), **style} for method in methods}
