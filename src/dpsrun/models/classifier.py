"""An encoder with a new head, and what the training loop and the methods ask of it."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from dpsrun.models.batch import Batch


class Classifier(nn.Module):
    """A Hugging Face sequence classifier that takes our batches.

    Args:
        encoder: any `...ForSequenceClassification` model.
        new: names of the parameters that the checkpoint did not have.
    """

    def __init__(self, encoder: nn.Module, new: frozenset[str]) -> None:
        super().__init__()
        self.encoder = encoder
        self._new = new

    def forward(self, batch: Batch, **inputs: Any) -> Tensor:  # noqa: ANN401 (encoder's own)
        """Give the logits `[examples, outputs]` in float32 (float64 for a float64 encoder)."""
        given: dict[str, Any] = {**batch.inputs, **inputs}
        if batch.packing is not None:
            given["packing"] = batch.packing
        logits = cast("Tensor", self.encoder(**given).logits)
        return logits if logits.dtype == torch.float64 else logits.float()

    def losses(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Give the loss of each example `[examples]`: cross-entropy, or squared error."""
        if labels.is_floating_point():
            return (logits.squeeze(-1) - labels).square()
        return functional.cross_entropy(logits, labels, reduction="none")

    def matrices(self) -> dict[str, nn.Parameter]:
        """Name the weight matrices of the encoder's blocks, its pooler and the head.

        These are what DPS wraps (official BERT code: q, k, v, attention output, both feed-forward
        layers, pooler, classifier); embeddings, norms and biases are not among them.
        """
        wrapped: dict[str, nn.Parameter] = {}
        for name, module in self.encoder.named_modules():
            if isinstance(module, nn.Linear) and self._is_wrapped(name):
                wrapped[f"{name}.weight"] = cast("nn.Parameter", module.weight)
        return wrapped

    def head_modules(self) -> list[nn.Linear]:
        """List the linear layers that the checkpoint did not have, in the model's order."""
        return [
            module
            for name, module in self.encoder.named_modules()
            if isinstance(module, nn.Linear) and f"{name}.weight" in self._new
        ]

    def _is_wrapped(self, name: str) -> bool:
        prefix = str(self.encoder.base_model_prefix)
        if not name.startswith(f"{prefix}."):
            return True
        blocks = any(name.startswith(f"{block}.") for block in self._block_lists(prefix))
        return blocks or name.removeprefix(f"{prefix}.").startswith("pooler")

    def _block_lists(self, prefix: str) -> list[str]:
        backbone = self.encoder.get_submodule(prefix)
        return [
            f"{prefix}.{name}"
            for name, module in backbone.named_modules()
            if isinstance(module, nn.ModuleList)
        ]
