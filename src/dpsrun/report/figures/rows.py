"""Figures with a row for each method, whose name stands at the left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

import numpy as np

from dpsrun.report.analysis.panels import Panel
from dpsrun.report.figures.blocks import blocks
from dpsrun.report.figures.legend import (
    INCHES_OF_A_LINE,
    Entries,
    inches_across,
    lines_of,
    wrapped,
)
from dpsrun.report.figures.pages import INCHES_DOWN_A_PAGE, Page, Room, no_legend, pages

T = TypeVar("T")

INCHES_OF_A_PANEL = 1.05
INCHES_BETWEEN_ROWS = 0.07
INCHES_AROUND_A_PANEL = 0.6
INCHES_OF_A_LEGEND = 0.4
INCHES_OF_A_LABEL = 0.135
"""What each further line of the axis' label takes."""

HALF = 0.28
"""How far from the middle of its row something is drawn, in rows."""


def in_rows(panels: Sequence[Panel[T]], across: str, marks: Entries) -> Iterator[Page[T]]:
    """Lay out pages whose panels have a row for each method, the first on top."""
    names = {name for panel in panels for name in panel.of}
    row = INCHES_BETWEEN_ROWS + INCHES_OF_A_LINE * max(map(lines_of, names), default=1)
    around = INCHES_AROUND_A_PANEL + INCHES_OF_A_LABEL * across.count("\n")
    most = int((INCHES_DOWN_A_PAGE - INCHES_OF_A_LEGEND - around) / row)
    shared = blocks(panels, most)
    rows = max((len(block.methods) for block in shared), default=0)
    room = Room(INCHES_OF_A_PANEL, around + rows * row, across, beside=inches_across(names))
    for page in pages(shared, room, marks, no_legend):
        for each in page.panels:
            (ax,) = each.axes
            ax.set_ylim(len(each.methods) - 0.5, -0.5)
            ax.set_yticks(range(len(each.methods)), map(wrapped, each.methods))
            ax.tick_params(axis="y", length=0, labelleft=each.leftmost)
            ax.locator_params(axis="x", nbins=4)
            ax.grid(axis="y", color="0.92", linewidth=0.5)
            ax.set_axisbelow(True)
            ax.spines[["top", "left", "right"]].set_visible(False)
        yield page


def heights(seeds: Iterable[str]) -> dict[str, float]:
    """Give each seed a height of its own in a row, the same in all rows."""
    names = list(seeds)
    steps = np.linspace(-HALF, HALF, len(names)) if len(names) > 1 else np.zeros(len(names))
    return dict(zip(names, steps.tolist(), strict=True))
