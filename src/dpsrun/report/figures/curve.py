"""The score by the number of training examples, a panel a task."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import NullLocator

from dpsrun.report.analysis.sizes import Curve, Panel
from dpsrun.report.figures.legend import explain, inches_down
from dpsrun.report.figures.marks import meaning
from dpsrun.report.figures.style import Look, look, panelled, styled
from dpsrun.report.formats.epochs import IN_SHORT
from dpsrun.report.formats.marks import curve_label
from dpsrun.report.named import RowKey

INCHES_OF_A_PANEL = (2.2, 2.2)

GUESS: dict[str, Any] = {"color": "0.45", "linestyle": (0, (1, 1.5)), "linewidth": 1.0}
SHADE = 0.12
RUN: dict[str, Any] = {"alpha": 0.5, "linewidths": 0, "s": 3}

Looks = Mapping[tuple[str, str], Look]
"""Model and method of a curve -> its look in all panels."""


@styled
def draw(panels: Sequence[Panel], unlike: Collection[RowKey] = ()) -> Figure:
    """Draw mean and band of ± sample standard deviation of each method, and every seed's score.

    The `unlike` rows differ from their reference in more than the method.
    """
    figure, axes = panelled(len(panels), *INCHES_OF_A_PANEL)
    curves = [curve for panel in panels for curve in panel.curves]
    names = {(curve.model, curve.method): curve_label(curve, unlike) for curve in curves}
    looks = {name: look(number) for number, name in enumerate(names)}
    for panel, ax in zip(panels, axes, strict=True):
        _draw_panel(ax, panel, looks)
    figure.supylabel(f"score x 100, {IN_SHORT['last']}")
    entries, width = dict(_entries(panels, names, looks)), figure.get_figwidth()
    figure.set_figheight(figure.get_figheight() + inches_down(entries, width))
    explain(figure, entries, width)
    return figure


def _draw_panel(ax: Axes, panel: Panel, looks: Looks) -> None:
    for curve in panel.curves:
        if any(cell.scores for _, cell in curve.points):
            _draw_curve(ax, curve, looks[curve.model, curve.method])
    if panel.chance is not None:
        ax.axhline(100 * panel.chance, **GUESS)
    sizes = sorted({size.examples for size in panel.sizes})
    ax.set_title(panel.task)
    ax.set_xlabel("training examples")
    ax.set_xscale("log")
    ax.set_xticks(sizes, [f"{size:,}" for size in sizes])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.spines[["top", "right"]].set_visible(False)


def _draw_curve(ax: Axes, curve: Curve, look: Look) -> None:
    scored = [(size.examples, cell) for size, cell in curve.points if cell.scores]
    sizes = [examples for examples, _ in scored]
    means, deviations = (
        100 * np.array([getattr(cell.summary, name) for _, cell in scored], dtype=float)
        for name in ("mean", "sd")
    )
    seeds = [(examples, score) for examples, cell in scored for score in cell.scores.values()]
    ax.fill_between(
        sizes, means - deviations, means + deviations, color=look.color, alpha=SHADE, linewidth=0
    )
    places, scores = zip(*seeds, strict=True)
    ax.scatter(places, 100 * np.array(scores), color=look.color, **RUN)
    ax.plot(sizes, means, **vars(look))


def _entries(
    panels: Sequence[Panel], names: Mapping[tuple[str, str], str], looks: Looks
) -> Iterator[tuple[str, Artist]]:
    """Explain what there is."""
    several = len({model for model, _ in names}) > 1
    for (model, method), label in names.items():
        line = Line2D([], [], **vars(looks[model, method]))
        yield f"{label} ({model})" if several else label, line
    summaries = [cell.summary for panel in panels for c in panel.curves for _, cell in c.points]
    if any(summary.sd is not None for summary in summaries):
        yield "run", Line2D([], [], color="0.5", marker="o", markersize=1.8, linestyle="")
        yield "± sample standard deviation", Patch(color="0.5", alpha=0.3, linewidth=0)
    if any(panel.chance is not None for panel in panels):
        yield "constant guess", Line2D([], [], **GUESS)
    yield from meaning(names.values()).items()
