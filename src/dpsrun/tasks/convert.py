"""Makes Parquet in the hub's layout of files in any other form, once, in the cache.

What comes out has the task's text columns, `label` with the number of the class or the score, and
`idx`, the number of the row.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dpsrun.errors import UserError, nearest
from dpsrun.runs.fingerprint import fingerprint
from dpsrun.runs.frozen import digest
from dpsrun.tasks.declared import declaration
from dpsrun.tasks.folders import build_once
from dpsrun.tasks.original import Choice
from dpsrun.tasks.table import Column, Layout, Table, UnreadableError, opened
from dpsrun.tasks.task import HIDDEN, LABEL, Task

FORMAT = 1
WRONG = math.nan
"""Stands for a label that the task does not know, where None is one that is not told."""


@dataclass(frozen=True)
class Source:
    """Where a split lies.

    Attributes:
        paths: its files, in order.
        layout: what is in them; None if that is Parquet which needs no conversion.
        beside: a file that says which rows belong to the split.
        choice: whether a row does.
    """

    paths: tuple[Path, ...]
    layout: Layout | None = None
    beside: tuple[Path, ...] = ()
    choice: Choice | None = None

    def fingerprint(self, cache: Path) -> str:
        """Hash the contents of all its files."""
        return fingerprint((*self.paths, *self.beside), cache)


def convert(task: Task, split: str, source: Source, cache: Path) -> tuple[Path, ...]:
    """Give Parquet files of a split, converting what is not that yet.

    Raises:
        UserError: naming file, line and column, what was expected and what is there.
    """
    layout = source.layout
    if layout is None:
        return source.paths
    content = {
        "format": FORMAT,
        "task": declaration(task),
        "split": split,
        "columns": [*layout.text, layout.label],
        "files": source.fingerprint(cache),
    }
    folder = build_once(
        cache / "converted" / digest(content, 32),
        lambda new: _write(task, split, source, layout, new),
    )
    return (folder / f"{split}.parquet",)


def _write(task: Task, split: str, source: Source, layout: Layout, folder: Path) -> None:
    import pyarrow as pa  # noqa: PLC0415 (not needed where the files are there)
    import pyarrow.parquet as pq  # noqa: PLC0415

    columns: dict[str, list[Any]] = {name: [] for name in (*task.text, LABEL)}
    for path in source.paths:
        found = _columns(task, split, path, layout, source.choice)
        for name, values in zip(columns, found, strict=True):
            columns[name] += values
    count = len(columns[LABEL])
    if not count:
        raise UserError(f"{task.name}: no {split} examples in {source.paths[0]}")
    kinds = [*(pa.string() for _ in task.text), pa.float32() if task.regression else pa.int64()]
    arrays = [pa.array(values, kind) for values, kind in zip(columns.values(), kinds, strict=True)]
    table = pa.table([*arrays, pa.array(range(count))], [*columns, "idx"])
    pq.write_table(table, folder / f"{split}.parquet")


def _columns(
    task: Task, split: str, path: Path, layout: Layout, choice: Choice | None
) -> list[list[Any]]:
    """Read and check the texts and the labels of a file."""
    try:
        with opened(path, layout) as table:
            wanted = _wanted(task, split, path, layout, table)
            rows = _Rows(task, path, [], {name: [] for name in wanted})
            rows.fill(table, layout, choice)
    except UnreadableError as error:
        raise UserError(f"{task.name}: {path}, {error}") from None
    if layout.label in wanted:
        labels = _labels(rows, layout.label, may_hide=split in task.test)
    else:
        labels = [HIDDEN] * len(rows.places)
    return [*(_texts(rows, name, careful=layout.careful) for name in layout.text), labels]


def _wanted(task: Task, split: str, path: Path, layout: Layout, table: Table) -> tuple[Column, ...]:
    """Name the columns to read; only a test split may lack that of its labels."""
    wanted = (*layout.text, layout.label)
    for name in wanted:
        if name not in table.columns and not (name == layout.label and split in task.test):
            there = list(map(str, table.columns))
            hint = nearest(str(name), there) if there else "the file is empty"
            raise UserError(f"{task.name}: {path}, column {name!r}: no such column; {hint}")
    return tuple(name for name in wanted if name in table.columns)


@dataclass(frozen=True)
class _Rows:
    """Some columns of a file, that of the labels last, and the place of each row."""

    task: Task
    path: Path
    places: list[str]
    columns: Mapping[Column, list[Any]]

    def fill(self, table: Table, layout: Layout, choice: Choice | None) -> None:
        """Take the rows of the split; without those that lack something, if it is so laid out."""
        for place, row in table.rows:
            values = [row.get(name) for name in self.columns]
            lacks = None in values or (layout.label in self.columns and values[-1] == "")
            if (lacks and not layout.careful) or (choice and not choice(row)):
                continue
            self.places.append(place)
            for column, value in zip(self.columns.values(), values, strict=True):
                column.append(value)

    def fault(self, name: Column, rows: Sequence[int], what: str) -> UserError:
        """Word what is wrong with some rows by the first of them."""
        others = f" ({len(rows)} such rows)" if len(rows) > 1 else ""
        place = self.places[rows[0]]
        return UserError(f"{self.task.name}: {self.path}, {place}, column {name!r}: {what}{others}")


def _texts(rows: _Rows, name: Column, *, careful: bool) -> list[str]:
    column = rows.columns[name]
    other = [row for row, value in enumerate(column) if not isinstance(value, str | None)]
    if other:
        raise rows.fault(name, other, f"expected a text, found {column[other[0]]!r}")
    empty = [row for row, value in enumerate(column) if value is None or not value.strip()]
    if empty and careful:
        raise rows.fault(name, empty, "the text is empty")
    return column


def _labels(rows: _Rows, name: Column, *, may_hide: bool) -> list[float]:
    """Number the classes, or read the scores; hidden ones are -1."""
    words = [_word(value) for value in rows.columns[name]]
    number = (_score if rows.task.regression else _class)(rows.task)
    labels = list(map(number, words))
    wrong = [row for row, label in enumerate(labels) if label is WRONG]
    if wrong:
        raise rows.fault(name, wrong, _expected(rows.task, words[wrong[0]]))
    hidden = [row for row, label in enumerate(labels) if label is None]
    all_hidden = may_hide and len(hidden) == len(labels)
    if hidden and not (all_hidden or rows.task.drop_unlabelled):
        raise rows.fault(name, hidden, "the label is missing")
    return [HIDDEN if label is None else label for label in labels]


def _word(value: object) -> str:
    if value is None:
        return ""
    return value.strip() if isinstance(value, str) else json.dumps(value, default=str)


def _class(task: Task) -> Callable[[str], float | None]:
    """Read a class's name, another name of it, or its number where no name is a number."""
    names = {name: number for number, name in enumerate(task.labels)}
    names |= {alias: names[name] for alias, name in task.aliases.items()}
    numbers = {} if any(map(_is_number, names)) else {str(n): n for n in names.values()}
    hidden = ("", str(HIDDEN), *(("-",) if task.drop_unlabelled else ()))
    known = {**dict.fromkeys(hidden), **numbers, **names}
    return lambda word: known.get(word, WRONG)


def _score(task: Task) -> Callable[[str], float | None]:
    low, high = task.scale

    def read(word: str) -> float | None:
        value = float(word) if _is_number(word) else WRONG
        if low <= value <= high:
            return value
        return None if not word or value == HIDDEN else WRONG

    return read


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _expected(task: Task, found: str) -> str:
    if task.regression:
        low, high = task.scale
        return f"expected a score from {low:g} to {high:g}, found {found!r}"
    return f"{found!r} is no class; {nearest(found, (*task.labels, *task.aliases))}"
