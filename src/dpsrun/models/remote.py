"""Code that a checkpoint brings along, where the user allowed it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from huggingface_hub.utils import WeakFileLock  # type: ignore[attr-defined]
from transformers import dynamic_module_utils

from dpsrun.runs.fingerprint import cache_folder


@contextmanager
def code_in_cache() -> Iterator[None]:
    """Let transformers copy such code to our cache, in one process at a time.

    It imports the copy at once, and that of another worker could be half written.
    """
    folder = cache_folder() / "modules"
    folder.mkdir(parents=True, exist_ok=True)
    dynamic_module_utils.HF_MODULES_CACHE = str(folder)
    with WeakFileLock(folder / ".lock"):
        yield
