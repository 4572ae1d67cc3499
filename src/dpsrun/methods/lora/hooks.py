"""LoRA puts low-rank updates beside frozen linear layers."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn

from dpsrun.methods.freezing import describe_trained, of_pooler, train_only
from dpsrun.methods.hooks import Context, Hooks
from dpsrun.methods.lora.spec import LoraParams
from dpsrun.methods.lora.targets import find_targets


class LoraHooks(Hooks[LoraParams]):
    """Lets peft put `lora_alpha / rank * B A` beside the chosen layers, and draws A itself.

    The updates are modules of the model, so its checkpoints and hashes hold them; after `prepare`
    there is nothing left to do in a step.

    Attributes:
        updated: names of the layers that have an update, within the encoder.
    """

    def __init__(self, params: LoraParams, context: Context) -> None:
        super().__init__(params, context)
        self.updated: list[str] = []

    def prepare(self) -> None:
        """Add the updates and freeze the rest; raises ValueError where the encoder has no place."""
        self.params.check(self.context.setting)
        if self.params.rank == 0:
            return
        self.updated = find_targets(self.context.model.encoder, self.params.updated)
        self.inject()
        self.draw()
        train_only(self.context.model, self.is_trained)

    def inject(self) -> None:
        """Replace the layers by peft's, which hold them."""
        from peft import LoraConfig, inject_adapter_in_model  # noqa: PLC0415 (an extra)

        config = LoraConfig(
            r=self.params.rank,
            lora_alpha=self.params.lora_alpha,  # type: ignore[arg-type]
            lora_dropout=self.params.lora_dropout,
            target_modules=self.updated,
        )
        inject_adapter_in_model(config, self.context.model.encoder)

    @torch.no_grad()
    def draw(self) -> None:
        """Draw A `[rank, in]` uniformly within 1/sqrt(in), from the `init` stream; B is 0."""
        for name, parameter in self.context.model.named_parameters():
            if ".lora_A." in name:
                drawn = torch.empty(parameter.shape)
                nn.init.kaiming_uniform_(drawn, a=math.sqrt(5), generator=self.context.head)
                parameter.copy_(drawn)
            elif ".lora_B." in name:
                parameter.zero_()

    def is_trained(self, name: str) -> bool:
        """Say whether a parameter is of an update or the head, or of a pooler that is asked for."""
        asked = self.params.train_pooler and of_pooler(name)
        return ".lora_" in name or self.context.model.is_new(name) or asked

    def describe(self) -> dict[str, Any]:
        """Name the layers that have an update and the parameters that are trained."""
        return {"updated": self.updated} | describe_trained(self.context.model)
