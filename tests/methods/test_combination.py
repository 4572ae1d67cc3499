"""Several methods at work on one run: each pair, in the order in which they act."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Generator, Tensor, nn

from dpsrun.errors import UserError
from dpsrun.methods.dps_dense.spec import DenseParams
from dpsrun.methods.hooks import Hooks
from dpsrun.methods.llrd.spec import LlrdParams
from dpsrun.methods.registry import BUILT_IN, find
from dpsrun.models.batch import Batch
from dpsrun.models.classifier import Classifier
from dpsrun.training.optimiser import decay_groups
from tests.methods.cases import CASES
from tests.methods.small_model import (
    ONE_EXAMPLE,
    OneMatrix,
    SmallLoop,
    make_batches,
    make_hooks,
    rows,
    same,
    tiny_bert,
    weights,
)
from tests.training.runs import Inputs, attempt, outcome

LOSSES = ("r3f", "r4f", "r-drop")
PULLS = ("l2-sp", "pretrained-wd", "recadam")
FREEZING = ("top-k-layers", "bitfit", "lora", "adapters")

GOES_WITH = {
    "dps-dense": (*LOSSES, *PULLS, "re-init", "llrd"),
    "dps-mix": (*LOSSES, "pretrained-wd", "recadam", "re-init", "llrd"),
    "mixout": (*LOSSES, *PULLS, "re-init", "llrd"),
    "child-tuning-f": (*LOSSES, *PULLS, "re-init", "llrd"),
    "child-tuning-d": (*LOSSES, *PULLS, "re-init", "llrd"),
    "r3f": (*PULLS, "re-init", "llrd", *FREEZING),
    "r4f": (*PULLS, "re-init", "llrd", *FREEZING),
    "r-drop": (*PULLS, "re-init", "llrd", *FREEZING),
    "l2-sp": ("re-init", "llrd"),
    "pretrained-wd": ("re-init", "llrd"),
    "recadam": ("re-init",),
    "re-init": ("llrd", "top-k-layers"),
    "llrd": FREEZING,
}
"""Method -> the later ones of the list that it can be combined with; all other pairs clash."""

PAIRS = [(one, other) for one, others in GOES_WITH.items() for other in others]
THREE = ("re-init", "llrd", "dps-dense")
LARGE = [
    ("re-init", "llrd", "r4f", "l2-sp", "child-tuning-f"),
    ("re-init", "llrd", "r-drop", "pretrained-wd", "dps-dense"),
    ("re-init", "recadam", "r3f", "child-tuning-d"),
    ("re-init", "llrd", "top-k-layers", "r3f"),
    ("llrd", "mixout", "r3f", "l2-sp"),
    ("recadam", "dps-mix", "r-drop"),
    ("llrd", "bitfit", "r3f"),
    ("llrd", "lora", "r-drop"),
    ("llrd", "adapters", "r3f"),
]
TOTAL = 10


def settings(*parts: str, neutral: bool = False) -> dict[str, Any]:
    """The parameters of several methods side by side."""
    chosen = [CASES[part].neutral if neutral else CASES[part].active for part in parts]
    return {name: value for each in chosen for name, value in each.items()} | {"dropout": 0.1}


def with_dropout() -> Classifier:
    """A tiny BERT, without which R-Drop would have nothing to do."""
    model = tiny_bert()
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.1
    return model


def one_pass(size: int, _order: Generator) -> Iterator[Batch]:
    """Go through the examples of one batch."""
    (batch,) = make_batches(1, size=4)
    return (rows(batch, slice(first, first + size)) for first in range(0, 4, size))


def started(*parts: str, model: nn.Module | None = None, **params: Any) -> SmallLoop:
    """A loop with a combination (or vanilla), up to its first step."""
    model = model or with_dropout()
    hooks = make_hooks("+".join(parts) or "vanilla", model, TOTAL, one_pass=one_pass, **params)
    groups = hooks.parameter_groups(decay_groups(model, 0.01))
    hooks.before_training()
    torch.manual_seed(7)
    return SmallLoop(model, hooks, optimiser=torch.optim.AdamW(groups, lr=1e-2))


@cache
def logits(*parts: str, neutral: bool = False) -> Tensor:
    """What a model says after three steps with a combination."""
    loop = started(*parts, **settings(*parts, neutral=neutral))
    loop.run(make_batches(3))
    with torch.no_grad():
        answer: Tensor = loop.model.eval()(make_batches(1, seed=6)[0])
    return answer


@pytest.mark.parametrize("pair", PAIRS, ids="+".join)
def test_a_pair_trains_as_neither_of_its_parts_alone(pair: tuple[str, str]) -> None:
    both = logits(*pair)
    assert both.isfinite().all()
    assert not any(torch.equal(both, logits(part)) for part in pair)


@pytest.mark.parametrize("parts", LARGE, ids="+".join)
def test_neutral_settings_of_all_parts_are_vanilla_bit_for_bit(parts: tuple[str, ...]) -> None:
    assert torch.equal(logits(*parts, neutral=True), logits())


def test_all_other_pairs_are_refused_with_words() -> None:
    pairs = set(itertools.combinations([spec.name for spec in BUILT_IN], 2))
    assert pairs > set(PAIRS)
    for one, other in pairs - set(PAIRS):
        with pytest.raises(UserError, match=r"cannot be combined: .{20}|vanilla adds nothing"):
            find(f"{one}+{other}")


def test_between_them_the_large_ones_have_all_methods() -> None:
    assert {part for parts in LARGE for part in parts} == CASES.keys()


def test_the_third_of_three_parts_acts_too() -> None:
    assert not torch.equal(logits(*THREE), logits("llrd", "dps-dense"))


@pytest.mark.parametrize(
    "parts", [THREE, ("mixout", "l2-sp"), ("recadam", "dps-mix")], ids="+".join
)
def test_a_killed_run_goes_on_bit_for_bit(
    parts: tuple[str, ...], inputs: Inputs, tmp_path: Path
) -> None:
    order = inputs.order("+".join(parts), settings(*parts))
    (tmp_path / "killed").mkdir()
    attempt(order, tmp_path / "killed", until=9)
    resumed = attempt(order, tmp_path / "killed")
    assert resumed.resumed_at
    assert outcome(resumed) == outcome(attempt(order, tmp_path, keep=False))


def test_parts_that_share_their_random_numbers_resume_without_help_of_the_run() -> None:
    whole, params = make_batches(6), settings("r-drop", "child-tuning-f")
    ours = started("r-drop", "child-tuning-f", **params)
    ours.run(whole[:3])
    saved, dropout = ours.saved(), torch.get_rng_state()
    ours.run(whole[3:])
    resumed = started("r-drop", "child-tuning-f", **params)
    resumed.load(saved)
    torch.set_rng_state(dropout)
    resumed.run(whole[3:])
    assert same(weights(resumed.model), weights(ours.model))


def test_the_record_tells_of_each_part_by_its_name() -> None:
    hooks = started(*THREE, **settings(*THREE)).hooks
    assert list(hooks.describe()) == list(hooks.state_dict()) == list(THREE)
    assert hooks.describe()["re-init"]["entries_drawn"] > 0


@pytest.mark.parametrize("mixing", ["mixout", "dps-mix"])
def test_what_is_drawn_anew_is_what_others_fall_back_to(mixing: str) -> None:
    """With its anchor at the drawn weights, a mixture of the first step is those weights."""
    mixed, drawn = ((*parts, "re-init") for parts in ((mixing,), ("llrd",)))
    losses = []
    for parts in (mixed, drawn):
        loop = started(*parts, **settings(*parts))
        loop.hooks.before_step(9)
        losses.append(loop.hooks.loss(loop.model, make_batches(1)[0]))  # type: ignore[arg-type]
    assert losses[0] == losses[1]


def test_a_pull_sees_the_trained_weights_not_the_mixture_that_a_step_computed_with() -> None:
    """The penalty's gradient is alpha (w - w0), of columns that the mixture leaves out too."""
    model, alpha = OneMatrix([[1.0, 2.0, 3.0, 4.0]]), 0.5
    model.is_new = lambda _name: False  # type: ignore[assignment]
    hooks = make_hooks("mixout+l2-sp", model, TOTAL, mix_probability=0.5, start_weight=alpha)
    start = model.weight.detach().clone()
    with torch.no_grad():
        model.weight.add_(torch.tensor([[0.1, 0.2, 0.3, 0.4]]))
    hooks.before_step(9)
    hooks.loss(model, ONE_EXAMPLE).backward()
    kept = hooks.parts["mixout"].mask["weight"]
    hooks.after_backward(finite=True)
    distance = model.weight.detach() - start
    expected = kept * (start + kept * distance / 0.5) / 0.5 + alpha * distance
    assert model.weight.grad is not None
    torch.testing.assert_close(model.weight.grad, expected, rtol=0, atol=1e-12)


def test_a_skipped_step_leaves_the_trained_weights_and_is_told_to_every_part() -> None:
    loop = started("llrd", "dps-mix", **settings("llrd", "dps-mix"))
    before = weights(loop.model)
    loop.step(make_batches(1)[0], spoil=True)
    assert same(weights(loop.model), before)
    assert loop.hooks.describe()["dps-mix"]["non_finite_steps"] == 1


@pytest.mark.parametrize("pull", PULLS)
def test_what_one_part_holds_fast_no_other_moves(pull: str) -> None:
    params = settings(pull, "dps-dense") | {"freeze_masked": True}
    loop = started(pull, "dps-dense", **params)
    first, second = (loop.run(make_batches(2)) for _ in range(2))
    dense = loop.hooks.parts["dps-dense"]  # type: ignore[attr-defined]
    assert (dense.cycle.us, dense.step) == (2, 4)
    for name, mask in dense.mask.items():
        before, after = (steps[-1][f"encoder.{name}"] for steps in (first, second))
        assert torch.equal(after[~mask], before[~mask])
        assert not torch.equal(after[mask], before[mask])


@pytest.mark.parametrize("other", ["llrd", "r4f"])
@pytest.mark.parametrize("pull", ["l2-sp", "pretrained-wd"])
def test_a_pull_is_on_the_same_entries_whatever_others_make_of_groups_and_head(
    pull: str, other: str
) -> None:
    alone, both = (started(*parts, **settings(*parts)) for parts in ((pull,), (pull, other)))
    assert both.hooks.parts[pull].describe() == alone.hooks.describe()  # type: ignore[attr-defined]
    assert {group["weight_decay"] for group in both.optimiser.param_groups} == {0.0}
    rates = {group["lr"] for group in both.optimiser.param_groups}
    assert len(rates) == (4 if other == "llrd" else 1)


def test_two_parts_with_a_loss_are_refused_even_if_one_kept_quiet_about_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Quiet(Hooks[Any]):
        def loss(self, model: Classifier, batch: Batch) -> Tensor:
            return super().loss(model, batch)

    hooks = "dpsrun.methods.combination.hooks.load_hooks"
    monkeypatch.setattr(hooks, lambda _spec: Quiet)
    with pytest.raises(ValueError, match=r"r3f and dps-dense each have a loss of their own"):
        make_hooks("r3f+dps-dense", tiny_bert(), TOTAL)


def test_every_part_gets_its_own_parameters_and_the_dropout_that_applies() -> None:
    hooks = make_hooks("llrd+dps-dense", tiny_bert(), TOTAL, layer_decay=0.5, update_ratio=0.2)
    llrd, dense = (hooks.parts[name].params for name in ("llrd", "dps-dense"))
    assert llrd == LlrdParams(layer_decay=0.5, dropout=0.0)
    assert dense == DenseParams(update_ratio=0.2, dropout=0.0)
