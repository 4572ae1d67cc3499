"""A cluster for the tests of one process; where Slurm is not installed they are skipped."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from dpsrun.execution.slurm import engine, queue
from tests.engines.cluster import Cluster, installed, running
from tests.standin import PROGRAM, ROOT


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs an engine that is not here, unless the caller says that it has to be."""
    wanted = os.environ.get("DPSRUN_REQUIRE_ENGINES") == "1"
    if item.get_closest_marker("engine") and not installed() and not wanted:
        pytest.skip("needs slurmctld, slurmd and munged; DPSRUN_REQUIRE_ENGINES=1 insists on them")


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster that outlives a test."""
    with running(tmp_path_factory.mktemp("slurm")) as cluster:
        yield cluster


@pytest.fixture
def cluster(shared: Cluster, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """The cluster of this test's commands and of the engines that it makes itself."""
    return found(shared, monkeypatch)


@pytest.fixture
def fragile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A cluster whose daemons the test may kill; its arrays have four elements at most."""
    with running(tmp_path / "slurm", array=4) as cluster:
        yield found(cluster, monkeypatch)


def found(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """Let Slurm's commands and our jobs find what they need, and let nobody wait for long."""
    for name, value in cluster.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT / "src"), str(ROOT)]))
    monkeypatch.setenv("PYTHONSAFEPATH", "1")
    monkeypatch.setattr(engine, "SOONEST", 0.2)
    monkeypatch.setattr(queue, "SETTLE_SECONDS", 1.0)
    monkeypatch.setattr(engine, "PROGRAM", PROGRAM)
    return cluster
