"""Whatever ends a grid early, nothing lives on, and its runs are still to be done."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from dpsrun.runs.result import Result
from dpsrun.runs.state import state_of
from dpsrun.runs.store import Store
from tests.cli.waiting import alive, made_to_wait, until, workers
from tests.command import PATIENCE, Bench


@pytest.fixture
def waiting(bench: Bench) -> Bench:
    return made_to_wait(bench)


def test_after_a_stop_nothing_lives_on_and_the_runs_are_left(waiting: Bench) -> None:
    grid = waiting.grid(methods=["waits"], seeds=(0, 1))
    process = waiting.start("grid", grid, "--workers", "2")
    workers(waiting, 2, process)
    os.killpg(process.pid, signal.SIGTERM)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert "2 runs are still to be done" in said
    until(lambda: not alive(waiting))
    store = Store(waiting.folder / "results")
    assert [store.result(run) for run in store.run_ids()] == [None, None]
    for run in store.run_ids():
        (attempt,) = store.attempts(run)
        left = store.attempt_result(run, attempt)
        assert isinstance(left, Result)
        assert left.outcome == "interrupted"


def test_ctrl_c_while_the_command_line_loads_ends_without_a_traceback() -> None:
    press = (
        "import os, signal, sys\n"
        "from dpsrun.__main__ import main\n"
        "class Loading:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'dpsrun.cli.app':\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Loading())\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "main()\n"
    )
    ended = subprocess.run([sys.executable, "-c", press], capture_output=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (-signal.SIGINT, b"", b"")


def test_ctrl_c_while_the_server_loads_ends_without_a_traceback(waiting: Bench) -> None:
    process = waiting.start("grid", waiting.grid(methods=["waits"]))
    until(lambda: len(alive(waiting)) > 1, process)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    until(lambda: not alive(waiting))
    store = Store(waiting.folder / "results")
    assert {state_of(store, run) for run in store.run_ids()} <= {"new"}
