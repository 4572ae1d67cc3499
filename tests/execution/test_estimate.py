"""How long runs may take, in which order they start, and which are tried again."""

from __future__ import annotations

from pathlib import Path

import pytest

from dpsrun.errors import UserError
from dpsrun.execution.estimate import Estimate, longest_first, measure
from dpsrun.execution.retry import withdraw
from dpsrun.runs.spec import Training
from dpsrun.runs.store import Store
from tests.report.builder import finish, make_results, make_run

SECONDS_A_STEP = 3.5 / 6


def test_a_run_like_a_measured_one_takes_as_long(tmp_path: Path) -> None:
    estimate = measure(make_results(tmp_path, {("rte", "vanilla", 0): 0.5}))
    assert estimate.seconds(make_run(("rte", "vanilla", 7))) == pytest.approx(6 * SECONDS_A_STEP)
    longer = make_run(("rte", "vanilla", 7)).model_copy(update={"total_steps": 60})
    assert estimate.seconds(longer) == pytest.approx(60 * SECONDS_A_STEP)


def test_another_method_stands_in_but_no_other_task_or_batch_size(tmp_path: Path) -> None:
    estimate = measure(make_results(tmp_path, {("rte", "vanilla", 0): 0.5}))
    assert estimate.seconds(make_run(("rte", "dps", 0), method="dps-mix")) is not None
    assert estimate.seconds(make_run(("cola", "vanilla", 0))) is None
    larger = make_run(("rte", "vanilla", 0), training=Training(batch_size=32))
    assert estimate.seconds(larger) is None


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
    size = ("bert-2x8", "128", "16")
    estimate = Estimate({("rte", *size): 1.0, ("cola", *size): 0.001})
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
    ("kinds", "expected"),
    [([], set()), (["error"], {1}), (["oom", "diverged"], {2, 3}), (["all"], {1, 2, 3})],
)
def test_only_failures_of_the_named_kinds_are_taken_back(
    failed: Store, kinds: list[str], expected: set[int]
) -> None:
    again = withdraw(failed.run_ids(), failed, kinds)
    assert seeds(failed, again) == expected
    assert {failed.state(run) for run in again} <= {"new"}
    kept = set(failed.run_ids()) - again
    assert all(failed.result(run) for run in kept if seeds(failed, {run}) != {5})


def test_the_attempt_stays_as_history_and_another_can_be_published(failed: Store) -> None:
    (run,) = withdraw(failed.run_ids(), failed, ["error"])
    (attempt,) = failed.attempts(run)
    assert failed.attempt_result(run, attempt) is not None
    finish(failed, make_run(("rte", "vanilla", 1)), 0.7)
    assert (failed.state(run), len(failed.attempts(run))) == ("done", 2)


def test_an_unknown_kind_takes_nothing_back(failed: Store) -> None:
    with pytest.raises(UserError, match="did you mean 'diverged'"):
        withdraw(failed.run_ids(), failed, ["error", "divergent"])
    assert [failed.state(run) for run in failed.run_ids()].count("failed") == 2
