"""Half of the examples selects the epoch, the other half gives the score, both ways round."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpsrun.report.findings import Findings, Wishes, find
from dpsrun.report.formats.tables import troubles
from dpsrun.runs.result import Evaluation, Result
from dpsrun.runs.store import Store
from tests.report.builder import Wanted, make_grid, make_run, report_of

Halves = tuple[float | None, float | None] | None

SCORE = st.integers(0, 6).map(lambda k: k / 6)
EPOCHS = st.lists(st.tuples(SCORE, SCORE), min_size=1, max_size=5)


def evaluations(halves: Sequence[Halves]) -> tuple[Evaluation, ...]:
    """Give an evaluation for each epoch; the score on all examples is no matter here."""
    return tuple(
        Evaluation(epoch=n, step=n, metrics={}, primary=0.9, train_loss=0.5, halves=each)
        for n, each in enumerate(halves, 1)
    )


def held_out(*halves: Halves) -> float | None:
    return Result(run="r", attempt="a", outcome="ok", evaluations=evaluations(halves)).held_out


def test_each_half_selects_the_epoch_at_which_the_other_is_scored() -> None:
    """The first half prefers epoch 2, where the other has 0.5; the second epoch 3, with 0.6."""
    assert held_out((0.5, 0.6), (0.8, 0.5), (0.6, 0.7)) == pytest.approx((0.5 + 0.6) / 2)


def test_of_equal_epochs_the_first_is_selected() -> None:
    assert held_out((0.7, 0.6), (0.7, 0.6), (0.7, 0.5)) == pytest.approx((0.6 + 0.7) / 2)


def test_an_epoch_of_which_a_half_has_no_score_is_not_selected_by_it() -> None:
    assert held_out((None, 0.4), (0.3, 0.6), (0.2, 0.5)) == pytest.approx((0.6 + 0.3) / 2)


def test_without_a_score_at_the_selected_epoch_there_is_none_at_all() -> None:
    assert held_out((0.7, None), (0.6, 0.5)) is None
    assert held_out((None, 0.5)) is None


def test_results_of_old_have_no_halves() -> None:
    assert held_out(None, None) is None
    assert held_out() is None


@given(EPOCHS)
def test_it_is_no_better_than_the_best_of_either_half(halves: list[tuple[float, float]]) -> None:
    by_first = max(halves, key=lambda epoch: epoch[0])[1]
    by_second = max(halves, key=lambda epoch: epoch[1])[0]
    found = held_out(*halves)
    assert found == pytest.approx(fmean([by_first, by_second]))
    assert found is not None
    assert found <= fmean(map(max, zip(*halves, strict=True))) + 1e-12


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """By the last epoch vanilla is better, by the held-out epoch the other; one result is old."""
    ends: list[tuple[str, int, Wanted, Sequence[Halves]]] = [
        ("vanilla", 0, 0.9, [(0.5, 0.6), (0.9, 0.9)]),
        ("vanilla", 1, 0.9, [(0.5, 0.6), (0.9, 0.9)]),
        ("dps-mix", 0, 0.5, [(1.0, 0.9), (0.5, 0.5)]),
        ("dps-mix", 1, 0.5, [(0.9, 1.0), (0.5, 0.5)]),
        ("dps-mix", 2, 0.5, [None, None]),
        ("dps-mix", 3, 0.5, [(0.8, None)]),
        ("dps-mix", 4, "diverged", [(0.9, 0.9)]),
    ]
    return make_grid(
        tmp_path,
        (
            (make_run(("rte", method, seed)), end, {"evaluations": evaluations(halves)})
            for method, seed, end, halves in ends
        ),
    )


def findings(store: Store) -> Findings:
    return find(store, report_of(store), Wishes(selection="held-out"))


def test_a_report_may_compare_these_scores(store: Store) -> None:
    found = findings(store)
    (compared,) = found.comparisons
    assert compared.first == pytest.approx((0.95, 0.95))
    assert compared.second == pytest.approx((0.9, 0.9))
    assert found.report.main == found.report.held_out
    assert found.report.main in found.report.selections


def test_a_run_without_halves_is_missing_and_one_without_a_score_in_a_half_is_undefined(
    store: Store,
) -> None:
    (cell,) = findings(store).report.main.rows[1].cells
    assert cell.scores.keys() == {"s0", "s1"}
    assert cell.counts.missing == ("s2",)
    assert cell.counts.undefined == ("s3",)
    assert cell.counts.failed == ()
    assert troubles(cell) == "1 undefined, 1 diverged, 1 missing"
    assert cell.counts.diverged == ("s4",)


def test_the_noise_of_these_scores_is_not_known(store: Store) -> None:
    """Their epochs are none of those whose predictions are kept."""
    found = findings(store)
    assert (found.noises, found.unread) == ((), ())


def test_where_no_result_has_halves_there_is_no_such_table(tmp_path: Path) -> None:
    report = report_of(make_grid(tmp_path, [(make_run(("rte", "vanilla", 0)), 0.6, {})]))
    assert report.held_out not in report.selections
