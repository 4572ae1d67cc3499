"""A bench for the commands, shared by the tests of one worker."""

from __future__ import annotations

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
    """Generated data, tokens and fingerprints are made once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def bench(tmp_path: Path, tiny: Path, cache: Path) -> Bench:
    """An empty folder with the encoder in it."""
    (tmp_path / "tiny").symlink_to(tiny)
    return Bench(tmp_path, {"DPSRUN_CACHE": str(cache)})
