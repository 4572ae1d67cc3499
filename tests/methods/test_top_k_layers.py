"""Top-K-layer tuning: what lies below the last K blocks is neither trained nor remembered."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from dpsrun.methods.spec import Setting
from dpsrun.methods.top_k_layers.spec import TopKParams
from tests.methods.plain_training import EQUAL, product, product_loop, train
from tests.methods.small_model import difference, make_batches, make_hooks, tiny_bert, weights

FROZEN = {
    0: ("encoder.bert.embeddings.", "encoder.bert.encoder."),
    1: ("encoder.bert.embeddings.", "encoder.bert.encoder.layer.0."),
    2: ("encoder.bert.embeddings.",),
}
"""By K, in a BERT of two blocks."""

EVERY = pytest.mark.parametrize("trained_blocks", FROZEN)


@EVERY
def test_only_what_lies_above_is_trained(trained_blocks: int) -> None:
    def trained(name: str) -> bool:
        return not name.startswith(FROZEN[trained_blocks])

    loop = product_loop("top-k-layers", trained_blocks=trained_blocks)
    assert difference(product(loop), train(trained=trained)) < EQUAL
    assert len(loop.optimiser.state) == sum(map(trained, weights(loop.model)))


def kept_for_backward(trained_blocks: int | None) -> list[int]:
    """Count the numbers that autograd keeps of a forward pass in each block."""
    model = tiny_bert()
    make_hooks("top-k-layers", model, 8, trained_blocks=trained_blocks)
    kept = [0]

    def pack(tensor: Tensor) -> Tensor:
        kept[-1] += tensor.numel() if tensor.requires_grad else 0
        return tensor

    for block in model.blocks():
        block.register_forward_pre_hook(lambda *_: kept.append(0))
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        model(make_batches(1)[0])
    return kept


def test_autograd_keeps_nothing_of_what_is_frozen() -> None:
    full = kept_for_backward(None)
    assert all(full)
    assert kept_for_backward(2)[0] == 0
    assert kept_for_backward(1)[:2] == [0, 0]
    assert 0 < kept_for_backward(1)[2] <= full[2]


@EVERY
def test_dropout_stays_on_in_what_is_frozen(trained_blocks: int) -> None:
    model = tiny_bert()
    make_hooks("top-k-layers", model, 8, trained_blocks=trained_blocks)
    assert all(module.training for module in model.modules())


def test_more_blocks_than_there_are_are_refused_when_planned_and_when_prepared() -> None:
    expected = "trained_blocks 3 is too many: the encoder has 2 blocks with weights of their own"
    with pytest.raises(ValueError, match=expected):
        TopKParams(trained_blocks=3).check(Setting(8, blocks=2))
    TopKParams(trained_blocks=None).check(Setting(8, blocks=2))
    with pytest.raises(ValueError, match=expected):
        make_hooks("top-k-layers", tiny_bert(), 8, trained_blocks=3)


@EVERY
def test_the_record_names_what_is_trained(trained_blocks: int) -> None:
    model = tiny_bert()
    told = make_hooks("top-k-layers", model, 8, trained_blocks=trained_blocks).describe()
    names = [name for name in weights(model) if not name.startswith(FROZEN[trained_blocks])]
    assert told["trained"] == names
    assert told["entries_trained"] == sum(weights(model)[name].numel() for name in names)
