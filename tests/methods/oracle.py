"""DPS written a second time, slowly and plainly, to hold the product against.

It has the published form: every wrapped linear layer counts its own training passes, and an
autograd function of its own replaces the weight on the way forward and masks its gradient on the
way back. One pass is one step, so batches are taken whole. It knows nothing of the product.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

Forward = Callable[[nn.Module, Any], tuple[Tensor, Tensor]]


@dataclass
class Columns:
    """Column masks: one uniform number a column, matrix after matrix, in steps that ask."""

    widths: dict[str, int]
    drop: float
    generator: torch.Generator
    drawn: dict[int, dict[str, Tensor]] = field(default_factory=dict)

    def at(self, name: str, step: int) -> Tensor:
        if step not in self.drawn:
            self.drawn[step] = self._draw()
        return self.drawn[step][name]

    def _draw(self) -> dict[str, Tensor]:
        numbers = torch.rand(sum(self.widths.values()), generator=self.generator)
        kept, masks = (numbers >= self.drop).double(), {}
        for name, width in self.widths.items():
            masks[name], kept = kept[:width], kept[width:]
        return masks


class ReplacedWeight(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, weight: Tensor, layer: DpsLinear) -> Tensor:
        ctx.layer = layer
        return layer.effective_weight(weight)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        return ctx.layer.masked_gradient(gradient), None


class DpsLinear(nn.Module):
    """Stands for a linear layer, with the same parameters."""

    mask: Tensor

    def __init__(self, linear: nn.Linear, us: int, drop: float) -> None:
        super().__init__()
        self.weight, self.bias = linear.weight, linear.bias
        self.us, self.drop, self.t = us, drop, 0
        self.gam = torch.zeros(0)

    def forward(self, inputs: Tensor) -> Tensor:
        if not self.training:
            return functional.linear(inputs, self.weight, self.bias)
        self.t += 1
        weight = ReplacedWeight.apply(self.weight, self)  # type: ignore[no-untyped-call]
        return functional.linear(inputs, weight, self.bias)

    @property
    def in_stage_one(self) -> bool:
        return math.ceil(self.t / self.us) % 2 == 1

    @property
    def at_first_step_of_stage(self) -> bool:
        return (self.t - 1) % self.us == 0

    def best(self, score: Tensor) -> Tensor:
        ordered = sorted(score.flatten().tolist(), reverse=True)
        threshold = ordered[math.ceil(len(ordered) * (1 - self.drop)) - 1]
        return torch.where(score >= threshold, 1.0, 0.0).to(score.dtype)

    def accumulate(self, gradient: Tensor) -> None:
        square = gradient**2 / 1000
        self.gam = square if self.at_first_step_of_stage else self.gam + square

    def effective_weight(self, weight: Tensor) -> Tensor:
        raise NotImplementedError

    def masked_gradient(self, gradient: Tensor) -> Tensor:
        raise NotImplementedError


class DenseLinear(DpsLinear):
    def effective_weight(self, weight: Tensor) -> Tensor:
        if not self.in_stage_one and self.at_first_step_of_stage:
            self.mask = self.best(self.gam)
        return weight.clone()

    def masked_gradient(self, gradient: Tensor) -> Tensor:
        if not self.in_stage_one:
            return gradient * self.mask
        self.accumulate(gradient)
        return gradient


class MixLinear(DpsLinear):
    def __init__(
        self, linear: nn.Linear, us: int, drop: float, columns: Callable[[int], Tensor]
    ) -> None:
        super().__init__(linear, us, drop)
        self.columns = columns
        self.first_weight = linear.weight.detach().clone()
        self.target = self.first_weight
        self.fam = torch.zeros(0)

    def effective_weight(self, weight: Tensor) -> Tensor:
        if self.in_stage_one:
            self.target = self.first_weight
            self.mask = self.columns(self.t).expand(weight.shape)
        elif self.at_first_step_of_stage:
            self.target = weight.detach().clone()
            self.mask = self.best(self.score())
        m, p = self.mask, self.drop
        return ((1 - m) * self.target + m * weight - p * self.target) / (1 - p)

    def score(self) -> Tensor:
        count = torch.maximum(self.fam, torch.ones_like(self.fam))
        mean = self.gam / count
        return mean if self.us < 50 else mean * torch.exp(-count / self.us)

    def masked_gradient(self, gradient: Tensor) -> Tensor:
        masked = gradient * self.mask
        if self.in_stage_one:
            self.accumulate(masked)
            self.fam = self.mask if self.at_first_step_of_stage else self.fam + self.mask
        return masked


@dataclass(frozen=True)
class Settings:
    variant: Literal["dense", "mix"]
    total_steps: int
    update_ratio: float
    drop: float = 0.3
    noise_seed: int = 11
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    clip: float = 0.1


def wrap(model: nn.Module, names: Iterable[str], settings: Settings) -> None:
    """Replace the linear layers called `names` in place."""
    us = int(settings.total_steps * settings.update_ratio)
    linears = {name: linear_layer(model, name) for name in names}
    columns = Columns(
        {name: linear.in_features for name, linear in linears.items()},
        settings.drop,
        torch.Generator().manual_seed(settings.noise_seed),
    )
    for name, linear in linears.items():
        if settings.variant == "dense":
            layer: DpsLinear = DenseLinear(linear, us, settings.drop)
        else:
            layer = MixLinear(linear, us, settings.drop, partial(columns.at, name))
        model.set_submodule(name, layer)


def linear_layer(model: nn.Module, name: str) -> nn.Linear:
    layer = model.get_submodule(name)
    if not isinstance(layer, nn.Linear):
        raise TypeError(name)
    return layer


def train(
    model: nn.Module, batches: Iterable[Any], forward: Forward, settings: Settings
) -> list[dict[str, Tensor]]:
    """Train with AdamW on whole batches; give all parameters after each step.

    `forward` gives logits and labels of a batch.
    """
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    trajectory = []
    model.train()
    for batch in batches:
        logits, labels = forward(model, batch)
        optimiser.zero_grad()
        functional.cross_entropy(logits, labels).backward()
        nn.utils.clip_grad_norm_(model.parameters(), settings.clip)
        optimiser.step()
        trajectory.append(
            {name: value.detach().clone() for name, value in model.named_parameters()}
        )
    return trajectory
