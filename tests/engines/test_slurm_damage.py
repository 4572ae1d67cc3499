"""Parts of a cluster are lost while it works, and each run has one result in the end."""

from __future__ import annotations

from pathlib import Path

import pytest

from dpsrun.execution.slurm import commands
from dpsrun.execution.slurm.engine import Demand
from dpsrun.execution.slurm.submission import Submission
from tests.cli.waiting import until
from tests.engines.cluster import CORES, NODES, Cluster
from tests.engines.grids import OnSlurm

pytestmark = pytest.mark.engine("slurm")


def test_the_run_of_a_lost_node_is_done_on_another(fragile: Cluster, tmp_path: Path) -> None:
    work = OnSlurm.of(tmp_path, 2, Demand((f"--cpus-per-task={CORES}",)))  # a node for each
    waiting, engine = work.wait(), work.engine
    engine.submit(work.runs)
    until(lambda: len(work.at_work()) == 2)
    fragile.lose("n2", fragile.processes_of("n2"))
    waiting.unlink()
    until(lambda: not engine.poll())
    assert set(work.seen.ends.values()) == {"ok"}
    nodes = [[place["SLURMD_NODENAME"] for place in work.places(run)] for run in work.runs]
    assert sorted(nodes) == [["n1"], ["n2", "n1"]]


def test_a_job_that_outlives_its_nodes_daemon_is_requeued_and_its_run_is_done_once(
    fragile: Cluster, tmp_path: Path
) -> None:
    work = OnSlurm.of(tmp_path, 1)
    waiting, engine = work.wait(), work.engine
    engine.submit(work.runs)
    until(lambda: len(work.at_work()) == 1)
    (array,), (first,) = work.submissions, work.at_work()
    fragile.lose(first["SLURMD_NODENAME"], processes=[])
    (other,) = set(NODES) - {first["SLURMD_NODENAME"]}
    until(lambda: nodes_at_work(array) == [other])
    waiting.unlink()
    until(lambda: not engine.poll())
    assert work.seen.ends == dict.fromkeys(work.runs, "ok")
    assert work.places(work.runs[0]) == [first]


def nodes_at_work(array: Submission) -> list[str]:
    states = (commands.squeue([array.job or 0]) or {}).values()
    return [state.nodes for state in states if state.state == "RUNNING"]


def test_jobs_go_on_while_the_controller_is_away_and_arrays_are_split_at_its_limit(
    fragile: Cluster, tmp_path: Path
) -> None:
    work = OnSlurm.of(tmp_path, 6)
    waiting, engine = work.wait(), work.engine
    engine.submit(work.runs)
    assert [len(each.tasks) for each in work.submissions] == [4, 2]
    until(lambda: len(engine.poll()) == 6 and len(work.at_work()) == 4)
    fragile.save(work.submissions[0].job or 0)
    fragile.kill("slurmctld")
    until(lambda: len(engine.poll()) == 6 and "Slurm does not answer" in work.seen.words[-1])
    waiting.unlink()
    fragile.start("slurmctld")
    until(lambda: not engine.poll())
    assert "Slurm answers again" in work.seen.words
    assert set(work.seen.ends.values()) == {"ok"}
