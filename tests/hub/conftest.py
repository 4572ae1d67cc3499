"""What the hub of these tests has: a tiny encoder in two versions, and a little of GLUE."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command import Bench
from tests.hub.server import Hub
from tests.tasks.hub_layout import write_task

OLD, NEW, DATA = "a" * 40, "b" * 40, "c" * 40
ROWS = 40


@pytest.fixture(scope="session")
def encoders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The encoder's folder at each commit."""
    from tests.encoders import save_tiny_with_tokenizer

    root = tmp_path_factory.mktemp("encoders")
    commits = {OLD: 0, NEW: 1}
    return {c: save_tiny_with_tokenizer(root / c, seed=seed) for c, seed in commits.items()}


@pytest.fixture(scope="session")
def glue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """RTE and STS-B of forty rows in the hub's layout."""
    folder = tmp_path_factory.mktemp("glue")
    pairs = {
        "sentence1": [f"The number is {number}." for number in range(ROWS)],
        "sentence2": [f"It is {number // 2}." for number in range(ROWS)],
        "idx": list(range(ROWS)),
    }
    write_task(folder, "rte", {**pairs, "label": [number % 2 for number in range(ROWS)]})
    write_task(folder, "stsb", {**pairs, "label": [number % 11 / 2 for number in range(ROWS)]})
    return folder


@pytest.fixture
def hub(encoders: dict[str, Path], glue: Path) -> Iterator[Hub]:
    """The hub, not yet open."""
    made = Hub({("models", "tiny/bert"): encoders, ("datasets", "nyu-mll/glue"): {DATA: glue}})
    yield made
    made.server_close()


@pytest.fixture
def here(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make this process ask that hub, and give the folder in which it keeps what it gets."""
    from huggingface_hub import constants

    cache = tmp_path / "home" / "hub"
    settings = {
        "ENDPOINT": hub.url,
        "HUGGINGFACE_CO_URL_TEMPLATE": hub.url + "/{repo_id}/resolve/{revision}/{filename}",
        "HF_HUB_OFFLINE": False,
        "HF_HUB_CACHE": str(cache),
    }
    for name, value in settings.items():
        monkeypatch.setattr(constants, name, value)
    return cache


@pytest.fixture
def bench(tmp_path: Path, hub: Hub) -> Bench:
    """A folder whose commands ask that hub."""
    return Bench(tmp_path, {"HF_ENDPOINT": hub.url, "HF_HUB_OFFLINE": "0"})
