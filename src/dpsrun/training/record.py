"""What a run leaves beside its scores: settings that applied, hashes, the machine."""

from __future__ import annotations

import hashlib
import os
import platform
import resource
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from dpsrun.models.load import Loaded, dropout_modules
from dpsrun.runs.spec import Precision
from dpsrun.training.loop import Loop
from dpsrun.training.optimiser import warmup_steps

PACKAGES = (
    "dpsrun",
    "torch",
    "transformers",
    "tokenizers",
    "datasets",
    "numpy",
    "scikit-learn",
    "peft",
)
CPU_INFO = Path("/proc/cpuinfo")


def effective(loaded: Loaded, loop: Loop, precision: Precision, examples: int) -> dict[str, Any]:
    """State the settings that really applied, after the method had its say."""
    config = loaded.model.encoder.config
    trainable = sum(p.numel() for p in loaded.model.parameters() if p.requires_grad)
    return {
        "batching": "packed" if loaded.layout.packed else "padded",
        "attention": str(config._attn_implementation),  # type: ignore[union-attr]  # noqa: SLF001
        "precision": precision,
        "dropout": loaded.dropout,
        "dropout_layers": sorted(dropout_modules(loaded.model)),
        "train_examples": examples,
        "total_steps": loop.total_steps,
        "batch_size": loop.training.batch_size,
        "micro_batch_size": loop.training.micro_batch_size or loop.training.batch_size,
        "warmup_steps": warmup_steps(loop.training, loop.total_steps),
        "parameters": loaded.model.count_parameters() + loaded.left_out,
        "parameters_left_out": loaded.left_out,
        "trainable_parameters": trainable,
        "new_parameters": list(loaded.new_parameters),
        "parameter_groups": [_group(group) for group in loop.optimiser.param_groups],
    }


def _group(group: dict[str, Any]) -> dict[str, Any]:
    return {
        "parameters": sum(p.numel() for p in group["params"]),
        "weight_decay": group["weight_decay"],
        "learning_rate": group["initial_lr"],
    }


def environment(device: torch.device) -> dict[str, Any]:
    """Describe the machine and the versions of what computes."""
    return {
        "packages": {name: _version(name) for name in PACKAGES},
        "python": platform.python_version(),
        "platform": platform.platform(),
        "device": device.type,
        "device_name": _device_name(device),
        "threads": torch.get_num_threads(),
        "git_commit": GIT_COMMIT,
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    try:
        lines = CPU_INFO.read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _git_commit() -> str | None:
    """Give the commit of the checkout that this code runs from, marked if it was changed.

    An installed package may lie inside somebody else's checkout: git must know this very file.
    """
    if not _git("ls-files", Path(__file__).name):
        return None
    commit, changes = _git("rev-parse", "HEAD"), _git("status", "--porcelain", "-uno")
    if commit is None or changes is None:
        return None
    return commit + ("+changes" if changes else "")


def _git(*words: str) -> str | None:
    """Ask git without disturbing what else it does here; None if it gives no answer."""
    command = ["git", "-C", str(Path(__file__).resolve().parent), *words]
    settings = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        answer = subprocess.run(command, capture_output=True, check=True, timeout=10, env=settings)
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.decode(errors="replace").strip()


GIT_COMMIT = _git_commit()
"""Of the code that was loaded: asked once, at import, for the checkout may change under it."""


def peak_memory(device: torch.device) -> dict[str, int]:
    """Give the largest memory used so far, in bytes, of the process and the device."""
    unit = 1 if sys.platform == "darwin" else 1024
    peak = {"host": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit}
    if device.type == "cuda":
        peak["device"] = torch.cuda.max_memory_allocated(device)
    return peak


def hash_weights(model: nn.Module) -> str:
    """Hash all parameters and buffers, in the order of their names."""
    seen = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        seen.update(name.encode())
        seen.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return seen.hexdigest()


def hash_arrays(arrays: dict[str, NDArray[np.float32]]) -> str:
    """Hash named arrays, in the order of their names."""
    seen = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        seen.update(name.encode())
        seen.update(np.ascontiguousarray(array).tobytes())
    return seen.hexdigest()


def be_quiet() -> None:
    """Keep the libraries' progress bars and load reports out of the log."""
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    from transformers.utils import logging  # noqa: PLC0415 (not needed by a reader of records)

    logging.set_verbosity_error()
    logging.disable_progress_bar()
