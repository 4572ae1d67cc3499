"""No kill, whenever it comes and whatever it hits, loses a result or publishes it twice."""

from __future__ import annotations

import sys
from itertools import product
from pathlib import Path

import pytest

from dpsrun.runs.files import new_token
from tests.cli.waiting import until
from tests.command import PATIENCE, Bench
from tests.outcome import tables
from tests.report.builder import make_results
from tests.storm.storm import (
    UNFINISHED,
    Calm,
    Command,
    after_kills,
    assert_done_once,
    calm,
    kill,
)

pytestmark = pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds its victims in /proc")

RUNS = list(product(("cola", "mrpc", "rte", "stsb"), ("vanilla", "mixout"), range(5)))
KILLS = 15
"""With each seed."""


def command(place: Path) -> Command:
    """Make a results folder in which everything is to do, and the command that does it."""
    folder = place / new_token()
    make_results(folder, dict.fromkeys(RUNS))
    return Command(Bench(folder).quick, [sys.executable, "-m", "tests.storm", "results"])


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Calm:
    return calm(command(tmp_path_factory.mktemp("calm")))


@pytest.mark.parametrize("seed", range(2))
def test_a_grid_that_is_killed_again_and_again_ends_as_one_that_is_not(
    tmp_path: Path, undisturbed: Calm, seed: int
) -> None:
    span = undisturbed.seconds / 6  # many kills on the way
    for store in after_kills(KILLS, lambda: command(tmp_path), span, seed):
        assert_done_once(store)
        assert tables(store) == undisturbed.tables


@pytest.mark.parametrize("first", ["server", "worker"])
def test_a_grid_goes_on_when_the_server_of_its_workers_is_killed(
    tmp_path: Path, undisturbed: Calm, first: str
) -> None:
    grid = command(tmp_path)
    launcher = grid.begin(first)
    kill(grid.alive("server", launcher.pid))
    assert launcher.wait(PATIENCE) in {0, UNFINISHED}, grid.said()
    assert grid.start().wait(PATIENCE) == 0, grid.said()
    until(lambda: not grid.alive())
    assert_done_once(grid.store)
    assert tables(grid.store) == undisturbed.tables


@pytest.mark.parametrize("number", [2, 4])
def test_launchers_at_once_on_one_folder_do_each_run_once(
    tmp_path: Path, undisturbed: Calm, number: int
) -> None:
    shared = command(tmp_path)
    launchers = [shared.start() for _ in range(number)]
    assert [launcher.wait(PATIENCE) for launcher in launchers] == [0] * number, shared.said()
    until(lambda: not shared.alive())
    assert_done_once(shared.store)
    assert all(len(shared.store.attempts(run)) == 1 for run in shared.store.run_ids())
    assert tables(shared.store) == undisturbed.tables
