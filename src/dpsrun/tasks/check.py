"""Is a split what its task expects? Reads no more of a file than its label column."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from dpsrun.errors import UserError
from dpsrun.tasks.task import HIDDEN, LABEL, Task


def classes(task: Task, split: str, paths: Sequence[Path]) -> Counter[float]:
    """Check columns and labels of a split; count the examples of each class, or score.

    The labels of a test split may be hidden: all of them -1, or no such column.

    Raises:
        UserError: naming the task, the file and the column, what was expected and what is there.
    """
    may_hide = split in task.test
    for path in paths:
        _check(task, path, may_hide=may_hide)
    found = Counter[float](label for path in paths for label in labels(task, path).tolist())
    if task.drop_unlabelled:
        del found[HIDDEN]
    if not found:
        raise UserError(f"{task.name}: no examples in {', '.join(map(str, paths))}")
    if not (may_hide and set(found) == {HIDDEN}):
        for path in paths:
            _check_labels(task, path)
    return found


def labels(task: Task, path: Path) -> NDArray[Any]:
    """Read the labels of a file, `[rows]`, int64 classes or float32 scores; -1 without any."""
    kind = np.float32 if task.regression else np.int64
    with pq.ParquetFile(path) as file:  # `read_table` would load pandas
        if LABEL not in file.schema_arrow.names:
            return np.full(file.metadata.num_rows, HIDDEN, kind)
        column = file.read(columns=[LABEL]).column(LABEL)
    if column.null_count:
        raise _fault(task, path, LABEL, f"{column.null_count} labels are missing")
    return np.array(column.to_pylist(), kind)


def _check(task: Task, path: Path, *, may_hide: bool) -> None:
    try:
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
    except (OSError, pa.ArrowException) as error:
        raise UserError(f"{task.name}: {path} is no readable Parquet file: {error}") from None
    labelled = LABEL in schema.names or not may_hide
    _check_columns(task, path, schema, (*task.text, LABEL) if labelled else task.text)
    if labelled:
        _check_label_kind(task, path, schema)
        _check_class_names(task, path, schema)


def _check_columns(
    task: Task,
    path: Path,
    schema: Any,  # noqa: ANN401 (pyarrow: untyped)
    names: Sequence[str],
) -> None:
    for name in names:
        if name not in schema.names:
            found = ", ".join(schema.names)
            raise _fault(task, path, name, f"no such column; there are: {found}")
    for name in task.text:
        kind = schema.field(name).type
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
            raise _fault(task, path, name, f"expected text, found {kind}")


def _check_label_kind(task: Task, path: Path, schema: Any) -> None:  # noqa: ANN401
    kind = schema.field(LABEL).type
    number = pa.types.is_floating(kind) and task.regression
    if not (number or pa.types.is_integer(kind)):
        wanted = "numbers" if task.regression else "whole numbers"
        raise _fault(task, path, LABEL, f"expected {wanted}, found {kind}")


def _check_class_names(task: Task, path: Path, schema: Any) -> None:  # noqa: ANN401
    """Hold the class names that `datasets` leaves in a file, if any, against the task's order."""
    note = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
    names = note.get("info", {}).get("features", {}).get(LABEL, {}).get("names")
    if names and tuple(task.aliases.get(name, name) for name in names) != task.labels:
        expected = ", ".join(task.labels) or "scores"
        raise _fault(task, path, LABEL, f"expected {expected}, found {', '.join(names)}")


def _check_labels(task: Task, path: Path) -> None:
    values = labels(task, path)
    low, high = task.scale if task.regression else (0, len(task.labels) - 1)
    left_out = (values == HIDDEN) & task.drop_unlabelled
    wrong = np.flatnonzero(~((values >= low) & (values <= high) | left_out))
    if len(wrong):
        wanted = f"a score from {low:g} to {high:g}" if task.regression else _classes(task)
        row = int(wrong[0])
        found = f"{values[row]} in row {row} ({len(wrong)} such rows)"
        raise _fault(task, path, LABEL, f"expected {wanted}, found {found}")


def _classes(task: Task) -> str:
    return ", ".join(f"{number} ({name})" for number, name in enumerate(task.labels))


def _fault(task: Task, path: Path, column: str, what: str) -> UserError:
    return UserError(f"{task.name}: {path}, column {column!r}: {what}")
