"""Which epoch the scores of a figure are of, in the words of its axes."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from dpsrun.report.aggregate import Selection

EPOCHS: Mapping[Selection, str] = {
    "last": "last epoch",
    "best": "best epoch (optimistic)",
    "held-out": "held-out epoch",
}

LETTERS_ACROSS = 17
"""What a narrow panel has room for below itself."""


def across(measure: str, selection: Selection) -> str:
    """Label the x axis of a narrow panel."""
    return f"{measure},\n{textwrap.fill(EPOCHS[selection], LETTERS_ACROSS)}"


def up(measure: str, selection: Selection) -> str:
    """Label the y axis of a panel."""
    return f"{measure},\n{EPOCHS[selection]}"
