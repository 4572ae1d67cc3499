"""Padding-free batches: all sequences in one row, attention within each of them.

The row `[1, tokens]` carries restarting position ids; attention runs sequence by sequence through
transformers' attention interface; at the end of the blocks the first token of each sequence is
handed on, so that pooler and head see `[examples, 1, width]` as they would without packing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.attention.varlen import varlen_attn
from torch.utils.hooks import RemovableHandle
from transformers import AttentionInterface

from dpsrun.models.device import to_device

PACKED = "dpsrun_packed"

PACKABLE = frozenset(
    {
        "bert",
        "roberta",
        "xlm-roberta",
        "camembert",
        "electra",
        "distilbert",
        "albert",
        "modernbert",
    }
)
"""Encoders known to be right when packed; the probe at each load still checks."""

FLASH_CAPABILITY = (8, 0)
"""The first generation of NVIDIA GPUs that torch's flash attention supports (Ampere)."""


@dataclass
class Packing:
    """The sequences of one row: their lengths, and how often attention used them.

    `offsets`, `[examples + 1]` int32 on the row's device: sequence i is tokens `offsets[i]` to
    `offsets[i + 1] - 1`.
    """

    lengths: tuple[int, ...]
    offsets: Tensor = field(compare=False)
    calls: int = field(default=0, compare=False)

    @classmethod
    def of(cls, lengths: Sequence[int], device: torch.device) -> Packing:
        """Lay out sequences of these lengths one after the other."""
        ends = torch.tensor((0, *lengths), dtype=torch.int32).cumsum(0, dtype=torch.int32)
        return cls(tuple(lengths), to_device(ends, device))

    @property
    def starts(self) -> Tensor:
        """Give the position of each sequence's first token, `[examples]`."""
        return self.offsets[:-1]


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
    sliding_window: int | None = None,
    **_: Any,  # noqa: ANN401 (whatever else an encoder hands to its attention)
) -> tuple[Tensor, None]:
    """Attend within each sequence of a row.

    `query`, `key`, `value`: `[1, heads, tokens, width]`; gives `[1, tokens, heads, width]`. With
    a sliding window a token sees only those fewer than so many places away (ModernBERT).
    """
    packing.calls += 1
    rate = dropout if module.training else 0.0
    if rate == 0 and has_kernel(query.device, query.dtype):
        return _by_kernel(query, key, value, packing, scaling, sliding_window), None
    parts = zip(
        *(torch.split(x, list(packing.lengths), dim=2) for x in (query, key, value)), strict=True
    )
    attended = [
        functional.scaled_dot_product_attention(
            q, k, v, attn_mask=_band(q, sliding_window), dropout_p=rate, scale=scaling
        )
        for q, k, v in parts
    ]
    return torch.cat(attended, dim=2).transpose(1, 2), None


def has_kernel(device: torch.device, dtype: torch.dtype) -> bool:
    """Say whether flash attention over sequences of different lengths runs there."""
    if device.type != "cuda" or dtype not in (torch.bfloat16, torch.float16):
        return False
    return torch.cuda.get_device_capability(device) >= FLASH_CAPABILITY


def _band(query: Tensor, window: int | None) -> Tensor | None:
    """Mark the tokens of a sequence that see each other, `[tokens, tokens]`; None where all do."""
    tokens = query.shape[2]
    if window is None or tokens <= window:
        return None
    places = torch.arange(tokens, device=query.device)
    return (places[:, None] - places).abs() < window


def _by_kernel(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    packing: Packing,
    scaling: float | None,
    window: int | None,
) -> Tensor:
    q, k, v = (x[0].transpose(0, 1) for x in (query, key, value))
    longest, offsets = max(packing.lengths), packing.offsets
    reach = -1 if window is None else window - 1  # the kernel counts places on either side
    attended = varlen_attn(
        q, k, v, offsets, offsets, longest, longest, scale=scaling, window_size=(reach, reach)
    )
    return cast("Tensor", attended).unsqueeze(0)


AttentionInterface.register(PACKED, packed_attention)


def pack(encoder: nn.Module) -> Callable[[], None]:
    """Switch an encoder to packed rows; gives what switches it back."""
    before = encoder.config._attn_implementation  # type: ignore[union-attr]  # noqa: SLF001
    container, blocks = _blocks(encoder)
    encoder.set_attn_implementation(PACKED)  # type: ignore[operator]
    hooks = [
        *_spare_the_last(blocks[-1]),
        container.register_forward_hook(_hand_on_first_tokens, with_kwargs=True),
    ]

    def unpack() -> None:
        for hook in hooks:
            hook.remove()
        encoder.set_attn_implementation(before)  # type: ignore[operator]

    return unpack


def _blocks(encoder: nn.Module) -> tuple[nn.Module, nn.ModuleList]:
    """Find the list of the blocks, and the module that runs them one after the other."""
    backbone = encoder.get_submodule(str(encoder.base_model_prefix))
    for module in backbone.modules():
        for child in module.children():
            if isinstance(child, nn.ModuleList):
                return module, child
    raise LookupError("the encoder keeps its blocks in no ModuleList")


def _spare_the_last(block: nn.Module) -> list[RemovableHandle]:
    """Let the last block of a BERT do what follows its attention for first tokens only.

    Pooler and head read nothing else: the numbers stay, and three quarters of the block's matrix
    products go. Blocks of another make are left alone.
    """
    attention = getattr(block, "attention", None)
    output = getattr(attention, "output", None)
    if not (isinstance(attention, nn.Module) and isinstance(output, nn.Module)):
        return []
    rows: list[Tensor] = []

    def remember(_module: nn.Module, _args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        rows[:] = [kwargs["packing"].starts]

    def reduce(_module: nn.Module, args: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return tuple(each.index_select(1, rows[0]) for each in args)

    return [
        attention.register_forward_pre_hook(remember, with_kwargs=True),
        output.register_forward_pre_hook(reduce),
    ]


def _hand_on_first_tokens(
    _module: nn.Module,
    _args: tuple[Any, ...],
    kwargs: dict[str, Any],
    output: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401 (the encoder's own output type)
    hidden: Tensor = output[0]
    packing: Packing = kwargs["packing"]
    if hidden.shape[1] != len(packing.lengths):
        hidden = hidden.index_select(1, packing.starts)
    output.last_hidden_state = hidden.transpose(0, 1)
    return output
