"""A run that is killed goes on at its last whole epoch, to the very same result."""

from __future__ import annotations

import os
import signal

from dpsrun.runs.result import Result
from dpsrun.runs.store import Store
from tests.cli.waiting import made_to_wait, workers
from tests.command import PATIENCE, Bench


def only_result(bench: Bench, results: str) -> Result:
    store = Store(bench.folder / results)
    (run,) = store.run_ids()
    result = store.result(run)
    assert isinstance(result, Result)
    assert not store.checkpoint_path(run).exists()
    return result


def test_a_killed_run_goes_on_where_it_was_and_ends_as_if_nothing_had_been(bench: Bench) -> None:
    waiting = made_to_wait(bench).given(EXTRA_WAIT_AT="3")
    grid = waiting.grid(methods=["waits"])
    process = waiting.start("grid", grid, "--checkpoint")
    (worker,) = workers(waiting, 1, process)
    os.kill(worker, signal.SIGKILL)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 3
    at_peace = waiting.given(EXTRA_WAIT="")
    again = at_peace.say("grid", grid)
    undisturbed = at_peace.say("grid", grid, "--results", "other")
    assert (again.code, undisturbed.code) == (0, 0)
    resumed, whole = (only_result(bench, name) for name in ("results", "other"))
    assert (resumed.resumed_at, whole.resumed_at) == ((2,), ())
    assert resumed.hashes == whole.hashes
    assert resumed.evaluations == whole.evaluations
