"""A classifier, some examples and a loop, small enough to follow by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Generator

from dpsrun.methods.hooks import Context, Hooks
from dpsrun.methods.spec import Params
from dpsrun.models.load import Loaded, load
from dpsrun.models.probe import Batching
from dpsrun.runs.spec import Precision, Training
from dpsrun.tasks.encoded import Encoded
from dpsrun.training.data import Feed
from dpsrun.training.loop import Loop
from tests.encoders import VOCABULARY

CPU = torch.device("cpu")

MakeHooks = Callable[[Params, Context], Hooks[Any]]


def examples(count: int = 40, *, longest: int = 20, classes: int = 2, seed: int = 5) -> Encoded:
    """Draw token sequences of different lengths with labels that their first token decides."""
    numbers = np.random.default_rng(seed)
    lengths = numbers.integers(2, longest, count)
    tokens = numbers.integers(5, VOCABULARY, lengths.sum()).astype(np.int32)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    labels = (tokens[offsets[:-1]] % classes).astype(np.int64)
    return Encoded(tokens, np.zeros_like(tokens, np.int8), offsets, labels, np.arange(count))


def loaded(folder: Path, batching: Batching = "padded", dropout: float | None = 0.0) -> Loaded:
    """Load a saved tiny encoder with a head for two classes."""
    return load(folder, outputs=2, dropout=dropout, head_seed=1, batching=batching, device=CPU)


def loop(
    one: Loaded,
    data: Encoded,
    *,
    total_steps: int = 12,
    precision: Precision = "fp32",
    hooks: MakeHooks = Hooks,
    read_every: int = 0,
    **settings: Any,
) -> Loop:
    """Make the training loop of a run."""
    context = Context(
        one.model, total_steps, Generator().manual_seed(1), Generator().manual_seed(2)
    )
    made = hooks(Params(), context)
    made.prepare()
    training = Training(**{"learning_rate": 1e-3, "batch_size": 4, **settings})
    feed = Feed(data, one.layout, CPU)
    return Loop(one.model.train(), made, training, precision, total_steps, feed.batch, read_every)
