"""Presets are training settings, for known tasks, each with its source."""

from __future__ import annotations

import pytest

from dpsrun.config.presets import Preset, find, presets
from dpsrun.errors import UserError
from dpsrun.runs.spec import Training
from dpsrun.tasks import registry

ALL = pytest.mark.parametrize("preset", presets().values(), ids=presets())


@ALL
def test_its_settings_are_training_settings(preset: Preset) -> None:
    for task in ("", *preset.tasks):
        settings = preset.settings(task)
        Training.model_validate(settings)
        assert not {"epochs", "max_steps"} <= settings.keys()


@ALL
def test_its_tasks_are_known(preset: Preset) -> None:
    assert preset.tasks.keys() <= registry.tasks().keys()


@ALL
def test_every_value_has_a_source_and_every_source_gives_a_value(preset: Preset) -> None:
    given = [key for keys in preset.sources.values() for key in keys]
    wanted = {*preset.training, *(["tasks"] if preset.tasks else [])}
    assert set(given) == wanted
    assert all(preset.sources.values())


def test_values_of_a_task_lie_over_those_of_every_task() -> None:
    roberta = find("roberta-large")
    assert roberta.settings("qqp")["warmup_fraction"] == 0.25
    assert roberta.settings("rte")["warmup_fraction"] == 0.06
    assert "learning_rate" not in roberta.settings("wnli")


def test_the_encoders_and_the_recipes_are_there() -> None:
    recipes = {"mosbach2021", "zhang2021", "dps2022"}
    kinds = {"bert", "roberta", "electra", "deberta", "albert", "distilbert", "xlnet", "bart"}
    kinds |= {"modernbert", "minilm", "run"}
    assert {name.partition("-")[0] for name in presets()} - recipes == kinds
    assert recipes <= presets().keys()


def test_a_misspelt_preset_has_a_nearest_one() -> None:
    with pytest.raises(
        UserError, match="no preset is called 'mosbach': did you mean 'mosbach2021'"
    ):
        find("mosbach")
