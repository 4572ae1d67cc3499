"""Runs as tasks of a real Ray with two nodes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.waiting import until
from tests.engines.ray_cluster import OnRay, RayCluster

pytestmark = pytest.mark.engine("ray")


def test_a_grid_is_spread_over_the_nodes_and_each_run_is_done_once(
    nodes: RayCluster, tmp_path: Path
) -> None:
    work = OnRay.of(tmp_path, 5)
    waiting, engine = work.wait(), work.engine
    engine.submit(work.runs)
    until(lambda: len(engine.poll()) == 5 and len(work.seen.steps) == 4)
    assert set(work.nodes()) == set(nodes.nodes)
    assert engine.describe() == "4 at a time on Ray"
    waiting.unlink()
    until(lambda: not engine.poll())
    assert list(work.seen.ends.values()) == ["ok"] * 5
    assert {len(work.store.attempts(run)) for run in work.runs} == {1}
    engine.leave()
    assert work.seen.words == []
