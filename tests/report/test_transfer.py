"""Models that were trained on one task and scored on others."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import pytest

from dpsrun.report.formats.markdown import stability
from dpsrun.report.formats.spreadsheets import numbers
from dpsrun.report.formats.spreadsheets import runs as runs_csv
from dpsrun.report.formats.spreadsheets import stability as stability_csv
from dpsrun.report.formats.tables import further
from dpsrun.report.notes import notes
from dpsrun.report.produce import Made, print_report
from dpsrun.report.read import Report, choose, everything_of, read
from dpsrun.runs.result import Metrics, SetScore
from dpsrun.runs.store import Store
from tests.report.builder import Wanted, make_grid, make_run, write_manifest

Sets = Mapping[str, float | None]
"""Name of a set -> the accuracy on it; None where its labels are hidden."""

TWO = ("entailment", "not_entailment")


def scored(accuracy: float | None) -> SetScore:
    if accuracy is None:
        return SetScore(examples=100)
    metrics: Metrics = {"accuracy": accuracy}
    return SetScore(examples=100, metrics=metrics, primary=accuracy, majority=0.5, classes=TWO)


def make(
    root: Path,
    ends: Mapping[tuple[str, int], tuple[Wanted, Sets]],
    *,
    named: tuple[str, ...] = ("rte:validation", "sick:test"),
    task: str = "sick",
) -> Store:
    """Write the results of runs (method and seed) that were to be put to the named sets."""
    return make_grid(
        root,
        (
            (
                make_run((task, method, seed), sets=named),
                wanted,
                {"sets": {name: scored(value) for name, value in sets.items()}},
            )
            for (method, seed), (wanted, sets) in ends.items()
        ),
    )


def report_of(store: Store) -> Report:
    (manifest,), _ = choose(store, [])
    return read(store, manifest)


BOTH_METHODS: dict[tuple[str, int], tuple[Wanted, Sets]] = {
    ("vanilla", 0): (0.8, {"rte:validation": 0.6, "sick:test": 0.8}),
    ("vanilla", 1): (0.9, {"rte:validation": 0.7, "sick:test": 0.7}),
    ("dps-mix", 0): (0.9, {"rte:validation": 0.5, "sick:test": 0.9}),
}


def test_a_column_says_what_was_trained_on_and_what_scored_on(tmp_path: Path) -> None:
    header, _ = further(report_of(make(tmp_path, BOTH_METHODS)).transfer)
    assert header == ["model", "method", "sick → rte", "sick → sick:test", "average"]


def test_the_average_is_taken_over_the_sets_within_each_seed_first(tmp_path: Path) -> None:
    _, (vanilla, mix, majority) = further(report_of(make(tmp_path, BOTH_METHODS)).transfer)
    # Seeds 0 and 1 come to 0.7 and 0.7, though both sets spread.
    assert vanilla[1:] == ["vanilla", "65.0 ± 7.1 (n=2)", "75.0 ± 7.1 (n=2)", "70.0 ± 0.0 (n=2)"]
    assert mix[1:] == ["dps-mix", "50.0 (n=1)", "90.0 (n=1)", "70.0 (n=1)"]
    assert majority == ["", "majority class (accuracy)", "50.0", "50.0", "—"]


@pytest.mark.parametrize(
    ("named", "titles"),
    [
        (("rte:validation",), ["sick → rte"]),
        (("rte:validation", "rte:train"), ["sick → rte:validation", "sick → rte:train"]),
        (("mnli:validation_matched",), ["sick → mnli:validation_matched"]),
    ],
    ids=["alone", "beside another", "not called so"],
)
def test_the_only_validation_split_of_a_task_goes_without_saying(
    tmp_path: Path, named: tuple[str, ...], titles: list[str]
) -> None:
    store = make(tmp_path, {("vanilla", 0): (0.8, dict.fromkeys(named, 0.6))}, named=named)
    assert [column.title for column in report_of(store).transfer.table.columns] == titles


def test_hidden_labels_are_no_column_but_a_note(tmp_path: Path) -> None:
    named = ("cola:test", "rte:validation")
    sets = {"cola:test": None, "rte:validation": 0.6}
    report = report_of(make(tmp_path, {("vanilla", 0): (0.8, sets)}, named=named))
    assert [column.title for column in report.transfer.table.columns] == ["sick → rte"]
    assert "predictions only: cola:test." in notes(report)


def test_the_classes_that_another_tasks_set_was_scored_in_are_noted(tmp_path: Path) -> None:
    said = notes(report_of(make(tmp_path, BOTH_METHODS)))
    assert "scored in the classes entailment, not_entailment: sick → rte." in said


def test_a_degenerate_run_is_in_the_mean_and_one_without_the_set_is_missing(
    tmp_path: Path,
) -> None:
    ends: dict[tuple[str, int], tuple[Wanted, Sets]] = {
        ("vanilla", 0): ("failed", {"rte:validation": 0.4}),
        ("vanilla", 1): (0.9, {"rte:validation": 0.6}),
        ("vanilla", 2): (0.9, {}),
        ("vanilla", 3): ("diverged", {}),
        ("vanilla", 4): (None, {}),
    }
    report = report_of(make(tmp_path, ends, named=("rte:validation",)))
    (cell,) = report.transfer.table.rows[0].cells
    assert (cell.expected, cell.summary.n) == (5, 2)
    assert cell.summary.mean == pytest.approx(0.5)
    assert cell.counts.failed == ("s0",)
    assert cell.counts.missing == ("s2", "s4")
    assert cell.counts.diverged == ("s3",)
    assert "sick → rte, tiny, vanilla, full: missing s2." in notes(report)


def test_an_undefined_score_on_a_set_is_left_out_and_counted(tmp_path: Path) -> None:
    run = make_run(("stsb", "vanilla", 0), sets=["sickr:test"])
    flat = SetScore(examples=9, metrics={"pearson": None})
    other = make_run(("stsb", "vanilla", 1), sets=["sickr:test"])
    fine = SetScore(examples=9, metrics={"pearson": 0.8}, primary=0.8)
    store = make_grid(
        tmp_path,
        [(run, 0.7, {"sets": {"sickr:test": flat}}), (other, 0.7, {"sets": {"sickr:test": fine}})],
    )
    (cell,) = report_of(store).transfer.table.rows[0].cells
    assert cell.counts.undefined == ("s0",)
    assert cell.scores == {"s1": 0.8}


def test_the_tables_on_disk_have_the_further_sets(tmp_path: Path) -> None:
    report = report_of(make(tmp_path, BOTH_METHODS))
    assert "| tiny | vanilla | 65.0 ± 7.1 (n=2) | 75.0 ± 7.1 (n=2) |" in stability(report)
    found = {
        (line["method"], line["evaluated_on"]): line["mean"]
        for line in csv.DictReader(stability_csv(numbers(report)["cells"]).splitlines())
        if line["selection"] == "last"
    }
    assert float(found["vanilla", ""]) == pytest.approx(0.85)
    assert float(found["vanilla", "rte:validation"]) == pytest.approx(0.65)
    assert float(found["vanilla", "average"]) == pytest.approx(0.7)
    first = next(csv.DictReader(runs_csv(numbers(report)["runs"]).splitlines()))
    assert first["set/rte:validation/accuracy"] == "0.6"


def test_the_terminal_shows_them_after_the_headline(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    print_report(Made(report_of(make(tmp_path, BOTH_METHODS)), ()))
    printed = capsys.readouterr().out
    assert printed.index("demo: last epoch") < printed.index("sick → rte") < printed.index("3 runs")


def test_a_grid_without_further_sets_has_no_such_table(tmp_path: Path) -> None:
    report = report_of(make(tmp_path, {("vanilla", 0): (0.8, {})}, named=()))
    assert report.transfer.table.rows == ()
    assert "Further evaluation sets" not in stability(report)


def test_left_over_runs_that_differ_in_their_sets_stay_apart(tmp_path: Path) -> None:
    store = make_grid(
        tmp_path,
        [
            (make_run(("sick", "vanilla", 0)), 0.8, {}),
            (
                make_run(("sick", "vanilla", 0), sets=["rte:validation"]),
                0.8,
                {"sets": {"rte:validation": scored(0.6)}},
            ),
        ],
    )
    write_manifest(store, "demo", [])
    combined, _ = everything_of(store)
    report = read(store, combined)
    assert len(report.last.rows) == 2
    ((cell,),) = (row.cells for row in report.transfer.table.rows)
    assert cell.summary.mean == 0.6
