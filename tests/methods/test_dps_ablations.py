"""The controls of DPS: without stage II, with a random mask, with the published short cycle."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from dpsrun.methods.dps.selection import kept_entries
from dpsrun.methods.dps_dense.spec import DenseParams
from dpsrun.methods.spec import Setting
from tests.methods.small_model import SmallLoop, make_batches, make_hooks, tiny_bert, weights

STEPS = 8


def trained(method: str, steps: int = STEPS, **params: Any) -> dict[str, torch.Tensor]:
    """The weights after some of eight steps."""
    model = tiny_bert()
    SmallLoop(model, make_hooks(method, model, STEPS, **params)).run(make_batches(steps))
    return weights(model)


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("method", ["dps-dense", "dps-mix"])
def test_without_stage_two_every_step_is_one_of_stage_one(method: str) -> None:
    half: dict[str, Any] = {"update_ratio": 0.5}
    assert same(trained(method, 4, stage_two=False, **half), trained(method, 4, **half))
    assert not same(trained(method, stage_two=False, **half), trained(method, **half))


def test_dense_without_stage_two_is_vanilla() -> None:
    assert same(trained("dps-dense", stage_two=False, update_ratio=0.2), trained("vanilla"))


def test_a_random_mask_keeps_as_much_of_each_matrix_but_something_else() -> None:
    kept = []
    for choice in ("scores", "random"):
        model = tiny_bert()
        hooks = make_hooks("dps-dense", model, STEPS, update_ratio=0.5, mask=choice, exact_k=True)
        SmallLoop(model, hooks).run(make_batches(5))
        kept.append({name: mask.clone() for name, mask in hooks.mask.items()})
    for best, drawn in zip(*(masks.values() for masks in kept), strict=True):
        assert int(drawn.sum()) == int(best.sum()) == kept_entries(best.numel(), 0.3)
        assert not torch.equal(best, drawn)


def test_a_random_mask_is_drawn_anew_each_cycle_from_the_methods_own_stream() -> None:
    model = tiny_bert()
    hooks = make_hooks("dps-dense", model, STEPS, update_ratio=0.25, mask="random")
    loop, seen = SmallLoop(model, hooks), []
    for batch in make_batches(STEPS):
        loop.run([batch])
        if hooks.stage == 2:
            seen.append(next(iter(hooks.mask.values())).clone())
    first, again, second, _ = seen
    assert torch.equal(first, again)
    assert not torch.equal(again, second)
    assert same(
        trained("dps-dense", mask="random", update_ratio=0.25),
        trained("dps-dense", mask="random", update_ratio=0.25),
    )


def test_the_published_cycle_of_small_training_sets_counts_one_epoch() -> None:
    assert DenseParams(cycle_over="epoch").cycle_steps(96, 32) == 32
    assert DenseParams().cycle_steps(96, 32) == 96
    # 500 examples in batches of 16, as in the published scripts: stages of one step.
    DenseParams(cycle_over="epoch").check(Setting(96, 32))
    with pytest.raises(ValueError, match="of 16 steps leaves a stage without a step"):
        DenseParams(cycle_over="epoch").check(Setting(96, 16))
