"""What is the user's to mend: such errors end a command with exit code 2 and no traceback."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


class UserError(Exception):
    """Something that the user can put right; its text says what and how."""


class MissingError(UserError):
    """Models or data that cannot be had.

    `options` are what would say where they lie: pairs such as `--model` and the model's label.
    """

    def __init__(self, message: str, options: Iterable[tuple[str, str]] = ()) -> None:
        self.options = tuple(options)
        super().__init__(message)


@dataclass(frozen=True)
class Problem:
    """One fault of a file: where it stands and what would be right."""

    file: str
    line: int | None
    key: str
    message: str

    def __str__(self) -> str:
        """Give `file:line: key: message`, leaving out what is unknown."""
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return ": ".join(part for part in (place, self.key, self.message) if part)


class ConfigError(UserError):
    """All the problems of one or more grid files, reported together."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def nearest(word: str, choices: Iterable[str]) -> str:
    """Word a hint for a misspelt name: the nearest valid choice, else all of them."""
    known = sorted(choices)
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else f"choose one of: {', '.join(known)}"
