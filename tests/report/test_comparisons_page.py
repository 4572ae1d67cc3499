"""`comparisons.md` says what was compared, what may not be, and nothing where there is nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pytest

from dpsrun.report.findings import Findings, Wishes, find
from dpsrun.report.formats.comparisons_page import comparisons
from dpsrun.runs.result import Evaluation
from dpsrun.runs.spec import Run, Seeds, Training
from dpsrun.runs.store import Store
from tests.report.builder import Wanted, make_grid, make_run, report_of
from tests.report.readers import bullets_of, pipe_lines, sections

Ends = Mapping[tuple[str, str], Sequence[Wanted]]
"""Task and label of a method -> how its runs ended, seed by seed."""

RATE = Training(learning_rate=1e-3)
USUAL = Training(learning_rate=1e-4)


def make(
    root: Path,
    ends: Ends,
    *,
    first: Mapping[str, int] | None = None,
    models: Iterable[str] = ("tiny",),
) -> Store:
    """Write a grid of these runs on each model; `first` is the first seed of a method, if not 0."""
    runs: list[tuple[Run, Wanted, Mapping[str, object]]] = [
        (
            make_run(
                (task, method, seed),
                training=RATE if method in {"rate", "other"} else USUAL,
                model=model,
                architecture=model,
            ),
            wanted,
            {},
        )
        for model in models
        for (task, method), scores in ends.items()
        for seed, wanted in enumerate(scores, (first or {}).get(method, 0))
    ]
    return make_grid(root, runs)


def findings(store: Store, *, bootstrap: bool = False, **wishes: object) -> Findings:
    return find(store, report_of(store), Wishes(bootstrap=bootstrap, **wishes))  # type: ignore[arg-type]


def page(store: Store, **wishes: object) -> str:
    return comparisons(findings(store, **wishes))  # type: ignore[arg-type]


def notes(store: Store, **wishes: object) -> list[str]:
    return bullets_of(page(store, **wishes))


def test_a_comparison_is_one_line(tmp_path: Path) -> None:
    ends: Ends = {("rte", "vanilla"): [0.6, 0.7, 0.8], ("rte", "dps-mix"): [0.7, 0.8, 0.8]}
    found = sections(page(make(tmp_path, ends), bootstrap=True))
    (difference,) = pipe_lines(found["Differences"])
    assert difference == {
        "task": "rte",
        "model": "tiny",
        "method": "dps-mix",
        "against": "vanilla",
        "n": "3 pairs",
        "difference": "+6.7",
        "95 % interval": "[-7.7, +21.0]",  # 4.303 * 5.77 / sqrt(3) = 14.3 on either side
        "p": "0.5",
        "p (Holm)": "0.5",
        "smallest p": "0.5",  # one pair is a tie
        "won/tied/lost": "2/1/0",
        "P(better)": "0.83",
        "95 % interval (P)": "[0.31, 0.98]",
    }
    (steadiness,) = pipe_lines(found["Stability"])
    assert (steadiness["sd"], steadiness["sd (against)"]) == ("5.8", "10.0")
    assert (steadiness["sd ratio"], steadiness["lost"]) == ("0.58", "0 of 3")


def test_a_label_with_a_bar_or_a_line_break_keeps_its_line_and_column(tmp_path: Path) -> None:
    store = make(tmp_path, {("rte", "a|\nb"): [0.6, 0.7], ("rte", "c|d"): [0.7, 0.6]})
    found = sections(page(store))
    (difference,) = pipe_lines(found["Differences"])
    assert (difference["method"], difference["against"]) == ("c|d", "a| b")
    assert [line["method"] for line in pipe_lines(found["Stability"])] == ["c|d"]


@pytest.mark.parametrize(
    ("seeds", "others", "told"),
    [
        (1, 0, "1 seed: the smallest p is 1"),
        (5, 0, "5 seeds: the smallest p is 0.062"),
        (6, 0, None),
        (3, 3, "3 and 3 seeds: the smallest p is 0.1"),
        (4, 4, None),
    ],
)
def test_too_few_seeds_are_said_to_show_nothing(
    tmp_path: Path, seeds: int, others: int, told: str | None
) -> None:
    scores = [0.5 + seed / 10 for seed in range(seeds)]
    better = [score + 0.05 for score in scores]
    ends: Ends = {("rte", "vanilla"): scores, ("rte", "dps-mix"): better}
    found = notes(make(tmp_path, ends, first={"dps-mix": seeds if others else 0}))
    expected = [f"cannot be significant with {told}."] if told else []
    assert [note for note in found if "significant" in note] == expected


def test_pairs_that_tie_show_nothing_and_are_counted(tmp_path: Path) -> None:
    ends: Ends = {
        ("rte", "vanilla"): [0.5, 0.6, 0.7, 0.8, 0.9, 0.55],
        ("rte", "dps-mix"): [0.5, 0.6, 0.7, 0.9, 0.95, 0.65],
    }
    assert "cannot be significant with 6 seeds, 3 of them tied: the smallest p is 0.25." in notes(
        make(tmp_path, ends)
    )


def test_what_holm_takes_away_on_all_tasks_is_said(tmp_path: Path) -> None:
    scores = [0.5 + seed / 10 for seed in range(6)]
    better = [score + 0.05 for score in scores]
    ends: Ends = {
        (task, method): of
        for task in ("rte", "cola")
        for method, of in (("vanilla", scores), ("dps-mix", better))
    }
    said = [note for note in notes(make(tmp_path, ends)) if "significant" in note]
    over = "after Holm's correction over 2 tasks"
    assert said == [f"cannot be significant with 6 seeds {over}: the smallest p is 0.062."]


def test_lost_runs_have_a_smallest_p_too(tmp_path: Path) -> None:
    ends: Ends = {("rte", "vanilla"): [0.6, 0.7, 0.8], ("rte", "dps-mix"): ["failed", 0.7, 0.9]}
    assert "p (lost) cannot be significant with 3 and 3 runs: the smallest p is 0.1." in notes(
        make(tmp_path, ends)
    )


def test_what_is_not_paired_and_what_has_no_partner_is_named(tmp_path: Path) -> None:
    ends: Ends = {
        ("rte", "vanilla"): [0.6, 0.7, 0.8],
        ("cola", "vanilla"): [0.1, 0.2, 0.3],
        ("rte", "dps-mix"): [0.6, 0.7, 0.8, 0.9],
        ("cola", "dps-mix"): [0.6, 0.7, "oom"],
        ("rte", "later"): [0.6, 0.7],
        ("cola", "later"): [0.6, 0.7],
    }
    text = page(make(tmp_path, ends, first={"later": 7}, models=["tiny", "small"]))
    numbers = [line["n"] for line in pipe_lines(sections(text)["Differences"])]
    assert numbers == ["3 pairs", "2 pairs", "2 pairs", "2 and 3", "2 and 3", "2 and 3"] * 2
    found = bullets_of(text)
    assert (
        "not paired, for fewer than half of the seeds have a score in both methods: "
        "tiny, later (rte, cola, average); small, later (rte, cola, average)."
    ) in found
    assert (
        "scores without a partner, left out: tiny, dps-mix (1 of rte, 1 of cola, 1 of average); "
        "small, dps-mix (1 of rte, 1 of cola, 1 of average)."
    ) in found


ALIKE: Ends = {
    (task, method): [0.6, 0.7]
    for task in ("rte", "cola")
    for method in ("vanilla", "dps-mix", "rate", "other")
}


def test_rows_that_differ_alike_share_a_note_and_are_marked(tmp_path: Path) -> None:
    text = page(make(tmp_path, ALIKE))
    assert [note for note in bullets_of(text) if "learning_rate" in note] == [
        "† learning_rate is 0.001, against 0.0001: tiny, rate (rte, cola); tiny, other (rte, cola)."
    ]
    for title in ("Differences", "Stability"):
        methods = {line["method"] for line in pipe_lines(sections(text)[title])}
        assert methods == {"dps-mix", "rate †", "other †"}


def test_what_was_tuned_is_told_and_not_marked(tmp_path: Path) -> None:
    text = page(make(tmp_path, ALIKE), tuned=frozenset({"learning_rate"}))
    assert "†" not in text
    assert "- tuned: learning_rate is 0.001, against 0.0001: tiny, rate (rte, cola)" in text


def test_runs_of_one_cell_that_differ_are_told_even_where_nothing_is_compared(
    tmp_path: Path,
) -> None:
    versions = [{"packages": {"torch": version, "numpy": "2.0"}} for version in ("2.13", "2.14")]
    runs = [
        (make_run((task, "vanilla", seed)), 0.5 + seed, {"environment": environment})
        for task in ("rte", "cola")
        for seed, environment in enumerate(versions)
    ]
    text = page(make_grid(tmp_path, runs), bootstrap=True)
    assert "No row has another to be compared with" in text
    assert bullets_of(text)[:1] == [
        "runs of one cell do not share torch (2.13, 2.14): tiny, vanilla (rte, cola)."
    ]


def test_scores_that_never_differ_are_named_for_they_are_no_stability(tmp_path: Path) -> None:
    ends: Ends = {("rte", "vanilla"): [0.6, 0.7], ("rte", "dps-mix"): [0.5, 0.5]}
    assert (
        "every run has the same score, which is no stability: rte, tiny, dps-mix, full."
        in notes(make(tmp_path, ends))
    )


def test_predictions_that_cannot_be_read_are_one_note(tmp_path: Path) -> None:
    texts = set()
    for place in ("here", "there"):
        store = make(tmp_path / place, {("rte", "vanilla"): [0.6, 0.7]})
        runs = findings(store, bootstrap=True).unread
        (note,) = notes(store, bootstrap=True)
        assert note.startswith("predictions cannot be read, of 2 runs, the first: runs/rte-")
        assert len(runs) == 2
        texts.add(note.replace(runs[0].path.parent.name, "ATTEMPT"))
    assert len(texts) == 1, "a note does not depend on where the folder lies"


@pytest.mark.parametrize(
    ("bootstrap", "seeds", "others", "told"),
    [(True, 4, 4, True), (True, 20, 20, False), (True, 4, 20, True), (False, 4, 4, False)],
)
def test_a_bootstrap_over_few_seeds_is_called_too_short(
    tmp_path: Path, *, bootstrap: bool, seeds: int, others: int, told: bool
) -> None:
    scores = [0.5 + seed / 50 for seed in range(20)]
    ends: Ends = {("rte", "vanilla"): scores[:seeds], ("rte", "dps-mix"): scores[:others]}
    found = notes(make(tmp_path, ends, first={"dps-mix": 99}), bootstrap=bootstrap)
    assert ("bootstrap intervals of fewer than 20 seeds are too short." in found) == told


@pytest.mark.parametrize(("scores", "others"), [((0.6, 0.6), (0.7, 0.6)), ((0.6,), (0.7,))])
def test_wilsons_intervals_are_not_called_those_of_a_bootstrap(
    tmp_path: Path, scores: Sequence[float], others: Sequence[float]
) -> None:
    store = make(tmp_path, {("rte", "vanilla"): scores, ("rte", "dps-mix"): others})
    assert "bootstrap" not in "".join(notes(store, bootstrap=True))


def test_a_section_that_has_nothing_to_say_is_absent(tmp_path: Path) -> None:
    small = page(make(tmp_path, {("rte", "vanilla"): [0.6], ("rte", "dps-mix"): [0.7]}))
    assert list(sections(small)) == ["Differences", "Stability"]
    several: Ends = {("rte", "vanilla"): [0.6] * 3, ("cola", "vanilla"): [0.7]}
    found = sections(page(make(tmp_path / "several", several)))
    assert list(found) == ["Over all tasks", "The best of several runs"]
    assert pipe_lines(found["Over all tasks"])[0]["interquartile mean"] == "—"
    (best,) = pipe_lines(found["The best of several runs"])
    assert best["best of 3"] == "60.0"


def test_a_budget_says_how_many_of_the_runs_it_is_of(tmp_path: Path) -> None:
    ends: Ends = {
        ("rte", "vanilla"): [0.6, "diverged", 0.8, 0.7],
        ("rte", "dps-mix"): [0.6, 0.7, 0.5, 0.4],
    }
    lines = pipe_lines(sections(page(make(tmp_path, ends)))["The best of several runs"])
    assert {line["method"]: line["runs"] for line in lines} == {
        "vanilla": "3 of 4",
        "dps-mix": "4 of 4",
    }


def test_a_crossing_with_a_hole_is_named(tmp_path: Path) -> None:
    ends: Mapping[tuple[int, int], Wanted] = {
        (0, 0): 0.6,
        (0, 1): 0.7,
        (1, 0): "diverged",
        (1, 1): 0.5,
    }
    runs: list[tuple[Run, Wanted, Mapping[str, object]]] = [
        (make_run(("rte", "vanilla", 0), seeds=Seeds(init=head, order=order)), end, {})
        for (head, order), end in ends.items()
    ]
    assert (
        "no shares of variance, for a run of the crossing has no score: tiny, vanilla (rte)."
        in notes(make_grid(tmp_path, runs))
    )


def test_only_the_deviation_of_the_method_makes_an_infinite_ratio(tmp_path: Path) -> None:
    ends: Ends = {
        ("rte", "vanilla"): [0.5] * 3,
        ("rte", "dps-mix"): [0.4, 0.5, 0.6],
        ("rte", "mixout"): [0.6] * 3,
    }
    found = pipe_lines(sections(page(make(tmp_path, ends)))["Stability"])
    assert [(line["sd"], line["sd (against)"], line["sd ratio"]) for line in found] == [
        ("10.0", "0.0", "∞"),
        ("0.0", "0.0", "—"),
    ]


def test_failed_and_diverged_runs_are_counted_among_those_that_could_end(tmp_path: Path) -> None:
    ends: Ends = {
        ("rte", "vanilla"): [0.5, 0.6, 0.7, 0.6],
        ("rte", "dps-mix"): ["failed", "diverged", "oom", 0.6, None],
    }
    (line,) = pipe_lines(sections(page(make(tmp_path, ends)))["Stability"])
    assert (line["lost"], line["lost (against)"]) == ("2 of 3", "0 of 4")
    assert line["95 % interval (lost)"] == "[21%, 94%]"
    assert line["p (lost)"] == "0.14"  # C(3, 2) / C(7, 2)


def halved(*epochs: tuple[float, float]) -> dict[str, object]:
    """Give the evaluations of a run with the scores of both halves after each epoch."""
    return {
        "evaluations": tuple(
            Evaluation(
                epoch=number,
                step=number,
                metrics={},
                primary=sum(halves) / 2,
                train_loss=None,
                halves=halves,
            )
            for number, halves in enumerate(epochs, 1)
        )
    }


HALVES = {
    "vanilla": halved((0.5, 0.9), (0.7, 0.6), (0.6, 0.6)),
    "dps-mix": halved((0.7, 0.9), (0.7, 0.7), (0.5, 0.5)),
}
"""The first epoch is the best of either, at 0.7 and 0.8.

Held out, vanilla has the mean of 0.6 (the first half selects epoch 2) and 0.5 (the second, 1);
DPS Mix that of 0.9 (the first half selects the earlier of equals) and 0.7 (the second, 1).
"""


@pytest.mark.parametrize(
    ("selection", "words", "difference"),
    [
        ("last", "after the last epoch", "-10.0"),
        ("best", "selected on the very examples that give them", "+10.0"),
        ("held-out", "selected by half of the examples", "+25.0"),
    ],
)
def test_the_page_says_which_epoch_gave_its_scores(
    tmp_path: Path, selection: str, words: str, difference: str
) -> None:
    runs = [(make_run(("rte", name, 0)), 0.1, HALVES[name]) for name in ("vanilla", "dps-mix")]
    text = page(make_grid(tmp_path, runs), selection=selection)
    assert words in text.split("\n## ")[0]
    (line,) = pipe_lines(sections(text)["Differences"])
    assert line["difference"] == difference
    assert "no held-out score" not in text


def test_runs_without_halves_are_counted_where_held_out_scores_are_asked_for(
    tmp_path: Path,
) -> None:
    ends: Ends = {("rte", "vanilla"): [0.6, "oom"], ("rte", "dps-mix"): [0.7]}
    store = make(tmp_path, ends)
    assert (
        "no held-out score: 2 of 2 trained runs. Half of the examples may leave it "
        "undefined, and earlier versions of dpsrun did not score halves; "
        "`dpsrun grid GRID --force` does runs again."
    ) in notes(store, selection="held-out")
    assert not any("held-out" in note for note in notes(store))
