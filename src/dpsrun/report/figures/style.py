"""How all figures look, and how they are saved: readable in print, in grey, by the colour-blind."""

from __future__ import annotations

import contextlib
import re
import secrets
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

COLUMN_INCHES = 3.3
PAGE_INCHES = 6.8
"""Widths of a column and of the text of a two-column page, as conferences have them."""

SETTINGS: dict[str, Any] = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "figure.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "axes.linewidth": 0.6,
    "lines.linewidth": 1.2,
    "lines.markersize": 4,
    "savefig.dpi": 300,
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "dpsrun",  # else ids are drawn anew each time
    "text.parse_math": False,  # a dollar in a label is a dollar
}

styled = mpl.rc_context(SETTINGS)  # type: ignore[arg-type]  # it wants a dict of literal keys
"""Decorates what draws or saves a figure."""

# Okabe and Ito 2008 (jfly.uni-koeln.de/color), without their yellow, which paper swallows.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#000000", "#E69F00", "#CC79A7", "#56B4E9")
MARKERS = "os^DvPX"
LINES = ("-", "--", "-.", ":")


LACKING = r"Glyph (\d+) .* missing from font"
"""How matplotlib begins to warn of a letter in whose place it draws a box."""


@dataclass(frozen=True)
class Look:
    """What tells a line from others, each of the three without the other two."""

    color: str
    marker: str
    linestyle: str


def look(number: int) -> Look:
    """Give the look of a line by its number, from 0; the first 28 differ."""
    return Look(
        COLOURS[number % len(COLOURS)],
        MARKERS[number % len(MARKERS)],
        LINES[number % len(LINES)],
    )


def panelled(panels: int, width: float, height: float) -> tuple[Figure, list[Axes]]:
    """Make a figure of panels in even rows, each `height` and at least `width` inches large."""
    down = -(-panels // max(1, int(PAGE_INCHES / width)))
    across = -(-panels // down)
    total = PAGE_INCHES if across > 1 or width > COLUMN_INCHES else COLUMN_INCHES
    figure = Figure(figsize=(total, down * height), layout="constrained")
    axes = figure.subplots(down, across, squeeze=False).flatten()
    for spare in axes[panels:]:
        spare.remove()
    return figure, list(axes[:panels])


@contextlib.contextmanager
def unknown_letters() -> Iterator[set[str]]:
    """Collect the letters that the font of figures lacks, in the place of a warning for each."""
    found: set[str] = set()
    with warnings.catch_warnings(record=True) as caught:
        warnings.filterwarnings("always", LACKING)
        yield found
    for warning in caught:
        if number := re.match(LACKING, str(warning.message)):
            found.add(chr(int(number[1])))
        else:
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )


@styled
def save(figure: Figure, path: Path) -> list[Path]:
    """Write a figure as PNG and SVG, the same bytes each time; raises OSError."""
    pictures = {".png": {"Software": None}, ".svg": {"Date": None}}
    for suffix, metadata in pictures.items():
        temporary = path.with_name(f".{path.name}{suffix}.{secrets.token_hex(4)}")
        try:
            figure.savefig(temporary, format=suffix[1:], metadata=metadata)
            temporary.replace(f"{path}{suffix}")
        finally:
            temporary.unlink(missing_ok=True)
    return [Path(f"{path}{suffix}") for suffix in pictures]
