"""Methods over all tasks, against scipy and hand-worked numbers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from scipy import stats

from dpsrun.report.analysis.overall import Standing, one_scale, standings
from dpsrun.report.read import Report
from dpsrun.runs.spec import Run, Seeds
from tests.report.builder import Key, Wanted, make_grid, make_results, make_run, report_of

Scores = Mapping[str, Mapping[str, tuple[Wanted, ...]]]
"""Method -> task -> how its runs ended, seed by seed."""


def report(root: Path, scores: Scores) -> Report:
    keys: dict[Key, Wanted] = {
        (task, method, seed): end
        for method, tasks in scores.items()
        for task, ends in tasks.items()
        for seed, end in enumerate(ends)
    }
    return report_of(make_results(root, keys))


def standing(root: Path, scores: Scores) -> dict[str, Standing]:
    return {each.method: each for each in standings(report(root, scores), bootstrap=False)}


def test_the_rank_is_the_mean_of_the_ranks_of_the_means_on_each_task(tmp_path: Path) -> None:
    found = standing(
        tmp_path,
        {
            "vanilla": {"rte": (0.5, 0.7), "mrpc": (0.7,), "qnli": (0.9,)},
            "dps-mix": {"rte": (0.7, 0.7), "mrpc": (0.8,), "qnli": (0.9,)},
            "mixout": {"rte": (0.65,), "mrpc": (0.9,), "qnli": (0.8,)},
        },
    )
    means = [(0.6, 0.7, 0.65), (0.7, 0.8, 0.9), (0.9, 0.9, 0.8)]
    by_task = [stats.rankdata([-mean for mean in of_task]) for of_task in means]
    assert by_task[2].tolist() == [1.5, 1.5, 3]
    expected = [sum(places) / 3 for places in zip(*by_task, strict=True)]
    assert [each.rank for each in found.values()] == pytest.approx(expected)
    assert {each.ranked for each in found.values()} == {3}


def test_means_that_rounding_tells_apart_share_their_rank(tmp_path: Path) -> None:
    scores = {
        "vanilla": {"rte": (0.1, 0.2), "mrpc": (0.5,)},
        "dps-mix": {"rte": (0.3, 0.0), "mrpc": (0.5,)},
    }
    assert [each.rank for each in standing(tmp_path, scores).values()] == [1.5, 1.5]


def test_a_row_that_lacks_a_score_on_a_task_has_no_rank_among_the_others(tmp_path: Path) -> None:
    found = standing(
        tmp_path,
        {
            "vanilla": {"rte": (0.6,), "mrpc": (0.7,)},
            "diverges": {"rte": (0.9,), "mrpc": ("diverged",)},
            "leaves-out": {"rte": (0.8,)},
            "dps-mix": {"rte": (0.7,), "mrpc": (0.8,)},
        },
    )
    assert [each.rank for each in found.values()] == [2, None, None, 1]
    assert [each.middle is None for each in found.values()] == [False, True, True, False]
    assert {each.ranked for each in found.values()} == {2}


def test_a_row_that_lost_runs_is_not_ranked_by_those_that_are_left(tmp_path: Path) -> None:
    """Else a method that diverges in four of five seeds would be the best of all."""
    found = standing(
        tmp_path,
        {
            "vanilla": {"rte": (0.6, 0.7), "mrpc": (0.7, 0.8)},
            "dps-mix": {"rte": (0.9, "diverged"), "mrpc": (0.9, "diverged")},
            "mixout": {"rte": (0.65, "failed"), "mrpc": (0.7, 0.7)},
        },
    )
    assert [each.rank for each in found.values()] == [1, None, 2]
    assert found["dps-mix"].middle is None


def test_rows_that_are_not_comparable_have_no_rank_among_those_that_are(tmp_path: Path) -> None:
    scores = {
        method: {"rte": (score,), "mrpc": (score,)}
        for method, score in (("vanilla", 0.6), ("longer", 0.9), ("dps-mix", 0.7))
    }
    apart = [("full", "tiny", "longer")]
    found = standings(report(tmp_path, scores), apart, bootstrap=False)
    assert [(each.method, each.rank, each.ranked) for each in found] == [
        ("vanilla", 2, 2),
        ("longer", None, 2),
        ("dps-mix", 1, 2),
    ]


def test_ranks_are_given_within_a_scenario_and_a_model(tmp_path: Path) -> None:
    ends: list[tuple[Run, Wanted, Mapping[str, object]]] = [
        (make_run((task, method, 0), scenario=scenario, model=model, architecture=model), score, {})
        for scenario, model, best in (
            ("full", "tiny", "vanilla"),
            ("low-resource(8)", "tiny", "dps-mix"),
            ("full", "large", "dps-mix"),
        )
        for method in ("vanilla", "dps-mix")
        for score in [0.8 if method == best else 0.6]
        for task in ("rte", "mrpc")
    ]
    found = standings(report_of(make_grid(tmp_path, ends)), bootstrap=False)
    assert [each.method for each in found if each.rank == 1] == ["vanilla", "dps-mix", "dps-mix"]
    assert {(each.scenario, each.model, each.ranked) for each in found} == {
        ("full", "tiny", 2),
        ("low-resource(8)", "tiny", 2),
        ("full", "large", 2),
    }


def test_the_average_stands_beside_the_rank(tmp_path: Path) -> None:
    found = standing(tmp_path, {"vanilla": {"rte": (0.6, 0.7), "mrpc": (0.8, 0.9)}})["vanilla"]
    assert found.average.scores == pytest.approx({"s0": 0.7, "s1": 0.8})
    assert found.rank == 1


def test_one_task_has_nothing_to_be_taken_over(tmp_path: Path) -> None:
    assert standing(tmp_path, {"vanilla": {"rte": (0.6,)}, "dps-mix": {"rte": (0.7,)}}) == {}


RTE, MRPC = (0.52, 0.66, 0.7, 0.58, 0.61), (0.84, 0.86, 0.79)
SPREAD: Scores = {
    "vanilla": {"rte": RTE, "mrpc": MRPC},
    "dps-mix": {"rte": (0.6,) * 5, "mrpc": (0.8,) * 5},
}


def test_the_middle_is_a_trimmed_mean_of_all_scores_of_all_tasks(tmp_path: Path) -> None:
    found = standing(tmp_path, SPREAD)
    assert found["vanilla"].middle == pytest.approx(stats.trim_mean([*RTE, *MRPC], 0.25))
    assert found["dps-mix"].middle == pytest.approx(0.7)
    assert found["vanilla"].interval is None


def test_runs_that_share_seeds_have_a_middle_without_an_interval(tmp_path: Path) -> None:
    runs: list[tuple[Run, Wanted, Mapping[str, object]]] = [
        (make_run((task, "vanilla", 0), seeds=Seeds(init=head, order=order)), 0.6, {})
        for task in ("rte", "mrpc")
        for head in range(2)
        for order in range(2)
    ]
    (vanilla,) = standings(report_of(make_grid(tmp_path, runs)))
    assert vanilla.middle == pytest.approx(0.6)
    assert vanilla.interval is None


def test_its_interval_draws_seeds_within_tasks_and_is_the_same_again(tmp_path: Path) -> None:
    """Scores that differ between the tasks alone have an interval without width."""
    found = report(tmp_path, SPREAD)
    vanilla, mix = standings(found)
    assert (vanilla, mix) == standings(found)
    wide, none = vanilla.interval, mix.interval
    assert wide is not None
    assert none is not None
    assert vanilla.middle is not None
    assert wide.low < vanilla.middle < wide.high
    assert none.low == none.high == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("tasks", "expected"),
    [
        (("rte", "sst2"), True),
        (("rte", "mrpc"), True),
        (("cola", "stsb"), True),
        (("rte", "cola"), False),
        (("mrpc", "stsb"), False),
        (("rte", "of-another-installation"), False),
    ],
    ids=lambda value: "" if isinstance(value, bool) else ", ".join(value),
)
def test_shares_are_pooled_with_shares_and_correlations_with_correlations(
    tmp_path: Path,
    tasks: tuple[str, str],
    expected: bool,  # noqa: FBT001
) -> None:
    found = report(tmp_path, {"vanilla": dict.fromkeys(tasks, (0.6,))})
    assert one_scale(found) == expected
    assert [each.middle is not None for each in standings(found)] == [expected]


def test_a_task_of_which_nothing_is_known_any_more_is_pooled_with_nothing(tmp_path: Path) -> None:
    run = make_run(("cola", "vanilla", 0))
    store = make_grid(tmp_path, [(make_run(("rte", "vanilla", 0)), 0.6, {}), (run, 0.3, {})])
    (store.folder(run.id) / "spec.json").unlink()
    assert not one_scale(report_of(store))
