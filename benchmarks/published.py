"""DPS in the form in which its authors published it, written anew to compare costs.

Zhang et al. 2022, arXiv 2211.01642. Each wrapped layer copies its weight in every training pass,
keeps full-size 64-bit masks and counts, and finds its threshold by sorting all scores. Nothing is
shared with the product's methods.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

Draw = Callable[[str, int, Tensor], Tensor]
"""Layer's name, step, weight `[out, in]` -> `[in]`, 1 where a column is kept in stage I, else 0."""

PENALTY_FROM = 50


class _Replaced(torch.autograd.Function):
    """The weight of a pass on the way forward, the gradient of the true weight on the way back."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, layer: PublishedLinear) -> Tensor:  # noqa: ANN401
        effective, mask = layer.replace(weight)
        ctx.layer, ctx.mask = layer, mask
        return effective

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # noqa: ANN401
        return ctx.layer.receive(gradient, ctx.mask), None


class PublishedLinear(nn.Module):
    """DPS Dense: stands for a linear layer, shares its parameters and masks their gradients.

    Attributes:
        t: training passes so far; a pass is a step.
        gam: `[out, in]` squared gradients of this stage I.
        mask: `[out, in]` int64, 1 where stage II trains.
    """

    def __init__(self, linear: nn.Linear, us: int, drop: float) -> None:
        super().__init__()
        self.weight, self.bias = linear.weight, linear.bias
        self.us, self.drop, self.t = us, drop, 0
        self.gam = self.mask = torch.empty(0)

    def forward(self, inputs: Tensor) -> Tensor:
        """Apply the layer, in training with the weight that the method puts in its place."""
        if not self.training:
            return functional.linear(inputs, self.weight, self.bias)
        self.t += 1
        effective = _Replaced.apply(self.weight, self)  # type: ignore[no-untyped-call]
        return functional.linear(inputs, effective, self.bias)

    @property
    def gathers(self) -> bool:
        """Whether this step belongs to stage I."""
        return math.ceil(self.t / self.us) % 2 == 1

    @property
    def begins(self) -> bool:
        """Whether this step is the first of its stage."""
        return (self.t - 1) % self.us == 0

    def replace(self, weight: Tensor) -> tuple[Tensor, Tensor | None]:
        """Give the weight of this pass, and the mask of its gradient."""
        if not self.gathers and self.begins:
            self.mask = self.choose(self.gam)
        return weight.clone(), None if self.gathers else self.mask

    def receive(self, gradient: Tensor, mask: Tensor | None) -> Tensor:
        """Mask the gradient of this pass; in stage I take it into the statistics."""
        masked = gradient if mask is None else gradient * mask
        if self.gathers:
            square = masked**2 / 1000
            self.gam = square if self.begins else self.gam + square
        return masked

    def choose(self, score: Tensor) -> Tensor:
        """Mark all scores that reach the k-th largest."""
        ordered = score.flatten().sort(descending=True).values
        threshold = ordered[math.ceil(score.numel() * (1 - self.drop)) - 1]
        return torch.where(score >= threshold, 1, 0)


class PublishedMix(PublishedLinear):
    """DPS Mix: the weight of a pass is mixed with that of an earlier step.

    Attributes:
        start: `[out, in]` weights before the first step.
        target: `[out, in]` weights as stage II began.
        fam: `[out, in]` int64, in how many steps of this stage I an entry was trained.
    """

    def __init__(self, linear: nn.Linear, us: int, drop: float, columns: Draw, name: str) -> None:
        super().__init__(linear, us, drop)
        self.columns, self.name = columns, name
        self.start = linear.weight.detach().clone()
        self.target = self.fam = torch.empty(0)

    def replace(self, weight: Tensor) -> tuple[Tensor, Tensor | None]:
        """Mix the weight with its anchor."""
        if self.gathers:
            columns = self.columns(self.name, self.t, weight)
            mask, anchor = columns.expand_as(weight).contiguous(), self.start
        else:
            if self.begins:
                self.target = weight.detach().clone()
                self.mask = self.choose(self.score())
            mask, anchor = self.mask, self.target
        return ((1 - mask) * anchor + mask * weight - self.drop * anchor) / (1 - self.drop), mask

    def receive(self, gradient: Tensor, mask: Tensor | None) -> Tensor:
        """Count the trained entries as well."""
        if self.gathers and mask is not None:
            self.fam = mask.long() if self.begins else self.fam + mask.long()
        return super().receive(gradient, mask)

    def score(self) -> Tensor:
        """Rate entries by their mean squared gradient, in long stages less if trained often."""
        counts = self.fam.clamp(min=1)
        mean = self.gam / counts
        return mean if self.us < PENALTY_FROM else mean * torch.exp(-counts / self.us)


def publish(
    model: nn.Module,
    matrices: Iterable[str],
    *,
    mix: bool,
    us: int,
    drop: float = 0.3,
    columns: Draw | None = None,
) -> list[PublishedLinear]:
    """Put published layers in the place of the linear layers whose weights are `matrices`.

    `us` is the length of a stage, `drop` the dropped fraction p; `columns` draws for stage I of
    DPS Mix, by default each column independently. Changes `model`.
    """
    draw = columns or (lambda _, __, weight: torch.full_like(weight[0], 1 - drop).bernoulli())
    layers: list[PublishedLinear] = []
    for name in [matrix.removesuffix(".weight") for matrix in matrices]:
        linear = cast("nn.Linear", model.get_submodule(name))
        layers.append(
            PublishedMix(linear, us, drop, draw, name) if mix else PublishedLinear(linear, us, drop)
        )
        model.set_submodule(name, layers[-1])
    return layers
