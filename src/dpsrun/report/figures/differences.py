"""Differences to the reference, seed by seed, a row a method."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from dpsrun.report.aggregate import Selection
from dpsrun.report.analysis.comparison import Comparison
from dpsrun.report.analysis.panels import Panel
from dpsrun.report.figures.epochs import across
from dpsrun.report.figures.marks import explained, reference
from dpsrun.report.figures.pages import Drawn, filled
from dpsrun.report.figures.rows import heights, in_rows
from dpsrun.report.figures.style import styled

SEED: dict[str, Any] = {"color": "#56B4E9", "marker": "o", "markersize": 3, "linestyle": ""}
MEAN: dict[str, Any] = {"color": "black", "marker": "D", "markersize": 3.5, "linewidth": 1.0}
UNPAIRED: dict[str, Any] = MEAN | {"marker": "s", "markerfacecolor": "white"}


@styled
def draw(panels: Sequence[Panel[Comparison]], selection: Selection) -> list[Figure]:
    """Draw the mean difference with its interval, and the difference of each pair of runs."""
    label = across("difference x 100", selection)
    return filled(in_rows(panels, label, dict(_marks(panels))), _draw_panel)


def _draw_panel(drawn: Drawn[Comparison]) -> None:
    (ax,), of = drawn.axes, drawn.panel.of
    ax.axvline(0, color="0.3", linewidth=0.8)
    places = heights(dict.fromkeys(seed for each in of.values() for seed in each.seeds))
    for row, method in enumerate(drawn.methods):
        if method in of:
            _draw_mean(ax, row, of[method])
            _draw_pairs(ax, row, of[method], places)


def _draw_mean(ax: Axes, row: int, compared: Comparison) -> None:
    if not compared.gain:
        return
    difference = compared.gain.difference
    if difference.interval:
        low, high = 100 * difference.interval.low, 100 * difference.interval.high
        ax.hlines(row, low, high, color=MEAN["color"], linewidth=MEAN["linewidth"], zorder=3)
    ax.plot(100 * difference.value, row, **_look(compared), zorder=4)


def _draw_pairs(ax: Axes, row: int, compared: Comparison, places: Mapping[str, float]) -> None:
    if compared.paired:
        pairs = zip(compared.first, compared.second, strict=True)
        differences = [100 * (first - second) for first, second in pairs]
        ax.plot(differences, [row + places[seed] for seed in compared.seeds], **SEED)


def _look(compared: Comparison) -> dict[str, Any]:
    return MEAN if compared.paired else UNPAIRED


def _marks(panels: Sequence[Panel[Comparison]]) -> Iterator[tuple[str, Artist]]:
    """Explain what there is."""
    compared = [each for panel in panels for each in panel.of.values()]
    if any(each.paired for each in compared):
        yield f"seed, minus {reference(panels)}", Line2D([], [], **SEED)
        yield "mean, 95 % interval", Line2D([], [], **MEAN)
    if not all(each.paired for each in compared):
        yield "mean, 95 % interval, not paired", Line2D([], [], **UNPAIRED)
    yield from explained(panels).items()
