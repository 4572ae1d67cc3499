"""Two settings of a method, fully crossed."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from pathlib import Path

import pytest

from dpsrun.report.analysis.ablation import ablations
from dpsrun.report.formats.markdown import stability
from dpsrun.report.formats.tables import by_settings
from dpsrun.report.read import Report, choose, read
from dpsrun.runs.spec import Run, Training
from tests.report.builder import FAST, Wanted, make_grid, make_run

RATES, RATIOS = (0.1, 0.3), (0.05, 0.1, 0.2)
CROSSED = tuple(itertools.product(RATES, RATIOS))


def dense(
    label: str, seed: int = 0, *, task: str = "rte", training: Training = FAST, **params: object
) -> Run:
    """Describe a run of DPS Dense; a label says nothing of its settings."""
    settings = {"label": "the same in all", "head_init": "shared"} | params
    return make_run((task, label, seed), method="dps-dense", params=settings, training=training)


def vanilla(seed: int = 0) -> Run:
    return make_run(("rte", "plain", seed), params={"label": "the same in all"})


def report_of(root: Path, ends: Iterable[tuple[Run, Wanted]]) -> Report:
    store = make_grid(root, ((run, wanted, {}) for run, wanted in ends))
    (manifest,), _ = choose(store, [])
    return read(store, manifest)


def crossed(*, without: tuple[float, float] | None = None) -> list[tuple[Run, Wanted]]:
    """Give two seeds of each pair of settings; scores grow with both."""
    return [
        (
            dense(f"row {number}", seed, drop_fraction=rate, update_ratio=ratio),
            0.5 + rate + ratio / 10 + seed / 100,
        )
        for number, (rate, ratio) in enumerate(CROSSED)
        for seed in (0, 1)
        if (rate, ratio) != without
    ]


def test_two_settings_are_found_in_the_specs_and_crossed(tmp_path: Path) -> None:
    (found,) = ablations(report_of(tmp_path, [*crossed(), (vanilla(), 0.55)]))
    assert (found.method, found.model, found.scenario) == ("dps-dense", "tiny", "full")
    assert found.settings == ("drop_fraction", "update_ratio")
    assert found.values == ([0.1, 0.3], [0.05, 0.1, 0.2])
    assert found.cell(0.3, 0.2, "rte").scores == pytest.approx({"s0": 0.82, "s1": 0.83})
    assert [row.method for row in found.references] == ["plain"]


def test_the_means_are_a_table(tmp_path: Path) -> None:
    report = report_of(tmp_path, crossed())
    header, lines = by_settings(ablations(report)[0], "rte")
    assert header == ["drop_fraction \\ update_ratio", "0.05", "0.1", "0.2"]
    assert [line[:2] for line in lines] == [
        ["0.1", "61.0 ± 0.7 (n=2)"],
        ["0.3", "81.0 ± 0.7 (n=2)"],
    ]
    assert "## dps-dense by drop_fraction and update_ratio: tiny, full" in stability(report)


def test_a_training_setting_may_be_one_of_the_two_and_then_no_row_lacks_it(tmp_path: Path) -> None:
    ends = [
        (dense(f"{rate} {size}", training=Training(batch_size=size), p=rate), rate)
        for rate in (0.1, 0.3)
        for size in (8, 16)
    ]
    (found,) = ablations(report_of(tmp_path, ends))
    assert found.settings == ("p", "batch_size")
    assert found.values == ([0.1, 0.3], [8.0, 16.0])
    assert found.references == ()


def test_what_is_not_fully_crossed_has_no_map(tmp_path: Path) -> None:
    assert ablations(report_of(tmp_path, crossed(without=(0.3, 0.2)))) == ()


def test_words_and_switches_are_not_numbers(tmp_path: Path) -> None:
    for number, values in enumerate([("shared", "published"), (True, False)]):
        ends = [
            (dense(f"{rate} {value}", drop_fraction=rate, head_init=value), rate)
            for rate in (0.1, 0.3)
            for value in values
        ]
        assert ablations(report_of(tmp_path / str(number), ends)) == ()


def test_one_setting_or_three_have_no_map(tmp_path: Path) -> None:
    one = [(dense(f"{rate}", drop_fraction=rate), rate) for rate in (0.1, 0.3)]
    three = [
        (dense(f"{a} {b} {c}", a=a, b=b, c=c), 0.5)
        for a, b, c in itertools.product((0.1, 0.3), repeat=3)
    ]
    assert ablations(report_of(tmp_path / "one", one)) == ()
    assert ablations(report_of(tmp_path / "three", three)) == ()


def test_what_differs_between_tasks_alone_is_no_setting_of_the_rows(tmp_path: Path) -> None:
    slow = Training(learning_rate=1e-5)
    others = [
        (dense(f"row {n}", task="cola", training=slow, drop_fraction=x, update_ratio=y), 0.4)
        for n, (x, y) in enumerate(CROSSED)
    ]
    (found,) = ablations(report_of(tmp_path, [*crossed(), *others]))
    assert found.settings == ("drop_fraction", "update_ratio")
    assert found.tasks == ("rte", "cola")
