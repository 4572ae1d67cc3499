"""The score after each epoch, a line a method."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from dpsrun.report.analysis.panels import Panel
from dpsrun.report.analysis.training import Epochs
from dpsrun.report.figures.lines import Look, draw_lines
from dpsrun.report.figures.pages import Room
from dpsrun.report.figures.style import styled

ROOM = Room(width=1.5, height=1.7, across="epoch", up=("score x 100",))
SHADE = 0.12
MARKS = {"± sample standard deviation": Patch(color="0.5", alpha=0.3, linewidth=0)}


@styled
def draw(panels: Sequence[Panel[Epochs]]) -> list[Figure]:
    """Draw the mean over the seeds, and a band of ± sample standard deviation."""
    summaries = (s for panel in panels for epochs in panel.of.values() for s in epochs.values())
    several = any(summary.sd is not None for summary in summaries)
    return list(draw_lines(panels, ROOM, MARKS if several else {}, _draw))


def _draw(axes: tuple[Axes, ...], epochs: Epochs, look: Look) -> None:
    (ax,) = axes
    means, deviations = (
        100 * np.array([getattr(summary, name) for summary in epochs.values()], dtype=float)
        for name in ("mean", "sd")
    )
    low, high = means - deviations, means + deviations
    ax.fill_between(list(epochs), low, high, color=look["color"], alpha=SHADE, linewidth=0)
    ax.plot(list(epochs), means, **look)
    ax.locator_params(axis="x", nbins=5, integer=True)
