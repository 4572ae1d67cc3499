"""What figures show of each method: by task, in each scenario and on each model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from dpsrun.report.aggregate import summarise
from dpsrun.report.analysis.budget import budgets
from dpsrun.report.analysis.comparison import compare
from dpsrun.report.analysis.differences import differences
from dpsrun.report.analysis.distribution import distributions
from dpsrun.report.analysis.reference import references
from dpsrun.report.analysis.selection import Choice, selections
from dpsrun.report.analysis.tradeoff import tradeoffs
from dpsrun.report.analysis.training import trainings
from dpsrun.report.read import Report
from dpsrun.runs.result import Evaluation, Timing
from dpsrun.runs.spec import Run
from dpsrun.tasks.task import AVERAGE
from tests.report.builder import Wanted, make_grid, make_run, report_of

End = tuple[Run, Wanted, Mapping[str, object]]


def end(
    label: str,
    seed: int,
    wanted: Wanted,
    task: str = "rte",
    scenario: str = "full",
    **facts: object,
) -> End:
    return make_run((task, label, seed), scenario=scenario), wanted, facts


def report(root: Path, *ends: End) -> Report:
    return report_of(make_grid(root, ends))


def evaluated(*scores: float | None) -> tuple[Evaluation, ...]:
    """Score a run after each of its epochs."""
    return tuple(
        Evaluation(epoch=epoch, step=epoch, metrics={}, primary=score, train_loss=None)
        for epoch, score in enumerate(scores, start=1)
    )


def seconds(training: float) -> Timing:
    """Time a run of 10 steps."""
    return Timing(total=9, startup=0, training=training, evaluation=0, steps=10, tokens=1)


def test_there_is_a_panel_for_each_task_of_each_place_in_the_order_of_the_grid(
    tmp_path: Path,
) -> None:
    found = report(
        tmp_path,
        end("vanilla", 0, 0.6, "rte"),
        end("vanilla", 0, 0.6, "cola"),
        end("mixout", 0, 0.7, "cola"),
        end("bitfit", 0, 0.7, "rte"),
        end("bitfit", 0, 0.5, "rte", "low-resource(100)"),
    )
    panels = distributions(found, references(found))
    assert [(panel.place, panel.task, list(panel.of)) for panel in panels] == [
        (("full", "tiny"), "rte", ["vanilla", "bitfit"]),
        (("full", "tiny"), "cola", ["vanilla", "mixout"]),
        (("low-resource(100)", "tiny"), "rte", ["bitfit"]),
    ]
    assert panels[0].order == ("vanilla", "mixout", "bitfit")
    assert [panel.reference for panel in panels] == ["vanilla", "vanilla", None]


def test_a_distribution_tells_the_constant_guess_and_which_methods_have_no_score(
    tmp_path: Path,
) -> None:
    ends = [end("vanilla", 0, 0.6), end("mixout", 0, "diverged"), end("vanilla", 0, None, "cola")]
    found = report(tmp_path, *ends)
    (panel,) = distributions(found, references(found))
    assert {method: dict(cell.scores) for method, cell in panel.of.items()} == {
        "vanilla": {"s0": 0.6},
        "mixout": {},
    }
    assert panel.chance == 0.5


def test_a_training_is_summarised_epoch_by_epoch_over_the_runs_that_ended(tmp_path: Path) -> None:
    found = report(
        tmp_path,
        end("vanilla", 0, 0.6, evaluations=evaluated(None, 0.5, 0.6)),
        end("vanilla", 1, 0.8, evaluations=evaluated(0.2, 0.6, 0.8)),
        end("vanilla", 2, "diverged"),
    )
    (panel,) = trainings(found, references(found))
    assert panel.of["vanilla"] == {
        1: summarise([0.2]),
        2: summarise([0.5, 0.6]),
        3: summarise([0.6, 0.8]),
    }


def test_a_single_epoch_is_no_training(tmp_path: Path) -> None:
    found = report(tmp_path, end("vanilla", 0, 0.6, evaluations=evaluated(0.6)))
    assert trainings(found, references(found)) == ()


def test_a_budget_ends_with_the_runs_that_there_are_and_takes_three(tmp_path: Path) -> None:
    ends = [end("vanilla", seed, 0.6 + seed / 10) for seed in range(3)]
    ends += [end("mixout", seed, 0.6) for seed in range(2)]
    found = report(tmp_path, *ends)
    (panel,) = budgets(found, references(found))
    assert list(panel.of) == ["vanilla"]
    budget = panel.of["vanilla"]
    assert [best.runs for best in budget.best] == [1, 2, 3]
    assert (budget.low, budget.high) == (0.6, 0.8)


def test_differences_keep_the_order_of_the_grid_and_put_the_average_last(tmp_path: Path) -> None:
    ends = [
        end(method, seed, 0.5 + seed / 10, task)
        for method in ("vanilla", "r-drop", "bitfit")
        for task in ("rte", "cola")
        for seed in (0, 1)
    ]
    found = report(tmp_path, *ends)
    panels = differences(compare(found.main, references(found), bootstrap=False))
    assert [panel.task for panel in panels] == ["rte", "cola", AVERAGE]
    assert [list(panel.of) for panel in panels] == [["r-drop", "bitfit"]] * 3
    assert {panel.reference for panel in panels} == {"vanilla"}


def cycles(*kept: float) -> dict[str, object]:
    """Record selections in every second of 10 steps."""
    made = [
        {"step": 2 * number, "kept": share, "turnover": 0.1 * number if number else None}
        for number, share in enumerate(kept)
    ]
    return {"steps": 10, "cycles": made}


def test_selections_are_placed_in_the_training_and_averaged_over_the_seeds(tmp_path: Path) -> None:
    found = report(
        tmp_path,
        end("dps-dense", 0, 0.6, method=cycles(0.5, 0.7)),
        end("dps-dense", 1, 0.6, method=cycles(0.7, 0.9)),
        end("before there was a record", 0, 0.6, method={"steps": 10}),
    )
    (panel,) = selections(found, references(found))
    assert list(panel.of) == ["dps-dense"]
    first, second = panel.of["dps-dense"].runs
    assert first == (Choice(0.0, 0.5, None), Choice(0.2, 0.7, 0.1))
    assert [choice.kept for choice in second] == [0.7, 0.9]
    mean = panel.of["dps-dense"].mean
    assert [choice.kept for choice in mean] == [pytest.approx(0.6), pytest.approx(0.8)]
    assert [choice.turnover for choice in mean] == [None, 0.1]


def test_selections_of_a_part_of_a_combination_are_found(tmp_path: Path) -> None:
    combined = {"mixout": {"weights": 8}, "dps-mix": cycles(0.5)}
    found = report(tmp_path, end("dps-mix+mixout", 0, 0.6, method=combined))
    (panel,) = selections(found, references(found))
    assert panel.of["dps-mix+mixout"].mean == (Choice(0.0, 0.5, None),)


def test_a_score_stands_beside_its_seconds_by_those_of_vanilla(tmp_path: Path) -> None:
    found = report(
        tmp_path,
        end("vanilla", 0, 0.6, timing=seconds(20)),
        end("mixout", 0, 0.7, timing=seconds(30)),
        end("mixout", 1, 0.8, timing=seconds(30)),
        end("bitfit", 0, 0.7, timing=None),
    )
    (panel,) = tradeoffs(found, references(found))
    assert {method: deal.relative_seconds for method, deal in panel.of.items()} == {
        "vanilla": 1.0,
        "mixout": 1.5,
    }
    assert panel.of["mixout"].scores == summarise([0.7, 0.8])


def test_a_method_alone_has_nothing_to_be_traded_for(tmp_path: Path) -> None:
    found = report(tmp_path, end("vanilla", 0, 0.6))
    assert tradeoffs(found, references(found)) == ()
