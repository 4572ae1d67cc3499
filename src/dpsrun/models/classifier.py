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
        layers, pooler, classifier); embeddings, norms and biases are not among them. Raises
        ValueError for an encoder whose blocks are not made of linear layers.
        """
        wrapped: dict[str, nn.Parameter] = {}
        for name, module in self.encoder.named_modules():
            if isinstance(module, nn.Linear) and self._is_wrapped(name):
                wrapped[f"{name}.weight"] = cast("nn.Parameter", module.weight)
        for block in self._block_lists(str(self.encoder.base_model_prefix)):
            if not any(name.startswith(f"{block}.") for name in wrapped):
                raise ValueError(f"{block} holds no linear layers that a method could work on")
        return wrapped

    def count_parameters(self) -> int:
        """Count the entries of all parameters."""
        return sum(parameter.numel() for parameter in self.parameters())

    def head_modules(self) -> list[nn.Linear]:
        """List the linear layers that the checkpoint did not have, in the model's order."""
        return [
            module
            for name, module in self.encoder.named_modules()
            if isinstance(module, nn.Linear) and f"{name}.weight" in self._new
        ]

    def draw_old_head(self, seed: int) -> None:
        """Draw the head's layers that came with the checkpoint anew, as new ones are drawn.

        Else a checkpoint that was fine-tuned before would give all seeds the same head.
        """
        prefix, config = f"{self.encoder.base_model_prefix}.", self.encoder.config
        generator = torch.Generator().manual_seed(seed)
        for name, module in self.encoder.named_modules():
            old = not name.startswith(prefix) and f"{name}.weight" not in self._new
            if isinstance(module, nn.Linear) and old:
                spread = float(getattr(config, "initializer_range", 0.02))
                nn.init.normal_(module.weight, std=spread, generator=generator)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
                self._new |= {f"{name}.weight", f"{name}.bias"}

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
