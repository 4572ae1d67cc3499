"""A Ray that wants a token and loses a node, and commands that use it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dpsrun.runs.state import state_of
from tests.cli.conftest import bench, cache, tiny  # noqa: F401 (fixtures)
from tests.cli.waiting import until
from tests.command import PATIENCE, Bench
from tests.engines.commands import attempts, store_of, waits
from tests.engines.processes import kill, named
from tests.engines.ray_cluster import RayCluster, running

pytestmark = pytest.mark.engine("ray")

SOON = {
    "RAY_health_check_initial_delay_ms": "0",
    "RAY_health_check_period_ms": "500",
    "RAY_health_check_timeout_ms": "500",
    "RAY_health_check_failure_threshold": "4",
}
"""How Ray finds out that a node is lost (ray_config_def.h): by default after a quarter minute."""

GRID = ("grid", "small.yaml", "--executor", "ray", "--progress", "plain")


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RayCluster]:
    """A Ray that wants a token, and soon sees that a node is lost."""
    token = tmp_path_factory.mktemp("token") / "token"
    token.touch(0o600)
    token.write_text("0" * 64, encoding="utf-8")
    with running({**SOON, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(token)}) as found:
        yield found


@pytest.fixture
def place(bench: Bench, guarded: RayCluster) -> Bench:  # noqa: F811
    """A bench whose commands know the cluster and its token, and a grid of two runs."""
    bench.grid()
    return bench.given(**guarded.environment)


def test_who_has_another_token_is_told_where_tokens_are_set(place: Bench) -> None:
    (place.folder / "token").write_text("1" * 64, encoding="utf-8")
    path = str(place.folder / "token")
    other = place.given(RAY_AUTH_TOKEN_PATH=path, RAY_NUM_REDIS_GET_RETRIES="1")
    ended = other.quick.say(*GRID)
    assert (ended.code, ended.out) == (2, "")
    assert "--ray-address auto: Failed to connect to Ray cluster" in ended.err
    assert "set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN_PATH" in ended.err


def test_the_run_of_a_lost_node_is_done_on_another(place: Bench, guarded: RayCluster) -> None:
    waiting = waits(place)
    process = place.quick.start(*GRID, "--cpus-per-run", "2")  # a node for each
    until(lambda: len(list(place.folder.glob("results/runs/*/attempts/*/where.txt"))) == 2, process)
    guarded.lose(guarded.nodes[0])
    assert process.stderr
    assert any("its task was lost: " in line for line in process.stderr)
    waiting.unlink()
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    assert sorted(attempts(place)) == [1, 2]
    assert {state_of(store_of(place), run) for run in store_of(place).run_ids()} == {"done"}


def test_that_the_head_is_gone_is_said_before_ray_ends_the_command(
    place: Bench, guarded: RayCluster
) -> None:
    waits(place)
    process = place.quick.start(*GRID)
    until(lambda: sum(attempts(place)) == 2, process)
    kill(named("gcs_server", guarded.root))
    assert process.stderr
    assert any("Ray does not answer; after a minute" in line for line in process.stderr)
    process.kill()
    process.communicate(timeout=PATIENCE)
