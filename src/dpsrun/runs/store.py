"""The results folder: the only state there is.

DIR/runs/<run id>/spec.json                  what the run is and where its inputs lie
DIR/runs/<run id>/leases/<number>.json       who is or was at work on it (see `lease`)
DIR/runs/<run id>/attempts/<attempt>/...     log, curve, predictions and result of each try
DIR/runs/<run id>/result.json                the published result (a link to an attempt's)
DIR/runs/<run id>/checkpoint.safetensors     how far a run got, until it has a result, if asked for
DIR/grids/<grid>.json                        the run ids of a grid, their labels and order
DIR/tables/<grid>/                           what `report` writes
"""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from dpsrun.runs.files import new_token, publish_once, read, write_whole
from dpsrun.runs.frozen import Frozen
from dpsrun.runs.result import TRAINED, Result
from dpsrun.runs.spec import Labels, Places, Run, RunSpec

EVERYTHING = "all"
"""The name of the table over all grids; no grid may have it."""


class Order(Frozen):
    """What a worker needs to do a run: the content of `spec.json`.

    `declared` has those of its tasks that the grid file itself declares, by name.
    """

    id: str
    spec: RunSpec
    places: Places
    train_examples: int
    total_steps: int
    declared: dict[str, dict[str, Any]] = {}


class Member(Frozen):
    """One run of a grid with the labels that the grid gives it, and its further evaluation sets."""

    id: str
    labels: Labels
    total_steps: int
    evaluate: tuple[str, ...] = ()


class Manifest(Frozen):
    """The runs of a grid in the grid's order: the content of `grids/<name>.json`."""

    schema_number: Annotated[int, Field(ge=1, le=1)] = 1
    name: str
    members: tuple[Member, ...]


@dataclass(frozen=True)
class Damaged:
    """A file that should hold a record and does not."""

    path: Path
    reason: str


@dataclass(frozen=True)
class Store:
    """Reads and writes one results folder."""

    root: Path

    @cached_property
    def runs(self) -> Path:
        """The folder of the runs."""
        return self.root / "runs"

    def folder(self, run_id: str, *parts: str) -> Path:
        """Give the folder of a run, or what lies in it."""
        return self.runs.joinpath(run_id, *parts)

    def attempt_folder(self, run_id: str, attempt: str) -> Path:
        """Give the folder of one attempt at a run."""
        return self.folder(run_id, "attempts", attempt)

    def log_path(self, run_id: str, attempt: str) -> Path:
        """Give the file that takes the output of one attempt at a run."""
        return self.attempt_folder(run_id, attempt) / "log.txt"

    def checkpoint_path(self, run_id: str) -> Path:
        """Give the file in which the attempts at a run keep how far they got."""
        return self.folder(run_id, "checkpoint.safetensors")

    def order(
        self, run: Run, places: Places, declared: dict[str, dict[str, Any]] | None = None
    ) -> None:
        """Write down what a worker must know to do `run`."""
        folder = self.folder(run.id)
        folder.mkdir(parents=True, exist_ok=True)
        order = Order(
            id=run.id,
            spec=run.spec,
            places=places,
            train_examples=run.train_examples,
            total_steps=run.total_steps,
            declared=declared or {},
        )
        write_whole(folder / "spec.json", order.model_dump_json(indent=1))

    def read_order(self, run_id: str) -> Order:
        """Read what `order` wrote; raises OSError or ValueError."""
        return Order.model_validate_json(self._text(run_id, "spec.json"))

    def begin(self, run_id: str, attempt: str | None = None) -> str:
        """Make the folder of an attempt; a new one's name sorts by time and is unique."""
        attempt = attempt or new_token()
        self.attempt_folder(run_id, attempt).mkdir(parents=True, exist_ok=True)
        return attempt

    def finish(self, result: Result) -> bool:
        """Write the result of an attempt and publish it; False if another attempt was first.

        An interrupted attempt is kept as history and never published: its run stays to be done.
        """
        written = self.attempt_folder(result.run, result.attempt) / "result.json"
        write_whole(written, result.model_dump_json(indent=1))
        return self.publish(result)

    def publish(self, result: Result) -> bool:
        """Publish the written result of an attempt; False as in `finish`. Twice is as once."""
        if result.outcome == "interrupted":
            return False
        written = self.attempt_folder(result.run, result.attempt) / "result.json"
        return publish_once(written, self.folder(result.run, "result.json"))

    def recover(self, run_id: str) -> bool:
        """Publish an attempt that was trained to its end and killed before it could publish.

        Says whether the run has a result then. Failures, and what was withdrawn, are left alone.
        """
        left = (self.attempt_result(run_id, attempt) for attempt in self.attempts(run_id))
        trained = [r for r in left if isinstance(r, Result) and r.outcome in TRAINED]
        if any(self.publish(r) for r in trained if not self._withdrawn(r).exists()):
            self.drop_checkpoint(run_id)
        return isinstance(self.result(run_id), Result)

    def _withdrawn(self, result: Result) -> Path:
        return self.folder(result.run, f"result.json.withdrawn-{result.attempt}")

    def drop_checkpoint(self, run_id: str) -> None:
        """Delete the checkpoint of a run, and drafts of it that killed attempts left."""
        path = self.checkpoint_path(run_id)
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
            for draft in path.parent.glob(f".{path.name}.*"):
                shutil.rmtree(draft)

    def withdraw(self, run_id: str) -> None:
        """Take back a published result, so that its run is to be done; it keeps another name."""
        published, result = self.folder(run_id, "result.json"), self.result(run_id)
        if isinstance(result, Result):
            with contextlib.suppress(FileNotFoundError):
                published.rename(self._withdrawn(result))

    def set_aside(self, run_id: str) -> Path:
        """Give a damaged result another name, so that its run can be done; nothing is deleted."""
        damaged = self.folder(run_id, "result.json")
        return damaged.rename(damaged.with_name(f"result.json.damaged-{new_token()}"))

    def result(self, run_id: str) -> Result | Damaged | None:
        """Read the published result of a run, if there is one."""
        return _read_result(f"{self.runs}/{run_id}/result.json", run_id)

    def attempt_result(self, run_id: str, attempt: str) -> Result | Damaged | None:
        """Read what one attempt left behind, published or not, if it came to its end."""
        return _read_result(f"{self.runs}/{run_id}/attempts/{attempt}/result.json", run_id)

    def attempts(self, run_id: str) -> list[str]:
        """Name all attempts at a run, oldest first."""
        return _names(f"{self.runs}/{run_id}/attempts")

    def run_ids(self) -> list[str]:
        """Name every run that has a folder."""
        return _names(self.runs)

    def write_manifest(self, manifest: Manifest) -> None:
        """Note which runs a grid has, so that `report` needs no grid file."""
        folder = self.root / "grids"
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / f"{manifest.name}.json", manifest.model_dump_json(indent=1))

    def manifests(self) -> list[Manifest | Damaged]:
        """Read the manifests of all grids, by name."""
        return [self._manifest(path) for path in sorted((self.root / "grids").glob("*.json"))]

    def _manifest(self, path: Path) -> Manifest | Damaged:
        try:
            manifest = Manifest.model_validate_json(read(path))
        except (OSError, ValueError) as error:
            return Damaged(path, reason(error))
        if manifest.name != path.stem:
            return Damaged(path, f"belongs to another grid, {manifest.name}")
        return manifest

    def _text(self, run_id: str, name: str) -> str:
        return read(f"{self.runs}/{run_id}/{name}")


def _names(folder: Path | str) -> list[str]:
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208 (names will do)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _read_result(file: str, run_id: str) -> Result | Damaged | None:
    try:
        result = Result.model_validate_json(read(file))
    except FileNotFoundError:
        path = Path(file)
        return Damaged(path, "a link that leads nowhere") if path.is_symlink() else None
    except (OSError, ValueError) as error:
        return Damaged(Path(file), reason(error))
    if result.run != run_id:
        return Damaged(Path(file), f"belongs to another run, {result.run}")
    return result


def reason(error: OSError | ValueError) -> str:
    """Say in one line what is wrong with a file; the first fault of a record stands for all."""
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    if not isinstance(error, ValidationError):
        return "not UTF-8 text"
    first = error.errors()[0]
    found = first["input"]
    if first["loc"] == ("schema_number",) and type(found) is int and found > 0:
        return f"a newer dpsrun wrote it (schema {found})"
    return ": ".join(filter(None, (".".join(map(str, first["loc"])), first["msg"])))
