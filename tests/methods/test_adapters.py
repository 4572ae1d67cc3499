"""Adapters: where they stand, what they compute and what is trained, on every encoder."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from dpsrun.methods.adapters.layers import Adapter
from dpsrun.models.batch import Batch
from dpsrun.models.classifier import Classifier
from tests.encoders import FAMILIES
from tests.methods.small_model import SmallLoop, difference, make_batches, tiny_bert, weights
from tests.methods.trained import BATCHINGS, batch, loaded, logits, new, prepare, trained

Placement = Literal["houlsby", "pfeiffer"]
PLACEMENTS: tuple[Placement, ...] = ("houlsby", "pfeiffer")
BOTH = pytest.mark.parametrize("placement", PLACEMENTS)
OTHERWISE = ("modernbert", "xlnet", "bart")
"""Encoders whose blocks are made otherwise."""
LIKE_BERT = sorted(FAMILIES.keys() - set(OTHERWISE))
BLOCKS = {"albert": 1}
"""ALBERT's blocks share their weights; the others have two."""
NARROW = ("down.weight", "down.bias", "up.weight", "up.bias")


def use_adapters(model: nn.Module) -> None:
    """Give U, which is 0 at first, numbers that matter."""
    numbers = torch.Generator().manual_seed(1)
    for module in model.modules():
        if isinstance(module, Adapter):
            for parameter in module.parameters():
                parameter.data.normal_(std=0.5, generator=numbers)


@BOTH
@pytest.mark.parametrize("family", LIKE_BERT)
def test_training_begins_at_the_pre_trained_encoder_and_adapters_and_head_are_trained(
    family: str, placement: str, tmp_path: Path
) -> None:
    one = loaded(tmp_path, family)
    before, old = logits(one), {name for name, _ in one.model.named_parameters()}
    hooks = prepare("adapters", one.model, placement=placement)
    assert len(hooks.adapters) == BLOCKS.get(family, 2) * (2 if placement == "houlsby" else 1)
    assert logits(one).equal(before)
    in_adapters = {name for name in trained(one.model) if ".adapter." in name}
    assert trained(one.model) == in_adapters | new(one.model)
    assert len(in_adapters) == len(NARROW) * len(hooks.adapters)
    assert len(list(one.model.parameters())) == len(old) + len(in_adapters)
    use_adapters(one.model)
    assert not torch.allclose(logits(one), before, atol=0.01)


@pytest.mark.parametrize("family", OTHERWISE)
def test_blocks_of_another_make_are_refused(family: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="adapters stand in blocks made like BERT's"):
        prepare("adapters", loaded(tmp_path, family).model)


class Oracle:
    """The formulas beside a plain BERT, at the linear layer before each residual sum."""

    def __init__(self, placement: Placement, start: dict[str, Tensor]) -> None:
        self.model = tiny_bert()
        self.narrow = {
            name: each.clone().requires_grad_() for name, each in start.items() if "adapter" in name
        }
        for i in range(2):
            block = self.model.get_submodule(f"encoder.bert.encoder.layer.{i}")
            if placement == "pfeiffer":
                self.before_norm(block.get_submodule("output"), f"layer.{i}.output.LayerNorm")
                continue
            for part in ("attention.output", "output"):
                self.after_dense(block.get_submodule(part), f"layer.{i}.{part}.dropout")

    def numbers(self, place: str) -> list[Tensor]:
        return [self.narrow[f"encoder.bert.encoder.{place}.adapter.{name}"] for name in NARROW]

    def after_dense(self, output: nn.Module, place: str) -> None:
        d, d_bias, u, u_bias = self.numbers(place)

        def adapt(_layer: nn.Module, _inputs: Any, h: Tensor) -> Tensor:
            inner = h @ d.T + d_bias
            return h + (inner * torch.sigmoid(inner)) @ u.T + u_bias

        output.get_submodule("dense").register_forward_hook(adapt)

    def before_norm(self, output: nn.Module, place: str) -> None:
        d, d_bias, u, u_bias = self.numbers(place)

        def adapt(norm: Any, inputs: tuple[Tensor]) -> tuple[Tensor]:
            (total,) = inputs
            normal = functional.layer_norm(total, (16,), norm.weight, norm.bias, norm.eps)
            return (total + (normal @ d.T + d_bias).clamp(min=0) @ u.T + u_bias,)

        output.get_submodule("LayerNorm").register_forward_pre_hook(adapt)

    def run(self, batches: list[Batch]) -> list[dict[str, Tensor]]:
        head = {n: each for n, each in self.model.named_parameters() if "classifier" in n}
        mine = {**head, **self.narrow}
        optimiser = torch.optim.AdamW(mine.values(), lr=1e-3, weight_decay=0.01)
        trajectory = []
        for each in batches:
            loss = functional.cross_entropy(self.model(each), each.labels)
            for name, gradient in zip(
                mine, torch.autograd.grad(loss, list(mine.values())), strict=True
            ):
                mine[name].grad = gradient
            nn.utils.clip_grad_norm_(mine.values(), 0.1)
            optimiser.step()
            trajectory.append({name: own.detach().clone() for name, own in mine.items()})
        return trajectory


@BOTH
def test_steps_are_those_of_the_formula_beside_frozen_weights(placement: Placement) -> None:
    model = tiny_bert()
    loop = SmallLoop(model, prepare("adapters", model, placement=placement, reduction=4))
    use_adapters(model)
    expected = Oracle(placement, weights(model)).run(make_batches(4))
    ours = loop.run(make_batches(4))
    mine = [{name: each[name] for name in expected[0]} for each in ours]
    assert len(mine[0]) == 2 + len(NARROW) * (4 if placement == "houlsby" else 2)
    assert difference(mine, expected) < 1e-12


def adapters(model: nn.Module) -> list[Adapter]:
    return [module for module in model.modules() if isinstance(module, Adapter)]


@pytest.mark.parametrize(
    ("family", "placement", "dropped"),
    [
        ("bert", "houlsby", [0.5, 0.5, 0.5, 0.5]),
        ("distilbert", "houlsby", [0, 0.5, 0, 0.5]),
        ("bert", "pfeiffer", [0, 0]),
    ],
)
def test_an_adapter_stands_behind_dropout_or_behind_the_residual_sum(
    family: str, placement: Placement, dropped: list[float], tmp_path: Path
) -> None:
    """DistilBERT has no dropout behind its attention."""
    one = loaded(tmp_path, family)
    for module in one.model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.5
    prepare("adapters", one.model.train(), placement=placement)
    read: list[Tensor] = []
    for adapter in adapters(one.model):
        adapter.register_forward_pre_hook(lambda _, inputs: read.append(inputs[0]))
    one.model(batch(one))
    zeros = [float((each == 0).double().mean()) for each in read]
    assert zeros == pytest.approx(dropped, abs=0.1)


@pytest.mark.parametrize(("reduction", "narrow"), [(1, 16), (3, 5), (16, 1)])
def test_the_bottleneck_is_the_width_over_the_reduction(reduction: int, narrow: int) -> None:
    model = tiny_bert()
    told = prepare("adapters", model, reduction=reduction).describe()
    assert told["bottlenecks"] == [narrow]
    assert {adapter.down.weight.shape for adapter in adapters(model)} == {(narrow, 16)}
    assert {adapter.up.weight.shape for adapter in adapters(model)} == {(16, narrow)}


def test_too_large_a_reduction_is_refused() -> None:
    with pytest.raises(ValueError, match="reduction 17: the encoder is only 16 wide"):
        prepare("adapters", tiny_bert(), reduction=17)


def test_only_the_way_into_the_bottleneck_is_drawn_narrowly_from_the_seed() -> None:
    model = tiny_bert(hidden=64)
    torch.manual_seed(7)  # dropout's generator has no part in it
    prepare("adapters", model, reduction=2)
    numbers = torch.Generator().manual_seed(13)
    for adapter in adapters(model):
        drawn = torch.empty(32, 64).normal_(generator=numbers) * 0.02
        assert torch.allclose(adapter.down.weight, drawn.double(), atol=1e-7, rtol=0)
        for parameter in (adapter.down.bias, adapter.up.weight, adapter.up.bias):
            assert parameter.count_nonzero() == 0


@BOTH
def test_norms_of_the_blocks_are_trained_where_asked(placement: Placement) -> None:
    model = tiny_bert()
    prepare("adapters", model, placement=placement, train_norms=True)
    norms = {name for name in trained(model) if "Norm" in name and ".adapter." not in name}
    assert all(".layer." in name for name in norms), "not that of the embeddings"
    assert len(norms) == 2 * 2 * 2
    assert "bert.pooler.dense.weight" not in trained(model)


@BOTH
@pytest.mark.parametrize("family", ["bert", "distilbert"])
def test_batches_without_padding_give_the_same(
    family: str, placement: Placement, tmp_path: Path
) -> None:
    found = []
    for batching in BATCHINGS:
        one = loaded(tmp_path / batching, family, batching=batching)
        prepare("adapters", one.model, placement=placement)
        use_adapters(one.model)
        found.append(logits(one))
        assert (batch(one).packing is None) == (batching == "padded")
    assert torch.allclose(found[0], found[1], atol=1e-5)


def test_without_a_reduction_nothing_changes() -> None:
    model = tiny_bert()
    names = {name for name, _ in model.named_parameters()}
    told = prepare("adapters", model, reduction=None).describe()
    assert told["adapters"] == told["entries_frozen"] == 0
    assert {name for name, each in model.named_parameters() if each.requires_grad} == names


def test_the_record_counts_adapters_and_what_is_trained() -> None:
    model: Classifier = tiny_bert()
    told = prepare("adapters", model, reduction=8).describe()
    assert told["adapters"] == 4
    assert told["entries_trained"] == 4 * (2 * 16 + 2 + 2 * 16 + 16) + 3 * 16 + 3
    assert told["entries_frozen"] == sum(each.numel() for each in tiny_bert().parameters()) - 51
