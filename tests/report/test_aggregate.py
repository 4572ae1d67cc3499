from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from dpsrun.errors import UserError
from dpsrun.report.aggregate import Row, Selection, Table, aggregate, summarise
from dpsrun.runs.store import Manifest, Member, Store
from tests.report.builder import Key, Wanted, make_results


def table(store: Store, selection: Selection = "last") -> Table:
    (manifest,) = store.manifests()
    assert isinstance(manifest, Manifest)
    results = {member.id: store.result(member.id) for member in manifest.members}
    return aggregate(manifest, results, selection)


def only_row(root: Path, scores: dict[Key, Wanted], selection: Selection = "last") -> Row:
    (row,) = table(make_results(root, scores), selection).rows
    return row


def test_the_deviation_is_the_samples() -> None:
    summary = summarise([0.6, 0.7, 0.8])
    assert summary.n == 3
    assert summary.mean == pytest.approx(0.7)
    assert summary.sd == pytest.approx(0.1)
    assert (summary.median, summary.min, summary.max) == (0.7, 0.6, 0.8)


def test_one_score_has_no_deviation_and_none_has_nothing() -> None:
    one = summarise([0.7])
    assert one.sd is one.se is one.low is one.high is None
    assert summarise([0.7]).mean == 0.7
    nothing = summarise([])
    assert nothing.n == 0
    assert nothing.mean is nothing.sd is nothing.median is nothing.min is nothing.max is None


def test_equal_scores_deviate_by_exactly_nothing() -> None:
    assert summarise([0.1 + 0.2] * 7).sd == 0.0


def test_the_mean_has_its_standard_error_and_its_interval() -> None:
    scores = [0.61, 0.58, 0.66, 0.7, 0.52]
    summary = summarise(scores)
    interval = stats.ttest_1samp(scores, 0).confidence_interval(0.95)
    assert summary.se == pytest.approx(stats.sem(scores))
    assert (summary.low, summary.high) == pytest.approx((interval.low, interval.high))


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=12))
def test_the_deviation_agrees_with_its_formula(scores: list[float]) -> None:
    mean = math.fsum(scores) / len(scores)
    squares = math.fsum((score - mean) ** 2 for score in scores)
    summary = summarise(scores)
    assert summary.sd == pytest.approx(math.sqrt(squares / (len(scores) - 1)), abs=1e-12)


def test_a_cell_holds_the_seeds_of_one_task_and_method(tmp_path: Path) -> None:
    scores: dict[Key, Wanted] = {
        ("rte", "vanilla", 0): 0.6,
        ("rte", "vanilla", 1): 0.8,
        ("rte", "dps-mix", 0): 0.9,
    }
    vanilla, mix = table(make_results(tmp_path, scores)).rows
    assert vanilla.method == "vanilla"
    assert vanilla.cells[0].scores == {"s0": 0.6, "s1": 0.8}
    assert mix.cells[0].scores == {"s0": 0.9}


def test_a_missing_seed_lowers_n_and_is_named(tmp_path: Path) -> None:
    row = only_row(tmp_path, {("rte", "vanilla", 0): 0.6, ("rte", "vanilla", 1): None})
    (cell,) = row.cells
    assert (cell.summary.n, cell.expected) == (1, 2)
    assert cell.summary.mean == 0.6
    assert cell.counts.missing == ("s1",)


def test_a_degenerate_run_is_counted_and_stays_in_the_mean(tmp_path: Path) -> None:
    row = only_row(tmp_path, {("rte", "vanilla", 0): 0.7, ("rte", "vanilla", 1): "failed"})
    (cell,) = row.cells
    assert cell.counts.failed == ("s1",)
    assert cell.counts.undefined == ()
    assert cell.summary.mean == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("outcome", "count"),
    [
        ("diverged", "diverged"),
        ("error", "errors"),
        ("oom", "errors"),
        ("timeout", "errors"),
        ("interrupted", "missing"),
    ],
)
def test_a_run_without_a_score_is_counted_and_not_averaged(
    tmp_path: Path, outcome: Wanted, count: str
) -> None:
    row = only_row(tmp_path, {("rte", "vanilla", 0): 0.7, ("rte", "vanilla", 1): outcome})
    (cell,) = row.cells
    assert cell.summary.n == 1
    assert cell.summary.mean == 0.7
    assert getattr(cell.counts, count) == ("s1",)


def test_an_undefined_score_is_failed_and_never_zero(tmp_path: Path) -> None:
    row = only_row(tmp_path, {("stsb", "vanilla", 0): 0.8, ("stsb", "vanilla", 1): (None, 0.4)})
    (cell,) = row.cells
    assert cell.summary.mean == 0.8
    assert cell.counts.failed == cell.counts.undefined == ("s1",)


def test_the_scores_of_runs_that_learnt_something_stand_beside_all(tmp_path: Path) -> None:
    ends: dict[Key, Wanted] = {
        ("rte", "vanilla", 0): 0.7,
        ("rte", "vanilla", 1): "failed",
        ("rte", "vanilla", 2): 0.8,
        ("rte", "vanilla", 3): "diverged",
    }
    (cell,) = only_row(tmp_path, ends).cells
    assert cell.ok_only == summarise([0.7, 0.8])
    assert cell.summary == summarise([0.7, 0.5, 0.8])


def test_the_average_without_failed_runs_leaves_out_each_seed_that_failed_on_a_task(
    tmp_path: Path,
) -> None:
    ends: dict[Key, Wanted] = {
        ("rte", "vanilla", 0): 0.7,
        ("rte", "vanilla", 1): "failed",
        ("mrpc", "vanilla", 0): 0.8,
        ("mrpc", "vanilla", 1): 0.9,
    }
    average = only_row(tmp_path, ends).average
    assert average.ok_only == summarise([0.75])
    assert average.summary == summarise([0.75, 0.7])


def test_last_and_best_epoch_are_told_apart(tmp_path: Path) -> None:
    store = make_results(tmp_path, {("rte", "vanilla", 0): (0.6, 0.75)})
    assert table(store, "last").rows[0].cells[0].summary.mean == 0.6
    assert table(store, "best").rows[0].cells[0].summary.mean == 0.75


def test_the_average_is_taken_within_each_seed_first(tmp_path: Path) -> None:
    # Seeds average to 0.7, 0.7 and 0.8 while both tasks spread more: the seeds' errors cancel.
    scores: dict[Key, Wanted] = {
        ("rte", "vanilla", 0): 0.6,
        ("rte", "vanilla", 1): 0.8,
        ("rte", "vanilla", 2): 0.7,
        ("mrpc", "vanilla", 0): 0.8,
        ("mrpc", "vanilla", 1): 0.6,
        ("mrpc", "vanilla", 2): 0.9,
    }
    average = only_row(tmp_path, scores).average
    assert average.scores == pytest.approx({"s0": 0.7, "s1": 0.7, "s2": 0.8})
    assert average.summary.mean == pytest.approx(2.2 / 3)
    assert average.summary.sd == pytest.approx(0.1 / math.sqrt(3))


def test_the_average_leaves_out_a_seed_that_lacks_a_task(tmp_path: Path) -> None:
    scores: dict[Key, Wanted] = {
        ("rte", "vanilla", 0): 0.6,
        ("rte", "vanilla", 1): 0.8,
        ("mrpc", "vanilla", 0): 0.8,
        ("mrpc", "vanilla", 1): "diverged",
    }
    average = only_row(tmp_path, scores).average
    assert (average.summary.n, average.expected) == (1, 2)
    assert average.summary.mean == pytest.approx(0.7)
    assert average.summary.sd is None
    assert average.counts.diverged == ("mrpc/s1",)


def test_a_row_without_one_of_the_tasks_has_no_average(tmp_path: Path) -> None:
    scores: dict[Key, Wanted] = {
        ("rte", "vanilla", 0): 0.6,
        ("mrpc", "vanilla", 0): 0.8,
        ("rte", "dps-mix", 0): 0.9,
    }
    vanilla, mix = table(make_results(tmp_path, scores)).rows
    assert vanilla.average.summary.n == 1
    assert mix.average.summary.n == 0


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.sampled_from([0.5, 0.75, "failed", "diverged", "error", "oom", (None, None), None]),
        min_size=1,
        max_size=6,
    )
)
def test_every_expected_run_has_a_score_or_is_counted(
    tmp_path_factory: pytest.TempPathFactory, ends: list[Wanted]
) -> None:
    scores: dict[Key, Wanted] = {("rte", "vanilla", seed): end for seed, end in enumerate(ends)}
    (cell,) = only_row(tmp_path_factory.mktemp("runs"), scores).cells
    counts = cell.counts
    without = counts.undefined + counts.diverged + counts.errors + counts.missing
    assert cell.summary.n + len(without) == cell.expected == len(ends)


def test_two_runs_with_the_same_labels_are_refused(tmp_path: Path) -> None:
    store = make_results(tmp_path, {("rte", "vanilla", 0): 0.6})
    (manifest,) = store.manifests()
    assert isinstance(manifest, Manifest)
    twin = Member(id="another", labels=manifest.members[0].labels, total_steps=6)
    doubled = Manifest(name="demo", members=(*manifest.members, twin))
    with pytest.raises(UserError, match="another have the same labels"):
        aggregate(doubled, {}, "last")
