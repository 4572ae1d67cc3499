"""The weight matrices of an encoder, and which of their axes its inputs run along."""

from __future__ import annotations

import torch
from torch import Tensor, nn

TO_HEADS = (".rel_attn.q", ".rel_attn.k", ".rel_attn.v", ".rel_attn.r")
FROM_HEADS = (".rel_attn.o",)
"""XLNet's attention has no linear layers: these parameters, `[width, heads, head width]`, are its
matrices. Four lead from the width to the heads ("ibh,hnd->ibnd"), one back ("ibnd,hnd->ibh")."""


def matrices(encoder: nn.Module) -> dict[str, nn.Parameter]:
    """Name the weight matrices of an encoder's blocks, its pooler and the head, in its order.

    A matrix that blocks share (ALBERT) is one. Embeddings, norms, biases and convolutions are
    not among them. Raises ValueError for an encoder whose blocks are not made of such matrices.
    """
    prefix = str(encoder.base_model_prefix)
    blocks = [f"{prefix}.{name}." for name in _block_lists(encoder.get_submodule(prefix))]
    inside = (*blocks, f"{prefix}.pooler")
    found = {
        name: parameter
        for name, parameter in _all_matrices(encoder).items()
        if name.startswith(inside) or not name.startswith(f"{prefix}.")
    }
    for block in blocks:
        if not any(name.startswith(block) for name in found):
            raise ValueError(f"{block[:-1]} holds no linear layers that a method could work on")
    return found


def column_shape(name: str, matrix: Tensor) -> torch.Size:
    """Give the shape of one number for each input of a matrix; it broadcasts over the matrix.

    A linear layer is `[out, in]`, so `[in]`. XLNet's matrices give `[width, 1, 1]` on the way to
    the heads and `[heads, head width]` on the way back: what is multiplied with the same input
    has the same number.
    """
    if name.endswith(TO_HEADS):
        return torch.Size((matrix.shape[0], 1, 1))
    return matrix.shape[1:]


def _all_matrices(encoder: nn.Module) -> dict[str, nn.Parameter]:
    linear = {
        f"{name}.weight"
        for name, module in encoder.named_modules()
        if isinstance(module, nn.Linear)
    }
    return {
        name: parameter
        for name, parameter in encoder.named_parameters()
        if plain_name(name) in linear or name.endswith(TO_HEADS + FROM_HEADS)
    }


def plain_name(name: str) -> str:
    """Give what a parameter was called before torch parametrized it (R4F's head)."""
    return name.replace(".parametrizations.", ".").removesuffix(".original")


def _block_lists(backbone: nn.Module) -> list[str]:
    return [name for name, module in backbone.named_modules() if isinstance(module, nn.ModuleList)]
