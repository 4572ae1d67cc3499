"""The tokenised cache: each task is tokenised once per tokenizer and length, then only mapped.

A folder `<task>-<key>` has `special.json` and, per split, one `.npy` file for each array of
`Encoded`. The key hashes all that the tokens depend on, so a folder is never out of date.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dpsrun.errors import UserError
from dpsrun.runs.fingerprint import fingerprint
from dpsrun.runs.frozen import Frozen, digest
from dpsrun.tasks.encoded import Encoded
from dpsrun.tasks.folders import build_once
from dpsrun.tasks.source import TaskFiles
from dpsrun.tasks.task import Task

FORMAT = 1
CHUNK = 1000
SPECIAL = "special.json"
TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "spiece.model",
    "spm.model",
    "sentencepiece.bpe.model",
    "config.json",  # names the tokenizer's class where tokenizer_config.json does not
)


class Special(Frozen):
    """What goes with the tokens: `truncated` counts the shortened examples of each split."""

    pad: int
    truncated: dict[str, int]


def prepare(
    task: Task, files: TaskFiles, tokenizer_folder: Path, *, max_length: int, cache: Path
) -> Path:
    """Tokenise the training and evaluation splits unless that is done; give the folder.

    Pairs are shortened as in the usual GLUE script, a token at a time from the longer text.
    Two processes may do this at once.

    Args:
        task: the task.
        files: its data.
        tokenizer_folder: a folder with the files of a fast tokenizer.
        max_length: the most tokens an example may have, special ones included.
        cache: the folder under which tokens are kept.

    Raises:
        UserError: if there is no usable tokenizer, it cannot take `max_length`, or a text is
            missing.
    """
    key = digest(
        {
            "format": FORMAT,
            "data": files.fingerprint,
            "text": task.text,
            "tokenizer": tokenizer_fingerprint(tokenizer_folder, cache),
            "max_length": max_length,
            "libraries": [version("transformers"), version("tokenizers")],
        },
        16,
    )
    return build_once(
        cache / "tokens" / f"{task.name}-{key}",
        lambda new: _write(task, files, _load(tokenizer_folder, max_length), max_length, new),
    )


def tokenizer_fingerprint(folder: Path, cache: Path) -> str:
    """Hash the files of a tokenizer; raises UserError if there are none."""
    found = [folder / name for name in TOKENIZER_FILES if (folder / name).is_file()]
    if not {path.name for path in found} - {"config.json"}:
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
