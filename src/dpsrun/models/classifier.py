"""An encoder with a new head, and what the training loop and the methods ask of it."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from dpsrun.models import depth
from dpsrun.models.batch import Batch
from dpsrun.models.matrices import matrices, plain_name

PRETRAINED_HEADS = {"modernbert": "head."}
"""Layers beside the backbone that pre-training has made and that are not drawn anew."""


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
        layers, pooler, classifier). Raises ValueError for an encoder that has none.
        """
        return matrices(self.encoder)

    def blocks(self) -> list[nn.Module]:
        """List the encoder's blocks from below; those that share their weights are one."""
        return list(depth.blocks(self.encoder).values())

    def count_blocks(self) -> int:
        """Count the encoder's blocks."""
        return len(depth.blocks(self.encoder))

    def depths(self) -> dict[str, int]:
        """Give the depth of each parameter: 0 below the blocks, 1 to L in them, L + 1 above.

        Above lie the pooler, the head, and a norm that follows the last block.
        """
        return depth.depths(self)

    def embedding(self) -> nn.Module:
        """Give the word embedding: ids `[...]` to vectors `[..., width]`."""
        return cast("nn.Module", self.encoder.get_input_embeddings())  # type: ignore[operator]

    def is_new(self, name: str) -> bool:
        """Say whether a parameter is of the new head, or of a pooler that pre-training lacked."""
        return plain_name(name).removeprefix("encoder.") in self._new

    @property
    def spread(self) -> float:
        """Give the standard deviation of the weights that the encoder's authors draw."""
        config = self.encoder.config
        spread = getattr(config, "initializer_range", None) or getattr(config, "init_std", 0.02)
        return float(spread)  # type: ignore[arg-type]

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
        kept = PRETRAINED_HEADS.get(str(self.encoder.config.model_type))  # type: ignore[union-attr]
        prefixes = tuple(filter(None, (f"{self.encoder.base_model_prefix}.", kept)))
        generator = torch.Generator().manual_seed(seed)
        for name, module in self.encoder.named_modules():
            old = not name.startswith(prefixes) and f"{name}.weight" not in self._new
            if isinstance(module, nn.Linear) and old:
                nn.init.normal_(module.weight, std=self.spread, generator=generator)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
                self._new |= {f"{name}.weight", f"{name}.bias"}
