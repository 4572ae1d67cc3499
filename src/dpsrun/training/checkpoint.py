"""The rolling checkpoint of a run: what a killed training needs to go on bit for bit.

One safetensors file holds every tensor under a dotted name; the rest, and which tensor belongs
where, is JSON in its metadata. So nothing is ever unpickled. The file is replaced whole or not at
all, and a checksum tells damage that the format itself would not notice.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from dpsrun.methods.hooks import State
from dpsrun.runs.result import CODE

LIBRARIES = ("torch", "transformers")
"""Another version of these may round otherwise, or arrange its state in another way."""

TENSOR = "$tensor"
"""In the JSON, an object with this one key stands for the tensor of that name."""


@dataclass(frozen=True)
class Checkpoint:
    """The file in which a run keeps how far it got.

    Args:
        path: of the file; its folder exists.
        run: id of the run.
    """

    path: Path
    run: str

    def write(self, state: State, *, step: int) -> None:
        """Replace the file; where the disk does not take it, the old one stays."""
        text, tensors = _pack(state)
        about = {"step": str(step), "state": text, "checksum": _checksum(text, tensors)}
        try:
            self._replace(tensors, self._origin | about)
        except (OSError, SafetensorError) as error:
            note(f"no checkpoint after step {step}: {error}")

    def read(self) -> State | None:
        """Give the state in the file; None if there is none, or none that can be trusted."""
        try:
            return self._trusted()
        except FileNotFoundError:
            return None
        except (OSError, SafetensorError, ValueError) as error:
            note(f"the checkpoint is ignored: {error}")
            return None

    @property
    def _origin(self) -> dict[str, str]:
        """Say who can take it up: this run, under this code and these libraries."""
        libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
        return {"run": self.run, "code": str(CODE), "libraries": libraries}

    def _replace(self, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
        """Write in a folder of its own, for safetensors leaves drafts of any name when killed."""
        drafts = f".{self.path.name}."
        for left in self.path.parent.glob(f"{drafts}*"):
            shutil.rmtree(left, ignore_errors=True)
        with TemporaryDirectory(prefix=drafts, dir=self.path.parent) as folder:
            draft = Path(folder) / self.path.name
            save_file(tensors, draft, metadata)
            with draft.open("rb+") as stream:
                os.fsync(stream.fileno())
            draft.replace(self.path)

    def _trusted(self) -> State:
        with safe_open(self.path, framework="pt") as file:
            about = file.metadata() or {}
            if not self._origin.items() <= about.items():
                raise ValueError("it is of another run, or of other code or libraries")
            # Copies: what is mapped from the file has neither its own memory nor its alignment.
            tensors = {name: file.get_tensor(name).clone() for name in file.offset_keys()}
        text = about.get("state", "")
        if about.get("checksum") != _checksum(text, tensors):
            raise ValueError("its content is damaged")
        return _unpack(text, tensors)


def note(line: str) -> None:
    """Write a line to the log, which may lie on a full disk too."""
    with contextlib.suppress(OSError):
        print(line, flush=True)  # noqa: T201 (standard output of a worker is its log)


def _pack(state: State) -> tuple[str, dict[str, Tensor]]:
    """Part a state into JSON and tensors; raises TypeError for what is neither."""
    tensors: dict[str, Tensor] = {}
    rest = {key: _taken_out(value, key, tensors) for key, value in state.items()}
    return json.dumps(rest), _apart(tensors)


def _taken_out(value: Any, name: str, tensors: dict[str, Tensor]) -> Any:  # noqa: ANN401 (a state)
    """Put the tensors of a value into `tensors`, and references in their places."""
    if isinstance(value, Tensor):
        tensors[name] = value.detach().cpu().contiguous()
        return {TENSOR: name}
    if isinstance(value, Mapping):
        return {key: _taken_out(each, f"{name}.{key}", tensors) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_taken_out(each, f"{name}.{i}", tensors) for i, each in enumerate(value)]
    return value


def _apart(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Copy what shares its memory (tied weights, parts of one row): safetensors refuses that."""
    apart: dict[str, Tensor] = {}
    seen: set[int] = set()
    for name, tensor in tensors.items():
        place = tensor.untyped_storage().data_ptr()
        apart[name] = tensor.clone() if place in seen else tensor
        seen.add(place)
    return apart


def _unpack(text: str, tensors: Mapping[str, Tensor]) -> State:
    """Put what `_pack` parted together again; tuples have become lists."""

    def put_back(found: dict[str, Any]) -> Any:  # noqa: ANN401 (an object of the JSON, or a tensor)
        return tensors[found[TENSOR]] if TENSOR in found else found

    state: State = json.loads(text, object_hook=put_back)
    return state


def _checksum(text: str, tensors: Mapping[str, Tensor]) -> str:
    """Sum up the content of a checkpoint against damage (CRC-32, for it is 1 GB at times)."""
    seen = zlib.crc32(text.encode())
    for name, tensor in sorted(tensors.items()):
        seen = zlib.crc32(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode(), seen)
        seen = zlib.crc32(tensor.flatten().view(torch.uint8).numpy().data, seen)
    return f"{seen:08x}"
