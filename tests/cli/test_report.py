"""`dpsrun report`: what its options change, and what it says to a wrong word."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from dpsrun.cli.app import app, main
from dpsrun.report.produce import produce
from dpsrun.runs.result import Evaluation
from dpsrun.runs.spec import Training
from dpsrun.runs.store import Store
from tests.report.builder import Wanted, make_grid, make_results, make_run
from tests.report.readers import csv_lines, pipe_lines, printed_lines, sections

ENDS: dict[str, list[Wanted]] = {
    "vanilla": [(0.6, 0.7), (0.7, 0.8)],
    "dps-mix": [(0.7, 0.7), (0.9, 0.9)],
    "other rate": [(0.5, 0.9), (0.6, 0.95)],
}
"""Method -> last and best scores of its seeds."""


def runs(**facts: object) -> list[Any]:
    return [
        (
            make_run(
                ("rte", method, seed),
                training=Training(learning_rate=1e-3 if method == "other rate" else 1e-4),
            ),
            wanted,
            facts,
        )
        for method, ends in ENDS.items()
        for seed, wanted in enumerate(ends)
    ]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return make_grid(tmp_path, runs())


def say(store: Store, *words: str) -> str:
    """Report without figures, which have tests of their own; give what is printed."""
    ended = CliRunner().invoke(app, ["report", str(store.root), "--no-figures", *words])
    assert ended.exit_code == 0, ended.exception
    return ended.stdout


def table(store: Store, name: str) -> str:
    return (store.root / "tables" / "demo" / name).read_text(encoding="utf-8")


def differences(printed: str) -> dict[str, str]:
    """Read what a terminal shows: method -> difference on RTE."""
    lines = printed_lines(printed, "difference of means x 100, 95 % interval")
    return {line["method"]: line["rte"].split()[0] for line in lines}


def test_methods_are_compared_with_vanilla_and_what_is_unlike_is_marked(store: Store) -> None:
    printed = say(store)
    assert differences(printed) == {"dps-mix": "+15.0", "other rate †": "-10.0"}
    assert "cannot be significant with 2 seeds: the smallest p is 0.5." in printed
    assert "† learning_rate is 0.001, against 0.0001: tiny, other rate (rte)." in printed
    assert printed.splitlines()[-2].endswith("report.json")


def test_another_method_can_be_the_reference(store: Store) -> None:
    found = differences(say(store, "--against", "dps-mix"))
    assert found == {"vanilla": "-15.0", "other rate †": "-25.0"}
    (vanilla, _) = pipe_lines(sections(table(store, "comparisons.md"))["Differences"])
    assert (vanilla["method"], vanilla["against"]) == ("vanilla", "dps-mix")


def test_what_was_tuned_is_no_mark(store: Store) -> None:
    printed = say(store, "--tuned", "learning_rate", "--tuned", "epochs")
    assert differences(printed) == {"dps-mix": "+15.0", "other rate": "-10.0"}
    assert "tuned: learning_rate is 0.001, against 0.0001: tiny, other rate (rte)." in printed


def test_another_epoch_can_be_compared(store: Store) -> None:
    printed = say(store, "--select", "best", "--tuned", "learning_rate")
    assert "demo: best epoch (optimistic), mean ± sd x 100" in printed
    assert differences(printed) == {"dps-mix": "+5.0", "other rate": "+17.5"}
    assert "optimistic" in table(store, "comparisons.md").split("\n## ")[0]
    assert r"\textbf{92.5}" in table(store, "stability.tex")
    assert table(store, "means.csv").splitlines()[1].startswith("demo,best,full,tiny,vanilla,0.75,")


def test_without_held_out_scores_the_reader_is_told_why(store: Store) -> None:
    why = "no held-out score: 6 of 6 trained runs. Half of the examples may leave it undefined"
    assert why in say(store, "--select", "held-out")
    assert why in table(store, "comparisons.md")
    (grid,) = json.loads(say(store, "--select", "held-out", "--json"))["grids"]
    assert any(why in note for note in grid["notes"])
    assert why not in say(store)


def test_held_out_scores_are_compared_where_there_are_some(tmp_path: Path) -> None:
    last = Evaluation(
        epoch=1, step=1, metrics={}, primary=0.5, train_loss=None, halves=(0.25, 0.75)
    )
    store = make_grid(tmp_path, runs(evaluations=(last,)))
    printed = say(store, "--select", "held-out")
    assert "demo: held-out epoch" in printed
    assert differences(printed) == {"dps-mix": "+0.0", "other rate †": "+0.0"}
    assert "no held-out score" not in printed
    assert {line["held_out"] for line in csv_lines(table(store, "runs.csv"))} == {"0.5"}
    title = "Best epoch by half of the examples, scored on the other half"
    (row, *_) = pipe_lines(sections(table(store, "stability.md"))[title])
    assert row["rte"] == "50.0 ± 0.0 (n=2)"


def test_without_bootstrap_nothing_is_drawn(store: Store) -> None:
    assert "predictions cannot be read, of 6 runs" in say(store)
    assert "predictions" not in say(store, "--no-bootstrap")
    page = sections(table(store, "comparisons.md"))
    assert {line["95 % interval (ratio)"] for line in pipe_lines(page["Stability"])} == {"—"}
    assert {line["95 % interval (P)"] for line in pipe_lines(page["Differences"])} == {"—"}


def test_machines_are_told_everything_in_one_document(tmp_path: Path) -> None:
    make_results(tmp_path, {("rte", "vanilla", 0): 0.6}, grid="one")
    store = make_grid(tmp_path, runs())
    told = json.loads(say(store, "--json"))
    assert told.keys() == {"grids", "damaged", "undrawn", "boxes"}
    assert [grid["grid"] for grid in told["grids"]] == ["demo", "one"]
    demo = told["grids"][0]
    files = demo.pop("files")
    assert demo == json.loads(table(store, "report.json"))
    assert {Path(path).name for path in files} == {
        path.name for path in (store.root / "tables" / "demo").iterdir()
    }


def test_the_tables_that_a_grid_ends_with_stay_the_same_but_for_marks(store: Store) -> None:
    names = ("stability.md", "stability.csv", "runs.csv", "costs.md", "costs.csv")
    produce(store.root, everything=False, names=["demo"])  # what `dpsrun grid` does at its end
    before = {name: table(store, name) for name in names}
    assert not (store.root / "tables" / "demo" / "comparisons.md").exists()
    say(store, "--select", "best", "--against", "dps-mix", "--no-bootstrap")
    after = {name: table(store, name) for name in names}
    assert "| other rate † |" in after["stability.md"]
    lines = [line for line in after["stability.md"].splitlines(keepends=True) if line[2:3] != "†"]
    after["stability.md"] = "".join(lines).replace(" †", "")
    assert after == before


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            ["--against", "dps-mx"],
            "--against: grid demo has no method 'dps-mx': did you mean 'dps-mix'",
        ),
        (["--against", "zzz"], "choose one of: dps-mix, other rate, vanilla"),
        (["--tuned", "learning-rate"], "did you mean 'learning_rate'?"),
        (["--select", "beast"], "dpsrun: --select beast: did you mean 'best'?\n"),
        (["--select", "heldout"], "did you mean 'held-out'?"),
        (["--grid", "dem"], "there is no grid 'dem': did you mean 'demo'?"),
        (["--bootstrap"], "--no-bootstrap"),
    ],
)
def test_a_wrong_word_is_answered_with_the_nearest_right_one(
    store: Store,
    words: list[str],
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.argv", ["dpsrun", "report", str(store.root), "--no-figures", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    printed = capsys.readouterr()
    assert (ended.value.code, printed.out) == (2, "")
    assert expected in printed.err
    assert "Traceback" not in printed.err
