"""Printing: tables and lines for people, JSON for machines."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Column, Table

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
        target.print(_wrapped(rows, target.width))
        return
    target.print(blank, head, sep="\n", style="bold", soft_wrap=True)
    target.file.write("".join(f"{line}\n" for line in rest))


def _laid_out(rows: Sequence[Sequence[str]]) -> list[str]:
    """Write the lines that rich would, which takes a second for a thousand of them."""
    widths = _widths(rows)
    head, *body = [f"  {'   '.join(map(_padded, row, widths))}  " for row in rows]
    blank = " " * cell_len(head)
    return [blank, head, f" {'─' * (len(blank) - 2)} ", *body, blank]


def _widths(rows: Iterable[Sequence[str]]) -> list[int]:
    return [max(map(cell_len, column)) for column in zip(*rows, strict=True)]


def _padded(cell: str, width: int) -> str:
    return cell + " " * (width - cell_len(cell))


def _wrapped(rows: Sequence[Sequence[str]], width: int) -> Table:
    """Let rich break what does not fit, or is no plain line; nothing is cut off."""
    frame = 3 * len(rows[0]) + 1
    widths = _narrowed(rows, width - frame)
    columns = (
        Column(heading, max_width=most, overflow="fold")
        for heading, most in zip(rows[0], widths, strict=True)
    )
    table = Table(*columns, box=SIMPLE_HEAD)
    for row in rows[1:]:
        table.add_row(*row)
    return table


def _narrowed(rows: Sequence[Sequence[str]], room: int) -> list[int]:
    """Let the widest columns give way: first between words, so that names stay whole."""
    widths = _widths(rows)
    for least in (_longest_words(rows), [1] * len(widths)):
        while sum(widths) > room and (loose := [n for n, w in enumerate(widths) if w > least[n]]):
            widths[max(loose, key=widths.__getitem__)] -= 1
    return widths


def _longest_words(rows: Iterable[Sequence[str]]) -> list[int]:
    columns = zip(*rows, strict=True)
    return [max(cell_len(word) for cell in c for word in cell.split() or [""]) for c in columns]


def print_json(value: object) -> None:
    """Print a JSON value, indented; raises ValueError for a number that JSON has not."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
