"""Training steps of the product on real or generated texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator

from benchmarks.measure import Settings, interleave
from dpsrun.methods import registry as methods
from dpsrun.methods.hooks import Context, OnePass, no_examples
from dpsrun.models import source
from dpsrun.models.load import Loaded, load
from dpsrun.models.probe import Batching
from dpsrun.models.source import ModelFolder
from dpsrun.runs.fingerprint import cache_folder
from dpsrun.tasks import registry as tasks
from dpsrun.tasks.encoded import Encoded
from dpsrun.tasks.source import locate
from dpsrun.tasks.tokens import open_tokens, prepare
from dpsrun.training.data import Feed, one_pass
from dpsrun.training.loop import Loop, MakeBatch

CPU = torch.device("cpu")
MAX_LENGTH = 128
DEFAULTS: Mapping[str, Any] = MappingProxyType({})


def encoder(settings: Settings) -> ModelFolder:
    """Find the encoder that a benchmark uses."""
    return source.locate(settings.model, revision=None, cache=cache_folder())


@dataclass(frozen=True)
class Workload:
    """A task's tokens, and the batches that all contenders take."""

    task: str
    model: Path
    tokens: Path
    batch_size: int

    @classmethod
    def of(cls, task: str, settings: Settings) -> Workload:
        """Find the data, tokenised once."""
        cache, found, model = cache_folder(), tasks.find(task), encoder(settings).folder
        files = locate(found, settings.data, cache=cache)
        tokens = prepare(found, files, model, max_length=MAX_LENGTH, cache=cache)
        return cls(task, model, tokens, settings.pick(16, 2))

    @property
    def split(self) -> Encoded:
        """The training split."""
        return open_tokens(self.tokens)["train"]

    @property
    def texts(self) -> list[NDArray[np.int32]]:
        """All that a run on the whole training split would read."""
        evaluated = tasks.find(self.task).evaluation
        return [open_tokens(self.tokens)[split].tokens for split in ("train", *evaluated)]

    def load(self, *, dropout: float | None, batching: Batching = "auto") -> tuple[Loaded, Feed]:
        """Load the encoder, always with the same head, and what makes its batches."""
        loaded = load(
            self.model,
            outputs=tasks.find(self.task).outputs,
            dropout=dropout,
            head_seed=0,
            batching=batching,
            device=CPU,
            texts=self.texts,
        )
        return loaded, Feed(self.split, loaded.layout, CPU)

    def rows(self, steps: int) -> list[list[int]]:
        """Shuffle the training split with a fixed seed; give the rows of each step."""
        size, examples = self.batch_size, len(self.split)
        shuffled = torch.randperm(examples, generator=Generator().manual_seed(0)).tolist()
        return [[shuffled[(i * size + j) % examples] for j in range(size)] for i in range(steps)]

    def loop(
        self,
        method: str,
        steps: int,
        params: Mapping[str, Any] = DEFAULTS,
        seen: Sequence[int] = (),
    ) -> Loop:
        """Make the product's loop for a method, with the dropout of its rule or of `params`.

        `seen`: rows of the examples that it may look at before it trains.
        """
        dropout = methods.find(method).params(**params).dropout_rate(steps)
        loaded, feed = self.load(dropout=dropout)
        look = partial(one_pass, feed, seen)
        return make_loop(loaded, feed.batch, steps, method, params, look)


def make_loop(
    loaded: Loaded,
    batch: MakeBatch,
    steps: int,
    method: str = "vanilla",
    params: Mapping[str, Any] = DEFAULTS,
    look: OnePass = no_examples,
) -> Loop:
    """Make the product's loop for a method on an encoder that is there."""
    spec = methods.find(method)
    noise, head = Generator().manual_seed(1), Generator()
    context = Context(loaded.model, steps, noise, head, one_pass=look)
    hooks = methods.load_hooks(spec)(spec.params(**params), context)
    hooks.prepare()
    return Loop(loaded.model.train(), hooks, context.training, "fp32", steps, batch)


def step_times(
    loops: Mapping[str, Loop], rows: Sequence[Sequence[int]], *, warm_up: int
) -> dict[str, list[float]]:
    """Let all loops take the same steps in turns; give the seconds after the first few."""

    def stepping(loop: Loop, number: int) -> None:
        loop.take_step(rows[number])

    steps = {name: partial(stepping, loop) for name, loop in loops.items()}
    seconds = interleave(steps, len(rows))
    return {name: values[warm_up:] for name, values in seconds.items()}
