"""The score by the number of training examples, a panel a task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from dpsrun.report.analysis.sizes import Curve, Panel
from dpsrun.report.figures.style import Look, look, panelled, styled
from dpsrun.report.formats.epochs import IN_SHORT

INCHES_OF_A_PANEL = (2.2, 2.2)
INCHES_OF_A_LEGEND_LINE = 0.16
INCHES_OF_A_LETTER = 0.06
INCHES_OF_A_HANDLE = 0.6

CHANCE = "constant guess"
GUESS: dict[str, Any] = {"color": "0.45", "linestyle": (0, (1, 1.5)), "linewidth": 1.0}

Looks = Mapping[tuple[str, str], Look]
"""Model and method of a curve -> its look in all panels."""


@styled
def draw(panels: Sequence[Panel]) -> Figure:
    """Draw mean and band of ± sample standard deviation of each method, and every seed's score."""
    figure, axes = panelled(len(panels), *INCHES_OF_A_PANEL)
    curves = (curve for panel in panels for curve in panel.curves)
    names = dict.fromkeys((curve.model, curve.method) for curve in curves)
    looks = {name: look(number) for number, name in enumerate(names)}
    for panel, ax in zip(panels, axes, strict=True):
        _draw_panel(ax, panel, looks)
    figure.supylabel(f"score x 100, {IN_SHORT['last']}")
    _explain(figure, looks, chance=any(panel.chance is not None for panel in panels))
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
        sizes, means - deviations, means + deviations, color=look.color, alpha=0.12, linewidth=0
    )
    places, scores = zip(*seeds, strict=True)
    ax.scatter(places, 100 * np.array(scores), s=3, color=look.color, alpha=0.5, linewidths=0)
    ax.plot(sizes, means, **vars(look))


def _explain(figure: Figure, looks: Looks, *, chance: bool) -> None:
    """Put a legend below the panels, in as many columns as fit, and make room for it."""
    several = len({model for model, _ in looks}) > 1
    lines = {
        f"{method} ({model})" if several else method: Line2D([], [], **vars(look))
        for (model, method), look in looks.items()
    }
    if chance:
        lines[CHANCE] = Line2D([], [], **GUESS)
    longest = INCHES_OF_A_HANDLE + INCHES_OF_A_LETTER * max(map(len, lines))
    columns = max(1, min(len(lines), int(figure.get_figwidth() / longest)))
    legend_lines = -(-len(lines) // columns)
    figure.set_figheight(figure.get_figheight() + INCHES_OF_A_LEGEND_LINE * (legend_lines + 1))
    figure.legend(lines.values(), lines, loc="outside lower center", ncols=columns, frameon=False)
