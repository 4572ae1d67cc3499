"""Printing: tables and lines for people, JSON for machines."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

UNBROKEN = 10_000
"""Columns of a pipe: wide enough that nothing is wrapped or cut."""


def console(*, stderr: bool = False) -> Console:
    """Make a console for results, or on standard error for what happens meanwhile.

    It takes text as it is, and breaks nothing where nobody looks.
    """
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else UNBROKEN
    return Console(stderr=stderr, width=width, markup=False, emoji=False, highlight=False)


def print_lines(lines: Iterable[str]) -> None:
    """Print lines as they are."""
    for line in lines:
        console().print(line, soft_wrap=True)


def print_table(title: str, header: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
    """Print a table under its title."""
    table = Table(*header, box=SIMPLE_HEAD)
    for line in lines:
        table.add_row(*line)
    console().print(title, style="bold", soft_wrap=True)
    console().print(table)


def print_json(value: object) -> None:
    """Print a JSON value, indented; raises ValueError for a number that JSON has not."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    console().print(text, soft_wrap=True)
