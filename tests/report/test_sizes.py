"""Scores by the number of training examples."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from dpsrun.report.analysis.sizes import Size, chance, panels
from dpsrun.report.formats.markdown import stability
from dpsrun.report.formats.tables import by_size
from dpsrun.report.read import Report, choose, read
from dpsrun.runs.result import Evaluation, Metrics, Result
from dpsrun.runs.spec import Run
from dpsrun.runs.store import Store
from tests.report.builder import Wanted, make_grid, make_run

SIZES = {"low-resource(500)": 500, "low-resource(1000)": 1000, "full": 2490}


def run(task: str, method: str, scenario: str, seed: int) -> Run:
    return make_run((task, method, seed), scenario=scenario, train_examples=SIZES.get(scenario, 0))


def grid(root: Path, ends: Iterable[tuple[Run, Wanted]]) -> Store:
    return make_grid(root, ((run, wanted, {}) for run, wanted in ends))


def report_of(store: Store) -> Report:
    (manifest,), _ = choose(store, [])
    return read(store, manifest)


@pytest.fixture
def report(tmp_path: Path) -> Report:
    """Two methods at three sizes, the largest first, and two seeds; one run is to be done."""
    ends = [
        (run("rte", method, scenario, seed), 0.5 + SIZES[scenario] / 10_000 + seed / 100)
        for scenario in ("full", "low-resource(500)", "low-resource(1000)")
        for method in ("vanilla", "dps-mix")
        for seed in (0, 1)
    ]
    *others, (last, _) = ends
    return report_of(grid(tmp_path, [*others, (last, None)]))


def test_the_sizes_ascend_and_full_has_its_true_size(report: Report) -> None:
    (panel,) = panels(report)
    assert panel.sizes == (
        Size("low-resource(500)", 500),
        Size("low-resource(1000)", 1000),
        Size("full", 2490),
    )


def test_a_table_has_a_line_a_method_and_a_column_a_size(report: Report) -> None:
    header, (vanilla, mix) = by_size(panels(report)[0])
    assert header == ["model", "method", "500", "1,000", "2,490 (full)"]
    assert vanilla == [
        "tiny",
        "vanilla",
        "55.5 ± 0.7 (n=2)",
        "60.5 ± 0.7 (n=2)",
        "75.4 ± 0.7 (n=2)",
    ]
    assert mix[3] == "60.0 (n=1 of 2, 1 missing)"
    _, (_, marked) = by_size(panels(report)[0], {("full", "tiny", "dps-mix")})
    assert marked[:2] == ["tiny", "dps-mix †"]
    assert "## Score by training examples\n\n### rte\n\n| model | method | 500 |" in stability(
        report
    )


def test_one_size_is_no_curve(tmp_path: Path) -> None:
    report = report_of(grid(tmp_path, [(run("rte", "vanilla", "full", 0), 0.6)]))
    assert panels(report) == ()
    assert "Score by training examples" not in stability(report)


def test_a_size_that_a_method_was_not_trained_with_is_said_so(tmp_path: Path) -> None:
    ends = [(run("rte", "vanilla", scenario, 0), 0.6) for scenario in SIZES]
    ends += [(run("rte", "dps-mix", scenario, 0), 0.9) for scenario in list(SIZES)[1:]]
    _, (_, mix) = by_size(panels(report_of(grid(tmp_path, ends)))[0])
    assert mix == ["tiny", "dps-mix", "not in grid", "90.0 (n=1)", "90.0 (n=1)"]


def test_a_method_with_one_size_alone_has_no_curve(tmp_path: Path) -> None:
    ends = [(run("rte", "vanilla", scenario, 0), 0.6) for scenario in SIZES]
    (panel,) = panels(report_of(grid(tmp_path, [*ends, (run("rte", "dps-mix", "full", 0), 0.9)])))
    assert [curve.method for curve in panel.curves] == ["vanilla"]


def test_a_low_resource_run_whose_order_is_lost_is_placed_by_its_label(tmp_path: Path) -> None:
    small = run("rte", "vanilla", "low-resource(500)", 0)
    store = grid(tmp_path, [(small, 0.6), (run("rte", "vanilla", "full", 0), 0.8)])
    (store.folder(small.id) / "spec.json").unlink()
    (panel,) = panels(report_of(store))
    assert [size.examples for size in panel.sizes] == [500, 2490]


def result(
    metrics: dict[str, Metrics], primary: float, majority: dict[str, float | None]
) -> Result:
    evaluation = Evaluation(epoch=1, step=1, metrics=metrics, primary=primary, train_loss=None)
    return Result(run="r", attempt="a", outcome="ok", evaluations=(evaluation,), majority=majority)


@pytest.mark.parametrize(
    ("metrics", "primary", "majority", "expected"),
    [
        ({"v": {"accuracy": 0.7}}, 0.7, {"v": 0.6}, 0.6),
        ({"m": {"accuracy": 0.7}, "mm": {"accuracy": 0.5}}, 0.6, {"m": 0.4, "mm": 0.3}, 0.35),
        ({"v": {"accuracy": 0.7, "matthews": 0.2}}, 0.2, {"v": 0.6}, 0.0),
        ({"v": {"pearson": 0.8, "spearman": 0.6}}, 0.7, {"v": None}, 0.0),
        ({"v": {"accuracy": 0.7, "f1": 0.8}}, 0.75, {"v": 0.6}, None),
    ],
    ids=["accuracy", "two splits", "Matthews", "regression", "mean with F1"],
)
def test_a_constant_guess_scores_what_the_primary_metric_gives_it(
    metrics: dict[str, Metrics],
    primary: float,
    majority: dict[str, float | None],
    expected: float | None,
) -> None:
    assert chance([result(metrics, primary, majority)]) == expected


def test_without_a_score_nothing_is_known_of_a_guess() -> None:
    assert chance([]) is None
