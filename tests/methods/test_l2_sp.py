"""L2-SP is a penalty that is part of the loss."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
import torch
from torch import Tensor

from tests.methods.plain_training import EQUAL, HEAD, Update, product, product_loop, train
from tests.methods.small_model import (
    SmallLoop,
    difference,
    make_batches,
    make_hooks,
    tiny_bert,
    weights,
)

PARTS = ("weight", "bias")


def penalty(alpha: float, beta: float) -> Callable[[Mapping[str, Tensor]], Tensor]:
    """Omega = alpha / 2 |w - w0|^2 + beta / 2 |v|^2."""
    start = weights(tiny_bert())

    def omega(named: Mapping[str, Tensor]) -> Tensor:
        old = [((each - start[n]) ** 2).sum() for n, each in named.items() if n not in HEAD]
        new = [(named[name] ** 2).sum() for name in HEAD]
        return alpha / 2 * torch.stack(old).sum() + beta / 2 * torch.stack(new).sum()

    return omega


def without_decay(update: Update) -> Tensor:
    return update.weight - update.rate * update.direction


@pytest.mark.parametrize(("alpha", "beta"), [(0.3, 0.2), (0.3, 0.0), (0.0, 0.2)])
def test_it_trains_as_if_the_penalty_stood_in_the_loss(alpha: float, beta: float) -> None:
    ours = product(product_loop("l2-sp", start_weight=alpha, head_weight=beta))
    plain = train(without_decay, penalty=penalty(alpha, beta))
    assert difference(ours, plain) < EQUAL


def test_the_penalty_is_of_the_whole_step_whatever_the_loss_is_scaled_by() -> None:
    trained = []
    for scale, micro in ((1.0, None), (2.0**10, None), (1.0, 4)):
        model = tiny_bert()
        hooks = make_hooks("l2-sp", model, 3, start_weight=3, head_weight=0.2)
        descent = torch.optim.SGD(model.parameters(), lr=0.1)
        loop = SmallLoop(model, hooks, optimiser=descent, micro=micro)
        for batch in make_batches(3):
            loop.step(batch, loss_scale=scale)
        trained.append(weights(model))
    assert difference(trained[:2], trained[1:]) < EQUAL


def test_biases_and_norms_are_drawn_back_too() -> None:
    model = tiny_bert()
    hooks = make_hooks("l2-sp", model, 8, start_weight=0.5, head_weight=0)
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
        parameter.data += 1
    hooks.after_backward(finite=True)
    for name, parameter in model.named_parameters():
        given = 0.0 if name in HEAD else 0.5
        assert parameter.grad is not None
        assert torch.allclose(parameter.grad, torch.tensor(given).double()), name


def test_gradients_that_are_not_finite_or_absent_are_left_alone() -> None:
    model = tiny_bert()
    hooks = make_hooks("l2-sp", model, 8)
    used, unused = (model.get_parameter(f"encoder.bert.pooler.dense.{n}") for n in PARTS)
    used.grad = torch.full_like(used, torch.inf)
    used.data.fill_(torch.nan)
    hooks.after_backward(finite=False)
    assert used.grad.isinf().all()
    hooks.after_backward(finite=True)
    assert used.grad.isnan().all()
    assert unused.grad is None


def test_the_record_counts_what_is_pulled() -> None:
    model = tiny_bert()
    head = sum(weights(model)[name].numel() for name in HEAD)
    both = make_hooks("l2-sp", model, 8).describe()
    assert both == {"entries_drawn_back": model.count_parameters() - head, "head_entries": head}
    neither = make_hooks("l2-sp", model, 8, start_weight=0, head_weight=0).describe()
    assert neither == {"entries_drawn_back": 0, "head_entries": 0}
