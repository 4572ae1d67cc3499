"""Runs as tasks of a real Ray with two nodes."""

from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dpsrun.errors import UserError
from dpsrun.runs.state import state_of
from tests.cli.waiting import until
from tests.command import PATIENCE
from tests.engines.processes import kill, parent
from tests.engines.ray_cluster import OnRay, RayCluster
from tests.standin import PROGRAM

if TYPE_CHECKING:
    from dpsrun.execution.ray.cluster import Demand

pytestmark = pytest.mark.engine("ray")


def demand(cpus: int = 1, gpus: float = 0.0) -> Demand:
    from dpsrun.execution.ray.cluster import Demand

    return Demand(cpus, gpus)


def test_a_grid_is_spread_over_nodes_and_gpus_and_each_run_is_done_once(
    nodes: RayCluster, tmp_path: Path
) -> None:
    work = OnRay.of(tmp_path, 5, demand(gpus=1))
    work.options = ("--device", "cuda")
    waiting, engine = work.wait(), work.engine
    engine.submit(work.runs)
    until(lambda: len(engine.poll()) == 5 and len(work.seen.steps) == 4)
    assert sorted(work.gpus()) == sorted((node, gpu) for node in nodes.nodes for gpu in "01")
    assert set(work.seen.starts.values()) == {socket.gethostname()}
    assert engine.describe() == "4 at a time on Ray"
    waiting.unlink()
    until(lambda: not engine.poll())
    engine.leave()
    assert list(work.seen.ends.values()) == ["ok"] * 5
    assert {len(work.store.attempts(run)) for run in work.runs} == {1}
    assert work.seen.words == []


def test_runs_that_are_given_half_a_gpu_share_it(nodes: RayCluster, tmp_path: Path) -> None:
    work = OnRay.of(tmp_path, 3, demand(gpus=0.5))
    work.options = ("--device", "cuda")
    engine, waiting = work.begin(3)
    assert {gpu for _, gpu in work.gpus()} == {"0"}
    waiting.unlink()
    until(lambda: not engine.poll())


def test_a_run_whose_process_is_killed_is_left_and_a_second_command_does_it(
    nodes: RayCluster, tmp_path: Path
) -> None:
    work = OnRay.of(tmp_path, 1)
    engine, waiting = work.begin()
    kill([work.at_work()[0]["pid"]])
    until(lambda: not engine.poll())
    engine.leave()
    assert list(work.seen.ends.values()) == ["interrupted"]
    assert work.seen.failures == ["its task ended with exit code 130"]
    waiting.unlink()
    assert work.drive()
    assert work.missing == []


def test_a_task_that_is_lost_is_given_out_again(nodes: RayCluster, tmp_path: Path) -> None:
    work = OnRay.of(tmp_path, 1)
    engine, waiting = work.begin()
    ((node, _),) = work.gpus()
    kill([rays_worker(nodes, node)])
    until(lambda: bool(engine.poll() and work.seen.words))
    assert "its task was lost: The worker died unexpectedly" in work.seen.words[0]
    (run,) = work.runs
    until(lambda: state_of(work.store, run) == "new")  # what the task had started ends too
    waiting.unlink()
    until(lambda: not engine.poll())
    assert work.seen.ends == {run: "ok"}
    assert len(work.store.attempts(run)) == 2


def rays_worker(nodes: RayCluster, node: int) -> int:
    """Find the process of Ray that does the one task of a node: it has started a command."""
    processes = nodes.processes_of(node)
    (found,) = {one for pid in processes if (one := parent(pid)) and parent(one) == node}
    return found


def test_a_run_that_somebody_is_at_is_waited_for_without_a_task(
    nodes: RayCluster, tmp_path: Path
) -> None:
    work = OnRay.of(tmp_path, 1)
    waiting = work.wait()
    words = [*PROGRAM, "work", *work.runs, "--results", str(work.store.root)]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL) as somebody:
        until(lambda: len(work.at_work()) == 1)
        engine = work.engine
        engine.submit(work.runs)
        assert (engine.poll(), engine.tasks) == (work.runs, {})
        waiting.unlink()
        until(lambda: not engine.poll())
        assert somebody.wait(PATIENCE) == 0
    assert list(work.seen.ends.values()) == ["ok"]
    assert len(work.store.attempts(work.runs[0])) == 1


def test_once_it_is_enough_what_waits_is_cancelled_and_what_runs_ends(
    nodes: RayCluster, tmp_path: Path
) -> None:
    work = OnRay.of(tmp_path, 5, demand(cpus=2))
    engine, waiting = work.begin(2)
    engine.hold()
    waiting.unlink()
    until(lambda: not engine.poll())
    assert list(work.seen.ends.values()) == ["ok", "ok"]
    assert len(work.missing) == 3


def test_who_leaves_ends_the_tasks_and_their_runs_say_so(nodes: RayCluster, tmp_path: Path) -> None:
    work = OnRay.of(tmp_path, 2)
    engine, waiting = work.begin(2)
    engine.leave()
    assert list(work.seen.ends.values()) == ["interrupted"] * 2
    left = [work.store.attempt_result(run, *work.store.attempts(run)) for run in work.runs]
    assert [getattr(result, "outcome", None) for result in left] == ["interrupted"] * 2
    waiting.unlink()


def test_tasks_that_cannot_begin_end_the_command_with_what_they_said(
    nodes: RayCluster, tmp_path: Path
) -> None:
    work = OnRay.of(tmp_path, 2)
    work.options = ("--versions", "dpsrun 9.9, torch 9.9")
    with pytest.raises(UserError, match=r"(?s)no run could begin.*submitted with dpsrun 9\.9"):
        work.drive()
    assert [work.store.attempts(run) for run in work.runs] == [[], []]


def test_a_folder_that_the_nodes_do_not_see_is_told_from_other_troubles(
    nodes: RayCluster, tmp_path: Path
) -> None:
    work = OnRay.of(tmp_path, 1)
    engine = work.engine
    engine.submit([])
    shutil.rmtree(engine.folder)
    engine.queue.extend(work.runs)
    with pytest.raises(UserError, match=r"No such file .* the nodes may not see that folder"):
        until(lambda: not engine.poll())


def test_a_demand_that_no_node_can_meet_is_refused(nodes: RayCluster, tmp_path: Path) -> None:
    from dpsrun.execution.ray import cluster

    cluster.connect("auto")
    asked = "--cpus-per-run 3 --gpus-per-run 0.5: no node"
    with pytest.raises(UserError, match=f"{asked} .* have 2 CPUs, 2 GPUs"):
        cluster.check(demand(cpus=3, gpus=0.5))


def test_a_cluster_of_another_ray_is_refused_in_rays_words(
    nodes: RayCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ray

    from dpsrun.execution.ray import cluster

    monkeypatch.setattr(ray, "__version__", "9.9.9")
    with pytest.raises(UserError, match=r"--ray-address auto: Version mismatch: .*Ray: 9\.9\.9"):
        cluster.connect("auto")


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("127.0.0.1:1", "no Ray cluster answers at 127.0.0.1:1"),
        ("ray://127.0.0.1:10001", "start the command on a node of the cluster, and say HOST:PORT"),
        ("nowhere", "Invalid address format: nowhere"),
    ],
)
def test_an_address_without_a_cluster_is_refused_at_once(address: str, reason: str) -> None:
    from dpsrun.execution.ray import cluster

    with pytest.raises(UserError, match=f"--ray-address {address}: {reason}"):
        cluster.connect(address)


def test_what_is_no_cluster_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from dpsrun.execution.ray import cluster

    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        address = f"127.0.0.1:{deaf.getsockname()[1]}"
        with pytest.raises(UserError, match=f"what answers at {address} is no Ray cluster"):
            cluster.connect(address)


def test_a_head_that_left_its_address_behind_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dpsrun.execution.ray import cluster

    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    monkeypatch.setattr("ray._private.services.find_gcs_addresses", set)
    (tmp_path / "ray").mkdir()
    (tmp_path / "ray" / "ray_current_cluster").write_text("127.0.0.1:1")
    with pytest.raises(UserError, match=r"--ray-address auto: no Ray cluster answers at 127"):
        cluster.connect("auto")


def test_an_address_of_the_environment_is_held_to_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    from dpsrun.execution.ray import cluster

    monkeypatch.setenv("RAY_ADDRESS", "ray://head:10001")
    with pytest.raises(UserError, match=r"auto: start the command on a node .* not ray://head"):
        cluster.connect("auto")
