"""What `dpsrun doctor` finds, and the exit code that tells it to a script."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Literal

from dpsrun.errors import UserError

Area = Literal["packages", "devices", "data", "models", "disk", "settings"]
State = Literal["ok", "warning", "missing"]

CODES: dict[Area, int] = {
    "packages": 4,
    "devices": 8,
    "data": 16,
    "models": 32,
    "disk": 64,
    "settings": 128,
}
"""What each area with something missing adds to the exit code; 1 and 2 have other meanings."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: its state, and what would help if it is not `ok`."""

    area: Area
    state: State
    words: str
    advice: str = ""

    def __str__(self) -> str:
        """Write it as a line."""
        said = [*self.words.splitlines(), *([self.advice] if self.advice else [])]
        return f"{self.state:<8}{self.area:<9} {'; '.join(line.strip() for line in said)}"


def exit_code(findings: Iterable[Finding]) -> int:
    """Add up the areas in which something is missing; warnings do not count."""
    areas = {finding.area for finding in findings if finding.state == "missing"}
    return reduce(or_, (CODES[area] for area in areas), 0)


def guarded(area: Area, check: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    """Give what a check finds; one that breaks, as with a broken package, is a finding too.

    Raises UserError where the check does: that is the user's mistake, not the machine's.
    """
    try:
        yield from check()
    except UserError:
        raise
    except Exception as error:  # noqa: BLE001 (nothing may keep the doctor from the rest)
        yield Finding(area, "missing", f"{type(error).__name__}: {error}", "mend or reinstall it")
