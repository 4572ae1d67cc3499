"""Where the data of a task lie: a local folder, the hub, files of one's own, or our generator.

All end as Parquet files in the hub's layout, so everything that follows is one code path.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dpsrun import hub
from dpsrun.errors import MissingError, UserError, nearest
from dpsrun.runs.fingerprint import fingerprint
from dpsrun.runs.frozen import digest
from dpsrun.tasks.convert import Source, convert
from dpsrun.tasks.declared import declaration
from dpsrun.tasks.folders import build_once
from dpsrun.tasks.layout import advice, sources
from dpsrun.tasks.mini.generate import Example, columns, generate
from dpsrun.tasks.registry import FAMILIES, tasks
from dpsrun.tasks.table import Layout
from dpsrun.tasks.task import OWN, Task

HUB_ID = re.compile(r"(?P<id>[\w.-]+/[\w.-]+)(@(?P<revision>[\w./-]+))?")


@dataclass(frozen=True)
class TaskFiles:
    """The data of a task, found and checked.

    Attributes:
        splits: wanted split -> its Parquet files in order; in the hub's layout also test splits
            that are there.
        examples: wanted split -> number of its examples.
        fingerprint: hash of the task's name and of the wanted data.
        train: name of the training split.
        classes: class number -> how many training examples it has; empty for regression.
    """

    splits: Mapping[str, tuple[Path, ...]]
    examples: Mapping[str, int]
    fingerprint: str
    train: str = "train"
    classes: Mapping[int, int] = field(default_factory=dict)

    @property
    def train_examples(self) -> int:
        """Count the rows of the training split."""
        return self.examples[self.train]


def locate(
    task: Task, place: str | None, *, cache: Path, splits: Sequence[str] | None = None
) -> TaskFiles:
    """Find the data of `task` and check that they are what it expects.

    Args:
        task: the task.
        place: a folder in the hub's layout or with the files that the authors publish, or a hub
            data set id, perhaps with `@revision`; None for the family's own place.
        cache: the folder for generated and converted data and remembered fingerprints.
        splits: those that are wanted; None for training and evaluation, or for the test splits of
            a task that has no others.

    Raises:
        MissingError: if the data are not here and the hub does not give them.
        UserError: if the data are not as expected, or there is no such split; says what would help.
    """
    wanted = tuple(splits or task.splits or task.test)
    for split in wanted:
        if split not in (known := (*task.splits, *task.test)):
            raise UserError(f"{task.name} has no split {split!r}; {nearest(split, known)}")
    if task.family != OWN and FAMILIES[task.family] is None:
        return _generated(task, place, wanted, cache)
    found = _own(task, wanted) if task.family == OWN else _shared(task, place, wanted)
    files = {split: convert(task, split, found[split], cache) for split in wanted}
    unused = {split: source.paths for split, source in found.items() if source.layout is None}
    return _counted(
        task,
        {**unused, **files},
        _classes(task, files),
        _identity(task, {split: found[split] for split in wanted}, cache),
    )


def _own(task: Task, wanted: Sequence[str]) -> dict[str, Source]:
    """Take the files that the declaration of a task names."""
    layout = Layout(task.text, task.label, quoted=task.quoted, careful=True)
    return {split: Source((Path(task.files[split]),), layout) for split in wanted}


def _shared(task: Task, place: str | None, wanted: Sequence[str]) -> dict[str, Source]:
    """Find the files of a task that comes from elsewhere."""
    family = [each.name for each in tasks().values() if each.family == task.family]
    return sources(task, _folder(task, place), wanted, alone=len(family) == 1)


def _identity(task: Task, used: Mapping[str, Source], cache: Path) -> str:
    """Hash the name and the data; of a task that a grid declares, the declaration too."""
    if all(source.layout is None for source in used.values()):
        paths = [path for source in used.values() for path in source.paths]
        return digest([task.name, fingerprint(paths, cache)])
    found = {split: source.fingerprint(cache) for split, source in used.items()}
    return digest([declaration(task) if task.family == OWN else task.name, found])


def _classes(task: Task, files: Mapping[str, tuple[Path, ...]]) -> dict[str, Counter[float]]:
    from dpsrun.tasks.check import classes  # noqa: PLC0415 (generated data need no pyarrow)

    return {split: classes(task, split, paths) for split, paths in files.items()}


def _counted(
    task: Task,
    files: Mapping[str, tuple[Path, ...]],
    found: Mapping[str, Counter[float]],
    identity: str,
) -> TaskFiles:
    trained = Counter[float]() if task.regression else found.get(task.train, Counter())
    return TaskFiles(
        splits=files,
        examples={split: classes.total() for split, classes in found.items()},
        fingerprint=identity,
        train=task.train,
        classes={int(label): count for label, count in sorted(trained.items())},
    )


def _folder(task: Task, place: str | None) -> Path:
    """Give the local folder of `place`, downloading it if it is a hub id."""
    place = place or FAMILIES[task.family]
    if not place:
        raise MissingError(f"{task.name}: no hub data set of it is known; {advice(task)}")
    local = Path(place).expanduser()
    if local.is_dir():
        return local
    match = HUB_ID.fullmatch(place)
    if match is None:
        raise UserError(f"{task.name}: there is no folder {place}; {advice(task)}")
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
            f"{wanted}: {error}\n{advice(task)}"
        ) from error


def _generated(task: Task, place: str | None, wanted: Sequence[str], cache: Path) -> TaskFiles:
    """Write a generated task to the cache, named by its content, unless it is there."""
    if place is not None:
        raise UserError(f"{task.name} is generated; it takes no --data {task.family}=...")
    made = generate(task)
    key = digest([task.name, made], 16)
    folder = build_once(
        cache / "mini" / f"{task.name}-{key}", lambda new: _write_splits(task, made, new)
    )
    used = {split: made[split] for split in wanted}
    files = {split: (folder / f"{split}.parquet",) for split in made}
    classes = {split: Counter(label for _, label in rows) for split, rows in used.items()}
    return _counted(task, files, classes, digest([task.name, used]))


def _write_splits(task: Task, made: Mapping[str, list[Example]], folder: Path) -> None:
    import pyarrow as pa  # noqa: PLC0415 (not needed where the files are there)
    import pyarrow.parquet as pq  # noqa: PLC0415

    for split, rows in made.items():
        pq.write_table(pa.table(columns(task, rows)), folder / f"{split}.parquet")
