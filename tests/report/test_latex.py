"""The LaTeX table is one that LaTeX takes, and marks the best of what can be compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpsrun.report.findings import Findings, Wishes, find
from dpsrun.report.formats.latex import escaped, latex
from dpsrun.runs.spec import Run, Training
from tests.report.builder import Key, Wanted, make_grid, make_results, make_run, report_of
from tests.report.readers import latex_lines, typeset

Ends = Mapping[str, Sequence[Wanted]]
"""Label of a method -> how its runs on RTE ended, seed by seed."""

Place = tuple[str, str]
"""Scenario and model."""

Runs = list[tuple[Run, Wanted, Mapping[str, object]]]


def findings(
    root: Path, ends: Ends, *, places: Sequence[Place] = (("full", "tiny"),), **wishes: object
) -> Findings:
    """Find what there is of a grid; a method whose label says `rate` has another learning rate."""
    runs: Runs = [
        (
            make_run(
                ("rte", method, seed),
                training=Training(learning_rate=1e-3 if "rate" in method else 1e-4),
                scenario=scenario,
                model=model,
                architecture=model,
            ),
            wanted,
            {},
        )
        for scenario, model in places
        for method, scores in ends.items()
        for seed, wanted in enumerate(scores)
    ]
    store = make_grid(root, runs)
    return find(store, report_of(store), Wishes(bootstrap=False, **wishes))  # type: ignore[arg-type]


def body(found: Findings) -> list[list[str]]:
    return latex_lines(latex(found))[1:]


@given(st.text())
def test_any_text_is_printed_as_it_is(text: str) -> None:
    assert typeset(escaped(text)) == " ".join(text.split())


@pytest.mark.parametrize(
    "label",
    ["a & b", "50 %", "$x_1^2$", "#1", "{a}", "~", "C:\\new", "mnli → rte", "a|b<c>", "two\nlines"],
)
def test_a_label_is_printed_as_it_is_and_keeps_the_columns(tmp_path: Path, label: str) -> None:
    assert body(findings(tmp_path, {label: [0.5]})) == [[" ".join(label.split()), "50.0"]]


@pytest.mark.parametrize("label", ["[learning_rate=0.0001]", "*", "vanilla [learning_rate=0.0001]"])
def test_a_label_is_no_option_of_the_command_before_it(tmp_path: Path, label: str) -> None:
    found = findings(tmp_path, {label: [0.5], f"{label} 2": [0.6]})
    assert [method for method, _ in body(found)] == [label, f"{label} 2"]


def test_the_best_is_bold_and_the_second_underlined(tmp_path: Path) -> None:
    ends: Ends = {"vanilla": [0.6], "dps-mix": [0.8], "mixout": [0.7], "bitfit": ["oom"]}
    assert body(findings(tmp_path, ends)) == [
        ["vanilla", "60.0"],
        ["dps-mix", "*80.0"],
        ["mixout", "_70.0"],
        ["bitfit", "-- (1 error)"],
    ]


def test_the_best_average_stays_the_best_where_all_runs_of_one_task_failed(tmp_path: Path) -> None:
    ends: dict[Key, Wanted] = {
        (task, method, seed): "failed" if (task, method) == ("wnli", "dps-mix") else score
        for task in ("rte", "mrpc", "wnli")
        for method, score in {"vanilla": 0.6, "dps-mix": 0.9}.items()
        for seed in range(3)
    }
    store = make_results(tmp_path, ends)
    vanilla, mix = body(find(store, report_of(store), Wishes(bootstrap=False)))
    assert vanilla[-1].startswith("_60.0")
    assert mix[-1].startswith("*76.7")


def test_a_row_that_cannot_be_compared_has_a_dagger_and_no_other_mark(tmp_path: Path) -> None:
    found = findings(tmp_path, {"vanilla": [0.6], "other rate": [0.9], "dps-mix": [0.5]})
    assert body(found) == [["vanilla", "*60.0"], ["other rate†", "90.0"], ["dps-mix", "_50.0"]]
    assert "† differs from the reference in more than the method: learning rate." in caption(found)
    (comment,) = [line for line in latex(found).splitlines() if line.startswith("% †")]
    assert comment == "% † learning_rate is 0.001, against 0.0001: tiny, other rate (rte)."


def test_a_row_that_was_tuned_can_be_compared(tmp_path: Path) -> None:
    ends: Ends = {"vanilla": [0.6], "other rate": [0.9]}
    found = findings(tmp_path, ends, tuned=frozenset({"learning_rate"}))
    assert body(found) == [["vanilla", "_60.0"], ["other rate", "*90.0"]]
    assert "†" not in caption(found)
    assert caption(found).endswith("Chosen for each method: learning rate.")


def test_means_that_look_alike_are_marked_alike(tmp_path: Path) -> None:
    found = findings(tmp_path, {"vanilla": [0.6004], "dps-mix": [0.5996], "mixout": [0.3]})
    assert [cell for _, cell in body(found)] == ["*60.0", "*60.0", "_30.0"]


def test_one_row_has_no_mark(tmp_path: Path) -> None:
    assert body(findings(tmp_path, {"vanilla": [0.6]})) == [["vanilla", "60.0"]]
    ends: Ends = {"vanilla": [0.6], "other rate": [0.9]}
    assert body(findings(tmp_path / "two", ends)) == [["vanilla", "60.0"], ["other rate†", "90.0"]]


def test_deviations_and_lost_runs_stand_beside_the_mean(tmp_path: Path) -> None:
    ends: Ends = {
        "vanilla": [-0.1, -0.2, -0.3],
        "dps-mix": [0.6, 0.8, "diverged"],
        "mixout": ["diverged"] * 3,
        "r3f": [None] * 3,
    }
    assert body(findings(tmp_path, ends)) == [
        ["vanilla", "-20.0 ± 10.0"],
        ["dps-mix", "70.0 ± 14.1 (n=2, 1 diverged)"],
        ["mixout", "-- (3 diverged)"],
        ["r3f", "--"],
    ]


def test_what_is_left_of_lost_runs_is_never_the_best(tmp_path: Path) -> None:
    ends: Ends = {
        "vanilla": [0.6, 0.7],
        "survivor": [0.9, "diverged"],
        "guesses": ["failed", "failed"],
        "dps-mix": [0.6, "failed"],
    }
    cells = dict(body(findings(tmp_path, ends)))
    assert {name for name, cell in cells.items() if cell[0] in "*_"} == {"vanilla", "dps-mix"}


def test_each_model_and_scenario_is_a_group_with_a_best_row_of_its_own(tmp_path: Path) -> None:
    ends: Ends = {"vanilla": [0.6], "dps-mix": [0.8]}
    places = ("full", "tiny"), ("low-resource(8)", "tiny"), ("full", "a_b")
    rows = [["vanilla", "_60.0"], ["dps-mix", "*80.0"]]
    assert body(findings(tmp_path, ends, places=places)) == [
        *([["tiny, full"], *rows]),
        *([["tiny, low-resource(8)"], *rows]),
        *([["a_b, full"], *rows]),
    ]


def test_where_nothing_is_compared_nothing_is_marked(tmp_path: Path) -> None:
    runs: Runs = [
        (make_run(("rte", method, 0), model=model, architecture=model), score, {})
        for model, method, score in (
            *(("tiny", "vanilla", 0.6), ("tiny", "mixout", 0.7)),
            *(("small", "vanilla", 0.6), ("small", "dps-mix", 0.7)),
        )
    ]
    store = make_grid(tmp_path, runs)
    found = find(store, report_of(store), Wishes(against="mixout", bootstrap=False))
    assert body(found) == [
        *(["tiny, full"], ["vanilla", "_60.0"], ["mixout", "*70.0"]),
        *(["small, full"], ["vanilla", "60.0"], ["dps-mix", "70.0"]),
    ]


def caption(found: Findings) -> str:
    (line,) = [line for line in latex(found).splitlines() if line.startswith("\\caption{")]
    return typeset(line.removeprefix("\\caption"))


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        ("last", "after the last epoch"),
        ("best", "of the best epoch, selected on the very examples that give them"),
        ("held-out", "selected by half of the examples and taken on the other half"),
    ],
)
def test_the_caption_says_which_scores_over_how_many_seeds(
    tmp_path: Path, selection: str, words: str
) -> None:
    ends: Ends = {"vanilla": [0.6, 0.7], "dps-mix": [0.8, 0.7, 0.5]}
    found = caption(findings(tmp_path, ends, selection=selection))
    assert found.startswith("demo: mean ± standard deviation")
    assert words in found
    assert found.endswith("times 100, over 2 to 3 seeds. tiny, full. Scores: accuracy.")


def test_the_name_of_a_grid_is_printed_as_it_is(tmp_path: Path) -> None:
    store = make_results(tmp_path, {("rte", "vanilla", 0): 0.6}, grid="50%_of_{a}")
    found = find(store, report_of(store), Wishes(bootstrap=False))
    assert caption(found).startswith("50%_of_{a}: mean")


def test_one_seed_is_no_plural(tmp_path: Path) -> None:
    assert caption(findings(tmp_path, {"vanilla": [0.6]})).endswith(
        "over 1 seed. tiny, full. Scores: accuracy."
    )
