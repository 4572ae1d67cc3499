"""Where weights began is remembered, survives a resume, and is what the report counts."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from dpsrun.methods.hooks import size_of
from dpsrun.methods.pull.start import Start
from tests.methods.small_model import make_hooks, same, tiny_bert, weights

EVERY = pytest.mark.parametrize("method", ["l2-sp", "pretrained-wd", "recadam"])


@EVERY
def test_a_resumed_run_draws_back_to_where_the_first_attempt_began(method: str) -> None:
    begun, resumed = (make_hooks(method, tiny_bert(seed=seed), 1000) for seed in (0, 1))
    resumed.load_state_dict(begun.state_dict())
    found = resumed.state_dict()["start"]
    assert found
    assert same(found, {name: weights(tiny_bert(seed=0))[name] for name in found})


@EVERY
def test_what_is_remembered_is_the_methods_memory(method: str) -> None:
    hooks = make_hooks(method, tiny_bert(), 1000)
    assert size_of(hooks.state_dict()) == 8 * hooks.describe()["entries_drawn_back"]


def test_a_start_of_other_parameters_is_not_taken_over() -> None:
    one, other = (Start({name: nn.Parameter(torch.ones(2))}) for name in ("one", "other"))
    with pytest.raises(KeyError, match="one"):
        one.load_state_dict(other.state_dict())


@pytest.mark.parametrize(("fraction", "left"), [(0.0, 4.0), (0.25, 3.0), (1.0, 0.0), (1.5, -2.0)])
def test_a_fraction_of_the_way_is_taken_by_what_is_remembered(fraction: float, left: float) -> None:
    near, far = (nn.Parameter(torch.tensor([10.0])) for _ in range(2))
    start = Start({"near": near})
    for each in (near, far):
        each.data += 4
    start.draw_back([near, far], fraction)
    assert near.item() == 10 + left
    assert far.item() == 14
