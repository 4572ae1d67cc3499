"""Published results, and ours beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from dpsrun.methods.registry import find
from dpsrun.report.analysis.published import PublishedRow, Score, Study, load
from dpsrun.report.analysis.reproduction import Reproduction, reproductions
from dpsrun.report.formats.published import (
    PUBLISHED_COLUMNS,
    beside_published,
    published_lines,
    published_notes,
)
from dpsrun.report.read import choose, read
from dpsrun.runs.result import Evaluation, Metrics
from dpsrun.runs.spec import Run, Training
from dpsrun.tasks import registry
from tests.report.builder import make_grid, make_run

UNCASED = 335_141_888
"""Parameters of bert-large-uncased without a head."""

ROWS = [(study, row) for study in load().studies for row in study.rows]
EACH = pytest.mark.parametrize(
    ("study", "row"), ROWS, ids=[f"{study.source}, {row.name}" for study, row in ROWS]
)


@EACH
def test_every_row_has_a_source_an_encoder_and_a_method_of_ours(
    study: Study, row: PublishedRow
) -> None:
    assert study.source
    assert study.arxiv
    assert set(study.encoders) <= load().encoders.keys()
    assert row.params.keys() <= find(row.method).params.model_fields.keys()
    assert {*study.training, *row.training} <= Training.model_fields.keys()


@EACH
def test_every_score_is_of_a_known_task_and_one_of_its_metrics(
    study: Study, row: PublishedRow
) -> None:
    for task, score in row.scores.items():
        assert task in load().tasks
        assert study.metrics[task] in registry.find(task).metrics
        assert 0.3 < score.mean < 0.95
        assert score.sd is None or 0 < score.sd < 0.3


def test_scores_are_those_of_the_papers() -> None:
    assert score_of("Re-init", "rte") == score(72.6, 1.6)
    assert score_of("Re-init + Longer", "cola") == score(61.9, 2.3)
    assert score_of("Mixout", "stsb") == score(89.2, 0.4)
    assert score_of("Devlin et al.", "cola") == score(45.6, 25.6, median=59.1, max=64.6)
    assert score_of("Mosbach et al.", "mrpc") == score(89.6, 0.8, median=89.5, max=91.4)
    assert score_of("R-Drop", "rte") == score(75.21, 0.90)
    assert score_of("RecAdam", "cola") == score(64.33)


def test_what_a_paper_contradicts_is_noted_with_the_score() -> None:
    assert "63.9" in score_of("Re-init", "cola").note
    assert "90.5" in score_of("Longer", "mrpc").note


def score_of(name: str, task: str) -> Score:
    return next(row.scores[task] for _, row in ROWS if row.name == name)


def score(
    mean: float,
    sd: float | None = None,
    median: float | None = None,
    max: float | None = None,  # noqa: A002 (a score's own word)
) -> Score:
    return Score(mean=mean, sd=sd, median=median, max=max)


def run(
    task: str = "rte",
    method: str = "vanilla",
    *,
    seed: int = 0,
    label: str | None = None,
    training: Training | None = None,
    params: Mapping[str, object] | None = None,
    scenario: str = "full",
    model: str = "bert-large-uncased",
    architecture: str = "bert-24x1024",
    examples: int | None = None,
) -> Run:
    """Describe a run of a published task, by the settings of Zhang et al. unless said otherwise."""
    training = training or Training(batch_size=32, weight_decay=0.0)
    size = examples or load().tasks[task]
    made = make_run(
        (task, label or method, seed),
        training=training,
        scenario=scenario,
        method=method,
        params=params or {},
        train_examples=size,
        model=model,
        architecture=architecture,
    )
    return made.model_copy(update={"total_steps": training.total_steps(size)})


def beside(
    root: Path,
    runs: Iterable[tuple[Run, Mapping[str, float | None]]],
    *,
    parameters: int = UNCASED + 2050,
    dropout: float = 0.1,
) -> tuple[Reproduction, ...]:
    """Give what is put beside runs with these metrics on the development set."""
    effective = {"parameters": parameters, "dropout": {"hidden_dropout_prob": dropout}}
    ends = [
        (each, 0.5, {"effective": effective, "evaluations": (evaluation(dict(metrics)),)})
        for each, metrics in runs
    ]
    store = make_grid(root, ends)
    (manifest,), _ = choose(store, [])
    return reproductions(read(store, manifest))


def evaluation(metrics: Metrics) -> Evaluation:
    return Evaluation(
        epoch=3, step=3, metrics={"validation": metrics}, primary=0.5, train_loss=None
    )


def sources(found: Iterable[Reproduction]) -> list[str]:
    return [f"{each.study.source.partition(',')[0]}: {each.row.name}" for each in found]


def test_a_cell_is_beside_all_that_was_published_for_it(tmp_path: Path) -> None:
    runs = [(run(seed=seed), {"accuracy": 0.70 + seed / 100}) for seed in (0, 1, 2)]
    found = beside(tmp_path, runs)
    assert sources(found) == [
        "Zhang et al. 2021: Standard",
        "Mosbach et al. 2021: Devlin et al.",
        "Yuan et al. 2023: Vanilla",
    ]
    zhang = found[0]
    assert zhang.ours.n == 3
    assert zhang.ours.mean == pytest.approx(0.71)
    assert zhang.ours.sd == pytest.approx(0.01)
    assert zhang.published == score(69.5, 2.5)
    assert zhang.difference == pytest.approx(0.015)


def test_scores_are_compared_in_the_published_metric_whatever_ours_is(tmp_path: Path) -> None:
    metrics = {"accuracy": 0.86, "f1": 0.90}
    (found, *_) = beside(tmp_path, [(run("mrpc"), metrics)])
    assert (found.metric, found.ours.mean) == ("f1", 0.90)
    assert found.difference == pytest.approx(-0.008)


def test_a_run_without_that_metric_is_left_out_and_seen_to_be(tmp_path: Path) -> None:
    metrics = ({"spearman": 0.89}, {"spearman": None})
    runs = [(run("stsb", seed=seed), metrics[seed]) for seed in (0, 1)]
    found = beside(tmp_path, runs, parameters=UNCASED + 1025)
    _, ((*_, ours, _, _, _),) = beside_published(found)
    assert ours == "89.0 (n=1 of 2)"


def test_differences_of_protocol_are_said(tmp_path: Path) -> None:
    training = Training(batch_size=16, learning_rate=3e-5, weight_decay=0.0)
    (found, *_) = beside(tmp_path, [(run(training=training), {"accuracy": 0.7})])
    assert found.differences == (
        "evaluated on half of the development set, ours on the development set",
        "checkpoint best, ours last",
        "batch_size 32, ours 16",
        "learning_rate 2e-05, ours 3e-05",
    )


def test_longer_training_is_beside_longer_training(tmp_path: Path) -> None:
    runs = [
        (run(label=f"{epochs} epochs", training=Training(epochs=epochs)), {"accuracy": 0.7})
        for epochs in (10, 20)
    ]
    found = beside(tmp_path, runs)
    assert [(each.method, each.row.name) for each in found] == [
        ("10 epochs", "Longer"),
        ("20 epochs", "Longer"),
        ("20 epochs", "Mosbach et al."),
    ]
    assert "steps chosen among 200, 400, 800, 1600, 3200, ours 1560" in found[0].differences


def test_a_parameter_must_be_one_that_was_tried(tmp_path: Path) -> None:
    runs = [
        (run(method="re-init", label=f"re-init {n}", params={"drawn_blocks": n}), {"accuracy": 0.7})
        for n in (0, 5, 12)
    ]
    (found,) = beside(tmp_path, runs)
    assert found.method == "re-init 5"
    assert "drawn_blocks chosen among 1, 2, 3, 4, 5, 6, ours 5" in found.differences


def test_where_a_source_is_silent_any_parameter_will_do_that_does_something(
    tmp_path: Path,
) -> None:
    runs = [
        (
            run(
                method="mixout",
                label=f"mixout {p}",
                params={"mix_probability": p, "mixed": "columns", "mix_head": False},
            ),
            {"accuracy": 0.7},
        )
        for p in (0.0, 0.45)
    ]
    lee, copied = beside(tmp_path, runs, dropout=0.0)
    assert (lee.method, lee.row.name) == ("mixout 0.45", "Lee et al.")
    assert "mix_probability not stated, ours 0.45" in lee.differences
    assert "ours with mix_head false" in lee.differences
    _, (*_, line) = beside_published([copied])
    assert "72.2 (n not stated)" in line


@pytest.mark.parametrize(
    "other",
    [
        run(model="bert-base-uncased", architecture="bert-12x768"),
        run(architecture="bert-12x768"),
        run(model="my-bert"),
        run(scenario="low-resource(1000)"),
        run(method="bitfit"),
        run(examples=2000),
        run(training=Training(epochs=2)),
    ],
    ids=["model", "architecture", "label", "scenario", "method", "data", "length"],
)
def test_what_is_not_the_same_has_nothing_beside_it(tmp_path: Path, other: Run) -> None:
    assert beside(tmp_path, [(other, {"accuracy": 0.7})]) == ()


def test_vanilla_without_dropout_has_nothing_beside_it(tmp_path: Path) -> None:
    assert beside(tmp_path, [(run(), {"accuracy": 0.7})], dropout=0.0) == ()


def test_a_label_does_not_make_a_cased_model_uncased(tmp_path: Path) -> None:
    cased = load().encoders["bert-large-cased"].parameters + 2050
    assert beside(tmp_path, [(run(), {"accuracy": 0.7})], parameters=cased) == ()


def test_a_source_that_does_not_say_which_bert_is_beside_both_and_says_so(tmp_path: Path) -> None:
    cased = load().encoders["bert-large-cased"].parameters + 2050
    found = beside(tmp_path, [(run(model="bert-large-cased"), {"accuracy": 0.7})], parameters=cased)
    assert sources(found) == ["Yuan et al. 2023: Vanilla"]
    assert any("cased or uncased is not stated" in note for note in published_notes(found))


def test_the_table_shows_both_scores_in_points(tmp_path: Path) -> None:
    runs = [(run("cola", seed=seed), {"matthews": 0.60 + seed / 100}) for seed in (0, 1)]
    header, (line, *_) = beside_published(beside(tmp_path, runs))
    assert dict(zip(header, line, strict=True)) == {
        "task": "cola",
        "metric": "matthews",
        "model": "bert-large-uncased",
        "method": "vanilla",
        "ours": "60.5 ± 0.7 (n=2)",
        "published": "63.0 ± 1.5 (n=20)",
        "difference": "-2.5",
        "source": "Zhang et al. 2021, Table 2, Standard",
    }


def test_notes_say_once_for_all_tasks_what_was_otherwise(tmp_path: Path) -> None:
    runs = [(run(), {"accuracy": 0.7}), (run("cola"), {"matthews": 0.6})]
    notes = published_notes(beside(tmp_path, runs))
    (standard,) = (note for note in notes if "Table 2, Standard" in note)
    assert standard == (
        "Zhang et al. 2021, Table 2, Standard, beside our vanilla (rte, cola): evaluated on half "
        "of the development set, ours on the development set; checkpoint best, ours last. The "
        "paper's row with weight decay has the same values to the last digit: the released code "
        "switches weight decay off."
    )


def test_lines_for_a_spreadsheet_are_raw_numbers(tmp_path: Path) -> None:
    training = Training(epochs=20, adam_epsilon=1e-6)
    found = beside(tmp_path, [(run(training=training), {"accuracy": 0.7})])
    *_, line = published_lines("demo", found)
    assert tuple(line) == PUBLISHED_COLUMNS
    assert (line["ours_n"], line["ours_mean"], line["ours_sd"]) == (1, 0.7, None)
    assert (line["published_n"], line["published_median"]) == (25, 0.70)
    assert line["differences"] == "checkpoint best, ours last"
    assert line["row"] == "Mosbach et al."
