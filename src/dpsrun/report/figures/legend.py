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
INCHES_OF_A_LINE = 0.13
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
    lines = max(len(wrapped(label).splitlines()) for label in entries)
    return INCHES_OF_A_LINE * (lines * math.ceil(len(entries) / _columns(entries, width)) + 1)


def inches_across(labels: Iterable[str]) -> float:
    """Give the width of the longest line of labels."""
    lines = (line for label in labels for line in wrapped(label).splitlines())
    return INCHES_OF_A_LETTER * max(map(len, lines), default=0)


def wrapped(label: str) -> str:
    """Break a long label between its words."""
    return textwrap.fill(label, LETTERS_OF_A_LINE, break_on_hyphens=False)


def _columns(entries: Entries, width: float) -> int:
    return max(1, min(len(entries), int(width / (INCHES_OF_A_HANDLE + inches_across(entries)))))
