"""One way to print: a terminal gets colour, a pipe gets whole lines."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

PIPE_WIDTH = 240
"""Wide enough that no table is wrapped or cut where nobody can widen the window."""


def console(*, stderr: bool = False) -> Console:
    """Make a console for results (stdout) or for what happens meanwhile (stderr)."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else PIPE_WIDTH
    return Console(stderr=stderr, width=width, highlight=False, soft_wrap=not stream.isatty())
