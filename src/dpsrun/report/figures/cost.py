"""The score by the seconds of a step, a point a method, each with its name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from dpsrun.report.aggregate import Selection
from dpsrun.report.analysis.panels import Panel
from dpsrun.report.analysis.tradeoff import Deal
from dpsrun.report.figures.blocks import blocks
from dpsrun.report.figures.epochs import up
from dpsrun.report.figures.legend import INCHES_OF_A_LINE, inches_across, lines_of, wrapped
from dpsrun.report.figures.marks import explained, reference
from dpsrun.report.figures.pages import Drawn, Room, filled, no_legend, pages
from dpsrun.report.figures.style import styled

INCHES_OF_A_PLOT = 1.3
INCHES_UP = 1.4
INCHES_AROUND_A_PLOT = 0.7
MOST = 25
"""Names that stand above each other on a page, each in two lines."""

POINT: dict[str, Any] = {
    "color": "black",
    "marker": "o",
    "markersize": 4,
    "markeredgecolor": "white",  # a gap in the lines that pass below
    "markeredgewidth": 0.7,
    "ecolor": "0.5",
    "elinewidth": 0.7,
}
REFERENCE: dict[str, Any] = POINT | {
    "marker": "s",
    "markerfacecolor": "white",
    "markeredgecolor": "black",
}
LEADER: dict[str, Any] = {
    "arrowstyle": "-",
    "color": "0.6",
    "linewidth": 0.4,
    "shrinkB": 2,
    "relpos": (0, 0.5),
}


@styled
def draw(panels: Sequence[Panel[Deal]], selection: Selection) -> list[Figure]:
    """Draw the mean with a bar of ± sample standard deviation; names stand at the right."""
    shared = blocks(panels, MOST)
    names = [name for block in shared for name in block.methods]
    line = INCHES_OF_A_LINE * max(map(lines_of, names), default=1)
    inside = max(INCHES_UP, line * max((len(b.methods) for b in shared), default=0))
    room = Room(
        INCHES_OF_A_PLOT + inches_across(names),
        INCHES_AROUND_A_PLOT + inside,
        "step time (vanilla = 1)",
        (up("score x 100", selection),),
    )
    return filled(
        pages(shared, room, dict(_marks(panels)), no_legend),
        partial(_draw_panel, line=line / inside),
    )


def _draw_panel(drawn: Drawn[Deal], line: float) -> None:
    """Draw a panel; a line of words has this share of its height."""
    (ax,), deals = drawn.axes, drawn.shown
    for method, deal in deals.items():
        look = REFERENCE if method == drawn.panel.reference else POINT
        bar = 100 * deal.scores.sd if deal.scores.sd is not None else None
        ax.errorbar(deal.relative_seconds, _points(deal), yerr=bar, **look)
    low, high = ax.get_ylim()
    ax.set_ylim(low, high)
    shares = {method: (_points(deal) - low) / (high - low) for method, deal in deals.items()}
    for method, share in apart(shares, line).items():
        point = deals[method].relative_seconds, _points(deals[method])
        _name(ax, wrapped(method), point, share)
    ax.locator_params(axis="x", nbins=3)
    ax.spines[["top", "right"]].set_visible(False)


def _points(deal: Deal) -> float:
    return 100 * (deal.scores.mean or 0.0)


def _name(ax: Axes, words: str, point: tuple[float, float], share: float) -> None:
    """Write a name at the right of the axes, at a share of their height, with a line to a point."""
    ax.annotate(
        words,
        point,
        (1.05, share),
        textcoords="axes fraction",
        va="center",
        fontsize=7,
        arrowprops=LEADER,
        annotation_clip=False,
        zorder=1,
    )


def apart(shares: Mapping[str, float], gap: float) -> dict[str, float]:
    """Move what is closer than the gap to others up, and down again what is then above 1."""
    places: dict[str, float] = {}
    free = gap / 2
    for name in sorted(shares, key=lambda name: shares[name]):
        places[name] = max(shares[name], free)
        free = places[name] + gap
    ceiling = 1 - gap / 2
    for name in reversed(places):
        places[name] = min(places[name], ceiling)
        ceiling = places[name] - gap
    return places


def _marks(panels: Sequence[Panel[Deal]]) -> Iterator[tuple[str, Artist]]:
    """Explain what there is."""
    if any(panel.reference in panel.of for panel in panels):
        look = {name: value for name, value in REFERENCE.items() if not name.startswith("e")}
        yield reference(panels), Line2D([], [], linestyle="", **look)
    if any(deal.scores.sd is not None for panel in panels for deal in panel.of.values()):
        bar = {"color": POINT["ecolor"], "marker": "|", "markersize": 8}
        yield "± sample standard deviation", Line2D([], [], linestyle="", **bar)
    yield from explained(panels).items()
