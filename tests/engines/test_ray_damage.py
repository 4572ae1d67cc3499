"""A Ray that wants a token, and loses a node."""

from __future__ import annotations

from pathlib import Path

import pytest

from dpsrun.errors import UserError
from tests.cli.waiting import until
from tests.engines.ray_cluster import OnRay, RayCluster

pytestmark = pytest.mark.engine("ray")


def test_the_run_of_a_lost_node_is_done_on_another(fragile_ray: RayCluster, tmp_path: Path) -> None:
    work = OnRay.of(tmp_path, 2)
    waiting, engine = work.wait(), work.engine
    engine.submit(work.runs)
    until(lambda: bool(engine.poll()) and len(work.at_work()) == 2)
    first, second = sorted(node for node, _ in work.gpus())
    fragile_ray.lose(second)
    until(lambda: bool(engine.poll() and work.seen.words))
    assert "its task was lost" in work.seen.words[0]
    waiting.unlink()
    until(lambda: not engine.poll())
    assert list(work.seen.ends.values()) == ["ok", "ok"]
    nodes = [[int(place["RAY_RAYLET_PID"]) for place in work.places(run)] for run in work.runs]
    assert sorted(nodes, key=len) == [[first], [second, first]]
    assert engine.describe() == "2 at a time on Ray"


def test_who_has_another_token_is_told_where_tokens_are_set(
    fragile_ray: RayCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dpsrun.execution.ray import cluster

    (tmp_path / "token").write_text("x" * 64, encoding="utf-8")
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(tmp_path / "token"))
    with pytest.raises(UserError, match="set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN_PATH"):
        cluster.connect("auto")
