"""Runs: what the facts of data and models add to a grid."""

from __future__ import annotations

from typing import Any

import pytest

from dpsrun.config.facts import Machine
from dpsrun.errors import ConfigError
from tests.config.grids import FULL, grid, runs, small

UNKNOWN = Machine("cuda", None)


def faults(text: str, **facts: Any) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        runs(text, **facts)
    return [str(problem).removeprefix("a.yaml:") for problem in caught.value.problems]


def test_a_run_has_a_complete_spec_its_labels_and_its_steps() -> None:
    (run,) = runs(small(methods="[dps-dense]", training="{batch_size: 10, epochs: 2}"))
    assert run.id == run.spec.id
    assert run.spec.data == "data of rte"
    assert (run.spec.model, run.spec.architecture) == ("tiny", "bert-2x16")
    assert run.spec.params["drop_fraction"] == 0.3
    assert run.spec.params["dropout"] is None
    assert run.spec.training.precision == "fp32"
    assert (run.train_examples, run.total_steps) == (2490, 498)
    assert run.labels.model_dump() == {
        "task": "rte",
        "model": "tiny",
        "method": "dps-dense",
        "scenario": "full",
        "seed": "0",
    }


def test_the_runs_come_in_the_order_of_the_file() -> None:
    found = runs(small(tasks="[rte, cola]", methods="[dps-mix, vanilla]", seeds="[1, 0]"))
    assert [(r.labels.task, r.labels.method, r.labels.seed) for r in found] == [
        (task, method, seed)
        for task in ("rte", "cola")
        for method in ("dps-mix", "vanilla")
        for seed in ("1", "0")
    ]


def test_a_low_resource_run_counts_its_own_examples() -> None:
    (run,) = runs(small(scenario="low-resource(500)"))
    assert (run.train_examples, run.total_steps) == (500, 96)


def test_several_sizes_are_several_scenarios() -> None:
    found = runs(small(scenario="low-resource(100, 500)"))
    assert [run.labels.scenario for run in found] == ["low-resource(100)", "low-resource(500)"]


def test_every_class_needs_an_example() -> None:
    (fault,) = faults(small(scenario="low-resource(2, 3)"), classes=3)
    assert fault.endswith("2 examples cannot hold the 3 classes of rte: take at least 3")


def test_auto_precision_becomes_what_it_means_here_and_a_chosen_one_stays() -> None:
    text = small(sweep="{training.precision: [auto, fp16]}")
    found = runs(text, machine=Machine("cuda", "bf16"))
    assert [run.spec.training.precision for run in found] == ["bf16", "fp16"]


def test_auto_precision_on_an_unknown_gpu_is_refused_where_it_is_asked_for() -> None:
    advice = "give precision: bf16 or fp16 or fp32 in training"
    (fault,) = faults(small(tasks="[rte, cola]"), machine=UNKNOWN)
    assert fault.startswith("1: training.precision: ")
    assert advice in fault
    (fault,) = faults(small(training="{precision: auto}"), machine=UNKNOWN)
    assert fault.startswith("5: training.precision: ")
    (run,) = runs(small(training="{precision: fp16}"), machine=UNKNOWN)
    assert run.spec.training.precision == "fp16"


def test_a_cpu_and_a_gpu_do_different_runs_and_two_gpus_the_same() -> None:
    (here,), (there,) = runs(small()), runs(small(), machine=Machine("cuda", "fp32"))
    assert (here.spec.device, there.spec.device) == ("cpu", "cuda")
    assert here.id != there.id


def test_labels_and_places_are_no_part_of_the_identity() -> None:
    (one,) = runs(small(models="[{label: a, source: x/a}]"), models={"a": "same"})
    (other,) = runs(
        small(
            name="g", models="[{label: b, source: ./b}]", methods="[{label: v, method: vanilla}]"
        ),
        models={"b": "same"},
    )
    assert one.id == other.id


def test_every_setting_is_part_of_the_identity() -> None:
    base = small(methods="[dps-mix]")
    changed = [
        base,
        small(methods="[{method: dps-mix, drop_fraction: 0.2}]"),
        small(methods="[{method: dps-mix, dropout: 0.1}]"),
        small(methods="[dps-dense]"),
        small(methods="[dps-mix]", training="{learning_rate: 1e-5}"),
        small(methods="[dps-mix]", training="{max_length: 64}"),
        small(methods="[dps-mix]", scenario="low-resource(2489)"),
        small(methods="[dps-mix]", seeds="[{init: 1}]"),
        small(methods="[dps-mix]", tasks="[cola]"),
    ]
    assert len({runs(text)[0].id for text in changed}) == len(changed)


def test_adding_to_a_grid_keeps_the_runs_that_it_had() -> None:
    before = {run.id for run in runs(small())}
    after = {run.id for run in runs(small(tasks="[cola, rte]", seeds="[0, 1]"))}
    assert before < after


def test_all_runs_of_a_large_file_are_distinct() -> None:
    found = runs(FULL)
    assert len(found) == len(grid(FULL))
    assert len({run.id for run in found}) == len(found)


def test_an_update_ratio_without_a_step_is_blamed_where_it_was_written() -> None:
    methods = "\n  - vanilla\n  - method: dps-dense\n    update_ratio: 0.001"
    (fault,) = faults(small(methods=methods))
    assert fault.startswith("6: methods[1].update_ratio: update_ratio 0.001 of 468 steps")
    assert fault.endswith("(dps-dense, tiny, rte, full: 468 steps)")


def test_a_default_that_does_not_work_is_blamed_on_the_method() -> None:
    (fault,) = faults(small(methods="[dps-mix]", training="{max_steps: 10}"))
    assert fault.startswith("3: methods[0]: update_ratio 0.05 of 10 steps")


def test_an_override_that_does_not_work_is_blamed_at_its_line() -> None:
    overrides = "\n  - match: {method: dps-*}\n    params: {update_ratio: 0.0001}"
    (fault,) = faults(small(methods="[vanilla, dps-mix]", overrides=overrides))
    assert fault.startswith("7: overrides[0].params.update_ratio: ")


def test_more_examples_than_there_are_is_an_error() -> None:
    assert faults(small(scenario="[full, low-resource(3000)]")) == [
        "5: scenario[1]: rte has only 2490 training examples"
    ]


def test_a_length_beyond_the_model_is_an_error() -> None:
    expected = "max_length 128 is too long: tiny takes 64 tokens"
    assert faults(small(training="{max_length: 128}"), max_length=64) == [
        f"5: training.max_length: {expected}"
    ]
    assert faults(small(), max_length=64) == [f"2: models[0]: {expected}"]


def test_all_late_findings_come_at_once() -> None:
    text = small(
        methods="[{method: dps-mix, update_ratio: 0.001}]",
        training="{max_length: 128}",
        scenario="[full, low-resource(9999)]",
    )
    assert len(faults(text, max_length=64)) == 3


def test_two_rows_that_are_the_same_runs_are_refused() -> None:
    methods = "\n  - vanilla\n  - {label: again, method: vanilla}"
    assert faults(small(methods=methods, tasks="[rte, cola]", seeds="[0, 1]")) == [
        "5: methods[1]: 'again' is the same as 'vanilla' in line 4: keep one of them"
    ]


def test_two_models_with_the_same_content_are_refused() -> None:
    with pytest.raises(ConfigError, match="'b' is the same as 'a' in line 2"):
        runs(small(models="[a, b]"), models={"a": "same", "b": "same"})


def test_a_sweep_over_two_words_for_the_same_precision_is_refused() -> None:
    (fault,) = faults(small(sweep="{training.precision: [auto, fp32]}"))
    assert "'vanilla [precision=fp32]' is the same as 'vanilla [precision=auto]'" in fault


def test_what_the_encoder_lacks_is_said_once_for_all_tasks() -> None:
    (fault,) = faults(small(tasks="[rte, cola]", methods="[{method: re-init, drawn_blocks: 9}]"))
    assert fault.endswith("the encoder has 2 blocks with weights of their own (re-init, tiny)")
