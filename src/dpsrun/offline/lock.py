"""The lock file beside a grid file: what it was prepared with, so that it stays the same.

`mine.lock.json` goes with `mine.yaml`. It holds the commit of every hub repository, and the
fingerprint of every model, task and further evaluation set, wherever they come from.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from dpsrun import hub
from dpsrun.errors import UserError
from dpsrun.runs.files import write_whole
from dpsrun.runs.frozen import Frozen
from dpsrun.runs.spec import Run

Fingerprints = dict[str, str]
Part = Literal["models", "data", "evaluate"]

WORDS: dict[Part, str] = {"models": "model", "data": "task", "evaluate": "evaluation set"}


class Pin(Frozen):
    """A hub repository, the revision that the grid asks for, and the commit that it stands for."""

    kind: hub.Kind
    id: str
    revision: str | None
    commit: Annotated[str, Field(pattern=f"^{hub.COMMIT.pattern}$")]

    @property
    def repository(self) -> hub.Repository:
        """Give what the grid asks the hub for."""
        return hub.Repository(self.kind, self.id, self.revision)


class Contents(Frozen):
    """Fingerprints of what runs are made from: models by label, tasks and sets by name."""

    models: Fingerprints
    data: Fingerprints
    evaluate: Fingerprints

    @classmethod
    def of(cls, runs: Iterable[Run]) -> Contents:
        """Gather them from the runs of one grid."""
        runs = tuple(runs)
        return cls(
            models={run.labels.model: run.spec.model for run in runs},
            data={run.spec.task: run.spec.data for run in runs},
            evaluate={each.name: each.data for run in runs for each in run.spec.evaluate},
        )


@dataclass(frozen=True)
class Difference:
    """Something of a grid that is `known` to its lock with other contents, or not at all."""

    part: Part
    name: str
    known: bool

    def __str__(self) -> str:
        """Say what it is."""
        how = "has other contents now" if self.known else "is not in it: the grid has changed"
        return f"{WORDS[self.part]} {self.name} {how}"


class Lock(Frozen):
    """The content of a lock file; `versions` are those of the libraries that made the tokens."""

    schema_number: Literal[1] = 1
    repositories: tuple[Pin, ...]
    contents: Contents
    versions: dict[str, str]

    @property
    def commits(self) -> dict[hub.Repository, str]:
        """Give the commit of every repository."""
        return {pin.repository: pin.commit for pin in self.repositories}

    def differences(self, now: Contents) -> list[Difference]:
        """List what is not as it was locked; what a grid no longer uses is none of it."""
        return [
            Difference(part, name, known=name in locked)
            for part in WORDS
            for locked in [getattr(self.contents, part)]
            for name, fingerprint in getattr(now, part).items()
            if locked.get(name) != fingerprint
        ]


def place(grid: Path) -> Path:
    """Give the path of the lock file of a grid file."""
    return grid.with_suffix(".lock.json")


def read(grid: Path) -> Lock | None:
    """Read the lock file of a grid file, if there is one; raises UserError if it is damaged."""
    path = place(grid)
    try:
        return Lock.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        words = f"{path}: this is no lock file: {_reason(error)}"
        raise UserError(f"{words}\n{remedy(grid, update=True)}") from error


def _reason(error: OSError | ValidationError) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    first = error.errors()[0]
    return ": ".join([".".join(map(str, first["loc"])), first["msg"]]).removeprefix(": ")


def write(grid: Path, lock: Lock) -> bool:
    """Write the lock file of a grid file; False if it says the same already. Raises OSError."""
    text = json.dumps(lock.model_dump(mode="json"), indent=2, sort_keys=True) + "\n"
    path = place(grid)
    if path.is_file() and path.read_bytes() == text.encode():
        return False
    write_whole(path, text)
    return True


def following(grid: Path) -> AbstractContextManager[None]:
    """Within the block the hub gives a grid file what its lock says, from the cache alone.

    Without a lock file it is asked as ever. Raises UserError if the lock is damaged.
    """
    lock = read(grid)
    if lock is None:
        return nullcontext()
    return hub.using(hub.Access(online=False, commits=lock.commits))


def check(grid: Path, runs: Iterable[Run]) -> None:
    """Raise UserError if the runs of a grid file are not made from what its lock says."""
    lock = read(grid)
    if lock and (found := lock.differences(Contents.of(runs))):
        raise differ(grid, found)


def differ(grid: Path, found: Iterable[Difference]) -> UserError:
    """Tell the user in one error how a grid differs from its lock, and what helps."""
    found = tuple(found)
    lines = [f"{place(grid)}: {difference}" for difference in found]
    return UserError("\n".join([*lines, remedy(grid, update=any(each.known for each in found))]))


def remedy(grid: Path, *, update: bool) -> str:
    """Say which command adds to a lock file what is new, or makes it anew."""
    return f"run: dpsrun prepare {'--update ' if update else ''}{grid}"
