"""With which row the others are compared."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from dpsrun.errors import UserError
from dpsrun.report.analysis.comparison import compare
from dpsrun.report.analysis.reference import references
from dpsrun.report.findings import Wishes, find
from dpsrun.report.read import Report
from tests.report.builder import make_grid, make_results, make_run, report_of

Line = tuple[str, str, str, str]
"""Label and method of a row, its scenario and model."""

SMALL = "low-resource(8)"


def report(root: Path, rows: Iterable[Line]) -> Report:
    """Read a grid with a run for each row; the scores ascend in steps of an eighth."""
    runs = (
        make_run(
            ("rte", label, 0), method=method, scenario=scenario, model=model, architecture=model
        )
        for label, method, scenario, model in rows
    )
    return report_of(make_grid(root, ((run, step / 8, {}) for step, run in enumerate(runs, 1))))


def chosen(found: Report, against: str | None = None) -> dict[tuple[str, str], str]:
    return {place: row.method for place, row in references(found, against).items()}


def test_it_is_the_first_row_of_vanilla_whatever_its_label(tmp_path: Path) -> None:
    found = report(
        tmp_path,
        [
            ("mix", "dps-mix", "full", "tiny"),
            ("plain", "vanilla", "full", "tiny"),
            ("longer", "vanilla", "full", "tiny"),
        ],
    )
    assert chosen(found) == {("full", "tiny"): "plain"}


def test_without_vanilla_it_is_the_first_row(tmp_path: Path) -> None:
    lines = [("mix", "dps-mix", "full", "tiny"), ("vanilla", "dps-dense", "full", "tiny")]
    assert chosen(report(tmp_path, lines)) == {("full", "tiny"): "mix"}


def test_a_row_alone_has_no_reference(tmp_path: Path) -> None:
    assert chosen(report(tmp_path, [("vanilla", "vanilla", "full", "tiny")])) == {}


def test_each_scenario_and_model_has_its_own(tmp_path: Path) -> None:
    places = [(scenario, model) for scenario in ("full", SMALL) for model in ("tiny", "large")]
    found = report(
        tmp_path,
        ((label, label, *place) for label in ("vanilla", "dps-mix") for place in places),
    )
    assert chosen(found) == dict.fromkeys(places, "vanilla")
    compared = compare(found.main, references(found), bootstrap=False)
    assert [(each.scenario, each.model) for each in compared] == places
    assert [each.second for each in compared] == [(0.125,), (0.25,), (0.375,), (0.5,)]
    assert [each.first for each in compared] == [(0.625,), (0.75,), (0.875,), (1.0,)]


def test_the_reader_may_name_another_which_need_not_be_in_every_place(tmp_path: Path) -> None:
    lines = [
        ("vanilla", "vanilla", "full", "tiny"),
        ("mix", "dps-mix", "full", "tiny"),
        ("vanilla", "vanilla", SMALL, "tiny"),
        ("dense", "dps-dense", SMALL, "tiny"),
    ]
    found = report(tmp_path, lines)
    assert chosen(found, against="mix") == {("full", "tiny"): "mix"}
    compared = compare(found.main, references(found, "mix"), bootstrap=False)
    assert [(each.scenario, each.method, each.reference) for each in compared] == [
        ("full", "vanilla", "mix")
    ]


def test_a_name_that_no_row_has_is_the_readers_mistake(tmp_path: Path) -> None:
    store = make_results(tmp_path, {("rte", "vanilla", 0): 0.6, ("rte", "dps-mix", 0): 0.7})
    with pytest.raises(UserError, match=r"--against: .* 'dps-mx': did you mean 'dps-mix'\?"):
        find(store, report_of(store), Wishes(against="dps-mx"))
