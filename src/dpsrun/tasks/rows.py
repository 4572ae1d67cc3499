"""The rows of a split, read where tokens are made; everything else works on token arrays."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dpsrun.errors import UserError
from dpsrun.tasks.task import HIDDEN, LABEL, Task


@dataclass(frozen=True)
class Rows:
    """One split as text.

    Attributes:
        texts: one or two columns, each with a text for every example.
        labels: `[examples]` int64 classes or float32 scores.
        index: `[examples]` int64, the row of each example in its data set.
    """

    texts: tuple[list[str], ...]
    labels: NDArray[np.int64] | NDArray[np.float32]
    index: NDArray[np.int64]

    def __len__(self) -> int:
        """Count the examples."""
        return len(self.labels)


def read(task: Task, paths: Sequence[Path]) -> Rows:
    """Read the Parquet files of a split, in order; where there are no labels, they are -1.

    Raises:
        UserError: if a text is missing.
    """
    table = _columns(paths, (*task.text, LABEL))
    values: NDArray[Any] = np.asarray(table[LABEL], np.float32 if task.regression else np.int64)
    index = np.flatnonzero(values != HIDDEN) if task.drop_unlabelled else np.arange(len(values))
    texts = tuple([table[name][row] for row in index] for name in task.text)
    for name, column in zip(task.text, texts, strict=True):
        if None in column:
            where = f"row {index[column.index(None)]} of {paths[0].parent}"
            raise UserError(f"{task.name}: {where}, column {name!r}: the text is missing")
    return Rows(texts, values[index], index.astype(np.int64))


def _columns(paths: Sequence[Path], names: Sequence[str]) -> dict[str, list[Any]]:
    """Let `datasets` read the files; its Arrow copy goes with the temporary folder."""
    import datasets  # noqa: PLC0415 (slow, and only the parent needs it)
    from pyarrow import parquet  # noqa: PLC0415

    datasets.disable_progress_bars()
    there = [name for name in names if name in parquet.read_schema(paths[0]).names]
    with tempfile.TemporaryDirectory() as folder:
        table = datasets.Dataset.from_parquet(
            [str(path) for path in paths], columns=there, cache_dir=folder
        )
        hidden = {} if LABEL in there else {LABEL: [HIDDEN] * len(table)}
        return {name: table[name][:] for name in there} | hidden
