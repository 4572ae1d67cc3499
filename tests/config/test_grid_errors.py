"""Every fault of a grid file is named: line, key path, and the nearest valid choice."""

from __future__ import annotations

import pytest

from tests.config.grids import faults, small


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (small(taks="[rte]"), "5: taks: unknown key; did you mean 'tasks'?"),
        (small(training="{epoch: 3}"), "5: training.epoch: unknown key; did you mean 'epochs'?"),
        (
            small(models="[{source: a, lable: b}]"),
            "2: models[0].lable: unknown key; did you mean 'label'?",
        ),
        (
            small(methods="[{method: dps-dense, drop_fractoin: 0.1}]"),
            (
                "3: methods[0].drop_fractoin: dps-dense has no such parameter; "
                "did you mean 'drop_fraction'?"
            ),
        ),
        (
            small(seeds="[{inti: 1}]"),
            "4: seeds[0].inti: unknown key; did you mean 'init'?",
        ),
        (small(seeds="{ordr: [1]}"), "4: seeds.ordr: unknown key; did you mean 'order'?"),
        (small(data="{gleu: ./x}"), "5: data.gleu: no tasks of this family; did you mean 'glue'?"),
        (
            small(overrides="[{match: {task: rte}, trainin: {epochs: 1}, params: {dropout: 0.1}}]"),
            "5: overrides[0].trainin: unknown key; did you mean 'training'?",
        ),
        (
            small(overrides="[{match: {tasks: rte}, training: {epochs: 1}}]"),
            "5: overrides[0].match.tasks: unknown key; did you mean 'task'?",
        ),
        (
            small(overrides="[{match: {task: rte}, training: {epochz: 1}}]"),
            "5: overrides[0].training.epochz: unknown key; did you mean 'epochs'?",
        ),
        (
            small(overrides="[{match: {task: rte}, params: {drop_fraction: 0.1}}]"),
            (
                "5: overrides[0].params.drop_fraction: vanilla has no such parameter; "
                "did you mean 'dropout'?"
            ),
        ),
        (
            small(include="[{methods: vanilla}]"),
            "5: include[0].methods: unknown key; did you mean 'method'?",
        ),
        (
            small(sweep="{training.epoch: [1]}"),
            "5: sweep.training.epoch: unknown setting; did you mean 'training.epochs'?",
        ),
        (
            small(sweep="{epochs: [1]}"),
            "5: sweep.epochs: unknown setting; write 'training.epochs'",
        ),
    ],
)
def test_an_unknown_key_at_any_level(text: str, expected: str) -> None:
    assert faults(text) == [expected]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("warmup_ratio: 0.1", "write 'warmup_fraction'"),
        ("num_train_epochs: 3", "write 'epochs'"),
        ("per_device_train_batch_size: 8", "write 'batch_size'"),
        ("lr: 1e-5", "write 'learning_rate'"),
        ("max_seq_length: 128", "write 'max_length'"),
        ("lr_scheduler_type: linear", "write 'schedule'"),
        ("fp16: true", "write training.precision: fp16"),
        ("evaluation_strategy: epoch", "every run is evaluated after each epoch"),
        ("seed: 42", "give the list 'seeds' at the top level"),
        ("gradient_accumulation_steps: 2", "give training.micro_batch_size"),
        ("output_dir: x", "give --results on the command line"),
        ("model_name_or_path: x", "write 'models' at the top level"),
    ],
)
def test_names_of_the_trainer_are_translated(key: str, expected: str) -> None:
    (fault,) = faults(small(training=f"{{{key}}}"))
    assert f"unknown key; {expected}" in fault


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"warmup_ratio": "0.1"}, "5: warmup_ratio: unknown key; write 'training.warmup_fraction'"),
        ({"learning_rate": "1e-5"}, "'learning_rate' belongs under 'training'"),
        ({"seed": "3"}, "5: seed: unknown key; give the list 'seeds'"),
        ({"task": "rte"}, "5: task: unknown key; did you mean 'tasks'?"),
        ({"method": "vanilla"}, "5: method: unknown key; did you mean 'methods'?"),
        (
            {"methods": "[{method: dps-mix, reserve_p: 0.3}]"},
            "write 'drop_fraction': the published flag drops this share",
        ),
        (
            {"methods": "[{method: child-tuning-d, reserve_p: 0.3}]"},
            "write 'keep_fraction': the published flag keeps this share",
        ),
        (
            {"methods": "[child-tuning-f]", "sweep": "{params.reserve_p: [0.2]}"},
            "write 'params.keep_probability': the published flag keeps this share",
        ),
        ({"methods": "[{method: r3f, eps: 1e-5}]"}, "write 'noise_scale'"),
        ({"methods": "[{method: pretrained-wd, weight_decay: 0.1}]"}, "write 'decay_strength'"),
        (
            {"methods": "[{method: vanilla, hidden_dropout_prob: 0.1}]"},
            "vanilla has no such parameter; write 'dropout'",
        ),
        ({"sweep": "{training.lr: [1e-5]}"}, "write 'training.learning_rate'"),
    ],
)
def test_settings_in_the_wrong_place_are_sent_home(parts: dict[str, str], expected: str) -> None:
    (fault,) = faults(small(**parts))
    assert expected in fault


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"tasks": "rte"}, '1: tasks: must be a list; found "rte"'),
        ({"tasks": "[]"}, "1: tasks: must not be empty; found an empty list"),
        ({"tasks": "[3]"}, "1: tasks[0]: must be the name of a task, or a mapping; found 3"),
        ({"tasks": "[no]"}, "1: tasks[0]: there is no task 'no'"),
        ({"models": "[5]"}, "2: models[0]: must be a mapping; found 5"),
        ({"models": "[{label: x}]"}, "2: models[0].source: this key is missing"),
        ({"models": "[a b]"}, "2: models[0]: 'a b' is neither a hub id"),
        ({"models": "['./a,b']"}, "2: models[0]: give './a,b' a label"),
        ({"models": "['package:../x']"}, "neither a hub id"),
        ({"methods": "[7]"}, "3: methods[0]: must be a method or {method: ..., parameters}"),
        ({"methods": "[{label: x}]"}, "3: methods[0].method: this key is missing"),
        ({"methods": "[{method: 3}]"}, "3: methods[0].method: must be text; found 3"),
        ({"methods": "[{method: vanilla, label: 'a|b'}]"}, "methods[0].label: must be printable"),
        ({"seeds": "3"}, "4: seeds: must be a list of seeds or a mapping of lists; found 3"),
        ({"seeds": '["3"]'}, "4: seeds[0]: must be a whole number or {init: ..., order: ...}"),
        ({"seeds": "[true]"}, "4: seeds[0]: must be a whole number"),
        ({"seeds": "[1.5]"}, "4: seeds[0]: must be a whole number"),
        ({"seeds": "[-1]"}, "4: seeds[0]: a seed lies between 0 and 2**63 - 1; found -1"),
        ({"seeds": "[{init: -1}]"}, "4: seeds[0].init: must be greater than or equal to 0"),
        ({"seeds": "{init: 3}"}, "4: seeds.init: must be a list; found 3"),
        ({"seeds": "{init: [x]}"}, '4: seeds.init[0]: must be a whole number; found "x"'),
        (
            {"scenario": "half"},
            "or 'low-resource(100, 500)'; found \"half\"",
        ),
        ({"scenario": "[low-resource(1)]"}, "5: scenario[0]: low-resource needs at least 2"),
        ({"training": "[]"}, "5: training: must be a mapping; found an empty list"),
        ({"training": "{epochs: 3.5}"}, "5: training.epochs: must be a whole number; found 3.5"),
        ({"training": "{epochs: true}"}, "5: training.epochs: must be a whole number; found true"),
        (
            {"training": '{learning_rate: "1e-5"}'},
            '5: training.learning_rate: must be a number; found "1e-5" (remove the quotes)',
        ),
        (
            {"training": "{precision: fp8}"},
            "5: training.precision: must be 'auto', 'fp32', 'bf16' or 'fp16'; found \"fp8\"",
        ),
        ({"training": "{schedule: linaer}"}, "did you mean 'linear'?"),
        (
            {"training": "{warmup_fraction: 1.5}"},
            "5: training.warmup_fraction: must be less than 1; found 1.5",
        ),
        (
            {"methods": "[{method: dps-mix, drop_fraction: 1.2}]"},
            "3: methods[0].drop_fraction: must be less than 1; found 1.2",
        ),
        (
            {"methods": '[{method: dps-mix, exact_k: "true"}]'},
            '3: methods[0].exact_k: must be true or false; found "true"',
        ),
        ({"name": "../up"}, "name: '../up' must be made of letters"),
        ({"name": "3"}, "name: must be text; found 3"),
        ({"data": "{glue: 3}"}, "5: data.glue: must be text; found 3"),
        ({"data": "{glue: '*'}"}, "5: data.glue: '*' is neither a hub id"),
        ({"overrides": "[{training: {epochs: 1}}]"}, "5: overrides[0].match: this key is missing"),
        ({"overrides": "[3]"}, "5: overrides[0]: must be a mapping; found 3"),
        ({"overrides": "[{match: {task: rte}}]"}, "5: overrides[0]: changes nothing"),
        ({"include": "[{}]"}, "5: include[0]: must name at least one of: task"),
        ({"exclude": "{task: rte}"}, "5: exclude: must be a list; found a mapping"),
        ({"exclude": "[{task: rte}]"}, "5: exclude: include and exclude leave no run"),
        ({"sweep": "{training.epochs: 3}"}, "5: sweep.training.epochs: must be a list of values"),
        (
            {"sweep": "{training.epochs: [0]}"},
            "5: sweep.training.epochs[0]: must be greater than or equal to 1; found 0",
        ),
        (
            {"sweep": "{params.drop_fraction: [0.1]}"},
            "5: sweep.params.drop_fraction: no method of this grid has it",
        ),
        (
            {"methods": "[dps-mix]", "sweep": "{params.drop_fraction: [2]}"},
            "5: sweep.params.drop_fraction[0]: must be less than 1; found 2",
        ),
        (
            {"sweep": "{training.epochs: [1], training.max_steps: [2]}"},
            "sweep either epochs or max_steps, not both",
        ),
        (
            {"training": "{epochs: 1, max_steps: 2}"},
            "5: training.max_steps: give epochs or max_steps, not both",
        ),
        (
            {
                "sweep": "{training.epochs: [1]}",
                "overrides": "[{match: {task: rte}, training: {max_steps: 3}}]",
            },
            "the sweep varies training.epochs, so an override cannot set 'max_steps'",
        ),
        (
            {"seeds": f"{{init: {list(range(400))}, order: {list(range(400))}}}"},
            "more than 100,000",
        ),
        (
            {
                "seeds": f"{list(range(400))}",
                "sweep": f"{{training.epochs: {list(range(1, 400))}}}",
            },
            "the grid has 159,600 runs; the most is 100,000",
        ),
        ({"tasks": ""}, "tasks: this key is missing"),
        ({"models": "['~no-such-user-here/x']"}, "there is no such home folder"),
        (
            {"tasks": "", "scenario": "half"},
            "4: scenario: write 'full', 'low-resource(500)' or 'low-resource(100, 500)'",
        ),
        (
            {
                "sweep": f"{{training.epochs: {list(range(1, 400))}, "
                f"training.batch_size: {list(range(1, 400))}}}"
            },
            "5: sweep: these are more than 100,000 settings",
        ),
    ],
)
def test_each_kind_of_fault(parts: dict[str, str], expected: str) -> None:
    found = faults(small(**parts))
    assert any(expected in fault for fault in found), found


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"tasks": "[rtee]"}, "1: tasks[0]: there is no task 'rtee'"),
        ({"methods": "[vanila]"}, "3: methods[0]: no method is called 'vanila'"),
        ({"methods": "[{method: dps-dens}]"}, "3: methods[0].method: no method is called"),
    ],
)
def test_an_unknown_task_or_method_suggests_the_nearest(
    parts: dict[str, str], expected: str
) -> None:
    (fault,) = faults(small(**parts))
    assert fault.startswith(expected)
    assert "did you mean" in fault


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"tasks": "\n  - rte\n  - rte"}, "3: tasks[1]: duplicate task 'rte': line 2 has it too"),
        ({"models": "[a/x, b/x]"}, "2: models[1]: duplicate model label 'x'"),
        (
            {"methods": "\n  - vanilla\n  - {method: vanilla, dropout: 0.0}"},
            (
                "5: methods[1]: duplicate method label 'vanilla': line 4 has it too; "
                "give one of them another label"
            ),
        ),
        ({"seeds": "[1, 2, 1]"}, "4: seeds[2]: duplicate seed '1'"),
        ({"seeds": "[0, {init: 0}]"}, "4: seeds[1]: duplicate seed '0'"),
        ({"seeds": "{init: [4, 4]}"}, "4: seeds.init[1]: duplicate seed '4'"),
        ({"scenario": "[full, full]"}, "5: scenario[1]: duplicate scenario 'full'"),
        ({"sweep": "{training.epochs: [3, 3]}"}, "5: sweep.training.epochs[1]: duplicate value"),
    ],
)
def test_what_stands_twice_is_named_with_both_lines(parts: dict[str, str], expected: str) -> None:
    (fault,) = faults(small(**parts))
    assert fault.startswith(expected)


@pytest.mark.parametrize("section", ["overrides", "include", "exclude"])
def test_a_pattern_that_matches_nothing_is_an_error(section: str) -> None:
    rule = (
        "{match: {task: rta}, training: {epochs: 1}}" if section == "overrides" else "{task: rta}"
    )
    (fault,) = faults(small(**{section: f"[{rule}]"}))
    assert fault.startswith(f"5: {section}[0].")
    assert fault.endswith("task: 'rta' matches no task of this grid; did you mean 'rte'?")


def test_each_pattern_of_a_list_must_match() -> None:
    (fault,) = faults(small(include="[{task: [rte, mnli]}]"))
    assert fault.startswith("5: include[0].task[1]: 'mnli' matches no task")


def test_a_pattern_is_not_blamed_for_a_misspelt_axis() -> None:
    assert len(faults(small(tasks="[rta]", include="[{task: rte}]"))) == 1


def test_an_override_that_does_not_fit_the_rest_is_blamed_at_its_line() -> None:
    overrides = "\n  - match: {task: rte}\n    training:\n      micro_batch_size: 32"
    (fault,) = faults(small(training="{batch_size: 16}", overrides=overrides))
    assert fault.startswith("9: overrides[0].training.micro_batch_size: micro_batch_size must")


def test_a_sweep_value_that_does_not_fit_the_rest_is_blamed_at_its_line() -> None:
    sweep = "\n  training.batch_size:\n    - 32\n    - 8"
    assert faults(small(training="{micro_batch_size: 16}", sweep=sweep)) == [
        "9: sweep.training.batch_size[1]: micro_batch_size must not be larger than batch_size"
    ]


def test_all_faults_of_a_file_come_at_once_from_the_top_down() -> None:
    text = small(
        tasks="[rte, colaa]",
        methods="\n  - vanila\n  - {method: dps-dense, drop_fraction: 2, update_ration: 0.1}",
        seeds="[0, 0]",
        training='\n  warmup_ratio: 0.1\n  learning_rate: "1e-5"',
        overrides="\n  - {match: {task: mrcp}, training: {epochs: 0}}",
        sheep="1",
    )
    lines = [int(fault.partition(":")[0]) for fault in faults(text)]
    assert lines == [1, 4, 5, 5, 6, 8, 9, 11, 12]


def test_a_repeated_key_does_not_hide_what_else_is_wrong() -> None:
    text = "tasks: [colaa]\nmodels: [x]\nmethods: [vanilla]\nseeds: [017]\nseeds: [1]\n"
    assert [fault.partition(":")[0] for fault in faults(text)] == ["1", "4", "5"]
