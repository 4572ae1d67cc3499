"""A loss that asks a second pass over a batch to predict what the first did."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

import torch
from torch import Tensor

from dpsrun.methods.hooks import Context, Hooks, State
from dpsrun.methods.spec import Params
from dpsrun.methods.two_passes.divergence import disagreement
from dpsrun.methods.two_passes.draws import drawing_from
from dpsrun.models.batch import Batch
from dpsrun.models.classifier import Classifier

T = TypeVar("T", bound=Params)


class TwoPassHooks(Hooks[T]):
    """Takes each micro-batch twice, with dropout of its own each time; both passes are trained.

    The first pass has the very dropout that vanilla has there: what the second draws, its dropout
    included, comes from the method's own stream.

    Attributes:
        scores_both: whether the second pass is compared with the labels too.
        examples: how many were taken twice so far.
        divergence: how far apart their predictions were, summed; a float64 scalar on the device.
    """

    scores_both: ClassVar[bool]

    def __init__(self, params: T, context: Context) -> None:
        super().__init__(params, context)
        self.device = next(context.model.parameters()).device
        self.examples = 0
        self.divergence = torch.zeros((), dtype=torch.float64, device=self.device)

    def weight(self, *, regression: bool) -> float:
        """Give what an example's divergence costs.

        With 0 there is no second pass, and the loss is vanilla's.
        """
        raise NotImplementedError

    def second_pass(self, model: Classifier, batch: Batch) -> Tensor:
        """Give the logits `[examples, outputs]` of the second pass."""
        return model(batch)  # type: ignore[no-any-return]

    def loss(self, model: Classifier, batch: Batch) -> Tensor:
        """Sum the losses of a micro-batch's examples."""
        labels, regression = batch.labels, batch.labels.is_floating_point()
        weight = self.weight(regression=regression)
        if weight == 0:
            return super().loss(model, batch)
        first = model(batch)
        with drawing_from(self.context.noise, self.device):
            second = self.second_pass(model, batch)
        apart = disagreement(first, second, regression=regression)
        self.examples += len(labels)
        self.divergence += apart.detach().sum()
        scored = (first, second) if self.scores_both else (first,)
        return sum((model.losses(each, labels) for each in scored), weight * apart).sum()

    def describe(self) -> dict[str, Any]:
        """Give how many examples were taken twice, and how far apart their predictions were.

        The mean is of KL(p, q) + KL(q, p) in nats, for regression of squared differences; None
        where there is none.
        """
        mean = float(self.divergence) / self.examples if self.examples else math.nan
        return {
            "examples_taken_twice": self.examples,
            "mean_divergence": mean if math.isfinite(mean) else None,
        }

    def state_dict(self) -> State:
        """Give what `describe` tells of, and the state of the noise generator."""
        return {
            "examples": self.examples,
            "divergence": self.divergence,
            "noise": self.context.noise.get_state(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take back copies of what `state_dict` gave."""
        self.examples = state["examples"]
        self.divergence = state["divergence"].to(self.device, copy=True)
        self.context.noise.set_state(state["noise"])
