"""Fine-tuning written a second time, plainly, to hold methods that pull and rates against.

Adam with bias correction by its formulas, linear warm-up and decay, clipping, one batch a step.
A method says what it adds to the loss and how a weight is updated. Beside it, the product's own
loop on the same batches.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from dpsrun.models.batch import Batch
from dpsrun.runs.spec import Training
from dpsrun.training.loop import Loop
from tests.methods.small_model import make_batches, make_hooks, rows, tiny_bert, weights

EQUAL = 1e-12
SIZE, STEPS, WARM_UP, EPSILON = 6, 6, 2, 1e-4

SETTINGS = Training(
    learning_rate=0.01,
    batch_size=SIZE,
    weight_decay=0.1,
    max_grad_norm=0.5,
    warmup_fraction=WARM_UP / STEPS,
    adam_epsilon=EPSILON,
)
"""Clips every step. With the usual epsilon Adam would enlarge what is left of gradients that are
zero but for rounding: those of the keys' biases."""

HEAD = ("encoder.classifier.weight", "encoder.classifier.bias")

Weights = dict[str, Tensor]


@dataclass(frozen=True)
class Update:
    """A weight about to be updated: its name, Adam's direction, the step from 1 and its rate."""

    name: str
    weight: Tensor
    direction: Tensor
    step: int
    rate: float

    @property
    def decays(self) -> bool:
        """Whether weight decay applies to it: in BERT's names."""
        return not self.name.endswith("bias") and "LayerNorm" not in self.name


@dataclass
class Adam:
    """Direction of Adam for one parameter, with beta 0.9 and 0.999."""

    first: Tensor
    second: Tensor
    step: int = field(default=0)

    def direction(self, gradient: Tensor) -> Tensor:
        self.step += 1
        self.first = 0.9 * self.first + 0.1 * gradient
        self.second = 0.999 * self.second + 0.001 * gradient**2
        mean = self.first / (1 - 0.9**self.step)
        square = self.second / (1 - 0.999**self.step)
        return mean / (square.sqrt() + EPSILON)


def rate(step: int) -> float:
    """The learning rate of a step, counted from 1."""
    done = step - 1
    factor = done / WARM_UP if done < WARM_UP else (STEPS - done) / (STEPS - WARM_UP)
    return SETTINGS.learning_rate * factor


def decayed(update: Update, decay: float = SETTINGS.weight_decay) -> Tensor:
    """AdamW: decay first, then the direction."""
    kept = 1 - update.rate * decay if update.decays else 1.0
    return update.weight * kept - update.rate * update.direction


def nothing(_: Mapping[str, Tensor]) -> Tensor:
    return torch.zeros(())


def train(
    update: Callable[[Update], Tensor] = decayed,
    *,
    penalty: Callable[[Mapping[str, Tensor]], Tensor] = nothing,
    trained: Callable[[str], bool] = lambda _: True,
) -> list[Weights]:
    """Train the small model; give all weights after each step."""
    model, history = tiny_bert(), []
    named = {name: each for name, each in model.named_parameters() if trained(name)}
    adams = {name: Adam(*torch.zeros(2, *each.shape).double()) for name, each in named.items()}
    for step, batch in enumerate(batches(), start=1):
        loss = functional.cross_entropy(model.encoder(**batch.inputs).logits, batch.labels)
        gradients = torch.autograd.grad(loss + penalty(named), list(named.values()))
        norm = math.sqrt(sum(float((each**2).sum()) for each in gradients))
        assert norm > 0.5, "it is clipped"
        for (name, weight), gradient in zip(named.items(), gradients, strict=True):
            direction = adams[name].direction(gradient * 0.5 / (norm + 1e-6))
            weight.data = update(Update(name, weight.detach(), direction, step, rate(step)))
        history.append(weights(model))
    return history


def batches() -> list[Batch]:
    """The batch of each step."""
    return [rows(examples(), slice(SIZE * i, SIZE * (i + 1))) for i in range(STEPS)]


@cache
def examples() -> Batch:
    return make_batches(1, size=SIZE * STEPS)[0]


def product_loop(method: str, *, settings: Training = SETTINGS, **params: Any) -> Loop:
    """The product's own loop on the small model."""
    model = tiny_bert()
    hooks = make_hooks(method, model, STEPS, training=settings, **params)

    def batch(numbers: Sequence[int]) -> Batch:
        return rows(examples(), slice(numbers[0], numbers[-1] + 1))

    return Loop(model, hooks, settings, "fp32", STEPS, batch)


def product(loop: Loop, steps: int = STEPS) -> list[Weights]:
    """Train it; give all weights after each step."""
    history = []
    for i in range(loop.step, loop.step + steps):
        loop.take_step(range(SIZE * i, SIZE * (i + 1)))
        history.append(weights(loop.model))
    return history
