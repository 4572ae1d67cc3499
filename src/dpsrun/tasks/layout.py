"""Finds the files of a task in a folder: in the hub's layout, or as their authors publish them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from dpsrun.errors import UserError, nearest
from dpsrun.tasks.convert import Source
from dpsrun.tasks.original import PUBLISHED, Original, Published
from dpsrun.tasks.table import PARQUET, Layout
from dpsrun.tasks.task import LABEL, Task

SHARD = re.compile(r"-\d+-of-(\d+)$")
UNPUBLISHED = Published((), ())


def sources(task: Task, folder: Path, wanted: Sequence[str], *, alone: bool) -> dict[str, Source]:
    """Find the wanted splits of a task, and what test splits there are besides.

    Args:
        task: the task.
        folder: holds the task's own folder.
        wanted: the splits that must be there.
        alone: whether `folder` may itself be the task's own one.

    Raises:
        UserError: that names what is missing and what is there.
    """
    inside = _inside(task, folder, alone=alone)
    if not inside:
        there = sorted(path.name for path in folder.iterdir() if path.is_dir())
        hint = f"there are: {', '.join(there)}" if there else "it has no folders"
        raise UserError(
            f"{task.name}: no folder {task.config!r} in {folder}; {hint}; {advice(task)}"
        )
    found = {}
    for own in inside:
        splits = dict.fromkeys((*wanted, *task.test))
        found = {split: source for split in splits if (source := _source(task, own, split))}
        if any(split in found for split in wanted):
            break
    for split in wanted:
        if split not in found:
            raise _missing(task, own, split)
    return found


def advice(task: Task) -> str:
    """Say which option to give, and what would be found there."""
    splits = [task.train, *task.evaluation[:1]] if task.train else [*task.evaluation, *task.test]
    names = ", ".join(f"{task.config}/{split}-*.parquet" for split in splits)
    originals = ", or as its authors publish it" if task.name in PUBLISHED else ""
    return f"give --data {task.family}=PATH (a folder with {names}{originals})"


def _inside(task: Task, folder: Path, *, alone: bool) -> list[Path]:
    names = (task.config, task.name, *PUBLISHED.get(task.name, UNPUBLISHED).folders)
    found = [folder / name for name in dict.fromkeys(names)]
    return [path for path in [*found, *([folder] if alone else [])] if path.is_dir()]


def _source(task: Task, folder: Path, split: str) -> Source | None:
    if shards := _shards(task, folder, split):
        layout = Layout(task.text, task.label, careful=True)
        return Source(shards, layout if _in_words(task, shards[0]) else None)
    for form in _forms(task, split):
        if (path := folder / form.files[split]).is_file():
            return _original(task, form, split, path)
    return None


def _forms(task: Task, split: str) -> list[Original]:
    forms = PUBLISHED.get(task.name, UNPUBLISHED).forms
    return [form for form in forms if split in form.files]


def _original(task: Task, form: Original, split: str, path: Path) -> Source:
    beside = (path.parent / form.beside,) if form.beside else ()
    for file in beside:
        if not file.is_file():
            raise UserError(f"{task.name}: {path} goes with {file.name}, which is not beside it")
    choice = form.chooses(split, path) if form.chooses else None
    return Source((path,), form.layout, beside, choice)


def _shards(task: Task, folder: Path, split: str) -> tuple[Path, ...]:
    """List a split's files in order; raises UserError if some of a numbered set are missing."""
    single = folder / f"{split}{PARQUET}"
    shards = sorted(folder.glob(f"{split}-*{PARQUET}"))
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


def _in_words(task: Task, path: Path) -> bool:
    """Whether a Parquet file has its classes in words, or under a name of its own."""
    import pyarrow as pa  # noqa: PLC0415 (generated data need no pyarrow)
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        schema = pq.read_schema(path)
    except (OSError, pa.ArrowException):
        return False  # the check of Parquet files says what is wrong
    if task.label not in schema.names:
        return False
    kind = schema.field(task.label).type
    return task.label != LABEL or pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _missing(task: Task, folder: Path, split: str) -> UserError:
    names = (f"{split}-*{PARQUET}", *(form.files[split] for form in _forms(task, split)))
    there = sorted(path.name for path in folder.iterdir())
    hint = nearest(f"{split}{PARQUET}", there) if there else "the folder is empty"
    return UserError(f"{task.name}: no {' or '.join(dict.fromkeys(names))} in {folder}; {hint}")
