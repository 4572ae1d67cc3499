"""The score of each run, a row a method."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from dpsrun.report.aggregate import Cell, Selection
from dpsrun.report.analysis.panels import Panel
from dpsrun.report.figures.epochs import across
from dpsrun.report.figures.marks import explained
from dpsrun.report.figures.pages import Drawn, filled
from dpsrun.report.figures.rows import HALF, heights, in_rows
from dpsrun.report.figures.style import styled

FEWEST = 5
"""Fewer scores than this have no quartiles."""

SEED: dict[str, Any] = {"color": "#0072B2", "marker": "o", "s": 7, "linewidths": 0}
FAILED: dict[str, Any] = {"color": "#D55E00", "marker": "x", "s": 12, "linewidths": 1}
GUESS: dict[str, Any] = {"color": "0.45", "linestyle": (0, (1, 1.5)), "linewidth": 1.0}
MEDIAN: dict[str, Any] = {"color": "black", "linewidth": 1.2}
BOX: dict[str, Any] = {"color": "0.85", "linewidth": 0}

BESIDE = 0.08
"""Room for a whole mark beside the outermost scores, as a share of the axis."""


@styled
def draw(panels: Sequence[Panel[Cell]], selection: Selection) -> list[Figure]:
    """Draw every score, the median, with enough scores the quartiles, and the constant guess."""
    label = across("score x 100", selection)
    return filled(in_rows(panels, label, dict(_marks(panels))), _draw_panel)


def _draw_panel(drawn: Drawn[Cell]) -> None:
    (ax,), panel = drawn.axes, drawn.panel
    ax.use_sticky_edges = False  # a box would end the axis where it ends, and cut points in half
    ax.margins(x=BESIDE)
    cells = [(row, panel.of[m]) for row, m in enumerate(drawn.methods) if m in panel.of]
    places = heights(dict.fromkeys(seed for cell in panel.of.values() for seed in cell.scores))
    for row, cell in cells:
        _draw_middle(ax, row, 100 * np.array(list(cell.scores.values())))
        if len(cell.scores) < cell.expected:
            ax.text(
                1.02, row, _share(cell), transform=ax.get_yaxis_transform(), va="center", fontsize=7
            )
    for look, failed in ((SEED, False), (FAILED, True)):
        points = [
            (100 * score, row + places[seed])
            for row, cell in cells
            for seed, score in cell.scores.items()
            if (seed in cell.counts.failed) is failed
        ]
        if points:
            ax.scatter(*zip(*points, strict=True), **look, zorder=3)
    if panel.chance is not None:
        ax.axvline(100 * panel.chance, **GUESS)


def _draw_middle(ax: Axes, row: int, scores: np.typing.NDArray[np.float64]) -> None:
    if len(scores) >= FEWEST:
        low, high = np.quantile(scores, (0.25, 0.75))
        ax.barh(row, high - low, left=low, height=2 * HALF + 0.1, **BOX)
    if len(scores) > 1:
        ax.vlines(np.median(scores), row - HALF - 0.05, row + HALF + 0.05, **MEDIAN)


def _share(cell: Cell) -> str:
    return f"{len(cell.scores)}/{cell.expected}"


def _marks(panels: Sequence[Panel[Cell]]) -> Iterator[tuple[str, Artist]]:
    """Explain what there is."""
    cells = [cell for panel in panels for cell in panel.of.values()]
    yield "seed", _dot(SEED)
    if any(seed in cell.scores for cell in cells for seed in cell.counts.failed):
        yield "failed run", _dot(FAILED)
    if any(len(cell.scores) > 1 for cell in cells):
        yield "median", Line2D([], [], **MEDIAN)
    if any(len(cell.scores) >= FEWEST for cell in cells):
        yield "quartiles", Patch(**BOX)
    if any(panel.chance is not None for panel in panels):
        yield "constant guess", Line2D([], [], **GUESS)
    lacking = next((_share(cell) for cell in cells if len(cell.scores) < cell.expected), None)
    if lacking:
        yield f"{lacking}: runs with a score", Line2D([], [], linestyle="")
    yield from explained(panels).items()


def _dot(look: dict[str, Any]) -> Line2D:
    return Line2D([], [], color=look["color"], marker=look["marker"], linestyle="")
