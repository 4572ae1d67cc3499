"""Clusters for the tests of one process; where an engine is not installed they are skipped."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from dpsrun.execution import traces
from tests.engines import cluster as slurm_cluster
from tests.engines import ray_cluster
from tests.engines.cluster import Cluster
from tests.engines.ray_cluster import RayCluster
from tests.places import ROOT
from tests.standin import PROGRAM

ENGINES = {"slurm": slurm_cluster.installed, "ray": ray_cluster.installed}


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs an engine that is not here, unless the caller says that it has to be."""
    wanted = os.environ.get("DPSRUN_REQUIRE_ENGINES") == "1"
    for mark in item.iter_markers("engine"):
        if not ENGINES[mark.args[0]]() and not wanted:
            pytest.skip(f"needs {mark.args[0]}; DPSRUN_REQUIRE_ENGINES=1 insists on it")


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A Slurm that outlives a test."""
    with slurm_cluster.running(tmp_path_factory.mktemp("slurm")) as cluster:
        yield cluster


@pytest.fixture
def cluster(shared: Cluster, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """The Slurm of this test's commands and of the engines that it makes itself."""
    hurry(shared.environment, monkeypatch)
    return shared


@pytest.fixture
def fragile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A Slurm whose daemons the test may kill; its arrays have four elements at most."""
    with slurm_cluster.running(tmp_path / "slurm", array=4) as cluster:
        hurry(cluster.environment, monkeypatch)
        yield cluster


@pytest.fixture(scope="session")
def shared_ray() -> Iterator[RayCluster]:
    """A Ray that outlives a test."""
    with ray_cluster.running({}) as cluster:
        yield cluster


@pytest.fixture
def nodes(shared_ray: RayCluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[RayCluster]:
    """The Ray of this test's commands and of the engines that it makes itself."""
    hurry(shared_ray.environment, monkeypatch)
    yield shared_ray
    from dpsrun.execution.ray import cluster

    cluster.disconnect()


def hurry(environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let commands and jobs find the cluster and the stand-ins, and let nobody wait for long."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT / "src"), str(ROOT)]))
    monkeypatch.setenv("PYTHONSAFEPATH", "1")
    monkeypatch.setattr(traces, "SOONEST", 0.2)
    monkeypatch.setattr(traces, "SETTLE_SECONDS", 1.0)
    monkeypatch.setattr(traces, "PROGRAM", PROGRAM)
