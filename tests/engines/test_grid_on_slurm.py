"""`dpsrun grid --executor slurm` as a user starts it, and the commands around it."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest

from dpsrun.execution.slurm import commands
from dpsrun.execution.slurm.submission import Records
from dpsrun.runs.state import state_of
from tests.cli.conftest import bench, cache, tiny  # noqa: F401 (fixtures)
from tests.cli.test_documents import README, needs
from tests.cli.test_documents import commands as commands_of
from tests.cli.waiting import until
from tests.command import PATIENCE, TRAINING, Bench
from tests.engines.cluster import Cluster
from tests.engines.commands import assert_same_as_here, attempts, store_of, waits

pytestmark = pytest.mark.engine("slurm")

ON_SLURM = ("--executor", "slurm", "--progress", "plain")


@pytest.fixture
def place(bench: Bench, cluster: Cluster) -> Bench:  # noqa: F811
    """A bench whose commands know the cluster and the stand-ins, and a grid of four runs."""
    bench.grid(seeds=(0, 1))
    return bench.given(PYTHONPATH=os.environ["PYTHONPATH"], **cluster.environment)


def test_a_detached_grid_is_in_the_queue_and_a_command_that_is_not_killed_sees_it_through(
    place: Bench,
) -> None:
    waiting = waits(place)
    ended = place.quick.say("grid", "small.yaml", *ON_SLURM, "--max-parallel=1", "--detach")
    assert ended.code == 0, ended.err
    assert ended.out.startswith("Slurm job ")
    assert "`dpsrun cancel results` ends them" in ended.err
    until(lambda: place.quick.say("status", "results").out.count("step ") == 1)
    assert place.quick.say("status", "results").out.count(", PENDING (") == 3
    killed = watches(place)
    killed.kill()
    killed.communicate(timeout=PATIENCE)
    process = watches(place)
    waiting.unlink()
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    assert "mini-rte" in out
    assert attempts(place) == [1, 1, 1, 1]


def watches(place: Bench) -> subprocess.Popen[str]:
    """Start the command; return once it looks after the jobs of an earlier one."""
    process = place.quick.start("grid", "small.yaml", *ON_SLURM)
    assert process.stderr
    assert any("4 runs in the queue already" in line for line in process.stderr)
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_command_that_is_stopped_leaves_its_jobs_and_cancel_ends_them(
    place: Bench, number: signal.Signals
) -> None:
    waits(place)
    process = place.quick.start("grid", "small.yaml", *ON_SLURM, "--runs-per-job=2")
    until(lambda: sum(attempts(place)) >= 2, process)
    os.killpg(process.pid, number)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, err
    assert "left in the queue; the same command watches them again" in err
    (array,) = Records(store_of(place)).read()
    assert array.job
    states = commands.squeue([array.job]) or {}
    assert [state.lives for state in states.values()] == [True, True]
    assert place.quick.say("cancel", "results").out == "cancelled 2 jobs with 4 runs\n"
    until(lambda: not any(s.lives for s in (commands.squeue([array.job or 0]) or {}).values()))
    assert place.quick.say("cancel", "results").out == "cancelled 0 jobs with 0 runs\n"
    assert {state_of(store_of(place), run) for run in store_of(place).run_ids()} == {"new"}


def test_the_commands_of_the_readme_work_in_their_order(place: Bench) -> None:
    training = {**TRAINING, "precision": "fp32"}  # which the README asks for
    place.grid(name="mine", training=training)
    said = [words for words in commands_of(README) if needs(words) == "slurm"]
    assert [words[1] for words in said] == ["grid", "grid", "cancel"]
    for _, *words in said:
        ended = place.quick.say(*words)
        assert ended.code == 0, (words, ended.err)


def test_a_grid_comes_to_the_same_bytes_as_on_this_machine(place: Bench) -> None:
    assert_same_as_here(place, "--only=seed=0", "--executor=slurm", "--runs-per-job=2")
