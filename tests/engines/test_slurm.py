"""Runs as jobs of a real Slurm with two nodes."""

from __future__ import annotations

from pathlib import Path

import pytest

from dpsrun.execution.slurm.engine import Demand
from tests.engines.cluster import Cluster
from tests.engines.grids import Work

pytestmark = pytest.mark.engine


def test_a_grid_is_spread_over_the_nodes_and_each_run_is_done_once(
    cluster: Cluster, tmp_path: Path
) -> None:
    work = Work.of(tmp_path, 6)
    assert work.drive()
    assert set(work.seen.ends.values()) == {"ok"}
    places = [work.places(run) for run in work.runs]
    assert {len(each) for each in places} == {1}
    assert {each[0]["SLURMD_NODENAME"] for each in places} == {"n1", "n2"}
    assert [len(each.tasks) for each in work.submissions] == [6]


def test_a_job_can_do_several_runs_and_only_so_many_jobs_run_at_a_time(
    cluster: Cluster, tmp_path: Path
) -> None:
    work = Work.of(tmp_path, 5, Demand(runs_per_job=3, max_parallel=1))
    assert work.drive()
    assert set(work.seen.ends.values()) == {"ok"}
    ((first, second),) = [each.tasks for each in work.submissions]
    assert (len(first), len(second)) == (3, 2)
