"""What a grid file means."""

from __future__ import annotations

from pathlib import Path

import pytest

from dpsrun.config.grid import Cell, Grid, relocate
from dpsrun.config.load import load
from dpsrun.config.places import ModelEntry
from dpsrun.errors import ConfigError, UserError
from dpsrun.runs.spec import Seeds
from tests.config.grids import FULL, grid, small


def cell(one: Grid, **labels: str) -> Cell:
    found = [
        cell
        for cell in one.cells
        if all(str(getattr(cell, name)) == label for name, label in labels.items())
    ]
    assert len(found) == 1
    return found[0]


def labels(one: Grid) -> list[str]:
    return [cell.label for cell in one.cells]


def test_a_grid_is_the_product_of_its_axes() -> None:
    text = small(tasks="[cola, rte]", models="[a, b]", methods="[vanilla, dps-mix]", seeds="[0, 1]")
    one = grid(text)
    assert (len(one.cells), len(one)) == (8, 16)
    assert one.tasks == ("cola", "rte")


def test_the_whole_language_in_one_file() -> None:
    one = grid(FULL)
    assert one.name == "everything"
    rte = cell(one, task="rte", label="vanilla", scenario="full", model="minilm")
    assert (rte.training.epochs, rte.training.learning_rate) == (10, 2e-5)
    dense = cell(
        one, task="cola", label="dps-dense [drop_fraction=0.1]", scenario="full", model="minilm"
    )
    assert dense.params.model_dump()["drop_fraction"] == 0.1
    assert dense.params.model_dump()["update_ratio"] == 0.1
    assert (dense.training.epochs, dense.training.weight_decay) == (3, 0.0)
    assert dense.seeds == (Seeds.all(0), Seeds.all(1))
    assert not [c for c in one.cells if c.task == "cola" and c.method in {"vanilla", "dps-mix"}]


def test_the_name_is_the_files_unless_it_is_given() -> None:
    assert grid(small(), Path("there/glue.v2.yaml")).name == "glue.v2"
    assert grid(small(name="mine")).name == "mine"


def test_models_are_hub_ids_folders_and_packages() -> None:
    text = small(models='[org/big@v1.0, "./here/tiny", "package:some_name", {label: x, source: y}]')
    one = grid(text, Path("/grids/a.yaml"))
    assert one.models == (
        ModelEntry("big", "org/big", "v1.0"),
        ModelEntry("tiny", "/grids/here/tiny"),
        ModelEntry("some_name", "package:some_name"),
        ModelEntry("x", "y"),
    )


def test_an_existing_folder_beside_the_file_needs_no_dot(tmp_path: Path) -> None:
    (tmp_path / "bert").mkdir()
    one = grid(small(models="[bert]"), tmp_path / "a.yaml")
    assert one.models == (ModelEntry("bert", str(tmp_path.resolve() / "bert")),)


def test_data_lie_relative_to_the_file_or_on_the_hub() -> None:
    text = small(data="{glue: ../shared/glue, mini: me/mini@abc}")
    assert grid(text, Path("/grids/a.yaml")).data == {"glue": "/shared/glue", "mini": "me/mini@abc"}


@pytest.mark.parametrize(
    ("text", "seeds"),
    [
        ("[0, 3]", [Seeds.all(0), Seeds.all(3)]),
        ("[{init: 1, order: 2}]", [Seeds(init=1, order=2)]),
        (
            "{init: [0, 1], order: [5, 6]}",
            [Seeds(init=i, order=o) for i in (0, 1) for o in (5, 6)],
        ),
    ],
)
def test_seeds_are_numbers_streams_or_crossed_streams(text: str, seeds: list[Seeds]) -> None:
    assert list(grid(small(seeds=text)).cells[0].seeds) == seeds


def test_scenarios_are_an_axis() -> None:
    one = grid(small(scenario="[full, low-resource(500)]"))
    assert [str(cell.scenario) for cell in one.cells] == ["full", "low-resource(500)"]
    assert str(grid(small(scenario="low-resource(300)")).cells[0].scenario) == "low-resource(300)"


def test_later_overrides_win() -> None:
    text = small(
        overrides="[{match: {task: '*'}, training: {epochs: 4, batch_size: 8}}, "
        "{match: {task: 'r?e'}, training: {epochs: 5}}]"
    )
    training = grid(text).cells[0].training
    assert (training.epochs, training.batch_size) == (5, 8)


def test_max_steps_in_an_override_replaces_epochs_and_the_reverse() -> None:
    base = "{match: {task: rte}, training: {%s}}"
    steps = grid(small(training="{epochs: 7}", overrides=f"[{base % 'max_steps: 9'}]"))
    epochs = grid(small(training="{max_steps: 9}", overrides=f"[{base % 'epochs: 7'}]"))
    assert steps.cells[0].training.total_steps(160) == 9
    assert epochs.cells[0].training.total_steps(160) == 70


def test_the_settings_of_a_sweep_are_rows_of_their_own() -> None:
    one = grid(
        small(
            methods="[vanilla, dps-dense]",
            sweep="{training.learning_rate: [1e-5, 2e-5], params.drop_fraction: [0.1]}",
        )
    )
    assert labels(one) == [
        "vanilla [learning_rate=1e-05]",
        "vanilla [learning_rate=2e-05]",
        "dps-dense [learning_rate=1e-05 drop_fraction=0.1]",
        "dps-dense [learning_rate=2e-05 drop_fraction=0.1]",
    ]
    assert [cell.training.learning_rate for cell in one.cells] == [1e-5, 2e-5, 1e-5, 2e-5]


def test_a_rule_that_names_a_method_means_all_rows_of_its_sweep() -> None:
    text = small(
        methods="[vanilla, dps-dense]",
        sweep="{training.learning_rate: [1e-5, 2e-5]}",
        include="[{method: vanilla}]",
        overrides="[{match: {method: vanilla}, training: {epochs: 9}}]",
    )
    one = grid(text)
    assert [cell.training.epochs for cell in one.cells] == [9, 9]


def test_brackets_in_a_pattern_are_plain_characters() -> None:
    text = small(sweep="{training.epochs: [1, 2]}", include="[{method: 'vanilla [epochs=1]'}]")
    assert labels(grid(text)) == ["vanilla [epochs=1]"]


def test_include_and_exclude_may_name_seeds() -> None:
    text = small(seeds="[0, 1, {order: 2}]", exclude="[{seed: 1}, {task: cola, seed: 0}]")
    one = grid(text.replace("[rte]", "[rte, cola]"))
    assert cell(one, task="rte").seeds == (Seeds.all(0), Seeds(order=2))
    assert cell(one, task="cola").seeds == (Seeds(order=2),)


def test_models_without_runs_are_not_asked_for() -> None:
    one = grid(small(models="[a, b]", exclude="[{model: a}]"))
    assert [entry.label for entry in one.models] == ["b"]


def test_a_rule_may_mix_settings_that_only_fit_together() -> None:
    text = small(
        training="{batch_size: 64}",
        overrides="[{match: {task: rte}, training: {micro_batch_size: 32}}]",
    )
    assert grid(text).cells[0].training.micro_batch_size == 32


def test_load_reads_files_and_reports_the_problems_of_all(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(small())
    bad.write_text(small(tasks="[rtee]"))
    assert [one.name for one in load([good])] == ["good"]
    with pytest.raises(ConfigError) as caught:
        load([bad, good, tmp_path / "absent.yaml"])
    assert [Path(problem.file).name for problem in caught.value.problems] == [
        "bad.yaml",
        "absent.yaml",
    ]


def test_two_grids_of_one_name_are_refused(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.yaml").write_text(small())
    with pytest.raises(ConfigError, match="is called 'x' too"):
        load([tmp_path / "a" / "x.yaml", tmp_path / "b" / "x.yaml"])


def test_the_command_line_moves_models_by_label_or_source_and_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    one = grid(small(models="[{label: big, source: org/bert-large}, org/small]"))
    (moved,) = relocate(
        [one], models=["org/bert-large=./b", "small=org/other@v2"], data=["glue=./g"]
    )
    here = tmp_path.resolve()
    assert moved.models == (
        ModelEntry("big", str(here / "b")),
        ModelEntry("small", "org/other", "v2"),
    )
    assert moved.data == {"glue": str(here / "g")}


@pytest.mark.parametrize(
    ("models", "data", "expected"),
    [
        (["bigg=./x"], [], "no grid uses 'bigg'; did you mean 'big'"),
        (["big"], [], "write --model NAME=PLACE"),
        (["big="], [], "write --model NAME=PLACE"),
        (["big=a b"], [], "neither a hub id"),
        ([], ["glu=./x"], "no grid uses 'glu'; did you mean 'glue'"),
        ([], ["mini=./x"], "no grid uses 'mini'"),
    ],
)
def test_a_misspelt_move_names_what_there_is(
    models: list[str], data: list[str], expected: str
) -> None:
    with pytest.raises(UserError, match=expected):
        relocate([grid(small(models="[org/big]"))], models=models, data=data)
