"""Failures are results: they are kept, they stop nothing else, and they can be tried again."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dpsrun.runs.result import Result
from dpsrun.runs.store import Store
from tests.command import PATIENCE, Bench

EXTRA = Path(__file__).resolve().parents[1] / "extra"


@pytest.fixture
def bench(bench: Bench) -> Bench:
    """The bench with the badly behaved methods of another package installed."""
    return bench.given(PYTHONPATH=str(EXTRA))


@pytest.fixture
def waiting(bench: Bench) -> Bench:
    """The same, where the method `waits` really waits."""
    folder = bench.folder / "waiting"
    folder.mkdir()
    return bench.given(EXTRA_WAIT=str(folder))


def until(condition: Callable[[], bool], process: subprocess.Popen[str] | None = None) -> None:
    """Wait for a condition; a process that ended meanwhile will not bring it about."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        assert process is None or process.poll() is None, process.communicate()
        time.sleep(0.05)


def workers(waiting: Bench, number: int, process: subprocess.Popen[str]) -> list[int]:
    """Give the processes that wait, once there are so many."""
    folder = Path(waiting.environment["EXTRA_WAIT"])
    until(lambda: len(list(folder.iterdir())) == number, process)
    return [int(path.name) for path in folder.iterdir()]


def alive(waiting: Bench) -> list[str]:
    """Name every process that was started from this bench, the launcher's server too."""
    mark = f"EXTRA_WAIT={waiting.environment['EXTRA_WAIT']}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text())
        except OSError:
            continue
    return found


def by_method(bench: Bench) -> dict[str, Result]:
    store = Store(bench.folder / "results")
    results = (store.result(run) for run in store.run_ids())
    found = [result for result in results if isinstance(result, Result)]
    return {store.read_order(result.run).spec.method: result for result in found}


def test_a_method_that_fails_or_diverges_leaves_a_record_and_stops_nothing(bench: Bench) -> None:
    grid = bench.grid(methods=["raises", "not-a-number", "vanilla"])
    ended = bench.say("grid", grid)
    assert ended.code == 3
    assert "1 runs ended in an error; look with: dpsrun status results" in ended.err
    assert "do them again with: --retry error\n" in ended.err
    found = by_method(bench)
    assert {name: result.outcome for name, result in found.items() if name != "vanilla"} == {
        "raises": "error",
        "not-a-number": "diverged",
    }
    assert found["vanilla"].outcome in {"ok", "failed"}
    failure, diverged = found["raises"].failure, found["not-a-number"].failure
    assert failure is not None
    assert failure.message == "this method always fails"
    assert "extra_hooks.py" in failure.traceback
    assert diverged is not None
    assert (diverged.step, diverged.message) == (2, "loss is not finite at step 2")
    lost = found["not-a-number"]
    folder = Store(bench.folder / "results").attempt_folder(lost.run, lost.attempt)
    assert len((folder / "curve.csv").read_text().splitlines()) == 2
    table = {line.split()[1]: line for line in ended.out.splitlines() if "  tiny " in line}
    assert "(n=1)" in table["vanilla"]
    assert not any(digit in table["not-a-number"] for digit in "123456789")

    again = bench.say("grid", grid, "--retry", "all")
    assert again.code == 3
    assert "1/1 runs, 1 error" in again.err
    store = Store(bench.folder / "results")
    attempts = {name: len(store.attempts(result.run)) for name, result in by_method(bench).items()}
    assert attempts == {"raises": 2, "not-a-number": 1, "vanilla": 1}

    only = bench.say("grid", grid, "--only", "method=not-a-number")
    assert only.code == 0, "a diverged run is a finding"


def test_a_worker_that_is_killed_is_an_error_and_the_others_go_on(waiting: Bench) -> None:
    process = waiting.start("grid", waiting.grid(methods=["waits", "vanilla"]), "--workers", "2")
    (worker,) = workers(waiting, 1, process)
    os.kill(worker, signal.SIGKILL)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 3, said
    found = by_method(waiting)
    assert found["vanilla"].outcome in {"ok", "failed"}
    assert found["waits"].outcome == "error"
    assert found["waits"].failure is not None
    assert "killed by SIGKILL" in found["waits"].failure.message


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_after_a_stop_nothing_lives_on_and_the_next_call_does_the_rest(
    waiting: Bench, number: signal.Signals
) -> None:
    grid = waiting.grid(methods=["waits"], seeds=(0, 1))
    process = waiting.start("grid", grid, "--workers", "2")
    workers(waiting, 2, process)
    os.killpg(process.pid, number)
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

    ended = waiting.given(EXTRA_WAIT="").say("grid", grid)
    assert ended.code == 0, ended.err
    assert "2/2 runs" in ended.err
    assert [store.state(run) for run in store.run_ids()] == ["done", "done"]


def test_workers_end_with_a_launcher_that_was_killed(waiting: Bench) -> None:
    process = waiting.start("grid", waiting.grid(methods=["waits"]))
    workers(waiting, 1, process)
    process.kill()
    process.communicate(timeout=PATIENCE)
    until(lambda: not alive(waiting))
    store = Store(waiting.folder / "results")
    assert [store.state(run) for run in store.run_ids()] == ["new"]


def test_ctrl_c_while_the_server_loads_ends_without_a_traceback(waiting: Bench) -> None:
    process = waiting.start("grid", waiting.grid(methods=["waits"]))
    until(lambda: len(alive(waiting)) > 1, process)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    until(lambda: not alive(waiting))
    store = Store(waiting.folder / "results")
    assert {store.state(run) for run in store.run_ids()} <= {"new"}


def test_a_run_stopped_by_another_is_left_for_the_command_that_engines_start(
    waiting: Bench,
) -> None:
    process = waiting.start("grid", waiting.grid(methods=["waits"]))
    (worker,) = workers(waiting, 1, process)
    os.kill(worker, signal.SIGTERM)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 3, said
    assert "1 runs are still to be done; do them with the same command" in said

    (run,) = Store(waiting.folder / "results").run_ids()
    process = waiting.start("work", run)
    workers(waiting, 2, process)
    process.terminate()
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 130

    bench = waiting.given(EXTRA_WAIT="")
    assert [bench.say("work", run).code for _ in range(2)] == [0, 0]
    folder = bench.folder / "results/runs" / run
    (folder / "result.json").unlink()
    (folder / "spec.json").write_text("{", encoding="utf-8")
    assert bench.say("work", run).code == 3
