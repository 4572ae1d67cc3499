"""What DPS keeps with each of its selections, and what of that is new, a line a method."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from dpsrun.report.analysis.panels import Panel
from dpsrun.report.analysis.selection import Choice, Selections
from dpsrun.report.figures.lines import Look, draw_lines
from dpsrun.report.figures.pages import Room
from dpsrun.report.figures.style import styled

ROOM = Room(
    width=1.5,
    height=1.3,
    across="progress of training (%)",
    up=("weights kept (%)", "new of these (%)"),
)
MARKERS = 10
"""On a line, at about this many of its points."""

THIN: dict[str, Any] = {"linewidth": 0.4, "alpha": 0.5}
MARKS = {
    "mean": Line2D([], [], color="0.3"),
    "single seeds": Line2D([], [], color="0.3", **THIN),
}


@styled
def draw(panels: Sequence[Panel[Selections]]) -> list[Figure]:
    """Draw what is kept, and what of it is new, over the training: the means and each seed."""
    return list(draw_lines(panels, ROOM, MARKS, _draw))


def _draw(axes: tuple[Axes, ...], selections: Selections, look: Look) -> None:
    kept, turnover = axes
    turnover.autoscale(axis="y")  # the limits of the method before are not for this one
    for choices in selections.runs:
        _plot(axes, choices, THIN | {"color": look["color"]})
    every = max(1, len(selections.mean) // MARKERS)
    _plot(axes, selections.mean, {**look, "markevery": every})
    kept.set_ylim(0, 103)
    turnover.set_ylim(bottom=0)
    for ax in axes:
        ax.set_xlim(0, 100)


def _plot(axes: tuple[Axes, ...], choices: Sequence[Choice], look: Look) -> None:
    kept, turnover = axes
    changed = [(c.progress, c.turnover) for c in choices if c.turnover is not None]
    kept.plot(*_percent((choice.progress, choice.kept) for choice in choices), **look)
    turnover.plot(*_percent(changed), **look)


def _percent(points: Iterable[tuple[float, float]]) -> tuple[list[float], list[float]]:
    """Split points into their x and their y, times 100."""
    pairs = list(points)
    return [100 * x for x, _ in pairs], [100 * y for _, y in pairs]
