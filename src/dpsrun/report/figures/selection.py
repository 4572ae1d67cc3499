"""What DPS keeps and changes with each of its selections, a line a method."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from dpsrun.report.analysis.panels import Panel
from dpsrun.report.analysis.selection import Choice, Selections
from dpsrun.report.figures.lines import Look, draw_lines
from dpsrun.report.figures.pages import Room
from dpsrun.report.figures.style import styled

ROOM = Room(width=1.6, height=1.3, stacked=2)
THIN = {"linewidth": 0.4, "alpha": 0.5}
MARKS = {
    "mean": Line2D([], [], color="0.3"),
    "single seeds": Line2D([], [], color="0.3", **THIN),
}
LABELS = ("weights kept", "of these changed")


@styled
def draw(panels: Sequence[Panel[Selections]]) -> list[Figure]:
    """Draw the shares of kept and of changed weights over the training, means and single seeds."""
    figures = list(draw_lines(panels, ROOM, MARKS, _draw))
    for figure in figures:
        figure.supxlabel("progress of the training")
    return figures


def _draw(axes: tuple[Axes, ...], selections: Selections, look: Look) -> None:
    for choices in selections.runs:
        _plot(axes, choices, THIN | {"color": look["color"]})
    _plot(axes, selections.mean, look)
    for ax, label in zip(axes, LABELS, strict=True):
        ax.set_ylabel(label)
        ax.set_xlim(0, 1)
        ax.xaxis.set_major_formatter(PercentFormatter(1))
        ax.yaxis.set_major_formatter(PercentFormatter(1))


def _plot(axes: tuple[Axes, ...], choices: Sequence[Choice], look: Look) -> None:
    kept, turnover = axes
    changed = [choice for choice in choices if choice.turnover is not None]
    kept.plot([c.progress for c in choices], [c.kept for c in choices], **look)
    turnover.plot([c.progress for c in changed], [c.turnover for c in changed], **look)
