"""The score by two settings of a method, a panel a task."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dpsrun.report.aggregate import Cell
from dpsrun.report.analysis.ablation import Ablation, cell_of
from dpsrun.report.figures.style import panelled, styled
from dpsrun.report.formats.epochs import IN_SHORT
from dpsrun.report.formats.tables import NOTHING, points, shown

INCHES_OF_A_CELL = (0.55, 0.45)
INCHES_AROUND_A_PANEL = 0.7
INCHES_OF_A_NOTE = 0.14
LETTERS_PER_INCH = 17

DARK = 0.5
"""Luminance (Rec. 601, 0 to 1) below which white is easier to read than black."""


@styled
def draw(found: Ablation) -> Figure:
    """Draw mean scores as colour and number; rows that lack the settings are named below."""
    tasks = found.tasks
    down, across = map(len, found.values)
    width, height = INCHES_OF_A_CELL
    figure, axes = panelled(
        len(tasks),
        width=INCHES_AROUND_A_PANEL + across * width,
        height=INCHES_AROUND_A_PANEL + down * height,
    )
    for task, ax in zip(tasks, axes, strict=True):
        _draw_panel(ax, found, task)
    notes = [line for note in _notes(found) for line in _wrapped(note, figure)]
    figure.set_figheight(figure.get_figheight() + INCHES_OF_A_NOTE * len(notes))
    figure.supxlabel("\n".join(notes), fontsize=7, x=0.01, ha="left")
    return figure


def _draw_panel(ax: Axes, found: Ablation, task: str) -> None:
    xs, ys = found.values
    cells = [[found.cell(x, y, task) for y in ys] for x in xs]
    means = np.array([[cell.summary.mean for cell in line] for line in cells], dtype=float)
    colours = mpl.colormaps["cividis"].with_extremes(bad="0.85")
    image = ax.imshow(np.ma.masked_invalid(means), cmap=colours, aspect="auto")
    for i, line in enumerate(cells):
        for j, cell in enumerate(line):
            ink = _ink(*image.to_rgba(means[i, j])) if cell.scores else "black"
            ax.text(j, i, "\n".join(_words(cell)), ha="center", va="center", color=ink, fontsize=6)
    ax.set_title(f"{task} (score x 100)")
    ax.set_xticks(range(len(ys)), [f"{y:g}" for y in ys])
    ax.set_yticks(range(len(xs)), [f"{x:g}" for x in xs])
    ax.set_xlabel(found.settings[1])
    ax.set_ylabel(found.settings[0])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def _words(cell: Cell) -> Iterator[str]:
    """Write a cell: its mean, its deviation, and the runs that went wrong."""
    summary, counts = cell.summary, cell.counts
    yield points(summary.mean)
    if summary.sd is not None:
        yield f"± {points(summary.sd)}"
    if counts.failed:
        yield f"{len(counts.failed)} failed"
    if counts.diverged:
        yield f"{len(counts.diverged)} diverged"
    if counts.errors or counts.missing:
        yield f"n={summary.n} of {cell.expected}"


def _ink(red: float, green: float, blue: float, _: float) -> str:
    return "white" if 0.299 * red + 0.587 * green + 0.114 * blue < DARK else "black"


def _notes(found: Ablation) -> Iterator[str]:
    place = f"{found.method}, {found.model}, {found.scenario}"
    yield f"{place}: {IN_SHORT['last']}, mean ± sample standard deviation."
    for row in found.references:
        cells = [(task, shown(cell_of(row, task))) for task in found.tasks]
        listed = ", ".join(f"{task} {score}" for task, score in cells if score != NOTHING)
        yield f"{row.method}: {listed}."


def _wrapped(note: str, figure: Figure) -> list[str]:
    return textwrap.wrap(note, int(figure.get_figwidth() * LETTERS_PER_INCH))
