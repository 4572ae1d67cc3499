"""L2-SP adds the gradient of its penalty to that of the loss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from dpsrun.methods.hooks import Context, Group, Hooks, State
from dpsrun.methods.l2_sp.spec import L2SpParams
from dpsrun.methods.pull.start import Start


class L2SpHooks(Hooks[L2SpParams]):
    """Minimises alpha / 2 |w - w0|^2 + beta / 2 |v|^2 beside the loss, v being the new head.

    Adding the gradient of the whole step, before clipping, equals adding the penalty to the
    loss, whatever the micro-batches and the scale of the loss.

    Attributes:
        start: the pre-trained parameters as they began.
        head: the parameters that pre-training did not make.
    """

    def __init__(self, params: L2SpParams, context: Context) -> None:
        super().__init__(params, context)
        self.start = Start({})
        self.head: list[nn.Parameter] = []

    def prepare(self) -> None:
        """Remember the pre-trained parameters."""
        model, named = self.context.model, dict(self.context.model.named_parameters())
        if self.params.start_weight:
            self.start = Start({n: each for n, each in named.items() if not model.is_new(n)})
        if self.params.head_weight:
            self.head = [each for name, each in named.items() if model.is_new(name)]

    def parameter_groups(self, groups: list[Group]) -> list[Group]:
        """Switch weight decay off, for the penalty stands in its place."""
        if not (self.params.start_weight or self.params.head_weight):
            return groups
        return [{**group, "weight_decay": 0.0} for group in groups]

    @torch.no_grad()
    def after_backward(self, *, finite: bool) -> None:
        """Add the penalty's gradient, alpha (w - w0) and beta v."""
        if not finite:
            return
        self.start.add_gradients(self.params.start_weight)
        for parameter in self.head:
            if parameter.grad is not None:
                parameter.grad.add_(parameter, alpha=self.params.head_weight)

    def describe(self) -> dict[str, Any]:
        """Count the entries that are drawn back, and those of the head that are kept small."""
        return {
            "entries_drawn_back": self.start.entries,
            "head_entries": sum(parameter.numel() for parameter in self.head),
        }

    def state_dict(self) -> State:
        """Give where the parameters began."""
        return {"start": self.start.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take back where they began, after `prepare`."""
        self.start.load_state_dict(state["start"])
