"""Tables and lists of Markdown."""

from __future__ import annotations

from collections.abc import Iterable

from dpsrun.report.formats.tables import Lines


def bullets(lines: Iterable[str]) -> str:
    """Write a list."""
    return "\n".join(f"- {plain(line)}" for line in lines)


def pipe_table(table: Lines) -> str:
    """Write a table."""
    header, lines = table
    rule = ["---"] * len(header)
    return "\n".join(f"| {' | '.join(map(plain, row))} |" for row in (header, rule, *lines))


def plain(text: str) -> str:
    """Keep a label on its line and in its column."""
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|")
