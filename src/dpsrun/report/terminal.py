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


def console() -> Console:
    """Make a console that takes text as it is, and breaks nothing where nobody looks."""
    width = None if sys.stdout.isatty() else UNBROKEN
    return Console(width=width, markup=False, emoji=False, highlight=False)


def print_lines(lines: Iterable[str]) -> None:
    """Print lines as they are."""
    for line in lines:
        console().print(line, soft_wrap=True)


def print_table(title: str, header: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
    """Print a table under its title."""
    table = Table(*header, box=SIMPLE_HEAD, title=title, title_justify="left", title_style="bold")
    for line in lines:
        table.add_row(*line)
    console().print(table)


def print_json(value: object) -> None:
    """Print a JSON value, indented; raises ValueError for a number that JSON has not."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    console().print(text, soft_wrap=True)
