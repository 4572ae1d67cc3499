"""R4F is R3F with a head whose matrices are divided by their spectral norm."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from dpsrun.methods.r3f.hooks import R3fHooks
from dpsrun.methods.r4f.spec import R4fParams
from dpsrun.methods.two_passes.draws import drawing_from


class R4fHooks(R3fHooks[R4fParams]):
    """Parametrizes linear layers of the new head; evaluation has the same head.

    A layer's own parameter is then called `parametrizations.weight.original`, and the vectors of
    its power iteration are among the model's buffers: each training pass takes a step of it.
    """

    def prepare(self) -> None:
        """Normalise the head; raises ValueError if none of its layers is new."""
        super().prepare()
        for layer in self.layers().values():
            with drawing_from(self.context.head, self.device):
                normalise(layer)

    def layers(self) -> dict[str, nn.Linear]:
        """Name the layers to normalise, in the model's order."""
        if not self.params.spectral_norm:
            return {}
        head = self.context.model.head_modules()
        if not head:
            raise ValueError("r4f: this encoder has no new linear layer to normalise")
        chosen = head if self.params.normalised_layers == "all" else head[-1:]
        names = {module: name for name, module in self.context.model.encoder.named_modules()}
        return {names[layer]: layer for layer in chosen}

    def describe(self) -> dict[str, Any]:
        """Add what each matrix of the head is divided by: its largest singular value."""
        return super().describe() | {
            "spectral_norms": {name: largest(layer) for name, layer in self.layers().items()}
        }


def normalise(layer: nn.Linear) -> None:
    """Divide the matrix of a layer by an estimate of its largest singular value."""
    spectral_norm(layer)
    norm = "parametrizations.weight.0"
    layer.set_submodule(norm, FullPrecision(layer.get_submodule(norm)))


class FullPrecision(nn.Module):
    """Computes out of autocast, where the norm of a matrix would have three digits at most."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, weight: Tensor) -> Tensor:
        """Compute with a float32 `weight` in float32."""
        with torch.autocast(weight.device.type, enabled=False):
            return self.inner(weight)  # type: ignore[no-any-return]


def largest(layer: nn.Linear) -> float:
    """Give the largest singular value of the matrix that a normalised layer divides."""
    matrix = layer.get_parameter("parametrizations.weight.original")
    return float(torch.linalg.matrix_norm(matrix.detach(), 2))
