"""Devices and slots, found without torch: a slot does one run at a time on one device."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from itertools import takewhile
from pathlib import Path

from dpsrun.config.facts import Machine
from dpsrun.errors import UserError
from dpsrun.execution.memory import runs_that_fit
from dpsrun.runs.spec import DeviceKind, Precision

UNITS = "--format=csv,noheader,nounits"
CPU_QUOTA = Path("/sys/fs/cgroup/cpu.max")
AMPERE = 8.0
"""The compute capability from which on a GPU has bf16."""


@dataclass(frozen=True)
class Slot:
    """A place for one run: a core, or a GPU by the name that the driver gives it."""

    number: int
    kind: DeviceKind
    gpu: str = ""

    @property
    def device(self) -> str:
        """What slots side by side share: a GPU, or the memory of the host."""
        return self.gpu or "host"

    @property
    def label(self) -> str:
        """What the progress display calls it."""
        return f"cuda:{self.gpu}" if self.kind == "cuda" else f"cpu:{self.number}"

    def environment(self) -> dict[str, str]:
        """Give the variables that leave a worker one visible GPU, or none, counted as we count."""
        return {"CUDA_VISIBLE_DEVICES": self.gpu, "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}


def visible_gpus(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Name the GPUs that a process of ours may use, as CUDA_VISIBLE_DEVICES does."""
    chosen = environment.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        names = (name.strip() for name in chosen.split(","))
        return list(takewhile(lambda name: name not in ("", "-1"), names))
    return [gpu.index for gpu in driver()]


def choose(device: str) -> tuple[DeviceKind, list[str]]:
    """Read `auto`, `cpu`, `cuda` or `cuda:0,cuda:1`: the kind of device, and the GPUs if it is one.

    `auto` takes GPUs only if the driver answers and torch can use them. Raises UserError for
    another word, a GPU that is not there, or a GPU with a torch that cannot use it.
    """
    if device == "cpu":
        return "cpu", []
    wanted = [] if device in {"auto", "cuda"} else _numbers(device)
    gpus = visible_gpus()
    if device == "auto" and not (gpus and driver() and _torch_has_cuda()):
        return "cpu", []
    if not gpus:
        raise UserError(f"--device {device}: no GPU is visible here; use --device cpu")
    if max(wanted, default=0) >= len(gpus):
        there = "cuda:0" if len(gpus) == 1 else f"cuda:0 to cuda:{len(gpus) - 1}"
        raise UserError(f"--device {device}: the GPUs visible here are {there}")
    if not _torch_has_cuda():
        raise UserError(f"--device {device}: the torch installed here is built for CPUs only")
    return "cuda", [gpus[number] for number in wanted] or gpus


def _torch_has_cuda() -> bool:
    """The version tells, so that torch need not be imported."""
    return not version("torch").endswith("+cpu")


def _numbers(device: str) -> list[int]:
    if not re.fullmatch(r"cuda:\d+(,cuda:\d+)*", device, re.ASCII):
        raise UserError(f"--device {device}: use auto, cpu, cuda or a list such as cuda:0,cuda:1")
    return [int(part.removeprefix("cuda:")) for part in device.split(",")]


def slots(device: str, workers: int | None, *, threads: int = 1, per_gpu: int = 1) -> list[Slot]:
    """Give the places for runs: `per_gpu` on each GPU, else one for every `threads` cores.

    `workers` sets their number.
    """
    kind, gpus = choose(device)
    if kind == "cuda":
        count = workers or per_gpu * len(gpus)
        return [Slot(number, "cuda", gpus[number % len(gpus)]) for number in range(count)]
    count = workers or max(1, cores() // threads)
    return [Slot(number, "cpu") for number in range(count)]


def runs_per_gpu(device: str, words: str, peak: int | None) -> int:
    """Read a number, or `auto`: as many as fit where the bytes of one are known, else one.

    No more than there are cores to feed them. Raises UserError for another word.
    """
    if words.isascii() and words.isdigit() and int(words):
        return int(words)
    if words != "auto":
        raise UserError(f"--runs-per-gpu {words}: use auto or a number from 1 on")
    kind, gpus = choose(device)
    known = [gpu.memory for name in gpus for gpu in driver() if gpu.answers_to(name)]
    if kind == "cpu" or peak is None or len(known) < len(gpus):
        return 1
    return min(runs_that_fit(min(known), peak), max(1, cores() // len(gpus)))


def cores() -> int:
    """Count the cores that this process may use; a container's quota is rounded up."""
    if hasattr(os, "sched_getaffinity"):
        allowed = len(os.sched_getaffinity(0))
    else:
        allowed = os.cpu_count() or 1
    return min(allowed, _quota() or allowed, _share() or allowed)


def _share() -> int | None:
    """Give the cores that a job of Slurm was given on this node: it may see all of them."""
    given = os.environ.get("SLURM_CPUS_ON_NODE", "")
    return int(given) if given.isdigit() else None


def _quota() -> int | None:
    try:
        quota, period = map(int, CPU_QUOTA.read_text().split())
    except (OSError, ValueError):  # no control group, or the word "max"
        return None
    return -(-quota // period)


def machine_elsewhere(device: str) -> Machine:
    """Say what can be known of other machines; raises UserError for a certain GPU of them."""
    if device not in {"cpu", "cuda"}:
        raise UserError(f"--device {device}: of a cluster's nodes say cpu or cuda")
    return Machine("cuda", None) if device == "cuda" else Machine("cpu", "fp32")


def machine(device: str) -> Machine:
    """Say what the runs will be done on; raises UserError as `choose` does."""
    kind, gpus = choose(device)
    return Machine(kind, native_precision(gpus) if kind == "cuda" else "fp32")


def native_precision(gpus: Sequence[str]) -> Precision | None:
    """Give what `precision: auto` means on these GPUs: bf16 where all have it, else fp16.

    None if the driver does not know one of them, as with a slice of a GPU.
    """
    known = [[gpu.capability for gpu in driver() if gpu.answers_to(name)] for name in gpus]
    if not all(known):
        return None
    return "bf16" if min(map(min, known)) >= AMPERE else "fp16"


@dataclass(frozen=True)
class Gpu:
    """A GPU as the driver describes it; `memory` in bytes."""

    index: str
    uuid: str
    capability: float
    memory: int

    def answers_to(self, name: str) -> bool:
        """CUDA takes an index or the beginning of a UUID."""
        return name == self.index or (name.startswith("GPU-") and self.uuid.startswith(name))


@cache
def driver() -> tuple[Gpu, ...]:
    """Ask the driver's tool, once, for all GPUs; none if it does not answer."""
    command = ["nvidia-smi", "--query-gpu=index,uuid,compute_cap,memory.total", UNITS]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return ()
    line = r"^(\d+), *(\S+), *(\d+\.\d+), *(.+)$"
    found = re.findall(line, answer.stdout, re.ASCII | re.MULTILINE)
    return tuple(Gpu(index, uuid, float(cc), _bytes(mib)) for index, uuid, cc, mib in found)


def _bytes(mebibytes: str) -> int:
    """Some parts of a GPU do not say how much they have."""
    return int(mebibytes) << 20 if mebibytes.isdigit() else 0
