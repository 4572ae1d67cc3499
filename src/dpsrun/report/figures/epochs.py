"""Which epoch the scores of a figure are of, in the words of its axes."""

from __future__ import annotations

import textwrap

from dpsrun.report.aggregate import Selection
from dpsrun.report.formats.epochs import IN_SHORT

LETTERS_ACROSS = 17
"""What a narrow panel has room for below itself."""


def across(measure: str, selection: Selection) -> str:
    """Label the x axis of a narrow panel."""
    return f"{measure},\n{textwrap.fill(IN_SHORT[selection], LETTERS_ACROSS)}"


def up(measure: str, selection: Selection) -> str:
    """Label the y axis of a panel."""
    return f"{measure},\n{IN_SHORT[selection]}"
