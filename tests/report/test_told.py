"""What a report leaves out, and what its reader may not expect, is said in a note."""

from __future__ import annotations

from pathlib import Path

from dpsrun.report.findings import Wishes, find
from dpsrun.report.formats.comparison_notes import comparison_notes
from dpsrun.report.formats.spreadsheets import numbers, runs
from dpsrun.report.notes import notes
from dpsrun.runs.result import CODE
from dpsrun.runs.store import Store
from tests.report.builder import make_grid, make_run, report_of
from tests.report.readers import csv_lines


def told(store: Store, wishes: Wishes) -> list[str]:
    return comparison_notes(find(store, report_of(store), wishes))


def two_models(root: Path) -> Store:
    places = {"tiny": ("vanilla", "dps-mix", "mixout"), "large": ("vanilla", "mixout")}
    return make_grid(
        root,
        (
            (make_run(("rte", method, seed), model=model), 0.6 + seed / 10, {})
            for model, methods in places.items()
            for method in methods
            for seed in range(2)
        ),
    )


def test_models_without_the_reference_that_was_asked_for_are_named(tmp_path: Path) -> None:
    store = two_models(tmp_path)
    lacking = "no row dps-mix to compare with: large, full."
    assert lacking in told(store, Wishes(against="dps-mix", bootstrap=False))
    for other in ("vanilla", None):
        found = told(store, Wishes(against=other, bootstrap=False))
        assert not any(note.startswith("no row") for note in found)


def test_what_takes_resampling_is_named_where_it_is_left_out(tmp_path: Path) -> None:
    store = two_models(tmp_path)
    (note,) = [n for n in told(store, Wishes(bootstrap=False)) if "--no-bootstrap" in n]
    assert note.startswith("left out by --no-bootstrap: the intervals of P(better) and")
    assert not any("--no-bootstrap" in note for note in told(store, Wishes()))


def test_held_out_epochs_have_no_noise_of_examples_for_a_reason(tmp_path: Path) -> None:
    store = two_models(tmp_path)
    words = (
        "the noise of the evaluation examples is not given: "
        "predictions of held-out epochs are not kept."
    )
    assert words in told(store, Wishes(selection="held-out"))
    assert words not in told(store, Wishes(selection="best"))


def stale(root: Path, number: int) -> Store:
    """Write four runs, the first of which earlier code computed, and one that is to be done."""
    ends = [
        (make_run(("rte", "vanilla", seed)), 0.6, {"code": CODE - 1 if seed < number else CODE})
        for seed in range(4)
    ]
    return make_grid(root, [*ends, (make_run(("rte", "vanilla", 9)), None, {})])


def test_runs_of_other_code_are_named_the_first_three_of_them(tmp_path: Path) -> None:
    words = "computed by another version of dpsrun, which may give other numbers: "
    found = {number: stale(tmp_path / str(number), number) for number in (0, 1, 4)}
    said = {
        number: [note for note in notes(report_of(store)) if words in note]
        for number, store in found.items()
    }
    names = [make_run(("rte", "vanilla", seed)).id for seed in range(4)]
    assert said == {
        0: [],
        1: [f"1 run was {words}{names[0]}."],
        4: [f"4 runs were {words}{', '.join(names[:3])} and 1 more."],
    }


def test_runs_of_other_code_are_marked_among_all(tmp_path: Path) -> None:
    lines = numbers(report_of(stale(tmp_path, 1)))["runs"]
    assert [line["stale"] for line in lines] == [True, False, False, False, None]
    assert [line["stale"] for line in csv_lines(runs(lines))] == ["True", *["False"] * 3, ""]
