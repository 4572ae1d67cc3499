"""Legends below panels, in as many columns as fit, and the room that they take."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Mapping

from matplotlib.artist import Artist
from matplotlib.figure import FigureBase

Entries = Mapping[str, Artist]
"""The words of a legend and what they stand beside."""

INCHES_OF_A_LETTER = 0.053
INCHES_OF_A_LINE = 0.11
INCHES_BETWEEN_ENTRIES = 0.05
INCHES_OF_A_HANDLE = 0.42

LETTERS_OF_A_LINE = 30
"""A label that is longer is broken between its words."""


def explain(place: FigureBase, entries: Entries, width: float) -> None:
    """Put a legend below a figure, or a part of one, that is so many inches wide."""
    if entries:
        place.legend(
            entries.values(),
            map(wrapped, entries),
            loc="outside lower center",
            ncols=_columns(entries, width),
            columnspacing=1,
            frameon=False,
        )


def inches_down(entries: Entries, width: float) -> float:
    """Give the height of a legend that is so many inches wide."""
    if not entries:
        return 0.0
    rows = math.ceil(len(entries) / _columns(entries, width))
    entry = INCHES_BETWEEN_ENTRIES + INCHES_OF_A_LINE * max(map(lines_of, entries))
    return INCHES_OF_A_LINE + rows * entry


def inches_of_entry(entries: Entries) -> float:
    """Give the width of the widest entry."""
    return INCHES_OF_A_HANDLE + inches_across(entries) if entries else 0.0


def inches_across(labels: Iterable[str]) -> float:
    """Give the width of the longest line of labels."""
    lines = (line for label in labels for line in wrapped(label).splitlines())
    return INCHES_OF_A_LETTER * max(map(len, lines), default=0)


def wrapped(label: str) -> str:
    """Break a long label between its words."""
    return textwrap.fill(label, LETTERS_OF_A_LINE, break_on_hyphens=False)


def lines_of(label: str) -> int:
    """Count the lines that a label is broken into."""
    return wrapped(label).count("\n") + 1


def _columns(entries: Entries, width: float) -> int:
    """Give the fewest columns that need no more lines than as many as fit."""
    fit = max(1, int(width / inches_of_entry(entries)))
    return math.ceil(len(entries) / math.ceil(len(entries) / fit))
