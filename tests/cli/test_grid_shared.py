"""Several `dpsrun grid` on one results folder share the work; none does what another is at."""

from __future__ import annotations

import json
import os
import signal

from dpsrun.runs.result import Result
from dpsrun.runs.store import Store
from tests.cli.waiting import made_to_wait, workers
from tests.command import PATIENCE, Bench


def published(store: Store) -> dict[str, str]:
    """Give the attempt whose result each run has."""
    found = {run: store.result(run) for run in store.run_ids()}
    return {run: result.attempt for run, result in found.items() if isinstance(result, Result)}


def test_launchers_share_the_runs_and_each_waits_for_all(bench: Bench) -> None:
    grid = bench.grid(seeds=(0,))
    launchers = [bench.start("grid", grid, "--workers", "1") for _ in range(2)]
    tables = []
    for launcher in launchers:
        table, said = launcher.communicate(timeout=PATIENCE)
        assert launcher.returncode == 0, said
        tables.append(table)
    assert len(set(tables)) == 1
    store = Store(bench.folder / "results")
    assert len(published(store)) == 2
    assert published(store) == {run: store.attempts(run)[0] for run in store.run_ids()}
    assert all(len(store.attempts(run)) == 1 for run in store.run_ids())


def test_a_launcher_takes_over_what_another_leaves_and_status_shows_who_is_at_it(
    bench: Bench,
) -> None:
    waiting = made_to_wait(bench)
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
    assert store.state(run) == "new"
