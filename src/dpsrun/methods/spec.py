"""What a method declares of itself without torch: its parameters, ranges and sources."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from dpsrun.runs.frozen import Frozen
from dpsrun.runs.spec import Training

Act = Literal[
    "start", "rates", "freezing", "frozen-blocks", "head", "weights", "loss", "pull", "gradients"
]

ACTS: dict[Act, str] = {
    "start": "changes the pre-trained weights before the first step",
    "rates": "sets learning rates of its own",
    "freezing": "trains only some parameters",
    "frozen-blocks": "trains none of the blocks' own matrices",
    "head": "holds the new head to a norm",
    "weights": "computes with other weights than the trained ones",
    "loss": "has another loss",
    "pull": "draws weights towards those of the pre-training",
    "gradients": "masks or scales gradients",
}
"""Where a method acts on a run; the parts of a combination act in this order."""


@dataclass(frozen=True)
class Setting:
    """The run that parameters must go with.

    Attributes:
        total_steps: optimiser steps of the whole run (N of the papers).
        epoch_steps: those of an epoch; None where it has all.
        training: the shared settings.
        blocks: how many blocks the encoder has, each with weights of its own; None: unknown.
    """

    total_steps: int
    epoch_steps: int | None = None
    training: Training = field(default_factory=Training)
    blocks: int | None = None


class EncoderError(ValueError):
    """Parameters do not go with the encoder, whatever the task."""


def check_blocks(name: str, wanted: int, setting: Setting) -> None:
    """Raise EncoderError if a parameter asks for more blocks than the encoder has."""
    has = setting.blocks
    if has and wanted > has:
        own = "block with weights of its own" if has == 1 else "blocks with weights of their own"
        raise EncoderError(f"{name} {wanted} is too many: the encoder has {has} {own}")


class Params(Frozen):
    """The parameters that every method has; a method's own model inherits them."""

    dropout: Annotated[float, Field(ge=0, lt=1)] | None = Field(
        default=None, description="Dropout everywhere in the encoder; unset: the method's rule."
    )

    def dropout_rate(self, total_steps: int) -> float | None:  # noqa: ARG002 (DPS needs the steps)
        """Give the dropout that will apply; None leaves the encoder's own."""
        return self.dropout

    def check(self, setting: Setting) -> None:
        """Raise ValueError, worded for the user, if such a run cannot work."""


@dataclass(frozen=True)
class MethodSpec:
    """A method as the registry knows it.

    Attributes:
        name: what a grid file calls it.
        summary: one line for `dpsrun methods`.
        sources: papers and code that define it, most authoritative first.
        params: its parameter model.
        hooks: `module:class` of its hooks, imported only where training happens.
        notes: where the released code departs from the paper and which we follow.
        acts: where it acts; None: it does not say, and is not combined with others.
        unverified: what in it is our own reading of the idea, which no source confirms; shown
            under every table.
    """

    name: str
    summary: str
    sources: tuple[str, ...]
    params: type[Params]
    hooks: str
    notes: tuple[str, ...] = ()
    acts: frozenset[Act] | None = None
    unverified: str = ""
