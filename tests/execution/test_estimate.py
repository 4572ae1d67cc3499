"""How long runs may take, in which order they start, and which are tried again."""

from __future__ import annotations

from pathlib import Path

import pytest

from dpsrun.errors import UserError
from dpsrun.execution.estimate import Estimate, Rates, longest_first, measure
from dpsrun.execution.retry import kinds, withdraw
from dpsrun.runs.result import Outcome
from dpsrun.runs.spec import Training
from dpsrun.runs.state import state_of
from dpsrun.runs.store import Store
from tests.report.builder import FAST, finish, make_results, make_run


def test_the_start_steps_and_evaluations_of_a_run_count_each_for_themselves(tmp_path: Path) -> None:
    estimate = measure(make_results(tmp_path, {("rte", "vanilla", 0): 0.5}))
    start, step, evaluation = 0.5, 2.0 / 6, 1.0 / 2
    run = make_run(("rte", "vanilla", 7))
    assert estimate.seconds(run) == pytest.approx(start + 6 * step + 3 * evaluation)
    longer = run.model_copy(update={"total_steps": 59})
    assert estimate.seconds(longer) == pytest.approx(start + 59 * step + 30 * evaluation)
    seldom = longer.model_copy(update={"train_examples": 1000})
    assert estimate.seconds(seldom) == pytest.approx(start + 59 * step + evaluation)


def test_another_method_stands_in_but_no_other_task_scenario_or_setting(tmp_path: Path) -> None:
    estimate = measure(make_results(tmp_path, {("rte", "vanilla", 0): 0.5}))
    assert estimate.seconds(make_run(("rte", "dps", 0), method="dps-mix")) is not None
    assert estimate.seconds(make_run(("cola", "vanilla", 0))) is None
    smaller = make_run(("rte", "vanilla", 0), scenario="low-resource(32)")
    assert estimate.seconds(smaller) is None


@pytest.mark.parametrize(
    "change", [{"batch_size": 32}, {"max_length": 64}, {"precision": "bf16"}, {"threads": 2}]
)
def test_what_changes_the_speed_is_another_kind_of_run(
    tmp_path: Path, change: dict[str, object]
) -> None:
    estimate = measure(make_results(tmp_path, {("rte", "vanilla", 0): 0.5}))
    training = Training.model_validate(FAST.model_dump() | change)
    assert estimate.seconds(make_run(("rte", "vanilla", 0), training=training)) is None


def test_what_was_not_timed_or_cannot_be_read_says_nothing(tmp_path: Path) -> None:
    store = make_results(tmp_path, {("rte", "vanilla", 0): "error", ("mrpc", "vanilla", 0): 0.5})
    lost = make_run(("mrpc", "vanilla", 0))
    (store.folder(lost.id) / "spec.json").write_text("{")
    assert measure(store) == Estimate({})


def test_the_longest_run_starts_first(tmp_path: Path) -> None:
    store = make_results(tmp_path, {("rte", "vanilla", 0): 0.5})
    short = make_run(("rte", "vanilla", 1))
    long = make_run(("rte", "vanilla", 2)).model_copy(update={"total_steps": 7})
    assert longest_first([short, long], measure(store)) == [long, short]
    assert longest_first([short, long], Estimate({})) == [long, short]


def test_measured_seconds_count_more_than_steps() -> None:
    slow = make_run(("rte", "vanilla", 0))
    quick = make_run(("cola", "vanilla", 0)).model_copy(update={"total_steps": 60})
    size = ("bert-2x8", "cpu", "full", "128", "16", "auto", "1")
    rates = {"rte": Rates(0.0, 1.0, 0.0), "cola": Rates(0.0, 0.001, 0.0)}
    estimate = Estimate({(task, *size): rate for task, rate in rates.items()})
    assert longest_first([quick, slow], estimate) == [slow, quick]


@pytest.fixture
def failed(tmp_path: Path) -> Store:
    return make_results(
        tmp_path,
        {
            ("rte", "vanilla", 0): 0.5,
            ("rte", "vanilla", 1): "error",
            ("rte", "vanilla", 2): "oom",
            ("rte", "vanilla", 3): "diverged",
            ("rte", "vanilla", 4): "failed",
            ("rte", "vanilla", 5): None,
        },
    )


def seeds(store: Store, runs: set[str]) -> set[int]:
    return {store.read_order(run).spec.seeds.init for run in runs}


@pytest.mark.parametrize(
    ("words", "expected"),
    [([], set()), (["error"], {1}), (["oom", "diverged"], {2, 3}), (["all"], {1, 2})],
)
def test_only_failures_of_the_named_kinds_are_taken_back(
    failed: Store, words: list[str], expected: set[int]
) -> None:
    again = withdraw(failed.run_ids(), failed, kinds(words))
    assert seeds(failed, again) == expected
    assert {state_of(failed, run) for run in again} <= {"new"}
    kept = set(failed.run_ids()) - again
    assert all(failed.result(run) for run in kept if seeds(failed, {run}) != {5})


def test_the_attempt_stays_as_history_and_another_can_be_published(failed: Store) -> None:
    (run,) = withdraw(failed.run_ids(), failed, ["error"])
    (attempt,) = failed.attempts(run)
    assert failed.attempt_result(run, attempt) is not None
    finish(failed, make_run(("rte", "vanilla", 1)), 0.7)
    assert (state_of(failed, run), len(failed.attempts(run))) == ("done", 2)


@pytest.mark.parametrize(
    ("word", "advice"), [("divergent", "mean 'diverged'"), ("z", "error, oom, stale, timeout")]
)
def test_an_unknown_kind_is_named(word: str, advice: str) -> None:
    with pytest.raises(UserError, match=f"--retry {word}: .*{advice}"):
        kinds(["error", word])


@pytest.mark.parametrize("outcome", [0.5, "failed"])
def test_a_finished_training_that_was_not_published_is_found(
    tmp_path: Path, outcome: float | Outcome
) -> None:
    store = make_results(tmp_path, {("rte", "vanilla", 0): outcome})
    (run,) = store.run_ids()
    (store.folder(run) / "result.json").unlink()
    assert store.recover(run)
    assert state_of(store, run) == "done"


def test_a_result_that_was_taken_back_is_kept_and_does_not_return(tmp_path: Path) -> None:
    store = make_results(tmp_path, {("rte", "vanilla", 0): 0.5})
    (run,) = store.run_ids()
    assert withdraw([run], store, (), every=True) == {run}
    assert not store.recover(run)
    assert state_of(store, run) == "new"
    assert len(list(store.folder(run).glob("result.json.withdrawn-*"))) == 1


def test_a_failure_that_was_taken_back_stays_so(failed: Store) -> None:
    for run in withdraw(failed.run_ids(), failed, {"error", "oom", "diverged"}):
        assert not failed.recover(run)
        assert state_of(failed, run) == "new"
