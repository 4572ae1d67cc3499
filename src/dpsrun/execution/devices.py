"""Devices and slots, found without torch: a slot does one run at a time on one device."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Literal

from dpsrun.errors import UserError
from dpsrun.runs.spec import Precision

Kind = Literal["cpu", "cuda"]


@dataclass(frozen=True)
class Slot:
    """A place for one run: a core, or a GPU by the name that the driver gives it."""

    number: int
    kind: Kind
    gpu: str = ""

    @property
    def label(self) -> str:
        """What the progress display calls it."""
        return f"cuda:{self.gpu}" if self.kind == "cuda" else f"cpu:{self.number}"

    def environment(self) -> dict[str, str]:
        """Give the variables that leave a worker one visible GPU, or none."""
        return {"CUDA_VISIBLE_DEVICES": self.gpu}


def visible_gpus(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Name the GPUs that a process of ours may use, as CUDA_VISIBLE_DEVICES does."""
    chosen = environment.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        names = (name.strip() for name in chosen.split(","))
        return list(takewhile(lambda name: name not in ("", "-1"), names))
    return [str(number) for number in range(len(_ask_driver("index")))]


def choose(device: str) -> tuple[Kind, list[str]]:
    """Read `auto`, `cpu`, `cuda` or `cuda:0,cuda:1`: the kind of device, and the GPUs if it is one.

    Raises UserError for another word or a GPU that is not there.
    """
    if device == "cpu":
        return "cpu", []
    wanted = [] if device in {"auto", "cuda"} else _numbers(device)
    gpus = visible_gpus()
    if device == "auto" and not gpus:
        return "cpu", []
    if not gpus:
        raise UserError(f"--device {device}: no GPU is visible here; use --device cpu")
    if max(wanted, default=0) >= len(gpus):
        there = "cuda:0" if len(gpus) == 1 else f"cuda:0 to cuda:{len(gpus) - 1}"
        raise UserError(f"--device {device}: the GPUs visible here are {there}")
    return "cuda", [gpus[number] for number in wanted] or gpus


def _numbers(device: str) -> list[int]:
    if not re.fullmatch(r"cuda:\d+(,cuda:\d+)*", device, re.ASCII):
        raise UserError(f"--device {device}: use auto, cpu, cuda or a list such as cuda:0,cuda:1")
    return [int(part.removeprefix("cuda:")) for part in device.split(",")]


def slots(device: str, workers: int | None, *, threads: int = 1) -> list[Slot]:
    """Give one slot a GPU, else one for every `threads` cores; `workers` sets their number."""
    kind, gpus = choose(device)
    if kind == "cuda":
        names = gpus if workers is None else [gpus[i % len(gpus)] for i in range(workers)]
        return [Slot(number, "cuda", gpu) for number, gpu in enumerate(names)]
    count = workers or max(1, cores() // threads)
    return [Slot(number, "cpu") for number in range(count)]


def cores() -> int:
    """Count the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def native_precision(kind: Kind) -> Precision:
    """Give what `precision: auto` means: fp32 on a CPU, bf16 on GPUs that have it, else fp16."""
    if kind == "cpu":
        return "fp32"
    capabilities = [float(answer) for answer in _ask_driver("compute_cap")]
    return "bf16" if min(capabilities, default=0.0) >= 8.0 else "fp16"  # noqa: PLR2004 (Ampere)


def _ask_driver(field: str) -> list[str]:
    command = ["nvidia-smi", f"--query-gpu={field}", "--format=csv,noheader"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return answer.stdout.split() if answer.returncode == 0 else []
