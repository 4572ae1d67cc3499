"""What marks in figures mean: the reference, and methods that differ from it in more."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from matplotlib.lines import Line2D

from dpsrun.report.analysis.panels import Panel
from dpsrun.report.figures.legend import Entries
from dpsrun.report.formats.marks import UNLIKE, labelled
from dpsrun.report.named import RowKey

T = TypeVar("T")


def with_marks(panels: Sequence[Panel[T]], unlike: Collection[RowKey]) -> list[Panel[T]]:
    """Put the mark after the labels of the `unlike` rows."""
    return [_with_marks(panel, unlike) for panel in panels]


def _with_marks(panel: Panel[T], unlike: Collection[RowKey]) -> Panel[T]:
    names = {method: labelled((*panel.place, method), unlike) for method in panel.order}
    of = {names[method]: shown for method, shown in panel.of.items()}
    return replace(panel, order=tuple(names.values()), of=of)


def explained(panels: Sequence[Panel[T]]) -> Entries:
    """Give the entry of a legend that says what the mark means, if there is one."""
    return meaning(name for panel in panels for name in panel.of)


def meaning(labels: Iterable[str]) -> Entries:
    """Say what the mark means, if one of the labels has it."""
    has_one = any(label.endswith(f" {UNLIKE}") for label in labels)
    return {f"{UNLIKE} not comparable": Line2D([], [], linestyle="")} if has_one else {}


def reference(panels: Sequence[Panel[T]]) -> str:
    """Name the method that all panels compare others with."""
    labels = {panel.reference for panel in panels if panel.reference}
    return labels.pop() if len(labels) == 1 else "the reference"
