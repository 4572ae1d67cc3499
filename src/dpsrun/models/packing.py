"""Padding-free batches: all sequences in one row, attention within each of them.

The row `[1, tokens]` carries restarting position ids; attention runs sequence by sequence through
transformers' attention interface; at the end of the blocks the first token of each sequence is
handed on, so that pooler and head see `[examples, 1, width]` as they would without packing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import AttentionInterface

PACKED = "dpsrun_packed"

PACKABLE = frozenset(
    {"bert", "roberta", "xlm-roberta", "camembert", "electra", "distilbert", "albert"}
)
"""Encoders known to be right when packed; the probe at each load still checks."""


@dataclass
class Packing:
    """The sequences of one row: their lengths, and how often attention used them."""

    lengths: tuple[int, ...]
    calls: int = field(default=0, compare=False)

    def starts(self, device: torch.device) -> Tensor:
        """Give the position of each sequence's first token, `[examples]`."""
        lengths = torch.tensor((0, *self.lengths[:-1]), device=device)
        return lengths.cumsum(0)


def packed_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,  # noqa: ARG001 (there is nothing to mask)
    *,
    packing: Packing,
    scaling: float | None = None,
    dropout: float = 0.0,
    **_: Any,  # noqa: ANN401 (whatever else an encoder hands to its attention)
) -> tuple[Tensor, None]:
    """Attend within each sequence of a row.

    `query`, `key`, `value`: `[1, heads, tokens, width]`; gives `[1, tokens, heads, width]`.
    """
    packing.calls += 1
    rate = dropout if module.training else 0.0
    parts = zip(
        *(torch.split(x, list(packing.lengths), dim=2) for x in (query, key, value)), strict=True
    )
    attended = [
        functional.scaled_dot_product_attention(q, k, v, dropout_p=rate, scale=scaling)
        for q, k, v in parts
    ]
    return torch.cat(attended, dim=2).transpose(1, 2), None


AttentionInterface.register(PACKED, packed_attention)


def pack(encoder: nn.Module) -> Callable[[], None]:
    """Switch an encoder to packed rows; gives what switches it back."""
    before = encoder.config._attn_implementation  # type: ignore[union-attr]  # noqa: SLF001
    container = _block_container(encoder)
    encoder.set_attn_implementation(PACKED)  # type: ignore[operator]
    hook = container.register_forward_hook(_hand_on_first_tokens, with_kwargs=True)

    def unpack() -> None:
        hook.remove()
        encoder.set_attn_implementation(before)  # type: ignore[operator]

    return unpack


def _block_container(encoder: nn.Module) -> nn.Module:
    """Find the module that runs the blocks one after the other: the parent of their list."""
    backbone = encoder.get_submodule(str(encoder.base_model_prefix))
    for module in backbone.modules():
        if any(isinstance(child, nn.ModuleList) for child in module.children()):
            return module
    raise LookupError("the encoder keeps its blocks in no ModuleList")


def _hand_on_first_tokens(
    _module: nn.Module,
    _args: tuple[Any, ...],
    kwargs: dict[str, Any],
    output: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401 (the encoder's own output type)
    hidden: Tensor = output[0]
    starts = kwargs["packing"].starts(hidden.device)
    output.last_hidden_state = hidden[0].index_select(0, starts).unsqueeze(1)
    return output
