"""Re-initialisation draws pre-trained weights anew before anything else happens."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from dpsrun.methods.hooks import Context, Hooks
from dpsrun.methods.re_init.spec import ReInitParams


class ReInitHooks(Hooks[ReInitParams]):
    """Draws the last blocks anew, and what pre-training has made above them.

    Above them lie a pooler and, in ModernBERT, the last norm and the layers of its own head.

    Attributes:
        drawn: how many entries each parameter has that was drawn anew.
    """

    def __init__(self, params: ReInitParams, context: Context) -> None:
        super().__init__(params, context)
        self.drawn: dict[str, int] = {}

    def prepare(self) -> None:
        """Draw in the model's order; raises ValueError if the encoder has too few blocks."""
        self.params.check(self.context.setting)
        if not self.params.drawn_blocks:
            return
        model = self.context.model
        kept, depths = model.count_blocks() - self.params.drawn_blocks, model.depths()
        for path, module in model.named_modules():
            for name, parameter in module.named_parameters(path, recurse=False):
                if depths.get(name, 0) > kept and not model.is_new(name):
                    self.draw(module, name, parameter)

    @torch.no_grad()
    def draw(self, module: nn.Module, name: str, parameter: nn.Parameter) -> None:
        """Draw a parameter of a module: N(0, sigma^2), biases 0, the gains of norms 1.

        XLNet's tables of biases have more than one axis and are drawn like weights, as released.
        """
        if "bias" in name.rpartition(".")[2] and parameter.dim() == 1:
            parameter.zero_()
        elif "Norm" in type(module).__name__:
            parameter.fill_(1.0)
        else:
            drawn = torch.empty(parameter.shape)
            parameter.copy_(
                drawn.normal_(std=self.context.model.spread, generator=self.context.head)
            )
        self.drawn[name] = parameter.numel()

    def describe(self) -> dict[str, Any]:
        """Name the parameters that were drawn anew, count their entries, give sigma."""
        return {
            "drawn": list(self.drawn),
            "entries_drawn": sum(self.drawn.values()),
            "spread": self.context.model.spread,
        }
