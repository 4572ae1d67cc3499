"""Where the data of a task lie: a local folder, the hub, or our own generator.

All three end as Parquet files in the hub's layout, `<folder>/<config>/<split>-*.parquet`, so
everything that follows is one code path.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dpsrun import hub
from dpsrun.errors import MissingError, UserError, nearest
from dpsrun.runs.fingerprint import fingerprint
from dpsrun.runs.frozen import digest
from dpsrun.tasks.folders import build_once
from dpsrun.tasks.mini.generate import Example, columns, generate
from dpsrun.tasks.registry import FAMILIES
from dpsrun.tasks.task import Task

HUB_ID = re.compile(r"(?P<id>[\w.-]+/[\w.-]+)(@(?P<revision>[\w./-]+))?")
SHARD = re.compile(r"-\d+-of-(\d+)$")


@dataclass(frozen=True)
class TaskFiles:
    """The data of a task, found and checked.

    Attributes:
        splits: split -> its Parquet files in order; training, evaluation, and test if there.
        examples: training or evaluation split -> number of its rows.
        fingerprint: hash of the task's name and of the training and evaluation data.
    """

    splits: Mapping[str, tuple[Path, ...]]
    examples: Mapping[str, int]
    fingerprint: str
    train: str = "train"

    @property
    def train_examples(self) -> int:
        """Count the rows of the training split."""
        return self.examples[self.train]


def locate(task: Task, place: str | None, *, cache: Path) -> TaskFiles:
    """Find the data of `task` and check that they are what it expects.

    Args:
        task: the task.
        place: a folder in the hub's layout, or a hub data set id, perhaps with `@revision`;
            None for the family's own place.
        cache: the folder for generated data and remembered fingerprints.

    Raises:
        MissingError: if the data are not here and the hub does not give them.
        UserError: if the data are not as expected; says what would help.
    """
    home = FAMILIES[task.family]
    if home is None:
        return _generated(task, place, cache)
    folder = _folder(task, place or home)
    files = _files(task, folder)
    used = [path for split in task.splits for path in files[split]]
    counts = _examples(task, files)
    return TaskFiles(files, counts, digest([task.name, fingerprint(used, cache)]), task.train)


def _examples(task: Task, files: Mapping[str, tuple[Path, ...]]) -> dict[str, int]:
    from dpsrun.tasks.check import examples  # noqa: PLC0415 (generated data need no pyarrow)

    return {split: examples(task, files[split]) for split in task.splits}


def _folder(task: Task, place: str) -> Path:
    """Give the local folder of `place`, downloading it if it is a hub id."""
    local = Path(place).expanduser()
    if local.is_dir():
        return local
    match = HUB_ID.fullmatch(place)
    if match is None:
        raise UserError(f"{task.name}: there is no folder {place}; {_advice(task)}")
    return _download(task, match["id"], match["revision"])


def _download(task: Task, name: str, revision: str | None) -> Path:
    """Fetch the task's folder of a hub data set; without a network the cached one serves."""
    patterns = [f"{task.config}/*"]
    try:
        return hub.fetch(name, kind="dataset", revision=revision, patterns=patterns)
    except hub.HubError as error:
        wanted = name if revision is None else f"{name}@{revision}"
        raise MissingError(
            f"{task.name}: no folder {wanted} here, and the hub did not give the data set "
            f"{wanted}: {error}\n{_advice(task)}"
        ) from error


def _advice(task: Task) -> str:
    return (
        f"give --data {task.family}=PATH (a folder with {task.config}/{task.train}-*.parquet, "
        f"{task.config}/{task.evaluation[0]}-*.parquet)"
    )


def _files(task: Task, folder: Path) -> dict[str, tuple[Path, ...]]:
    """Find the files of every split; only test splits may be missing."""
    inside = folder / task.config
    if not inside.is_dir():
        there = sorted(path.name for path in folder.iterdir() if path.is_dir())
        hint = f"there are: {', '.join(there)}" if there else "it has no folders"
        raise UserError(
            f"{task.name}: no folder {task.config!r} in {folder}; {hint}; {_advice(task)}"
        )
    found = {split: _shards(task, inside, split) for split in task.splits}
    for split, paths in found.items():
        if not paths:
            there = sorted(path.name for path in inside.iterdir())
            hint = nearest(f"{split}.parquet", there) if there else "the folder is empty"
            raise UserError(f"{task.name}: no {split}-*.parquet in {inside}; {hint}")
    tests = {split: _shards(task, inside, split) for split in task.test}
    return found | {split: paths for split, paths in tests.items() if paths}


def _shards(task: Task, folder: Path, split: str) -> tuple[Path, ...]:
    """List a split's files in order; raises UserError if some of a numbered set are missing."""
    single = folder / f"{split}.parquet"
    shards = sorted(folder.glob(f"{split}-*.parquet"))
    if single.is_file() and shards:
        raise UserError(f"{task.name}: both {single.name} and {shards[0].name} in {folder}")
    for shard in shards:
        whole = SHARD.search(shard.stem)
        if whole and int(whole[1]) != len(shards):
            raise UserError(
                f"{task.name}: {len(shards)} files {split}-*.parquet in {folder}, but {shard.name} "
                f"is one of {int(whole[1])}"
            )
    return (single,) if single.is_file() else tuple(shards)


def _generated(task: Task, place: str | None, cache: Path) -> TaskFiles:
    """Write a generated task to the cache, named by its content, unless it is there."""
    if place is not None:
        raise UserError(f"{task.name} is generated; it takes no --data {task.family}=...")
    made = generate(task)
    key = digest([task.name, made], 16)
    folder = build_once(
        cache / "mini" / f"{task.name}-{key}", lambda new: _write_splits(task, made, new)
    )
    used = {split: made[split] for split in task.splits}
    files = {split: (folder / f"{split}.parquet",) for split in made}
    counts = {split: len(rows) for split, rows in used.items()}
    return TaskFiles(files, counts, digest([task.name, used]), task.train)


def _write_splits(task: Task, made: Mapping[str, list[Example]], folder: Path) -> None:
    import pyarrow as pa  # noqa: PLC0415 (not needed where the files are there)
    import pyarrow.parquet as pq  # noqa: PLC0415

    for split, rows in made.items():
        pq.write_table(pa.table(columns(task, rows)), folder / f"{split}.parquet")
