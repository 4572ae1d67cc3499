"""The mark of rows that differ from their reference in more than the method."""

from __future__ import annotations

from collections.abc import Collection

from dpsrun.report.analysis.sizes import Curve
from dpsrun.report.named import Named, RowKey

UNLIKE = "†"


def marked(found: Named, unlike: Collection[RowKey]) -> str:
    """Name a method, with a mark if it differs from its reference in more than that."""
    return labelled(found.key, unlike)


def labelled(key: RowKey, unlike: Collection[RowKey]) -> str:
    """Give the label of a row's method in the same way."""
    *_, method = key
    return f"{method} {UNLIKE}" if key in unlike else method


def curve_label(curve: Curve, unlike: Collection[RowKey]) -> str:
    """Name the method of a curve; it has the mark if any of its rows has it."""
    keys = [(size.scenario, curve.model, curve.method) for size, _ in curve.points]
    return labelled(next((key for key in keys if key in unlike), keys[0]), unlike)
