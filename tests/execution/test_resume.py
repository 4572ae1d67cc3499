"""Attempts at one run, one after the other: what an earlier one trained is not trained again."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from dpsrun.execution import worker
from dpsrun.execution.engine import Conditions, Progress
from dpsrun.runs.result import Outcome, Result
from dpsrun.runs.spec import Run
from dpsrun.runs.store import Store
from tests.training.runs import Inputs

KEPT = Conditions(checkpoint=True)


@pytest.fixture
def run(inputs: Inputs) -> Run:
    return inputs.run("dps-mix", {"update_ratio": 0.2, "dropout": 0.1})


@pytest.fixture
def store(
    tmp_path: Path, inputs: Inputs, run: Run, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Store]:
    """A store with one run to do; the worker's output and signals stay the test's own."""
    monkeypatch.setattr(worker, "_redirect_output", lambda _log: None)
    monkeypatch.setenv("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    made = Store(tmp_path / "results")
    made.order(run, inputs.places)
    yield made
    for number, handler in before.items():
        signal.signal(number, handler)


def work(
    store: Store, run: Run, *, until: int | None = None, conditions: Conditions = KEPT
) -> Result:
    """Work on the run to its end, or until a step in which somebody asks to stop."""

    def report(progress: Progress) -> None:
        if progress.step == until:
            raise KeyboardInterrupt

    result = worker.work(
        store, run.id, "cpu", conditions=conditions, begun=lambda _: None, report=report
    )
    assert result is not None
    return result


def test_a_run_that_was_stopped_goes_on_and_says_so(store: Store, run: Run) -> None:
    stopped = work(store, run, until=10)
    assert (stopped.outcome, stopped.resumed_at) == ("interrupted", ())
    assert store.checkpoint_path(run.id).exists()
    resumed = work(store, run)
    assert resumed.outcome in {"ok", "failed"}
    assert resumed.resumed_at == (8,)
    assert [each.step for each in resumed.evaluations] == [4, 8, 12, 16]


def test_a_resumed_run_has_the_result_of_an_undisturbed_one(store: Store, run: Run) -> None:
    work(store, run, until=10)
    resumed = work(store, run)
    store.withdraw(run.id)
    undisturbed = work(store, run, conditions=Conditions())
    assert undisturbed.resumed_at == ()
    assert resumed.hashes == undisturbed.hashes
    assert resumed.evaluations == undisturbed.evaluations


def test_a_checkpoint_is_taken_up_whether_or_not_new_ones_are_asked_for(
    store: Store, run: Run
) -> None:
    work(store, run, until=10)
    assert work(store, run, conditions=Conditions()).resumed_at == (8,)


def test_a_finished_run_leaves_no_checkpoint(store: Store, run: Run) -> None:
    path = store.checkpoint_path(run.id)
    work(store, run, until=10)
    path.with_name(f".{path.name}.1a2b3c4d").mkdir()  # by an attempt that was killed
    work(store, run, conditions=Conditions())
    left = {each.name for each in store.folder(run.id).iterdir()}
    assert left == {"spec.json", "leases", "attempts", "result.json"}


@pytest.mark.parametrize(("outcome", "needed"), [("diverged", False), ("oom", True)])
def test_a_checkpoint_is_kept_as_long_as_it_is_of_use(
    outcome: Outcome, *, needed: bool, store: Store, run: Run
) -> None:
    store.checkpoint_path(run.id).touch()
    worker.clear_up(store, run.id)
    assert store.checkpoint_path(run.id).exists()
    attempt = store.begin(run.id)
    store.finish(Result(run=run.id, attempt=attempt, outcome=outcome))
    worker.clear_up(store, run.id)
    assert store.checkpoint_path(run.id).exists() == needed
