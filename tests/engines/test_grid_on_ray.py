"""`dpsrun grid --executor ray` as a user starts it, and what becomes of it."""

from __future__ import annotations

import os
import signal

import pytest

from dpsrun.runs.state import states_of
from tests.cli.conftest import bench, cache, tiny  # noqa: F401 (fixtures)
from tests.cli.test_documents import README, commands, needs
from tests.cli.waiting import until
from tests.command import PATIENCE, TRAINING, Bench
from tests.engines.commands import assert_same_as_here, attempts, store_of, waits
from tests.engines.ray_cluster import RayCluster

pytestmark = pytest.mark.engine("ray")

GRID = ("grid", "small.yaml", "--executor", "ray", "--progress", "plain")


@pytest.fixture
def place(bench: Bench, nodes: RayCluster) -> Bench:  # noqa: F811
    """A bench whose commands know the cluster, and a grid of two runs."""
    bench.grid()
    return bench.given(**nodes.environment)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_command_that_is_stopped_ends_its_tasks_and_the_same_one_goes_on(
    place: Bench, number: signal.Signals
) -> None:
    waiting = waits(place)
    process = place.quick.start(*GRID)
    until(lambda: sum(attempts(place)) == 2, process)
    os.killpg(process.pid, number)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, err
    assert err.count("interrupted") >= 2
    assert "2 runs are still to be done; do them with the same command" in err
    waiting.unlink()
    assert place.quick.say(*GRID).code == 0
    assert attempts(place) == [2, 2]


def test_ray_ends_the_tasks_of_a_command_that_is_killed_and_the_same_one_does_the_rest(
    place: Bench,
) -> None:
    waiting = waits(place)
    process = place.quick.start(*GRID)
    until(lambda: sum(attempts(place)) == 2, process)
    process.kill()
    process.communicate(timeout=PATIENCE)
    until(lambda: set(states_of(store_of(place), runs_of(place)).values()) == {"new"})
    waiting.unlink()
    ended = place.quick.say(*GRID)
    assert ended.code == 0, ended.err
    assert attempts(place) == [2, 2]


def runs_of(place: Bench) -> list[str]:
    return store_of(place).run_ids()


def test_two_commands_at_once_do_each_run_once(place: Bench) -> None:
    waiting = waits(place)
    first = place.quick.start(*GRID)
    until(lambda: sum(attempts(place)) == 2, first)
    second = place.quick.start(*GRID)
    assert second.stdout
    waiting.unlink()
    for process in (first, second):
        _, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, err
    assert attempts(place) == [1, 1]


def test_more_than_a_node_has_is_refused_before_anything_is_written(place: Bench) -> None:
    ended = place.quick.say(*GRID, "--cpus-per-run", "64")
    assert (ended.code, ended.out) == (2, "")
    assert "--cpus-per-run 64 --gpus-per-run 0: no node of the Ray cluster has so much" in ended.err
    assert not (place.folder / "results").exists()


def test_the_commands_of_the_readme_work(place: Bench) -> None:
    place.grid(name="mine", training={**TRAINING, "precision": "fp32"})  # which it asks for
    said = [words for words in commands(README) if needs(words) == "ray"]
    assert said
    for _, *words in said:
        ended = place.quick.say(*words)
        assert ended.code == 0, (words, ended.err)


def test_a_grid_comes_to_the_same_bytes_as_on_this_machine(place: Bench) -> None:
    there = assert_same_as_here(place, "--executor=ray")
    assert sorted(path.name for path in (there.root / "engine").iterdir()) == ["ray"]
