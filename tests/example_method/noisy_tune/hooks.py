"""NoisyTune at work: imported in the process that trains."""

from __future__ import annotations

from typing import Any

import torch

from dpsrun.methods.hooks import Hooks

from .spec import NoisyTuneParams


class NoisyTuneHooks(Hooks[NoisyTuneParams]):
    """Adds U(-lambda / 2, lambda / 2) times the standard deviation of each parameter to it."""

    @torch.no_grad()
    def prepare(self) -> None:
        """Draw from the `init` stream of the seed; the new head is random already."""
        if not self.params.noise_intensity:
            return
        model = self.context.model
        for name, parameter in model.named_parameters():
            if not model.is_new(name):
                noise = torch.rand(parameter.shape, generator=self.context.head) - 0.5
                spread = self.params.noise_intensity * parameter.std(correction=0)
                parameter.add_(noise.to(parameter.device) * spread)

    def describe(self) -> dict[str, Any]:
        """Tell the record of the run what was done."""
        return {"noise_intensity": self.params.noise_intensity}
