"""Predictions of runs on test sets, in the words of the GLUE server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from dpsrun.errors import UserError
from dpsrun.runs.result import TRAINED, Result
from dpsrun.runs.store import Damaged, Store
from dpsrun.submission.files import FILES, HIGHEST, LOWEST, File


def predictions_of(store: Store, run: str) -> dict[str, list[str]]:
    """Give what a run predicts: name of a file -> words or scores in the order of the test set.

    Raises:
        UserError: the run has no predictions that the server takes.
    """
    result = _trained(store, run)
    task = _task(store, run)
    wanted = [file for file in FILES if file.task == task]
    if not wanted:
        known = ", ".join(dict.fromkeys(file.task for file in FILES))
        raise UserError(f"{run}: the server takes no predictions of {task}; it takes {known}")
    path = store.attempt_folder(run, result.attempt) / "predictions.parquet"
    found = {file.name: _read(path, run, file) for file in wanted}
    return {name: lines for name, lines in found.items() if lines is not None}


def _trained(store: Store, run: str) -> Result:
    result = store.result(run)
    if isinstance(result, Damaged):
        raise UserError(f"{run}: {result.path} is damaged: {result.reason}; run its grid again")
    if result is None:
        raise UserError(f"{run}: has no result yet; run its grid")
    if result.outcome not in TRAINED:
        raise UserError(f"{run}: ended as {result.outcome}, without predictions; name another run")
    return result


def _task(store: Store, run: str) -> str:
    try:
        return store.read_order(run).spec.task
    except (OSError, ValueError) as error:
        path = store.folder(run) / "spec.json"
        raise UserError(f"{run}: {path} is absent or damaged; run its grid again") from error


def _read(path: Path, run: str, file: File) -> list[str] | None:
    """Read the predictions for one file; None if the run was not put to a set that it may miss."""
    chosen = [("split", "==", file.split), ("selection", "==", "last")]
    try:
        table = pq.read_table(
            path, columns=["index", "outputs"], filters=chosen, page_checksum_verification=True
        )
    except (OSError, pa.ArrowException) as error:
        again = "`dpsrun grid --force` makes them again"
        raise UserError(f"{run}: {path} cannot be read; {again}") from error
    if file.optional and not len(table):
        return None
    fault = _fault(table, file)
    if fault:
        raise UserError(f"{run}: {fault}")
    ordered = table.sort_by("index")
    return list(_worded(_outputs(ordered), file))


def _fault(table: pa.Table, file: File) -> str | None:
    """Say why predictions are not what a file holds."""
    if not len(table):
        return f"has no predictions of {file.split}: add `evaluate: [test]` to its grid and run it"
    if len(table) != file.rows:
        what = f"has {len(table)} predictions of {file.split}, the server wants {file.rows}"
        return f"{what}: its data are not GLUE's whole test set"
    if not np.array_equal(np.sort(table["index"].to_numpy()), np.arange(file.rows)):
        return f"its predictions of {file.split} are not one for each row of the test set"
    if pc.unique(pc.list_value_length(table["outputs"])).to_pylist() != [file.outputs]:
        return f"its predictions of {file.split} are not {file.outputs} numbers for each row"
    if not np.isfinite(_outputs(table)).all():
        return f"its predictions of {file.split} are not finite; name another run"
    return None


def _outputs(table: pa.Table) -> NDArray[np.float32]:
    """Give the logits or scores, `[rows, outputs]`."""
    values: NDArray[np.float32] = pc.list_flatten(table["outputs"]).to_numpy()
    return values.reshape(len(table), -1)


def _worded(outputs: NDArray[np.float32], file: File) -> Iterator[str]:
    if file.words:
        return (file.words[number] for number in outputs.argmax(axis=1).tolist())
    return (f"{min(max(LOWEST, score), HIGHEST):.3f}" for score in outputs[:, 0].tolist())
