"""The expected best score by the number of runs, a line a method."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from dpsrun.report.aggregate import Selection
from dpsrun.report.analysis.budget import Budget
from dpsrun.report.analysis.panels import Panel
from dpsrun.report.figures.epochs import up
from dpsrun.report.figures.lines import Look, draw_lines
from dpsrun.report.figures.pages import Room
from dpsrun.report.figures.style import styled

SHADE = 0.1
UNBIASED: dict[str, Any] = {"linestyle": (0, (2, 1.5)), "linewidth": 0.8}
MARKS = {
    "with replacement (Dodge 2019)": Line2D([], [], color="0.3"),
    "without (Tang 2020)": Line2D([], [], color="0.3", **UNBIASED),
    "± standard deviation": Patch(color="0.5", alpha=0.3, linewidth=0),
}


@styled
def draw(panels: Sequence[Panel[Budget]], selection: Selection) -> list[Figure]:
    """Draw both estimates for 1 to n runs, and the spread of the first among what was observed."""
    room = Room(1.5, 1.7, "runs", (up("expected best x 100", selection),))
    return list(draw_lines(panels, room, MARKS, _draw, {"linestyle": "-"}))


def _draw(axes: tuple[Axes, ...], budget: Budget, look: Look) -> None:
    (ax,) = axes
    runs = [best.runs for best in budget.best]
    means, deviations, unbiased = (
        100 * np.array([getattr(best, name) for best in budget.best])
        for name in ("mean", "sd", "unbiased")
    )
    low = np.maximum(means - deviations, 100 * budget.low)
    high = np.minimum(means + deviations, 100 * budget.high)
    ax.fill_between(runs, low, high, color=look["color"], alpha=SHADE, linewidth=0)
    ax.plot(runs, unbiased, color=look["color"], **UNBIASED)
    ax.plot(runs, means, **look)
    ax.locator_params(axis="x", nbins=5, integer=True)
