"""What holds for all tests."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from tests.training.runs import Inputs


UNCOUNTED = {"models", "storm", "training"}
"""Folders of tests of what coverage leaves out: counting would take a third of their time."""


LONGEST = (
    "test_grid_on_ray.py",
    "test_slurm_damage.py",
    "test_ray.py",
    "test_grid_on_slurm.py",
    "test_ray_damage.py",
    "test_slurm.py",
    "test_training_storm.py",
    "test_benchmarks.py",
    "test_every_method.py",
    "test_kill_storm.py",
    "test_documents.py",
    "test_grid_storm.py",
)
"""Files that would keep one worker busy while the others are done already."""


settings.register_profile("dpsrun", deadline=None)  # a busy machine is no fault
settings.load_profile("dpsrun")


def pytest_configure() -> None:
    """Hear what a terminal would send: `nohup`, or a job in the background, hands down deafness."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda *_: None)  # what we start begins with the default


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files; count no coverage where torch computes."""
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else 99)
    for item in items:
        if UNCOUNTED & set(item.path.relative_to(Path(__file__).parent).parts):
            item.add_marker(pytest.mark.no_cover)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs a GPU where there is none."""
    if item.get_closest_marker("gpu"):
        torch = pytest.importorskip("torch")
        if not torch.cuda.is_available():
            pytest.skip("needs a CUDA device")


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inputs]:
    """What short trainings in this process share: an encoder, tokens, and a cache of their own."""
    from tests.training.runs import Inputs

    made = Inputs.make(tmp_path_factory.mktemp("inputs"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DPSRUN_CACHE", str(made.cache))
        yield made
