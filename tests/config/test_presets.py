"""Presets are training settings, for known tasks, each with its source."""

from __future__ import annotations

import pytest

from dpsrun.config.presets import Preset, find, presets
from dpsrun.errors import UserError
from dpsrun.runs.spec import Training
from dpsrun.tasks import registry
from tests.config.grids import grid, small

ALL = pytest.mark.parametrize("preset", presets().values(), ids=presets())


@ALL
def test_its_settings_are_training_settings(preset: Preset) -> None:
    for own in ({}, *preset.tasks.values()):
        settings = {**preset.training, **own}
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


def test_a_model_takes_the_settings_of_its_preset_and_the_grid_lies_over_them() -> None:
    text = small(
        tasks="[rte, qqp]",
        models="[{source: roberta-large, preset: roberta-large}]",
        training="{epochs: 5}",
    )
    rte, qqp = (cell.training for cell in grid(text).cells)
    assert (rte.learning_rate, rte.batch_size, rte.warmup_fraction) == (2e-5, 16, 0.06)
    assert (qqp.learning_rate, qqp.batch_size, qqp.warmup_fraction) == (1e-5, 32, 0.25)
    assert rte.max_grad_norm is None
    assert rte.epochs == qqp.epochs == 5


def test_the_encoders_and_the_recipes_are_there() -> None:
    recipes = {"mosbach2021", "zhang2021", "dps2022"}
    kinds = {"bert", "roberta", "electra", "deberta", "albert", "distilbert", "xlnet", "bart"}
    kinds |= {"modernbert", "minilm", "run"}
    assert {name.partition("-")[0] for name in presets()} - recipes == kinds
    assert recipes <= presets().keys()


def test_a_misspelt_preset_has_a_nearest_one() -> None:
    with pytest.raises(UserError, match="did you mean 'mosbach2021'"):
        find("mosbach")
