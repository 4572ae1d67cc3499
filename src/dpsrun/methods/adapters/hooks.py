"""Adapters stand inside frozen blocks."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from dpsrun.methods.adapters.layers import (
    Adapter,
    AfterLayer,
    BeforeNorm,
    Places,
    find_places,
)
from dpsrun.methods.adapters.spec import AdapterParams
from dpsrun.methods.freezing import describe_trained, train_only
from dpsrun.methods.hooks import Context, Hooks

SPREAD = 0.02
"""Of the weights that lead into the bottleneck, as BERT's are drawn."""


class AdapterHooks(Hooks[AdapterParams]):
    """Puts adapters into the blocks and trains them and the head.

    The adapters are modules of the model, so its checkpoints and hashes hold them; after `prepare`
    there is nothing left to do in a step.

    Attributes:
        adapters: those of all blocks, from below.
    """

    def __init__(self, params: AdapterParams, context: Context) -> None:
        super().__init__(params, context)
        self.adapters: list[Adapter] = []

    def prepare(self) -> None:
        """Add the adapters and freeze the rest; raises ValueError where they cannot stand."""
        if self.params.reduction is None:
            return
        blocks = list(find_places(self.context.model.encoder))
        if not blocks:
            raise ValueError(
                "adapters stand in blocks made like BERT's, whose norms follow the residual sums; "
                "those of this encoder are made otherwise"
            )
        for block, places in blocks:
            self.place(block, places, self.params.reduction)
        norms = self.norms() if self.params.train_norms else frozenset()
        is_new = self.context.model.is_new
        train_only(
            self.context.model, lambda name: ".adapter." in name or is_new(name) or name in norms
        )

    def place(self, block: nn.Module, places: Places, reduction: int) -> None:
        """Put one adapter or two into a block."""
        norm = block.get_submodule(places.norm)
        if self.params.placement == "pfeiffer":
            adapter = self.make(norm, reduction, nn.ReLU())
            block.set_submodule(places.norm, BeforeNorm(norm, adapter))
            return
        for name in (places.attention, places.feed_forward):
            adapter = self.make(norm, reduction, nn.SiLU())
            block.set_submodule(name, AfterLayer(block.get_submodule(name), adapter))

    def make(self, norm: nn.Module, reduction: int, activation: nn.Module) -> Adapter:
        """Make an adapter as wide as a norm; raises ValueError if its bottleneck would be none."""
        gain = norm.get_parameter("weight")
        width = gain.numel()
        if reduction > width:
            raise ValueError(f"reduction {reduction}: the encoder is only {width} wide")
        adapter = Adapter(width, width // reduction, activation, gain)
        self.draw(adapter)
        self.adapters.append(adapter)
        return adapter

    @torch.no_grad()
    def draw(self, adapter: Adapter) -> None:
        """Draw D from N(0, 0.02^2), from the `init` stream; all else is 0."""
        for parameter in adapter.parameters():
            parameter.zero_()
        drawn = torch.empty(adapter.down.weight.shape)
        adapter.down.weight.copy_(drawn.normal_(std=SPREAD, generator=self.context.head))

    def norms(self) -> frozenset[str]:
        """Name the parameters of the norms of the blocks."""
        model = self.context.model
        inside = {
            name for name, depth in model.depths().items() if 1 <= depth <= model.count_blocks()
        }
        return frozenset(
            name
            for path, module in model.named_modules()
            if "Norm" in type(module).__name__
            for name, _ in module.named_parameters(path, recurse=False)
            if name in inside
        )

    def describe(self) -> dict[str, Any]:
        """Count the adapters, give their widths, name the parameters that are trained."""
        widths = sorted({adapter.down.out_features for adapter in self.adapters})
        counts = {"adapters": len(self.adapters), "bottlenecks": widths}
        return counts | describe_trained(self.context.model)
