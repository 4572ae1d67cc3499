"""Printing: tables and lines for people, JSON for machines."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
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
    rows = [tuple(header), *map(tuple, lines)]
    target = console()
    target.print(title, style="bold", soft_wrap=True)
    blank, head, *rest = _laid_out(rows)
    if cell_len(head) > target.width or not all(cell.isprintable() for row in rows for cell in row):
        target.print(_wrapped(rows))
        return
    target.print(blank, head, sep="\n", style="bold", soft_wrap=True)
    target.file.write("".join(f"{line}\n" for line in rest))


def _laid_out(rows: Sequence[Sequence[str]]) -> list[str]:
    """Write the lines that rich would, which takes a second for a thousand of them."""
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    head, *body = [f"  {'   '.join(map(_padded, row, widths))}  " for row in rows]
    blank = " " * cell_len(head)
    return [blank, head, f" {'─' * (len(blank) - 2)} ", *body, blank]


def _padded(cell: str, width: int) -> str:
    return cell + " " * (width - cell_len(cell))


def _wrapped(rows: Sequence[Sequence[str]]) -> Table:
    """Let rich break what does not fit, or is no plain line."""
    table = Table(*rows[0], box=SIMPLE_HEAD)
    for row in rows[1:]:
        table.add_row(*row)
    return table


def print_json(value: object) -> None:
    """Print a JSON value, indented; raises ValueError for a number that JSON has not."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
