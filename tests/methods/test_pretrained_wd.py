"""Pre-trained weight decay is a step back before Adam's step, outside the loss."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from dpsrun.methods.pretrained_wd.spec import PretrainedWdParams
from dpsrun.methods.spec import Setting
from dpsrun.runs.spec import Training
from tests.methods.plain_training import (
    EQUAL,
    HEAD,
    SETTINGS,
    Update,
    product,
    product_loop,
    train,
)
from tests.methods.small_model import difference, make_hooks, tiny_bert, weights

LAMBDA = 20.0


@pytest.mark.parametrize(("decay_head", "weight_decay"), [(False, 0.1), (True, 0.1), (False, 0.0)])
def test_weights_go_a_fraction_of_the_way_back_before_each_update(
    weight_decay: float, *, decay_head: bool
) -> None:
    start = weights(tiny_bert())

    def update(now: Update) -> Tensor:
        weight = now.weight
        if now.decays and (decay_head or now.name not in HEAD):
            weight = weight - now.rate * LAMBDA * (weight - start[now.name])
        return weight - now.rate * now.direction

    settings = SETTINGS.model_copy(update={"weight_decay": weight_decay})
    loop = product_loop(
        "pretrained-wd", settings=settings, decay_strength=LAMBDA, decay_head=decay_head
    )
    assert difference(product(loop), train(update)) < EQUAL


def test_a_group_with_a_learning_rate_of_its_own_is_pulled_by_that() -> None:
    model = tiny_bert()
    hooks = make_hooks("pretrained-wd", model, 8, decay_strength=2.0)
    names = ("pooler.dense.weight", "pooler.dense.bias", "encoder.layer.0.output.dense.weight")
    parameters = [model.get_parameter(f"encoder.bert.{name}") for name in names]
    before = [each.detach().clone() for each in parameters]
    for each in parameters:
        each.data += 1
    groups = [{"params": parameters[:2], "lr": 0.1}, {"params": parameters[2:], "lr": 0.01}]
    hooks.after_clipping(groups)
    left = [each.detach() - first for each, first in zip(parameters, before, strict=True)]
    expected = [0.8, 1.0, 0.98]  # 1 - lr lambda; biases are spared
    assert all(
        torch.allclose(far, torch.tensor(x).double()) for far, x in zip(left, expected, strict=True)
    )


@pytest.mark.parametrize(("decay_head", "more"), [(False, 0), (True, 48)])
def test_the_record_counts_what_is_pulled(more: int, *, decay_head: bool) -> None:
    model = tiny_bert()
    old = [
        each.numel()
        for name, each in weights(model).items()
        if each.dim() == 2 and name not in HEAD
    ]
    hooks = make_hooks("pretrained-wd", model, 8, decay_head=decay_head)
    assert hooks.describe() == {"entries_drawn_back": sum(old) + more}


def test_a_pull_that_would_overshoot_is_refused_in_the_plan() -> None:
    fast = Setting(100, training=Training(learning_rate=1e-3))
    with pytest.raises(ValueError, match=r"decay_strength 2000 diverges at learning rate 0\.001"):
        PretrainedWdParams(decay_strength=2000).check(fast)
    PretrainedWdParams(decay_strength=1999).check(fast)
