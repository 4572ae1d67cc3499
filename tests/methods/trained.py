"""Tiny encoders of every make, and which of their parameters a method trains."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from dpsrun.models.batch import Batch
from dpsrun.models.classifier import Classifier
from dpsrun.models.layout import collate
from dpsrun.models.load import Loaded, load
from dpsrun.models.probe import Batching
from tests.encoders import END, VIVID, VOCABULARY, save_tiny
from tests.methods.small_model import make_hooks

CPU = torch.device("cpu")
LABELS = 3
BATCHINGS: tuple[Batching, ...] = ("packed", "padded")


def loaded(folder: Path, family: str, *, batching: Batching = "padded", **changes: Any) -> Loaded:
    """Load a tiny encoder without dropout, with weights so large that the text matters."""
    save_tiny(folder, family, **VIVID, **changes)
    return load(folder, outputs=LABELS, dropout=0.0, head_seed=1, batching=batching, device=CPU)


def batch(one: Loaded) -> Batch:
    """Texts of several lengths."""
    numbers, end = torch.Generator().manual_seed(3), torch.tensor([END])
    drawn = [torch.randint(5, VOCABULARY, (n,), generator=numbers) for n in (3, 9, 6, 8)]
    texts = [torch.cat([each, end]) for each in drawn]
    labels = torch.randint(LABELS, (len(texts),), generator=numbers)
    return collate(one.layout, texts, [torch.zeros_like(each) for each in texts], labels, CPU)


def logits(one: Loaded) -> Tensor:
    with torch.no_grad():
        found: Tensor = one.model.eval()(batch(one))
    return found


def trained(model: nn.Module) -> set[str]:
    """Names of the parameters that get a gradient, without our own prefix."""
    named = model.named_parameters()
    return {name.removeprefix("encoder.") for name, each in named if each.requires_grad}


def new(model: Classifier) -> set[str]:
    """Names of the parameters of the new head."""
    named = model.named_parameters()
    return {name.removeprefix("encoder.") for name, _ in named if model.is_new(name)}


def prepare(method: str, model: nn.Module, **params: Any) -> Any:
    """Prepare a method for a run of 10 steps."""
    return make_hooks(method, model, 10, **params)
