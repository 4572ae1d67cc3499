"""What the parameters of DPS accept, mean and refuse."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from dpsrun.methods.dps.params import DpsParams
from dpsrun.methods.registry import find
from dpsrun.methods.spec import Params, Setting

METHODS = pytest.mark.parametrize("name", ["dps-dense", "dps-mix"])


def params(name: str, **given: Any) -> Params:
    return find(name).params(**given)


@METHODS
def test_the_defaults_are_the_published_scripts_and_no_switch_departs_from_them(name: str) -> None:
    given = params(name).model_dump()
    assert given["drop_fraction"] == 0.3
    assert given["update_ratio"] == 0.05
    assert given["head_init"] == "shared"
    assert {key for key, value in given.items() if value is True} == {"stage_two"}


def test_only_mix_can_rescale_its_backward_pass() -> None:
    assert params("dps-mix", rescale_backward=True).model_dump()["rescale_backward"] is True
    with pytest.raises(ValidationError, match="rescale_backward"):
        params("dps-dense", rescale_backward=True)


@METHODS
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("drop_fraction", -0.1),
        ("drop_fraction", 1.0),
        ("drop_fraction", "0.3"),
        ("update_ratio", 0.0),
        ("update_ratio", 0.51),
        ("head_init", "mine"),
        ("freeze_masked", 1),
        ("reserve_p", 0.3),
        ("dropout", 1.0),
    ],
)
def test_what_is_out_of_range_or_unknown_is_refused(name: str, key: str, value: object) -> None:
    with pytest.raises(ValidationError, match=key):
        params(name, **{key: value})


def test_the_help_says_that_reserve_p_drops() -> None:
    told = DpsParams.model_fields["drop_fraction"].description or ""
    assert "reserve_p" in told
    assert "drops and does not keep" in told


@pytest.mark.parametrize(
    ("name", "steps", "rate"),
    [
        ("vanilla", 690, None),
        ("vanilla", 2000, None),
        ("dps-dense", 1999, 0.0),
        ("dps-dense", 2000, 0.1),
        ("dps-mix", 1999, 0.0),
        ("dps-mix", 2000, 0.0),
    ],
)
def test_dropout_follows_the_published_rule(name: str, steps: int, rate: float | None) -> None:
    assert params(name).dropout_rate(steps) == rate


@pytest.mark.parametrize("name", ["vanilla", "dps-dense", "dps-mix"])
def test_dropout_that_is_set_wins(name: str) -> None:
    assert params(name, dropout=0.2).dropout_rate(5000) == 0.2
    assert params(name, dropout=0).dropout_rate(5000) == 0


@METHODS
def test_a_stage_without_a_step_is_refused_with_what_would_work(name: str) -> None:
    with pytest.raises(
        ValueError,
        match=r"^update_ratio 0.05 of 16 steps leaves a stage without a step: "
        r"it takes at least update_ratio: 0.0625 or 20 steps$",
    ):
        params(name).check(Setting(16))
    params(name).check(Setting(20))
    params(name, update_ratio=0.0625).check(Setting(16))


@METHODS
def test_a_single_step_can_only_be_mended_by_more_steps(name: str) -> None:
    with pytest.raises(ValueError, match=r"it takes at least 2 steps$"):
        params(name, update_ratio=0.5).check(Setting(1))


@METHODS
def test_dropping_nothing_needs_no_stages(name: str) -> None:
    params(name, drop_fraction=0).check(Setting(1))
