"""The seed streams at work: each its own generator, none disturbed by another's draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from dpsrun.runs.spec import Seeds, derive

GENERATORS = ("order", "noise", "head")
"""The streams that have a generator of their own."""


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

    def state_dict(self, device: torch.device) -> dict[str, Tensor]:
        """Give how far every generator is, torch's global ones of the CPU and `device` included."""
        state = {name: getattr(self, name).get_state() for name in GENERATORS}
        state["cpu"] = torch.get_rng_state()
        if device.type == "cuda":
            state["cuda"] = torch.cuda.get_rng_state(device)
        return state

    def load_state_dict(self, state: Mapping[str, Tensor], device: torch.device) -> None:
        """Put every generator where `state_dict` found it."""
        for name in GENERATORS:
            getattr(self, name).set_state(state[name])
        torch.set_rng_state(state["cpu"])
        if device.type == "cuda":
            torch.cuda.set_rng_state(state["cuda"], device)


def _generator(stream: str, seed: int) -> Generator:
    return Generator().manual_seed(derive(stream, seed))
