"""Reads the stored predictions of runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dpsrun.report.read import Entry
from dpsrun.runs.store import Damaged, Store

Array = NDArray[Any]


@dataclass(frozen=True)
class Predictions:
    """What a run made of the examples of a split, in the order of their rows.

    Attributes:
        labels: `[examples]` classes or scores.
        guesses: `[examples]` predicted classes or scores.
    """

    labels: Array
    guesses: Array


def read_predictions(path: Path, split: str, selection: str) -> Predictions:
    """Read the predictions of an attempt on a split at one epoch, `last` or `best`.

    Raises OSError or ValueError if there is no such file or it is damaged, NotImplementedError
    (pyarrow's) if its columns hold something else.
    """
    import pyarrow.compute as pc  # noqa: PLC0415 (slow to import)
    import pyarrow.parquet as pq  # noqa: PLC0415 (slow to import)

    chosen = [("split", "==", split), ("selection", "==", selection)]
    table = pq.read_table(
        path, columns=["index", "label", "outputs"], filters=chosen, page_checksum_verification=True
    )
    if not len(table):
        raise ValueError(f"no predictions of {split} at the {selection} epoch")
    outputs = pc.list_flatten(table["outputs"]).to_numpy().reshape(len(table), -1)
    guesses = outputs.argmax(axis=1) if outputs.shape[1] > 1 else outputs[:, 0]
    order = np.argsort(table["index"].to_numpy(), kind="stable")
    return Predictions(table["label"].to_numpy()[order], guesses[order])


@dataclass
class Archive:
    """The predictions of a results folder at one epoch.

    Attributes:
        selection: `last` or `best`.
        unread: the files that could not be read so far, relative to the folder.
    """

    store: Store
    selection: str
    unread: list[Damaged] = field(default_factory=list)

    def find(self, entry: Entry, split: str) -> Predictions | None:
        """Give what a run predicted on a split, if it came to its end and the file is whole."""
        if entry.trained is None:
            return None
        folder = self.store.attempt_folder(entry.member.id, entry.trained.attempt)
        path = folder / "predictions.parquet"
        try:
            return read_predictions(path, split, self.selection)
        except FileNotFoundError:
            reason = "there is no such file"
        except (OSError, ValueError, NotImplementedError) as error:
            reason = str(error).partition("\n")[0].replace(str(path), path.name)
        self.unread.append(Damaged(path.relative_to(self.store.root), reason))
        return None
