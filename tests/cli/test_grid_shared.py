"""Several `dpsrun grid` on one results folder share the work; none does what another is at."""

from __future__ import annotations

import json
import os
import signal

from dpsrun.runs.result import Result
from dpsrun.runs.state import state_of
from dpsrun.runs.store import Store
from tests.cli.waiting import made_to_wait, workers
from tests.command import PATIENCE, Bench


def test_a_launcher_takes_over_what_another_leaves_and_status_shows_who_is_at_it(
    bench: Bench,
) -> None:
    waiting = made_to_wait(bench.quick)  # leases are real, and kills
    grid = waiting.grid(methods=["waits"])
    first = waiting.start("grid", grid)
    (worker,) = workers(waiting, 1, first)
    (shown,) = json.loads(waiting.say("status", "results", "--json").out)["running"]
    assert shown["pid"] == worker
    assert waiting.say("plan", grid, "--json").json["summary"]["states"]["running"] == 1
    second = waiting.start("grid", grid)
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate(timeout=PATIENCE)
    (other,) = set(workers(waiting, 2, second)) - {worker}
    os.kill(other, signal.SIGKILL)
    _, said = second.communicate(timeout=PATIENCE)
    assert second.returncode == 3, said
    store = Store(waiting.folder / "results")
    (run,) = store.run_ids()
    left = [store.attempt_result(run, attempt) for attempt in store.attempts(run)]
    assert [one.outcome if isinstance(one, Result) else one for one in left] == [
        None,
        "interrupted",
    ]
    assert state_of(store, run) == "new"
