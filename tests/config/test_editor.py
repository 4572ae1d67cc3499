"""The editor's schema accepts what the reader accepts, and finds the commonest mistakes."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from dpsrun.config.editor import schema
from dpsrun.config.schema import GridFile
from dpsrun.config.yaml import parse
from dpsrun.methods.registry import BUILT_IN
from dpsrun.runs.spec import Scenario
from tests.config.grids import FULL, grid
from tests.places import EXPERIMENTS, ROOT

COMMITTED = EXPERIMENTS / "grid.schema.json"
MADE = schema(BUILT_IN)
VALIDATOR = Draft202012Validator(MADE)
GRIDS = sorted(EXPERIMENTS.glob("*.yaml"))


def content(text: str) -> Any:
    return parse(text.encode(), "a.yaml").data


def departing(**parts: Any) -> Any:
    """A valid grid with other sections."""
    return {**copy.deepcopy(content(FULL)), **parts}


def faults(value: Any) -> list[str]:
    """Name the places that the schema finds fault with."""
    return [error.json_path for error in VALIDATOR.iter_errors(value)]


def test_the_committed_schema_is_the_one_that_is_made() -> None:
    committed = json.loads(COMMITTED.read_text(encoding="utf-8"))
    assert committed == MADE, "renew it: dpsrun schema > experiments/grid.schema.json"


def test_it_is_a_schema_of_its_draft() -> None:
    assert MADE["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(MADE)


@pytest.mark.parametrize("file", GRIDS, ids=lambda file: file.stem)
def test_every_experiment_is_accepted(file: Path) -> None:
    assert faults(content(file.read_text(encoding="utf-8"))) == []


def test_the_readmes_grids_are_accepted() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml\n(.*?)```", readme, flags=re.DOTALL)
    whole = [block for block in blocks if "\ntasks:" in block]
    assert whole
    assert [faults(content(block)) for block in whole] == [[] for _ in whole]


def test_a_grid_with_every_section_is_accepted() -> None:
    assert grid(FULL)
    assert faults(content(FULL)) == []


def test_every_section_is_explained() -> None:
    assert MADE["properties"].keys() == GridFile.model_fields.keys()
    assert all(section["description"] for section in MADE["properties"].values())


@pytest.mark.parametrize(
    "parts",
    [
        {"scenario": "full"},
        {"seeds": {"init": [0, 1], "order": [0, 1]}},
        {"evaluate": "test"},
        {"evaluate": ["rte", "rte:validation", "test", "my-own:test"]},
        {"methods": [{"method": "of-another-package", "strength": 0.5}]},
        {"methods": ["llrd+dps-dense", {"method": "llrd+of-another", "layer_decay": 0.9}]},
        {"sweep": {"training.learning_rate": [1e-5, 2e-5], "params.strength": [1, 2]}},
        {"overrides": [{"match": {"task": ["rte", "cola"]}, "params": {"strength": 1}}]},
        {"overrides": [{"match": {"task": "rte"}, "training": {"max_grad_norm": None}}]},
        {"exclude": [{"seed": 3}, {"seed": ["1", 2]}]},
        {"models": [{"source": "roberta-large", "preset": "roberta-large"}]},
        {
            "tasks": [
                {
                    "name": "mine",
                    "train": "train.tsv",
                    "validation": "dev.tsv",
                    "text": "sentence",
                    "labels": [0, "yes"],
                }
            ]
        },
    ],
    ids=str,
)
def test_other_ways_to_write_a_grid_are_accepted(parts: dict[str, Any]) -> None:
    assert faults(departing(**parts)) == []


@pytest.mark.parametrize(
    ("parts", "place"),
    [
        ({"trainings": {}}, "$"),
        ({"tasks": ["rtee"]}, "$.tasks[0]"),
        ({"tasks": []}, "$.tasks"),
        ({"tasks": [{"name": "mine"}]}, "$.tasks[0]"),
        ({"data": {"glu": "./glue"}}, "$.data"),
        ({"models": [{"source": "a", "lable": "b"}]}, "$.models[0]"),
        ({"models": [{"source": "a", "preset": "roberta-lagre"}]}, "$.models[0]"),
        ({"methods": ["DPS_Dense"]}, "$.methods[0]"),
        ({"methods": ["llrd+"]}, "$.methods[0]"),
        ({"methods": ["llrd + dps-dense"]}, "$.methods[0]"),
        ({"methods": [{"method": "dps-dense", "drop_fractoin": 0.3}]}, "$.methods[0]"),
        ({"methods": [{"method": "dps-dense", "drop_fraction": 1.5}]}, "$.methods[0]"),
        ({"methods": [{"method": "vanilla", "drop_fraction": 0.3}]}, "$.methods[0]"),
        ({"methods": [{"label": "a"}]}, "$.methods[0]"),
        ({"seeds": ["one"]}, "$.seeds"),
        ({"seeds": {}}, "$.seeds"),
        ({"scenario": "low-resource"}, "$.scenario"),
        ({"evaluate": ["rte test"]}, "$.evaluate"),
        ({"training": {"learning_rate": "2e-5"}}, "$.training.learning_rate"),
        ({"training": {"epochs": 0}}, "$.training.epochs"),
        ({"training": {"warmup_ratio": 0.1}}, "$.training"),
        ({"training": {"schedule": "cosine"}}, "$.training.schedule"),
        ({"overrides": [{"training": {"epochs": 1}}]}, "$.overrides[0]"),
        ({"overrides": [{"match": {"tasks": "rte"}}]}, "$.overrides[0].match"),
        ({"include": [{"taks": "rte"}]}, "$.include[0]"),
        ({"sweep": {"training.lr": [1e-5]}}, "$.sweep"),
        ({"sweep": {"training.epochs": 3}}, "$.sweep['training.epochs']"),
        ({"sweep": {"params.drop_fraction": [2]}}, "$.sweep['params.drop_fraction'][0]"),
    ],
    ids=str,
)
def test_common_mistakes_are_found(parts: dict[str, Any], place: str) -> None:
    assert place in faults(departing(**parts))


def test_a_section_that_is_missing_is_found() -> None:
    assert faults({}) == ["$"] * 4


@pytest.mark.parametrize(
    "text", ["full", "low-resource(500)", "low-resource(50, 500)", "low-resource", "Full"]
)
def test_scenarios_are_those_that_can_be_read(text: str) -> None:
    try:
        Scenario.parse_all(text)
    except ValueError:
        assert faults(departing(scenario=text))
    else:
        assert not faults(departing(scenario=text))


def test_a_methods_parameters_are_described() -> None:
    cases = {
        case["if"]["properties"]["method"]["const"]: case["then"]
        for case in MADE["$defs"]["MethodItem"]["allOf"]
    }
    assert cases.keys() == {spec.name for spec in BUILT_IN}
    dense = cases["dps-dense"]["properties"]
    assert "dropped" in dense["drop_fraction"]["description"]
    assert dense["drop_fraction"]["exclusiveMaximum"] == 1
