"""The whole way of `dpsrun submit`: read, word, write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dpsrun.errors import UserError
from dpsrun.runs.store import Store
from dpsrun.submission.archive import write
from dpsrun.submission.files import FILES
from dpsrun.submission.predictions import predictions_of


@dataclass(frozen=True)
class Submission:
    """A written submission.

    Attributes:
        path: of the zip.
        origins: name of each of its files -> the run that made it.
        absent: names of the server's files that it lacks.
    """

    path: Path
    origins: dict[str, str]
    absent: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Give the same for machines."""
        return {"out": str(self.path), "files": self.origins, "absent": self.absent}


def submit(store: Store, runs: Iterable[str], out: Path) -> Submission:
    """Write what these runs predict on GLUE's test sets as one zip.

    Raises:
        UserError: a run has no such predictions, or two have the same; every fault of all runs.
    """
    found: dict[str, dict[str, list[str]]] = {}
    faults = []
    for run in dict.fromkeys(runs):
        try:
            found[run] = predictions_of(store, run)
        except UserError as error:
            faults.append(str(error))
    if faults:
        raise UserError("\n".join(faults))
    origins = _origins(found)
    write(out, {name: found[run][name] for name, run in origins.items()})
    absent = tuple(file.name for file in FILES if file.name not in origins)
    return Submission(out, {name: origins[name] for name in sorted(origins)}, absent)


def _origins(found: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Say which run each file comes from; raises UserError if two runs make the same."""
    origins: dict[str, str] = {}
    faults = []
    for run, names in found.items():
        for name in names:
            if name in origins:
                faults.append(f"{name} comes from two runs, {origins[name]} and {run}: name one")
            origins.setdefault(name, run)
    if faults:
        raise UserError("\n".join(faults))
    return origins
