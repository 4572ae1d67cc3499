"""Times as the user writes them."""

from __future__ import annotations

import re

from dpsrun.errors import UserError

UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}
TIME = re.compile(r"(\d+(?:\.\d+)?) ?([smh]?)", re.ASCII)


def seconds(words: str | None) -> float | None:
    """Read the value of `--timeout`: `90s`, `30m`, `2h`; a bare number is seconds.

    Raises UserError for another word.
    """
    if words is None:
        return None
    found = TIME.fullmatch(words.strip())
    if not found or not float(found[1]):
        raise UserError(f"--timeout {words}: write a time such as 90s, 30m or 2h")
    return float(found[1]) * UNITS[found[2]]
