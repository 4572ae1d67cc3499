"""Top-K-layer tuning freezes what lies below the last blocks."""

from __future__ import annotations

from typing import Any

from dpsrun.methods.freezing import describe_trained, train_only
from dpsrun.methods.hooks import Hooks
from dpsrun.methods.top_k_layers.spec import TopKParams


class TopKHooks(Hooks[TopKParams]):
    """Leaves the embeddings and the lower blocks without gradients.

    Nothing there requires a gradient, so autograd keeps nothing of their forward pass. Dropout is
    at work in them as in the others.
    """

    def prepare(self) -> None:
        """Freeze; raises ValueError if the encoder has too few blocks."""
        self.params.check(self.context.setting)
        if self.params.trained_blocks is None:
            return
        model = self.context.model
        frozen, depths = model.count_blocks() - self.params.trained_blocks, model.depths()
        train_only(model, lambda name: depths[name] > frozen)

    def describe(self) -> dict[str, Any]:
        """Name the parameters that are trained, count entries."""
        return describe_trained(self.context.model)
