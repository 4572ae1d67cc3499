"""The tokenised cache: each task is tokenised once per tokenizer and length, then only mapped.

A folder `<task>-<key>` has `special.json` and, per split, one `.npy` file for each array of
`Encoded`. The key hashes all that the tokens depend on, so a folder is never out of date.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dpsrun.errors import UserError
from dpsrun.models.files import CONFIG, TOKENISER
from dpsrun.runs.fingerprint import fingerprint
from dpsrun.runs.frozen import Frozen, digest
from dpsrun.tasks.encoded import Encoded
from dpsrun.tasks.folders import build_once
from dpsrun.tasks.rows import Rows, read
from dpsrun.tasks.task import Task

if TYPE_CHECKING:
    from dpsrun.tasks.source import TaskFiles

FORMAT = 1
CHUNK = 1000
SPECIAL = "special.json"
TOKENIZER_FILES = (*TOKENISER, CONFIG)
"""The configuration names the tokenizer's class where `tokenizer_config.json` does not."""


class Special(Frozen):
    """What goes with the tokens: `truncated` counts the shortened examples of each split."""

    pad: int
    truncated: dict[str, int]


def prepare(
    task: Task,
    files: TaskFiles,
    tokenizer_folder: Path,
    *,
    max_length: int,
    cache: Path,
    splits: Sequence[str] | None = None,
) -> Path:
    """Tokenise some splits unless that is done; give their `place`.

    Pairs are shortened as in the usual GLUE script, a token at a time from the longer text.
    Two processes may do this at once.

    Args:
        task: the task.
        files: its data.
        tokenizer_folder: a folder with the files of a fast tokenizer.
        max_length: the most tokens an example may have, special ones included.
        cache: the folder under which tokens are kept.
        splits: which; None for those that training reads. Hidden labels are -1.

    Raises:
        UserError: if there is no usable tokenizer, it cannot take `max_length`, or a text is
            missing.
    """
    wanted = {split: files.splits[split] for split in splits or task.splits}
    return build_once(
        place(task, files, tokenizer_folder, max_length=max_length, cache=cache, splits=splits),
        lambda new: _write(
            task, wanted, load_tokenizer(tokenizer_folder, max_length), max_length, new
        ),
    )


def place(
    task: Task,
    files: TaskFiles,
    tokenizer_folder: Path,
    *,
    max_length: int,
    cache: Path,
    splits: Sequence[str] | None = None,
) -> Path:
    """Name the folder of tokens, whether it is there or not; raises UserError as `prepare` does."""
    content = {
        "format": FORMAT,
        "data": files.fingerprint,
        "text": task.text,
        "tokenizer": tokenizer_fingerprint(tokenizer_folder, cache),
        "max_length": max_length,
        "libraries": [version("transformers"), version("tokenizers")],
    }
    if splits is not None and tuple(splits) != task.splits:
        content["splits"] = list(splits)
    return cache / "tokens" / f"{task.name}-{digest(content, 16)}"


def tokenizer_fingerprint(folder: Path, cache: Path) -> str:
    """Hash the files of a tokenizer; raises UserError if there are none."""
    found = [folder / name for name in TOKENIZER_FILES if (folder / name).is_file()]
    if not {path.name for path in found} - {CONFIG}:
        raise UserError(f"no tokenizer in {folder}: expected tokenizer.json or a vocabulary file")
    return fingerprint(found, cache)


def open_tokens(folder: Path) -> dict[str, Encoded]:
    """Map what `prepare` wrote, read-only: split -> its arrays."""
    return {path.name: _open_split(path) for path in sorted(folder.iterdir()) if path.is_dir()}


def special(folder: Path) -> Special:
    """Read the padding token and the counts of shortened examples."""
    return Special.model_validate_json((folder / SPECIAL).read_text(encoding="utf-8"))


def _open_split(folder: Path) -> Encoded:
    names = [field.name for field in fields(Encoded)]
    return Encoded(**{name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in names})


def load_tokenizer(folder: Path, max_length: int) -> Any:  # noqa: ANN401 (transformers is untyped)
    """Load the tokeniser of a folder; raises UserError as `prepare` does."""
    from transformers import AutoTokenizer  # noqa: PLC0415 (slow, and only needed once)

    try:
        tokenizer = AutoTokenizer.from_pretrained(
            str(folder), local_files_only=True, trust_remote_code=False
        )
    except Exception as error:
        raise UserError(f"no tokenizer can be made from {folder}: {error}") from error
    if not tokenizer.is_fast or tokenizer.pad_token_id is None:
        raise UserError(f"the tokenizer of {folder} must be a fast one with a padding token")
    if max_length > tokenizer.model_max_length:
        limit = tokenizer.model_max_length
        raise UserError(f"max_length {max_length}: the tokenizer of {folder} ends at {limit}")
    return tokenizer


def _write(
    task: Task,
    splits: Mapping[str, Sequence[Path]],
    tokenizer: Any,  # noqa: ANN401
    max_length: int,
    folder: Path,
) -> None:
    truncated = {}
    for split, paths in splits.items():
        encoded, truncated[split] = encode(read(task, paths), tokenizer, max_length)
        (folder / split).mkdir()
        for name, array in vars(encoded).items():
            np.save(folder / split / f"{name}.npy", array)
    note = Special(pad=tokenizer.pad_token_id, truncated=truncated)
    (folder / SPECIAL).write_text(note.model_dump_json(), encoding="utf-8")


def encode(rows: Rows, tokenizer: Any, max_length: int) -> tuple[Encoded, int]:  # noqa: ANN401
    """Tokenise rows; give them and how many were longer than `max_length`."""
    ids: list[NDArray[np.int32]] = []
    segments: list[NDArray[np.int8]] = []
    truncated = 0
    for chunk in _chunks(rows):
        batch = tokenizer(*chunk, truncation=True, max_length=max_length, padding=False)
        ids += [np.asarray(row, np.int32) for row in batch["input_ids"]]
        kinds = batch.get("token_type_ids") or [[0] * len(row) for row in batch["input_ids"]]
        segments += [np.asarray(row, np.int8) for row in kinds]
        truncated += sum(bool(encoding.overflowing) for encoding in batch.encodings)
    offsets = np.cumsum([0, *map(len, ids)], dtype=np.int64)
    encoded = Encoded(
        tokens=np.concatenate(ids),
        segments=np.concatenate(segments),
        offsets=offsets,
        labels=rows.labels,
        index=rows.index,
    )
    return encoded, truncated


def _chunks(rows: Rows) -> Iterator[list[list[str]]]:
    for start in range(0, len(rows), CHUNK):
        yield [column[start : start + CHUNK] for column in rows.texts]
