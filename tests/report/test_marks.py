"""A row that differs from its reference in more than the method has a dagger wherever it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from dpsrun.report.findings import Wishes
from dpsrun.report.formats.markdown import stability
from dpsrun.report.produce import print_all, produce
from dpsrun.runs.result import SetScore
from dpsrun.runs.spec import Training
from dpsrun.runs.store import Store
from tests.report.builder import make_grid, make_run, report_of
from tests.report.readers import bullets_of, pipe_lines, printed_lines, sections
from tests.report.test_held_out import evaluations

NOTE = "† learning_rate is 0.001, against 0.0001: tiny, hasty (rte)."

MARKED = ["vanilla", "dps-mix", "hasty †"]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    rates = {"vanilla": 1e-4, "dps-mix": 1e-4, "hasty": 1e-3}
    further = {"sets": {"sick": SetScore(examples=8, metrics={"accuracy": 0.5}, primary=0.5)}}
    return make_grid(
        tmp_path,
        (
            (
                make_run(("rte", name, seed), training=Training(learning_rate=rate), sets=["sick"]),
                0.9,
                {"evaluations": evaluations([(0.6, 0.6 + seed / 10)]), **further},
            )
            for name, rate in rates.items()
            for seed in range(3)
        ),
    )


def written(store: Store, name: str, wishes: Wishes | None) -> str:
    produce(store.root, everything=False, names=[], wishes=wishes)
    return (store.root / "tables" / "demo" / name).read_text(encoding="utf-8")


def test_it_is_marked_in_every_table_of_means_and_its_difference_is_a_note(store: Store) -> None:
    tables = sections(written(store, "stability.md", Wishes(bootstrap=False)))
    for title in (
        "Last epoch",
        "Further evaluation sets",
        "Best epoch (selected on the development set)",
        "Best epoch by half of the examples, scored on the other half",
    ):
        methods = [line["method"] for line in pipe_lines(tables[title])]
        assert methods[:3] == MARKED, title
    spread = [line["method"] for line in pipe_lines(tables["Spread after the last epoch"])]
    assert spread == MARKED
    meaning = "† differs from its reference in more than the method: see comparisons.md."
    assert bullets_of(tables["Notes"])[-2:] == [meaning, NOTE]


def test_the_table_of_a_grid_that_just_ended_compares_nothing_and_marks_nothing(
    store: Store,
) -> None:
    assert written(store, "stability.md", None) == stability(report_of(store))
    assert "†" not in stability(report_of(store))


def test_what_was_tuned_is_told_and_not_marked(store: Store) -> None:
    wishes = Wishes(bootstrap=False, tuned=frozenset({"learning_rate"}))
    text = written(store, "stability.md", wishes)
    assert "†" not in text
    assert bullets_of(text)[-1] == NOTE.replace("†", "tuned:")


def test_it_is_marked_among_the_best_of_several_runs(store: Store) -> None:
    text = written(store, "comparisons.md", Wishes(bootstrap=False))
    best = sections(text)["The best of several runs"]
    assert [line["method"] for line in pipe_lines(best)] == MARKED


def test_it_is_marked_on_the_terminal(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    wishes = Wishes(bootstrap=False)
    print_all(produce(store.root, everything=False, names=[], wishes=wishes))
    printed = capsys.readouterr().out
    assert [line["method"] for line in printed_lines(printed, "demo: last epoch")] == MARKED
    _, further = printed.split("further evaluation sets")
    assert "hasty †" in further.split("difference of means")[0]
    assert NOTE in printed.splitlines()
