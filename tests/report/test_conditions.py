"""Under which conditions runs were done: what keeps a row apart from its reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from dpsrun.errors import UserError
from dpsrun.report.analysis.conditions import NAMES, contrasts, gather, mixtures
from dpsrun.report.analysis.reference import references
from dpsrun.report.findings import Wishes, find
from dpsrun.report.read import Report
from dpsrun.runs.result import CODE
from dpsrun.runs.spec import DeviceKind, Run, Training
from dpsrun.runs.store import Store
from tests.report.builder import FAST, Wanted, make_grid, make_run, report_of

RATE = FAST.model_copy(update={"learning_rate": 3e-4})

Ended = tuple[Run, Wanted, Mapping[str, object]]


@dataclass(frozen=True)
class Way:
    """How a run was done; as in real results, but for what does not matter here."""

    training: Training = FAST
    device: DeviceKind = "cpu"
    spec: Mapping[str, object] = field(default_factory=dict)
    packages: Mapping[str, str] = field(default_factory=dict)
    machine: Mapping[str, object] = field(default_factory=dict)
    effective: Mapping[str, object] = field(default_factory=dict)
    params: Mapping[str, object] = field(default_factory=dict)
    code: int = CODE

    def run(self, label: str, seed: int = 0, end: Wanted = 0.7, task: str = "rte") -> Ended:
        made = make_run(
            (task, label, seed),
            training=self.training,
            device=self.device,
            params=self.params,
            method=label,
        )
        spec = made.spec.model_copy(update=dict(self.spec))
        return made.model_copy(update={"id": spec.id, "spec": spec}), end, self.facts

    @property
    def facts(self) -> dict[str, object]:
        packages = {"dpsrun": "0.1.0", "torch": "2.13.0", "numpy": "2.3"} | dict(self.packages)
        machine = {"device_name": "Xeon", "threads": 1, "packages": packages} | dict(self.machine)
        effective: dict[str, object] = {
            "precision": "fp32",
            "batching": "packed",
            "attention": "sdpa",
            "micro_batch_size": 16,
            "dropout": 0.1,
        }
        return {
            "code": self.code,
            "environment": machine,
            "effective": effective | dict(self.effective),
        }


USUAL = Way()


def told(report: Report) -> set[tuple[str, str, str]]:
    """Name the conditions in which rows differ from their reference, and what they are in both."""
    found = contrasts(gather(report), report.main, references(report))
    return {(each.name, each.first, each.second) for each in found}


@pytest.mark.parametrize(
    ("way", "name", "first", "second"),
    [
        (Way(training=RATE), "learning_rate", "0.0003", "0.0001"),
        (Way(training=FAST.model_copy(update={"epochs": 5})), "epochs", "5", "3"),
        (Way(device="cuda"), "device", "cuda", "cpu"),
        (Way(spec={"data": "other"}), "data", "other", "data-of-rte"),
        (Way(spec={"model": "other"}), "weights", "other", "weights"),
        (Way(code=1), "code", "1", str(CODE)),
        (Way(packages={"torch": "2.14.0"}), "torch", "2.14.0", "2.13.0"),
        (Way(packages={"transformers": "5.5"}), "transformers", "5.5", "not recorded"),
        (Way(machine={"device_name": "Epyc"}), "device_name", "Epyc", "Xeon"),
        (Way(machine={"threads": 2}), "threads", "2", "1"),
        (Way(effective={"precision": "bf16"}), "precision", "bf16", "fp32"),
        (Way(effective={"batching": "padded"}), "batching", "padded", "packed"),
        (Way(effective={"attention": "eager"}), "attention", "eager", "sdpa"),
        (Way(effective={"micro_batch_size": 8}), "micro_batch_size", "8", "16"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_condition_that_differs_from_the_references_is_told(
    tmp_path: Path, way: Way, name: str, first: str, second: str
) -> None:
    report = report_of(make_grid(tmp_path, [USUAL.run("vanilla"), way.run("dps-mix")]))
    assert told(report) == {(name, first, second)}
    assert name in NAMES


@pytest.mark.parametrize(
    "way",
    [
        Way(params={"dropout": 0.0, "update_ratio": 0.2}),
        Way(effective={"dropout": 0.0, "trainable_parameters": 7}),
        Way(training=FAST.model_copy(update={"precision": "fp32", "batching": "packed"})),
        Way(machine={"platform": "elsewhere"}, packages={"peft": "0.21"}),
    ],
    ids=[
        "its parameters",
        "what it changes",
        "asked for by name what applied anyhow",
        "what cannot change a score",
    ],
)
def test_what_a_method_itself_changes_keeps_nothing_apart(tmp_path: Path, way: Way) -> None:
    report = report_of(make_grid(tmp_path, [USUAL.run("vanilla"), way.run("dps-mix")]))
    assert told(report) == set()


def test_runs_of_one_cell_that_were_not_done_alike_are_named(tmp_path: Path) -> None:
    newer = Way(packages={"torch": "2.14.0"})
    ends = [USUAL.run("vanilla"), USUAL.run("dps-mix"), newer.run("dps-mix", seed=1)]
    report = report_of(make_grid(tmp_path, ends))
    (mixture,) = mixtures(gather(report))
    assert (mixture.method, mixture.task, mixture.name) == ("dps-mix", "rte", "torch")
    assert mixture.values == ("2.13.0", "2.14.0")
    assert told(report) == {("torch", "2.13.0 or 2.14.0", "2.13.0")}


def test_runs_without_a_score_say_nothing_of_the_conditions(tmp_path: Path) -> None:
    other = Way(packages={"torch": "2.14.0"})
    ends = [
        USUAL.run("vanilla"),
        USUAL.run("dps-mix"),
        other.run("dps-mix", seed=1, end="oom"),
        other.run("dps-dense", end="diverged"),
    ]
    report = report_of(make_grid(tmp_path, ends))
    assert told(report) == set()
    assert list(mixtures(gather(report))) == []


def test_settings_are_told_by_runs_without_a_score_too(tmp_path: Path) -> None:
    """Else rows would pass for comparable wherever their reference diverged."""
    ends = [USUAL.run("vanilla", end="diverged"), Way(training=RATE).run("dps-mix")]
    report = report_of(make_grid(tmp_path, ends))
    assert told(report) == {("learning_rate", "0.0003", "0.0001")}


def test_the_same_conditions_in_other_seeds_are_a_difference(tmp_path: Path) -> None:
    newer = Way(packages={"torch": "2.14.0"})
    ends = [
        *(USUAL.run("vanilla"), newer.run("vanilla", seed=1)),
        *(newer.run("dps-mix"), USUAL.run("dps-mix", seed=1)),
    ]
    report = report_of(make_grid(tmp_path, ends))
    assert told(report) == {
        ("torch", "2.13.0 or 2.14.0", "2.13.0 or 2.14.0 in other seeds"),
    }


def test_a_row_whose_orders_cannot_be_read_is_apart_and_they_are_named(tmp_path: Path) -> None:
    other = Way(training=RATE).run("dps-mix")
    store = make_grid(tmp_path, [USUAL.run("vanilla"), other])
    store.folder(other[0].id, "spec.json").write_text("{", encoding="utf-8")
    report = report_of(store)
    assert ("data", "not recorded", "data-of-rte") in told(report)
    assert [file.path.name for file in report.damaged] == ["spec.json"]


def test_a_task_is_compared_with_the_same_task_of_the_reference(tmp_path: Path) -> None:
    """Other tasks have other data; only one of them was trained at another rate."""
    ends = [
        USUAL.run("vanilla"),
        USUAL.run("vanilla", task="mrpc"),
        USUAL.run("dps-mix"),
        Way(training=RATE).run("dps-mix", task="mrpc"),
    ]
    report = report_of(make_grid(tmp_path, ends))
    (found,) = contrasts(gather(report), report.main, references(report))
    assert (found.method, found.task, found.name) == ("dps-mix", "mrpc", "learning_rate")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A grid in which one method has another rate, and one another rate and other versions."""
    both = Way(training=RATE, packages={"torch": "2.14.0"})
    ends = [USUAL.run("vanilla"), Way(training=RATE).run("dps-mix"), both.run("dps-dense")]
    return make_grid(tmp_path, ends)


def apart(store: Store, *tuned: str) -> set[str]:
    wishes: dict[str, Any] = {"tuned": frozenset(tuned), "bootstrap": False}
    return {method for *_, method in find(store, report_of(store), Wishes(**wishes)).apart}


def test_a_condition_that_was_tuned_for_each_method_keeps_none_apart(store: Store) -> None:
    assert apart(store) == {"dps-mix", "dps-dense"}
    assert apart(store, "learning_rate") == {"dps-dense"}
    assert apart(store, "learning_rate", "torch") == set()


def test_a_condition_that_there_is_not_is_the_readers_mistake(store: Store) -> None:
    with pytest.raises(UserError, match=r"--tuned: .* 'learning-rate': did you mean 'learning_r"):
        apart(store, "learning-rate")
