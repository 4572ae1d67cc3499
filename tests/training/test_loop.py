"""The loop is plain PyTorch: the same numbers, hooks in their places, nothing non-finite."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from dpsrun.methods.hooks import Context, Group, Hooks
from dpsrun.methods.spec import Params
from dpsrun.models.batch import Batch
from dpsrun.models.classifier import Classifier
from dpsrun.models.layout import Layout
from dpsrun.tasks.encoded import Encoded
from dpsrun.training.guards import DivergedError
from dpsrun.training.loop import Loop
from tests.encoders import save_tiny
from tests.training.builder import examples, loaded, loop

STEPS = [range(start, start + 4) for start in (0, 4, 8, 12, 16)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return save_tiny(tmp_path)


def weights(model: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def largest_difference(one: dict[str, Tensor], other: dict[str, Tensor]) -> float:
    return max(float((one[name] - other[name]).abs().max()) for name in one)


def plain_steps(model: Classifier, data: Encoded, pad: int) -> list[dict[str, Tensor]]:
    """Ten lines of PyTorch: AdamW, linear warm-up and decay over 12 steps, clipping at 1."""
    plain = [p for n, p in model.named_parameters() if n.endswith("bias") or "LayerNorm" in n]
    others = [p for p in model.parameters() if not any(p is q for q in plain)]
    groups = [{"params": others, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}]
    adamw = torch.optim.AdamW(groups, lr=1e-3, fused=True)
    linear = torch.optim.lr_scheduler.LambdaLR(
        adamw, lambda step: step / 2 if step < 2 else (12 - step) / 10
    )
    history = []
    for rows in STEPS:
        texts = [torch.tensor(data.tokens[data.offsets[i] : data.offsets[i + 1]]) for i in rows]
        ids = nn.utils.rnn.pad_sequence(texts, batch_first=True, padding_value=pad).long()
        logits = model.encoder(input_ids=ids, attention_mask=(ids != pad).long()).logits
        functional.cross_entropy(logits, torch.tensor(data.labels[list(rows)])).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adamw.step()
        linear.step()
        adamw.zero_grad()
        history.append(weights(model))
    return history


def test_vanilla_padded_is_a_plain_loop_bit_for_bit(folder: Path) -> None:
    data = examples()
    expected = plain_steps(loaded(folder).model.train(), data, pad=0)
    ours = loop(loaded(folder), data)
    for rows, weights_then in zip(STEPS, expected, strict=True):
        ours.take_step(rows)
        assert largest_difference(weights(ours.model), weights_then) == 0
    assert largest_difference(weights(ours.model), expected[0]) > 1e-4


def test_vanilla_packed_is_a_plain_loop_within_rounding(folder: Path) -> None:
    data = examples()
    expected = plain_steps(loaded(folder).model.train(), data, pad=0)
    ours = loop(loaded(folder, "packed"), data)
    for rows, weights_then in zip(STEPS, expected, strict=True):
        ours.take_step(rows)
        assert largest_difference(weights(ours.model), weights_then) < 1e-5


@pytest.mark.parametrize("size", [1, 2, 3])
def test_micro_batches_give_the_gradients_of_the_whole_batch_also_when_ragged(
    folder: Path, size: int
) -> None:
    data = examples()
    seen = {}
    for micro in (None, size):
        gradients = _Watch.gradients_of(folder, data, micro_batch_size=micro, batch_size=4)
        seen[micro] = gradients
    for name, gradient in seen[None].items():
        assert torch.allclose(seen[size][name], gradient, atol=1e-6), name


class _Watch(Hooks[Params]):
    """Keeps the gradients of a step."""

    def after_backward(self, *, finite: bool) -> None:
        named = self.context.model.named_parameters()
        self.seen = {name: p.grad.clone() for name, p in named if p.grad is not None}

    @classmethod
    def gradients_of(cls, folder: Path, data: Encoded, **settings: Any) -> dict[str, Tensor]:
        one = loop(loaded(folder, "packed"), data, hooks=cls, **settings)
        one.take_step(range(4))
        assert isinstance(one.hooks, cls)
        return one.hooks.seen


class _Diary(Hooks[Params]):
    """Writes down when it is called."""

    def __init__(self, params: Params, context: Context) -> None:
        super().__init__(params, context)
        self.calls: list[str] = []

    def before_step(self, examples: int) -> None:
        self.calls.append("before_step")

    def loss(self, model: Classifier, batch: Batch) -> Tensor:
        self.calls.append("loss")
        return super().loss(model, batch)

    def after_backward(self, *, finite: bool) -> None:
        self.calls.append(f"after_backward finite={finite}")
        self.norm_before = _norm(self.context.model)

    def after_clipping(self, groups: Sequence[Group]) -> None:
        self.calls.append("after_clipping")
        self.norm_after = _norm(self.context.model)

    def after_update(self, groups: Sequence[Group]) -> None:
        self.calls.append("after_update")


def _norm(model: nn.Module) -> float:
    gradients = [p.grad.flatten() for p in model.parameters() if p.grad is not None]
    return float(torch.cat(gradients).norm())


def diary(one: Loop) -> _Diary:
    assert isinstance(one.hooks, _Diary)
    return one.hooks


def test_hooks_are_called_in_the_documented_order(folder: Path) -> None:
    one = loop(loaded(folder), examples(), hooks=_Diary, micro_batch_size=2, max_grad_norm=0.01)
    one.take_step(range(4))
    assert diary(one).calls == [
        "before_step",
        "loss",
        "loss",
        "after_backward finite=True",
        "after_clipping",
        "after_update",
    ]
    assert diary(one).norm_before > 0.01
    assert diary(one).norm_after == pytest.approx(0.01, rel=1e-3)


class _Halve(Hooks[Params]):
    """Masks before clipping, so that the norm that is clipped is the masked one."""

    def after_backward(self, *, finite: bool) -> None:
        for parameter in self.context.model.parameters():
            if parameter.grad is not None:
                parameter.grad.mul_(1e-6)


def test_what_a_method_masks_before_clipping_counts_in_the_norm(folder: Path) -> None:
    one = loop(loaded(folder), examples(), hooks=_Halve)
    before = weights(one.model)
    one.take_step(range(4))
    one.take_step(range(4, 8))
    assert largest_difference(weights(one.model), before) > 1e-5, "Adam forgives any scale"


class NanAt(Hooks[Params]):
    """Loses its mind at the third step."""

    def __init__(self, params: Params, context: Context) -> None:
        super().__init__(params, context)
        self.steps = 0

    def loss(self, model: Classifier, batch: Batch) -> Tensor:
        self.steps += 1
        return super().loss(model, batch) * (float("nan") if self.steps == 3 else 1.0)


def test_a_loss_that_is_not_finite_ends_the_run_and_names_the_step(folder: Path) -> None:
    one = loop(loaded(folder), examples(), hooks=NanAt)
    one.take_step(range(4))
    one.take_step(range(4, 8))
    with pytest.raises(DivergedError, match="loss is not finite at step 3"):
        one.take_step(range(8, 12))


class BreaksAGradient(Hooks[Params]):
    """A finite loss whose gradient is not: the square root at zero."""

    def loss(self, model: Classifier, batch: Batch) -> Tensor:
        bias = model.head_modules()[0].bias
        return super().loss(model, batch) + (bias * 0).sum().abs().sqrt()


def test_a_gradient_that_is_not_finite_ends_the_run_and_names_the_parameter(folder: Path) -> None:
    one = loop(loaded(folder), examples(), hooks=BreaksAGradient)
    before = weights(one.model)
    with pytest.raises(DivergedError, match=r"gradient of encoder\.classifier\.bias") as caught:
        one.take_step(range(4))
    assert caught.value.step == 1
    assert largest_difference(weights(one.model), before) == 0


def test_bf16_trains_in_half_precision_with_float32_weights(folder: Path) -> None:
    data = examples()
    half, full = (loop(loaded(folder), data, precision=name) for name in ("bf16", "fp32"))
    losses = [one.take_step(range(4))[0].loss for one in (half, full)]
    assert losses[0] != losses[1]
    assert losses[0] == pytest.approx(losses[1], rel=0.02)
    assert {p.dtype for p in half.model.parameters()} == {torch.float32}


class _Overflow(Hooks[Params]):
    """Multiplies its first loss so that the scaled gradients overflow; keeps a diary."""

    def __init__(self, params: Params, context: Context) -> None:
        super().__init__(params, context)
        self.finite: list[bool] = []
        self.updates = 0

    def loss(self, model: Classifier, batch: Batch) -> Tensor:
        factor = 1e36 if not self.finite else 1.0
        return super().loss(model, batch) * factor

    def after_backward(self, *, finite: bool) -> None:
        self.finite.append(finite)

    def after_update(self, groups: Sequence[Group]) -> None:
        self.updates += 1


def test_fp16_skips_a_step_that_overflows_and_goes_on(folder: Path) -> None:
    one = loop(loaded(folder), examples(), precision="fp16", hooks=_Overflow)
    before = weights(one.model)
    one.take_step(range(4))
    assert one.skipped == 1
    assert largest_difference(weights(one.model), before) == 0
    one.take_step(range(4, 8))
    one.take_step(range(8, 12))
    assert isinstance(one.hooks, _Overflow)
    assert one.hooks.finite == [False, True, True]
    assert one.hooks.updates == 2
    assert largest_difference(weights(one.model), before) > 0


def test_padded_positions_do_not_reach_the_loss(folder: Path) -> None:
    layout = Layout.of(loaded(folder).model.encoder, packed=False)
    assert layout.pad == 0
    alone, together = loop(loaded(folder), examples()), loop(loaded(folder), examples())
    one = alone.model(alone.batch([0]))
    many = together.model(together.batch([0, 1, 2, 3]))
    assert torch.allclose(one[0], many[0], atol=1e-6)
