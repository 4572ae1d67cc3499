"""DPS on every encoder: what it trains and mixes, against the arithmetic of the paper.

Matrices are compared as `[out, in]`, written down here a second time for those of XLNet.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from dpsrun.models.batch import Batch
from dpsrun.models.load import Loaded
from tests.encoders import END, FAMILIES, VOCABULARY, save_tiny
from tests.methods.small_model import SmallLoop, make_hooks

DROP = 0.3
LABELS = 3


def as_matrix(name: str, tensor: Tensor) -> Tensor:
    """`[out, in]` of a linear layer, or of XLNet's parameters `[width, heads, head width]`."""
    if name.endswith(tuple(f"rel_attn.{each}" for each in "qkvr")):
        return tensor.flatten(1).T  # h -> nd
    return tensor.flatten(1)  # rel_attn.o: nd -> h


def loaded(folder: Path) -> Loaded:
    from dpsrun.models.load import load

    cpu = torch.device("cpu")
    return load(folder, outputs=LABELS, dropout=0.0, head_seed=1, batching="padded", device=cpu)


def batch(one: Loaded, seed: int) -> Batch:
    from dpsrun.models.layout import collate

    generator = torch.Generator().manual_seed(seed)
    texts = [
        torch.cat([torch.randint(5, VOCABULARY, (n,), generator=generator), torch.tensor([END])])
        for n in (3, 9, 6, 8)
    ]
    labels = torch.randint(LABELS, (len(texts),), generator=generator)
    kinds = [torch.zeros_like(text) for text in texts]
    return collate(one.layout, texts, kinds, labels, torch.device("cpu"))
