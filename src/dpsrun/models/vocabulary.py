"""Only those rows of the word embedding that a run can meet.

The row of a token that never occurs has a zero gradient, so neither the gradient norm nor any
other weight depends on it; yet clearing, clipping and updating such rows took a tenth of a step
on short texts (half of a small encoder's weights are rows). A run without them has the same scores.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

SPECIAL = ("pad_token_id", "bos_token_id", "eos_token_id", "sep_token_id", "cls_token_id")


def occurring(tokens: Iterable[NDArray[np.int32]], size: int) -> NDArray[np.bool_]:
    """Mark the token ids that occur in some texts, `[size]`."""
    seen = np.zeros(size, dtype=np.bool_)
    for each in tokens:
        seen[each] = True
    return seen


def trim(encoder: Any, tokens: Iterable[NDArray[np.int32]]) -> Tensor | None:  # noqa: ANN401 (untyped)
    """Leave an encoder the rows of the tokens that occur.

    Ids up to the last special one stay what they are, for encoders look for padding among the ids
    that they are given.

    Args:
        encoder: changed in place, before an optimiser knows it.
        tokens: the texts that it will be given.

    Returns:
        `[vocabulary]` int64, the row of each token id (0 where it does not occur), or None if
        the embedding was left alone because another layer shares it.
    """
    embedding = encoder.get_input_embeddings()
    if not isinstance(embedding, nn.Embedding) or _is_shared(encoder, embedding.weight):
        return None
    kept = occurring(tokens, embedding.num_embeddings)
    ids = [getattr(encoder.config, name, None) for name in SPECIAL]
    kept[: max([i for i in ids if isinstance(i, int)], default=-1) + 1] = True
    rows = torch.from_numpy(np.cumsum(kept) - 1)
    chosen = torch.from_numpy(np.flatnonzero(kept)).to(embedding.weight.device)
    embedding.weight = nn.Parameter(embedding.weight.detach()[chosen])
    embedding.num_embeddings = len(chosen)
    return rows * torch.from_numpy(kept)


def _is_shared(encoder: nn.Module, weight: Tensor) -> bool:
    holders = [
        name
        for name, parameter in encoder.named_parameters(remove_duplicate=False)
        if parameter is weight
    ]
    return len(holders) > 1
