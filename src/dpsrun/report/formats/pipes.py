"""Tables and lists of Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable

from dpsrun.report.formats.tables import Lines

TAG = re.compile(r"<(?=[A-Za-z/!?])")
"""Where Markdown would begin a tag of HTML; a number may follow `<` as it is."""


def bullets(lines: Iterable[str]) -> str:
    """Write a list."""
    return "\n".join(f"- {_quoted(line)}" for line in lines)


def pipe_table(table: Lines) -> str:
    """Write a table."""
    header, lines = table
    rule = ["---"] * len(header)
    return "\n".join(f"| {' | '.join(map(plain, row))} |" for row in (header, rule, *lines))


def plain(text: str) -> str:
    """Keep a label on its line and in its column, and what it has of Markdown as it is."""
    return _quoted(text).replace("`", "\\`")


def _quoted(text: str) -> str:
    """Escape all but the code that notes have in backticks."""
    line = " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|")
    return TAG.sub(r"\\<", line)
