"""What becomes of an attempt when it is disturbed, and that its record survives."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dpsrun.errors import UserError
from dpsrun.execution import worker
from dpsrun.execution.engine import Progress
from dpsrun.runs import lease
from dpsrun.runs.result import Result
from dpsrun.runs.state import state_of
from dpsrun.runs.store import Store
from tests.command import PATIENCE
from tests.report.builder import make_results


class Stub:
    """A fine-tune that is over at once."""

    evaluations: tuple[Any, ...] = ()
    best_epoch = None
    inputs = SimpleNamespace(majority={})
    set_scores: dict[str, Any] = {}
    degenerate = False
    hooks = SimpleNamespace(describe=dict)
    resumed_at: tuple[int, ...] = ()

    def __init__(self, order: Any, device: Any, report: Any, *_: Any) -> None:
        self.device = device

    def train(self) -> None: ...
    def hashes(self) -> dict[str, str]:
        return {"weights": "abc"}

    def effective(self) -> dict[str, Any]:
        return {"dropout": 0.1}

    def timing(self) -> None: ...
    def write_files(self, folder: Path) -> None:
        (folder / "curve.csv").touch()


class Disturbed(Stub):
    """Hears SIGTERM when only its files are left to write."""

    def write_files(self, folder: Path) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        super().write_files(folder)


class Fails(Stub):
    def train(self) -> None:
        raise ArithmeticError("this training fails")


class Speechless(Fails):
    """Fails, and cannot tell any more what it was like."""

    def effective(self) -> dict[str, Any]:
        raise ValueError("no idea")

    def write_files(self, folder: Path) -> None:
        raise OSError("disk full")


class Stopped(Stub):
    def train(self) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        signal.pause()


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store with one run to do; the worker's output and signals stay the test's own."""
    monkeypatch.setattr(worker, "_redirect_output", lambda _log: None)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield make_results(tmp_path, {("rte", "vanilla", 0): None})
    for number, handler in before.items():
        signal.signal(number, handler)


def work(store: Store, monkeypatch: pytest.MonkeyPatch, tune: type[Stub] = Stub) -> Result:
    monkeypatch.setattr("dpsrun.training.finetune.FineTune", tune)
    (run,) = store.run_ids()
    result = worker.work(store, run, "cpu", begun=lambda _: None, report=lambda _: None)
    assert result is not None
    return result


def files(store: Store, result: Result) -> set[str]:
    return {path.name for path in store.attempt_folder(result.run, result.attempt).iterdir()}


@pytest.mark.parametrize("tune", [Stub, Disturbed])
def test_a_training_that_is_over_is_published_whoever_asks_to_stop(
    store: Store, monkeypatch: pytest.MonkeyPatch, tune: type[Stub]
) -> None:
    result = work(store, monkeypatch, tune)
    assert result.outcome == "ok"
    assert store.result(result.run) == result
    assert "curve.csv" in files(store, result)


def test_a_training_that_is_stopped_is_not_published(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = work(store, monkeypatch, Stopped)
    assert result.outcome == "interrupted"
    assert state_of(store, result.run) == "new"


def test_a_failed_training_keeps_its_curve_and_its_facts(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = work(store, monkeypatch, Fails)
    assert result.outcome == "error"
    assert result.effective == {"dropout": 0.1}
    assert "curve.csv" in files(store, result)


def test_facts_that_cannot_be_had_do_not_hide_the_failure(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = work(store, monkeypatch, Speechless)
    assert store.result(result.run) == result
    assert result.failure is not None
    assert result.failure.message == "this training fails"
    assert result.effective == {}


def test_an_order_that_cannot_be_read_is_an_error_with_its_traceback(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    (run,) = store.run_ids()
    (store.folder(run) / "spec.json").write_text("{", encoding="utf-8")
    result = work(store, monkeypatch)
    assert result.outcome == "error"
    assert result.failure is not None
    assert "read_order" in result.failure.traceback


def test_what_the_user_can_mend_has_no_traceback(tmp_path: Path) -> None:
    failure = worker.describe(UserError("lora cannot do this run"), tmp_path / "log.txt")
    assert (failure.kind, failure.message) == ("error", "lora cannot do this run")
    assert failure.traceback == ""


def test_an_attempt_that_was_taken_over_throws_its_result_away(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Overtaken(Stub):
        """Is away for so long that another attempt takes its run over."""

        def train(self) -> None:
            monkeypatch.setattr(lease, "LEASE_SECONDS", -1.0)
            assert lease.claim(store, store.run_ids()[0])

    result = work(store, monkeypatch, Overtaken)
    assert result.outcome == "interrupted"
    assert store.result(result.run) is None
    assert result.failure is not None
    assert "another attempt took the run over" in result.failure.message


def test_a_run_that_somebody_is_at_is_left_alone(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    (run,) = store.run_ids()
    assert lease.claim(store, run)
    monkeypatch.setattr("dpsrun.training.finetune.FineTune", Stub)
    assert worker.work(store, run, "cpu", begun=lambda _: None, report=lambda _: None) is None
    assert len(store.attempts(run)) == 1


def test_a_worker_shows_how_far_it_is(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    class Steps(Stub):
        """Takes a step, and waits until that shows."""

        def __init__(self, order: Any, device: Any, report: Any, *_: Any) -> None:
            super().__init__(order, device, report)
            self.report = report

        def train(self) -> None:
            self.report(Progress(3, 9, 1, 0.5, None, 2.0))
            deadline = time.monotonic() + PATIENCE
            (run,) = store.run_ids()
            while (
                seen := lease.pulse(store, run, store.attempts(run)[0])
            ) is None or not seen.step:
                assert time.monotonic() < deadline
                time.sleep(0.01)
            assert (seen.step, seen.total_steps, seen.loss) == (3, 9, 0.5)

    monkeypatch.setattr(worker, "PULSE_SECONDS", 0.01)
    assert work(store, monkeypatch, Steps).outcome == "ok"
