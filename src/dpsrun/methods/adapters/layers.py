"""Bottleneck adapters, and how they stand in a block made like BERT's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, cast

from torch import Tensor, nn


class Adapter(nn.Module):
    """U f(D h) with biases, for h `[..., width]`.

    Args:
        like: its device and dtype are those of the adapter.
    """

    def __init__(self, width: int, narrow: int, activation: nn.Module, like: Tensor) -> None:
        super().__init__()
        self.down = nn.Linear(width, narrow, device=like.device, dtype=like.dtype)
        self.activation = activation
        self.up = nn.Linear(narrow, width, device=like.device, dtype=like.dtype)

    def forward(self, hidden: Tensor) -> Tensor:
        """Give what is added to h."""
        return cast("Tensor", self.up(self.activation(self.down(hidden))))


class AfterLayer(nn.Module):
    """A layer and the adapter behind it: of h, the layer's output, it makes h + U f(D h)."""

    def __init__(self, layer: nn.Module, adapter: Adapter) -> None:
        super().__init__()
        self.layer, self.adapter = layer, adapter

    def forward(self, inputs: Tensor) -> Tensor:
        """Give the adapted output."""
        hidden: Tensor = self.layer(inputs)
        return hidden + cast("Tensor", self.adapter(hidden))


class BeforeNorm(nn.Module):
    """A norm and the adapter before it: of s, a residual sum, it makes LN(s + U f(D LN(s)))."""

    def __init__(self, norm: nn.Module, adapter: Adapter) -> None:
        super().__init__()
        self.norm, self.adapter = norm, adapter

    def forward(self, total: Tensor) -> Tensor:
        """Give the norm of the adapted sum."""
        return cast("Tensor", self.norm(total + self.adapter(self.norm(total))))


class Places(NamedTuple):
    """Where in a block adapters can stand, as names of its modules.

    Attributes:
        attention: gives the output of the attention that the residual is added to.
        feed_forward: gives that of the feed-forward layers.
        norm: takes the residual sum of the feed-forward layers.
    """

    attention: str
    feed_forward: str
    norm: str


MAKES = (
    Places("attention.output.dropout", "output.dropout", "output.LayerNorm"),
    Places("attention.out_lin", "ffn.dropout", "output_layer_norm"),
    Places("attention.output_dropout", "ffn_output", "full_layer_layer_norm"),
)
"""Blocks whose norms follow the residual sums: those of BERT, DistilBERT and ALBERT."""


def find_places(encoder: nn.Module) -> Iterator[tuple[nn.Module, Places]]:
    """Give the blocks that adapters can stand in, from below."""
    for block in encoder.modules():
        for places in MAKES:
            if all(_has(block, name) for name in places):
                yield block, places


def _has(module: nn.Module, name: str) -> bool:
    try:
        module.get_submodule(name)
    except AttributeError:
        return False
    return True
