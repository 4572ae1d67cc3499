"""Small data sets in the hub's layout, for tests; right unless a test makes them wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from dpsrun.tasks.source import TaskFiles
from dpsrun.tasks.task import Task

RTE: dict[str, Any] = {
    "sentence1": ["A dog runs.", "A cat sleeps.", "It rains.", "It snows."],
    "sentence2": ["A dog moves.", "A cat runs.", "It is wet.", "It is warm."],
    "label": [0, 1, 0, 1],
    "idx": [0, 1, 2, 3],
}
STSB = RTE | {"label": [5.0, 1.5, 0.0, 2.25]}


def write(path: Path, columns: dict[str, Any]) -> Path:
    """Write one Parquet file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)
    return path


def write_task(folder: Path, config: str, columns: dict[str, Any]) -> Path:
    """Write training and validation of a task as the hub does; give the data set's folder."""
    for split in ("train", "validation"):
        write(folder / config / f"{split}-00000-of-00001.parquet", columns)
    return folder


def write_lines(path: Path, *lines: str, end: str = "\n", encoding: str = "utf-8") -> Path:
    """Write a text file, byte for byte, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join(line + end for line in lines).encode(encoding))
    return path


def examples(task: Task, files: TaskFiles, split: str) -> list[tuple[Any, ...]]:
    """Give the texts and the label of every row of a split."""
    tables = [pq.ParquetFile(path).read().to_pydict() for path in files.splits[split]]
    names = (*task.text, "label")
    return [row for table in tables for row in zip(*(table[name] for name in names), strict=True)]
