"""The seed streams at work: each its own generator, none disturbed by another's draws."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator

from dpsrun.runs.spec import Seeds, derive


@dataclass(frozen=True)
class Streams:
    """Generators of one run, all on the CPU.

    `order` shuffles the training set, `noise` belongs to the method, `head` to a method that
    draws its own head. Dropout draws from torch's global generators: `seed_dropout` sets them
    once the model stands, because loading a model draws from them too.
    """

    order: Generator
    noise: Generator
    head: Generator
    init_seed: int
    dropout_seed: int

    @classmethod
    def of(cls, seeds: Seeds) -> Streams:
        """Derive the generators of a run."""
        return cls(
            order=_generator("order", seeds.order),
            noise=_generator("noise.method", seeds.noise),
            head=_generator("init.method", seeds.init),
            init_seed=derive("init", seeds.init),
            dropout_seed=derive("noise.dropout", seeds.noise),
        )

    def seed_dropout(self) -> None:
        """Seed torch's global generators for dropout, on every device."""
        torch.manual_seed(self.dropout_seed)


def _generator(stream: str, seed: int) -> Generator:
    return Generator().manual_seed(derive(stream, seed))
