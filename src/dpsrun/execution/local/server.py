"""The server that workers are forked from: what it loads, and what it must not hear.

Forking from a server that has imported the concrete modules takes a quarter of a second, where a
new interpreter takes six. The server has one thread and never touches a GPU.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Collection, Iterator, Mapping
from multiprocessing import forkserver, resource_tracker

from dpsrun.execution.drive import STOP_SIGNALS

PRELOAD = (
    "dpsrun.execution.local.before_loading",
    "dpsrun.cli.app",
    "dpsrun.execution.local.child",
    "dpsrun.training.finetune",
    "dpsrun.training.record",
    # pyarrow loads it at its first array.
    "pandas",
    "scipy.stats",
    "sklearn.metrics",
    "torch",
    "transformers.modeling_utils",
    "transformers.models.auto.configuration_auto",
    "transformers.models.auto.modeling_auto",
)
"""Concrete modules: transformers' top-level names are lazy, and a misspelt one fails silently."""

SERVER_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
    # A thread that tidies up pyarrow's memory; a process with two threads is not safe to fork.
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    # Freed gradients stay with the process: else every step maps and zeroes its memory anew.
    "MALLOC_MMAP_THRESHOLD_": str(1 << 32),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 34),
}
"""Set before the server starts: later changes do not reach its children."""


def preloads(model_types: Collection[str]) -> list[str]:
    """List the modules that the server imports before it forks."""
    packages = [f"transformers.models.{name.replace('-', '_')}" for name in sorted(model_types)]
    encoders = [f"{package}.modeling_{package.rpartition('.')[2]}" for package in packages]
    methods = ["dpsrun.methods.dps_dense.hooks", "dpsrun.methods.dps_mix.hooks"]
    return [*PRELOAD, *methods, *encoders, "dpsrun.execution.local.after_loading"]


def warm_up(model_types: Collection[str]) -> None:
    """Start the server now, so that it loads while the parent still prepares data."""
    multiprocessing.get_context("forkserver").set_forkserver_preload(preloads(model_types))
    start_server()


def start_server() -> None:
    """Start the server unless it runs; what stops the launcher's group must not end it first.

    Blocked signals stay blocked in the server and its children; the launcher hears those that
    came meanwhile as soon as they are let through, where ignored ones would be lost.
    """
    # It lets the signals through when it starts its own process, so it goes first.
    resource_tracker.ensure_running()
    with _environment(SERVER_ENVIRONMENT), _held_back(STOP_SIGNALS):
        forkserver.ensure_running()


@contextlib.contextmanager
def _held_back(numbers: Collection[signal.Signals]) -> Iterator[None]:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _environment(changes: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
