"""Failures are results: they are kept, they stop nothing else, and they can be tried again."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from dpsrun.runs.result import Result
from dpsrun.runs.state import state_of
from dpsrun.runs.store import Store
from tests.cli.waiting import made_to_wait, workers
from tests.command import PATIENCE, Bench, Ended

METHODS = (
    *("waits", {"label": "waits-too", "method": "waits", "dropout": 0.0}),
    *("raises", "not-a-number", "vanilla"),
)


@pytest.fixture(scope="module")
def failed(lasting: Callable[[], Bench]) -> tuple[Bench, Ended]:
    """A grid of which a run fails, one diverges, and somebody kills one and stops another."""
    bench = made_to_wait(lasting())
    process = bench.start("grid", bench.grid(methods=METHODS), "--workers", "3")
    killed, stopped = workers(bench, 2, process)
    os.kill(killed, signal.SIGKILL)
    os.kill(stopped, signal.SIGTERM)
    out, err = process.communicate(timeout=PATIENCE)
    return bench, Ended(process.returncode, out, err)


@pytest.fixture
def again(failed: tuple[Bench, Ended], tmp_path: Path) -> Bench:
    """A copy of that folder, in which nothing waits any more.

    A stand-in trains there: runs fail as before, and what is done again follows from files.
    """
    return failed[0].copied(tmp_path / "copy").quick.given(EXTRA_WAIT="")


def store_of(bench: Bench) -> Store:
    return Store(bench.folder / "results")


def results(bench: Bench) -> dict[str, Result]:
    """Give the published results by method; a run that was stopped has none."""
    store = store_of(bench)
    found = (store.result(run) for run in store.run_ids())
    kept = [result for result in found if isinstance(result, Result)]
    return {store.read_order(result.run).spec.method: result for result in kept}


def left_runs(bench: Bench) -> list[str]:
    store = store_of(bench)
    return [run for run in store.run_ids() if store.result(run) is None]


def test_the_others_go_on_and_what_failed_or_is_left_is_said(failed: tuple[Bench, Ended]) -> None:
    bench, ended = failed
    assert ended.code == 3, ended.err
    assert "1 run ended in an error; look with: dpsrun status results" in ended.err
    assert "do them again with: --retry error\n" in ended.err
    assert "2 runs are still to be done; do them with the same command" in ended.err
    assert results(bench)["vanilla"].outcome in {"ok", "failed"}
    table = {line.split()[1]: line for line in ended.out.splitlines() if "  tiny " in line}
    assert "(n=1" in table["vanilla"]
    assert table["not-a-number"].split(maxsplit=2)[2].strip() == "— (1 diverged)"


def test_a_method_that_fails_leaves_a_record(failed: tuple[Bench, Ended]) -> None:
    result = results(failed[0])["raises"]
    assert result.outcome == "error"
    assert result.failure is not None
    assert result.failure.message == "this method always fails"
    assert "extra_hooks.py" in result.failure.traceback


def test_a_loss_that_is_no_number_ends_a_run_which_keeps_its_curve(
    failed: tuple[Bench, Ended],
) -> None:
    bench, _ = failed
    result = results(bench)["not-a-number"]
    assert result.outcome == "diverged"
    assert result.failure is not None
    assert (result.failure.step, result.failure.message) == (2, "loss is not finite at step 2")
    folder = store_of(bench).attempt_folder(result.run, result.attempt)
    assert len((folder / "curve.csv").read_text().splitlines()) == 2


def test_the_traceback_of_a_failure_is_shown_at_once_with_the_place_of_its_log(
    failed: tuple[Bench, Ended],
) -> None:
    bench, ended = failed
    result = results(bench)["raises"]
    log = store_of(bench).log_path(result.run, result.attempt).relative_to(bench.folder)
    assert f"error: this method always fails ({log})" in ended.err
    assert "    raise RuntimeError(" in ended.err


def test_a_worker_that_somebody_killed_was_interrupted(failed: tuple[Bench, Ended]) -> None:
    store = store_of(failed[0])
    left = {run: store.attempt_result(run, *store.attempts(run)) for run in left_runs(failed[0])}
    said = {r.failure.message for r in left.values() if isinstance(r, Result) and r.failure}
    assert {r.outcome for r in left.values() if isinstance(r, Result)} == {"interrupted"}
    assert "the worker was killed by SIGKILL, not for want of memory" in said


def test_the_next_call_does_again_what_is_asked_for_and_what_is_left(again: Bench) -> None:
    left, before = left_runs(again), results(again)
    ended = again.say("grid", "small.yaml", "--retry", "all")
    assert ended.code == 3
    assert "3/3 runs, 1 error" in ended.err
    store, after = store_of(again), results(again)
    assert {state_of(store, run) for run in left} == {"done"}
    attempts = {run: len(store.attempts(run)) for run in store.run_ids()}
    done_again = {*left, before["raises"].run}
    assert attempts == {run: 2 if run in done_again else 1 for run in attempts}
    assert after["vanilla"] == before["vanilla"]

    only = again.say("grid", "small.yaml", "--only", "method=not-a-number")
    assert only.code == 0, "a diverged run is a finding"


def test_the_command_that_engines_start_does_a_run_that_was_left(again: Bench) -> None:
    (run, _), waiting = left_runs(again), again.folder / "waits-again"
    waiting.mkdir()
    held = again.given(EXTRA_WAIT=str(waiting))
    process = held.start("work", run)
    workers(held, 1, process)
    process.terminate()
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 130

    assert [again.say("work", run).code for _ in range(2)] == [0, 0]
    folder = again.folder / "results/runs" / run
    store_of(again).withdraw(run)
    (folder / "spec.json").write_text("{", encoding="utf-8")
    assert again.say("work", run).code == 3
