"""What a job of a cluster does before its first run, and how it ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from dpsrun.errors import UserError
from dpsrun.execution import batch, versions
from dpsrun.execution.batch import Ways, do
from dpsrun.runs.spec import Places
from tests.engines.grids import Seen
from tests.report.builder import Wanted, make_results, make_run

HERE = Ways("cpu")


@pytest.mark.parametrize(
    ("ends", "code"),
    [((0.5, "failed", "diverged"), 0), ((0.5, "error"), 3), (("oom",), 3), (("timeout",), 3)],
)
def test_runs_that_have_results_are_not_done_again(
    tmp_path: Path, ends: tuple[Wanted, ...], code: int
) -> None:
    keys = {("rte", "vanilla", seed): end for seed, end in enumerate(ends)}
    store, seen = make_results(tmp_path, keys), Seen()
    assert do(store, store.run_ids(), HERE, seen) == code
    assert seen == Seen()


def test_a_job_whose_runs_were_not_done_was_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make_results(tmp_path, {("rte", "vanilla", 0): None})
    run = make_run(("rte", "vanilla", 0))
    store.order(run, Places(model=str(tmp_path), tokens=str(tmp_path)))
    monkeypatch.setattr(batch, "drive", lambda *_: False)
    assert do(store, [run.id], HERE, Seen()) == 130


def test_a_run_without_an_order_is_refused(tmp_path: Path) -> None:
    store = make_results(tmp_path, {})
    with pytest.raises(UserError, match="results has no order for a run 'unknown'"):
        do(store, ["unknown"], HERE, Seen())


def test_inputs_that_the_node_does_not_see_are_named(tmp_path: Path) -> None:
    store = make_results(tmp_path, {("rte", "vanilla", 0): None})
    run = make_run(("rte", "vanilla", 0))
    with pytest.raises(UserError, match="its model cannot be seen here, model; models and DPSRUN"):
        do(store, [run.id], HERE, Seen())
    store.order(run, Places(model=str(tmp_path), tokens="/not/here"))
    with pytest.raises(UserError, match="its tokens cannot be seen here, /not/here; models and"):
        do(store, [run.id], HERE, Seen())


def test_other_versions_than_those_of_the_submitter_are_refused() -> None:
    versions.check(None)
    versions.check(versions.versions())
    with pytest.raises(UserError, match=r"has dpsrun .*; the runs were submitted with dpsrun 9"):
        versions.check("dpsrun 9")
