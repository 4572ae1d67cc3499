"""A bench for the commands, shared by the tests of one worker."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.command import Bench
from tests.encoders import save_tiny_with_tokenizer


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny encoder with a tokenizer."""
    return save_tiny_with_tokenizer(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generated data, tokens and fingerprints are made once, whatever worker needs them first."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared-cache"


@pytest.fixture(scope="session")
def lasting(
    tmp_path_factory: pytest.TempPathFactory, tiny: Path, cache: Path
) -> Callable[[], Bench]:
    """Makes empty folders with the encoder in them, for several tests."""
    return lambda: _furnished(tmp_path_factory.mktemp("lasting"), tiny, cache)


@pytest.fixture
def bench(tmp_path: Path, tiny: Path, cache: Path) -> Bench:
    """An empty folder with the encoder in it."""
    return _furnished(tmp_path, tiny, cache)


def _furnished(folder: Path, tiny: Path, cache: Path) -> Bench:
    (folder / "tiny").symlink_to(tiny)
    return Bench(folder, {"DPSRUN_CACHE": str(cache)})
