"""The mark of rows that differ from their reference in more than the method."""

from __future__ import annotations

from collections.abc import Collection

from dpsrun.report.named import Named, RowKey

UNLIKE = "†"


def marked(found: Named, unlike: Collection[RowKey]) -> str:
    """Name a method, with a mark if it differs from its reference in more than that."""
    return labelled(found.key, unlike)


def labelled(key: RowKey, unlike: Collection[RowKey]) -> str:
    """Give the label of a row's method in the same way."""
    *_, method = key
    return f"{method} {UNLIKE}" if key in unlike else method
