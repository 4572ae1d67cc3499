"""Each method against the reference: which runs are compared, and what is corrected or counted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from statistics import fmean

import numpy as np
import pytest
from scipy import stats

from dpsrun.report.analysis.comparison import Comparison, Share, compare
from dpsrun.report.analysis.measures import Gain, gain_of_groups, gain_of_pairs, steadiness
from dpsrun.report.analysis.reference import references
from dpsrun.report.statistics.interval import wilson
from dpsrun.tasks.task import AVERAGE
from tests.report.builder import Key, Wanted, make_results, report_of

Ends = Mapping[int, Wanted]
"""Seed -> how its run ended."""

VANILLA = {0: 0.60, 1: 0.64, 2: 0.55, 3: 0.61}


def runs(task: str, **methods: Ends) -> dict[Key, Wanted]:
    """Name runs of a task; the first method is the reference."""
    return {
        (task, method, seed): end for method, ends in methods.items() for seed, end in ends.items()
    }


def compared(root: Path, *of_tasks: Mapping[Key, Wanted]) -> dict[tuple[str, str], Comparison]:
    """Compare the methods of a grid: method and task -> comparison."""
    scores = {key: end for each in of_tasks for key, end in each.items()}
    report = report_of(make_results(root, scores))
    found = compare(report.main, references(report), bootstrap=False)
    return {(each.method, each.task): each for each in found}


def only(root: Path, vanilla: Ends, dps: Ends) -> Comparison:
    (found,) = compared(root, runs("rte", vanilla=vanilla, dps=dps)).values()
    return found


def gain(found: Comparison) -> Gain:
    assert found.gain
    return found.gain


def test_a_run_is_compared_with_the_run_of_its_own_seed_whatever_their_order(
    tmp_path: Path,
) -> None:
    found = only(tmp_path, {0: 0.6, 1: 0.7, 2: 0.8}, {2: 0.85, 0: 0.61, 1: 0.73})
    assert (found.method, found.reference, found.task) == ("dps", "vanilla", "rte")
    assert found.paired
    assert found.seeds == ("s2", "s0", "s1")
    assert (found.first, found.second) == ((0.85, 0.61, 0.73), (0.8, 0.6, 0.7))
    assert found.gain == gain_of_pairs(found.first, found.second, bootstrap=False)
    assert gain(found).difference.value == pytest.approx(0.03)
    assert found.left_out == 0


def test_seeds_without_a_partner_are_left_out_and_counted(tmp_path: Path) -> None:
    found = only(tmp_path, {0: 0.6, 1: 0.7, 2: 0.8}, {1: 0.72, 2: 0.79, 3: 0.99})
    assert found.paired
    assert found.seeds == ("s1", "s2")
    assert gain(found).difference.value == pytest.approx(0.005)
    assert found.left_out == 2


def test_a_run_without_a_score_has_no_partner(tmp_path: Path) -> None:
    found = only(tmp_path, {0: 0.6, 1: "diverged", 2: 0.8}, {0: 0.7, 1: 0.9, 2: 0.8})
    assert found.seeds == ("s0", "s2")
    assert found.left_out == 1


def test_one_common_seed_among_others_is_too_little_for_pairs(tmp_path: Path) -> None:
    found = only(tmp_path, {0: 0.6, 1: 0.7}, {1: 0.75, 2: 0.8})
    assert not found.paired
    assert (found.seeds, found.left_out) == ((), 0)
    assert (found.first, found.second) == ((0.75, 0.8), (0.6, 0.7))


def test_without_common_seeds_the_groups_are_compared(tmp_path: Path) -> None:
    """By hand: of the 20 ways to deal six scores, the best and its mirror are this far apart."""
    found = only(tmp_path, {0: 0.6, 1: 0.61, 2: 0.62}, {3: 0.7, 4: 0.74, 5: 0.72})
    assert not found.paired
    assert found.gain == gain_of_groups(found.first, found.second, bootstrap=False)
    assert gain(found).difference.p == pytest.approx(2 / 20)
    assert gain(found).superiority.outcomes is None


def test_a_single_common_seed_is_a_pair_without_an_interval(tmp_path: Path) -> None:
    found = only(tmp_path, {0: 0.6}, {0: 0.7})
    assert found.paired
    assert gain(found).difference.value == pytest.approx(0.1)
    assert gain(found).difference.interval is None
    assert gain(found).difference.p == 1


def test_a_method_whose_runs_all_diverged_has_no_difference_and_its_losses_are_compared(
    tmp_path: Path,
) -> None:
    lost = dict.fromkeys(range(6), "diverged")
    found = only(tmp_path, dict.fromkeys(range(6), 0.7), lost)  # type: ignore[arg-type]
    assert (found.gain, found.adjusted_p, found.steadiness.ratio) == (None, None, None)
    assert found.failures is not None
    assert found.failures.first == Share(6, 6, wilson(6, 6))
    assert found.failures.p == pytest.approx(2 / 924)  # C(12, 6) ways, this one and its mirror


def test_a_method_whose_runs_the_machine_ended_or_that_are_to_come_is_not_compared(
    tmp_path: Path,
) -> None:
    assert compared(tmp_path, runs("rte", vanilla={0: 0.6}, dps={0: "oom", 1: None})) == {}
    assert compared(tmp_path, runs("rte", vanilla={0: "oom"}, dps={0: 0.7})) == {}


def test_deviations_are_of_all_scores_with_partners_or_without(tmp_path: Path) -> None:
    vanilla, dps = (0.50, 0.51, 0.52, 0.90, 0.10), (0.60, 0.61, 0.64)
    ends: Ends = {**dict(enumerate(dps)), 3: "diverged", 4: "diverged"}
    found = only(tmp_path, dict(enumerate(vanilla)), ends)
    assert (found.paired, found.left_out) == (True, 2)
    assert found.steadiness == steadiness(dps, vanilla, paired=False)
    assert found.steadiness.second == pytest.approx(np.std(vanilla, ddof=1))


def test_few_pairs_among_many_scores_give_way_to_groups(tmp_path: Path) -> None:
    vanilla = {seed: 0.6 + seed / 100 for seed in range(10)}
    two, six = ({seed: score + 0.1 for seed, score in vanilla.items()} for _ in range(2))
    found = only(tmp_path / "two", vanilla, {s + 8: score for s, score in two.items()})
    assert (found.paired, found.left_out) == (False, 0)
    assert (gain(found).difference.smallest_p or 1) < 0.001
    found = only(tmp_path / "six", vanilla, {s + 4: score for s, score in six.items()})
    assert (found.paired, found.left_out) == (True, 8)


def test_failures_are_counted_among_the_runs_that_the_machine_let_end(tmp_path: Path) -> None:
    ends: Ends = {
        0: "failed",
        1: "diverged",
        2: (None, None),
        3: 0.8,
        4: "oom",
        5: "error",
        6: "timeout",
        7: None,
    }
    found = only(tmp_path, dict.fromkeys(range(8), 0.7), ends).failures
    assert found is not None
    assert found.first == Share(3, 4, wilson(3, 4))
    assert found.second == Share(0, 8, wilson(0, 8))
    assert found.p == pytest.approx(stats.fisher_exact(np.array([[3, 1], [0, 8]])).pvalue)


def test_holms_correction_is_over_the_tasks_of_one_method(tmp_path: Path) -> None:
    """By hand: p of four differences is 2/16 if all have a sign, then 4/16 and 16/16 of these."""
    better = {
        "rte": (0.01, 0.02, 0.03, 0.04),
        "mrpc": (-0.01, 0.02, 0.03, 0.04),
        "cola": (0.01, -0.01, 0.01, -0.01),
    }
    tasks = [
        runs(task, vanilla=VANILLA, mixed=plus(steps), always=plus(better["rte"]))
        for task, steps in better.items()
    ]
    found = compared(tmp_path, *tasks)
    ps = {task: gain(found["mixed", task]).difference.p for task in better}
    assert ps == pytest.approx({"rte": 0.125, "mrpc": 0.25, "cola": 1.0})
    assert adjusted(found, "mixed") == pytest.approx({"rte": 0.375, "mrpc": 0.5, "cola": 1.0})
    assert adjusted(found, "always") == pytest.approx(dict.fromkeys(better, 0.375))
    assert found["mixed", AVERAGE].adjusted_p is None


def plus(steps: tuple[float, ...]) -> Ends:
    return {seed: score + step for (seed, score), step in zip(VANILLA.items(), steps, strict=True)}


def adjusted(found: Mapping[tuple[str, str], Comparison], method: str) -> dict[str, float | None]:
    return {
        task: each.adjusted_p
        for (label, task), each in found.items()
        if label == method and task != AVERAGE
    }


def test_the_average_compares_the_averages_of_each_seed(tmp_path: Path) -> None:
    found = compared(
        tmp_path,
        runs("rte", vanilla={0: 0.5, 1: 0.6, 2: 0.7}, dps={2: 0.9, 1: 0.7, 0: 0.6}),
        runs("mrpc", vanilla={0: 0.9, 1: 0.8, 2: 0.8}, dps={0: 0.8, 1: 0.8, 2: "diverged"}),
    )["dps", AVERAGE]
    assert found.seeds == ("s1", "s0")
    assert found.first == pytest.approx((fmean([0.7, 0.8]), fmean([0.6, 0.8])))
    assert found.second == pytest.approx((fmean([0.6, 0.8]), fmean([0.5, 0.9])))
    assert found.left_out == 1
    assert found.failures is None


def test_one_task_has_no_average_to_compare(tmp_path: Path) -> None:
    assert compared(tmp_path, runs("rte", vanilla={0: 0.6}, dps={0: 0.7})).keys() == {
        ("dps", "rte")
    }


def test_a_method_is_compared_and_corrected_on_the_tasks_that_it_has(tmp_path: Path) -> None:
    found = compared(
        tmp_path,
        runs("rte", vanilla=VANILLA, dps=plus((0.1, 0.1, 0.2, 0.3))),
        runs("mrpc", vanilla=VANILLA),
        runs("cola", vanilla=VANILLA, dps={0: "diverged"}),
    )
    assert found.keys() == {("dps", "rte"), ("dps", "cola")}
    p = gain(found["dps", "rte"]).difference.p
    assert found["dps", "rte"].adjusted_p == 2 * p, "a task that came to nothing counts too"
