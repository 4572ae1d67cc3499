"""How deep in an encoder a parameter lies, counted in blocks from below."""

from __future__ import annotations

from torch import nn

ABOVE = (".pooler.", ".final_norm.")
"""Parts of a backbone that follow its last block."""

WITH_FIRST = (".encoder.conv.",)
"""Parts that work on what the first block gives: DeBERTa-v2's convolution."""


def blocks(encoder: nn.Module) -> dict[str, nn.Module]:
    """Name the blocks of an encoder from below; an encoder-decoder's decoder comes second.

    Raises ValueError if it keeps its blocks in no list, or their parts in several (XLM).
    """
    prefix = str(encoder.base_model_prefix)
    lists = {
        f"{prefix}.{name}": module
        for name, module in encoder.get_submodule(prefix).named_modules()
        if isinstance(module, nn.ModuleList)
    }
    outer = [name for name in lists if not any(name.startswith(f"{other}.") for other in lists)]
    owners = {name.rpartition(".")[0] for name in outer}
    if not outer or len(owners) < len(outer):
        raise ValueError("the encoder does not keep its blocks in one list")
    return {f"{name}.{i}": block for name in outer for i, block in enumerate(lists[name])}


def depths(model: nn.Module) -> dict[str, int]:
    """Give the depth of each parameter of a classifier, as `Classifier.depths` says."""
    encoder: nn.Module = model.encoder  # type: ignore[assignment]
    numbered = {f"encoder.{name}.": i for i, name in enumerate(blocks(encoder), start=1)}
    backbone, top = f"encoder.{encoder.base_model_prefix}.", len(numbered) + 1

    def depth(name: str) -> int:
        for block, number in numbered.items():
            if name.startswith(block):
                return number
        if not name.startswith(backbone) or any(part in name for part in ABOVE):
            return top
        return 1 if any(part in name for part in WITH_FIRST) else 0

    return {name: depth(name) for name, _ in model.named_parameters()}
