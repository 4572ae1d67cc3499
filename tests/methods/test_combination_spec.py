"""What a combination declares, and which methods cannot be combined; all without torch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import Field

from dpsrun.errors import UserError
from dpsrun.methods.combination.spec import combine
from dpsrun.methods.registry import find
from dpsrun.methods.spec import MethodSpec, Params, Setting

NAME = "re-init+llrd+dps-dense"
OURS = find(NAME)


def params_of(name: str, **values: Any) -> Params:
    return find(name).params.model_validate(values)


def made_up(name: str, params: type[Params] = Params, **facts: Any) -> MethodSpec:
    """A method of another package."""
    facts = {"acts": frozenset({"rates"})} | facts
    return MethodSpec(name, "", sources=(), params=params, hooks="", **facts)


@pytest.mark.parametrize("name", ["dps-dense+llrd+re-init", "llrd+re-init+dps-dense"])
def test_the_order_in_which_parts_are_written_makes_no_difference(name: str) -> None:
    assert find(name) is OURS
    assert OURS.name == NAME


def test_it_declares_what_its_parts_do() -> None:
    parts = [find(name) for name in OURS.name.split("+")]
    assert OURS.acts == frozenset({"start", "rates", "gradients"})
    assert OURS.summary == " ".join(part.summary for part in parts)
    zhang = "Zhang et al. 2021, arXiv 2006.05987"
    assert OURS.sources.count(zhang) == 1
    assert {*OURS.sources} == {source for part in parts for source in part.sources}
    assert f"llrd: {find('llrd').notes[0]}" in OURS.notes


def test_what_is_unverified_in_any_part_is_unverified() -> None:
    both = find("l2-sp+llrd").unverified
    assert find("l2-sp").unverified in both
    assert find("re-init+llrd").unverified == ""


def test_its_parameters_are_those_of_all_parts_with_their_limits_and_descriptions() -> None:
    schema = OURS.params.model_json_schema()["properties"]
    expected = {
        name: shape
        for part in ("re-init", "llrd", "dps-dense")
        for name, shape in find(part).params.model_json_schema()["properties"].items()
    }
    assert schema == expected


def test_parameters_that_came_later_leave_ids_alone_at_their_defaults() -> None:
    content = params_of(NAME).content()
    assert content.keys() >= {"drawn_blocks", "layer_decay", "drop_fraction", "dropout"}
    assert not {"mask", "stage_two", "cycle_over"} & content.keys()
    assert params_of(NAME, mask="random").content()["mask"] == "random"


@pytest.mark.parametrize(
    ("name", "params", "steps", "rate"),
    [
        ("re-init+llrd", {}, 100, None),
        ("re-init+llrd", {"dropout": 0.2}, 100, 0.2),
        ("llrd+dps-dense", {}, 100, 0.0),
        ("llrd+dps-dense", {}, 2000, 0.1),
        ("llrd+dps-dense", {"dropout": 0.2}, 100, 0.2),
        ("mixout+l2-sp", {}, 100, 0.0),
    ],
)
def test_dropout_is_one_for_all_and_unset_what_the_parts_rules_say(
    name: str, params: dict[str, Any], steps: int, rate: float | None
) -> None:
    assert params_of(name, **params).dropout_rate(steps) == rate


class Wet(Params):
    """Trains with more dropout than anybody else."""

    def dropout_rate(self, total_steps: int) -> float | None:
        return 0.4 if self.dropout is None else self.dropout


def test_rules_that_differ_are_refused_until_dropout_is_set() -> None:
    both = combine(made_up("wet", Wet), find("dps-dense")).params
    words = r"dropout must be set: wet asks for 0\.4, dps-dense asks for 0"
    with pytest.raises(ValueError, match=words):
        both().check(Setting(100))
    assert both(dropout=0.1).dropout_rate(100) == 0.1
    both(dropout=0.1).check(Setting(100))


def test_a_part_is_asked_about_the_dropout_that_another_brings() -> None:
    with pytest.raises(ValueError, match="kl_weight needs dropout"):
        params_of("r-drop+dps-dense").check(Setting(100))
    params_of("r-drop+dps-dense", dropout=0.1).check(Setting(100))


def test_every_part_is_asked_whether_it_can_work() -> None:
    with pytest.raises(ValueError, match="leaves a stage without a step"):
        params_of(NAME).check(Setting(5, blocks=12))
    with pytest.raises(ValueError, match="drawn_blocks 5 is too many"):
        params_of(NAME).check(Setting(100, blocks=4))


def test_blocks_that_are_drawn_anew_must_be_trained() -> None:
    both = "re-init+top-k-layers"
    with pytest.raises(ValueError, match="trained_blocks 3 freezes some of the drawn_blocks 4"):
        params_of(both, drawn_blocks=4).check(Setting(100))
    params_of(both, drawn_blocks=3).check(Setting(100))
    params_of(both, trained_blocks=None).check(Setting(100))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("llrd+llrd", "llrd comes 2 times"),
        ("llrd+vanilla", "vanilla adds nothing to a combination: leave it out"),
        ("llrd+dps-dens", "no method is called 'dps-dens': did you mean 'dps-dense'?"),
        ("llrd+", "no method is called ''"),
        ("dps-dense+mixout", "each of them masks or scales gradients"),
        ("r3f+r-drop", "each of them has another loss"),
        ("dps-mix+bitfit", "dps-mix works on weights that bitfit freezes"),
        ("top-k-layers+recadam", "recadam works on weights that top-k-layers freezes"),
        ("lora+re-init", "re-init works on weights that lora freezes"),
        ("dps-mix+l2-sp", "it is open whether the penalty is masked"),
        ("llrd+re-init+top-k-layers+l2-sp", "l2-sp works on weights that top-k-layers freezes"),
    ],
)
def test_what_does_not_go_together_is_refused_with_the_reason(name: str, words: str) -> None:
    with pytest.raises(UserError) as caught:
        find(name)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("name", "given"), [("r4f+dps-dense", {}), ("pretrained-wd+dps-dense", {"decay_head": True})]
)
def test_a_head_that_one_part_measures_is_not_drawn_anew_by_another(
    name: str, given: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match="head_init published draws a head anew"):
        params_of(name, head_init="published", **given).check(Setting(100))
    params_of(name, **given).check(Setting(100))


class Fast(Params):
    """Has a parameter that LLRD has too."""

    layer_decay: float = Field(default=0.5)


def test_parameters_of_the_same_name_are_refused() -> None:
    fast = made_up("fast", Fast, acts=frozenset({"loss"}))
    with pytest.raises(UserError, match=r"llrd and fast .*: both have a parameter 'layer_decay'"):
        combine(find("llrd"), fast)


def test_a_method_that_does_not_declare_where_it_acts_is_refused() -> None:
    with pytest.raises(UserError, match=r"mine cannot be combined: .* \(MethodSpec\.acts\)"):
        combine(find("llrd"), made_up("mine", acts=None))


def test_methods_of_others_take_their_turn_by_where_they_act() -> None:
    noise = made_up("noise", acts=frozenset({"start"}))
    assert combine(find("mixout"), noise).name == "noise+mixout"
    assert combine(replace(noise, acts=frozenset({"pull"})), find("mixout")).name == "mixout+noise"
