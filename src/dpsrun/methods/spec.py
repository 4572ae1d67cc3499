"""What a method declares of itself without torch: its parameters, ranges and sources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from dpsrun.runs.frozen import Frozen


class Params(Frozen):
    """The parameters that every method has; a method's own model inherits them."""

    dropout: Annotated[float, Field(ge=0, lt=1)] | None = Field(
        default=None, description="Dropout everywhere in the encoder; unset: the method's rule."
    )

    def dropout_rate(self, total_steps: int) -> float | None:  # noqa: ARG002 (DPS needs the steps)
        """Give the dropout that will apply; None leaves the encoder's own."""
        return self.dropout

    def check(self, total_steps: int, epoch_steps: int | None = None) -> None:
        """Raise ValueError, worded for the user, if a run of so many steps cannot work.

        `epoch_steps`: those of an epoch; None where it has all.
        """


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
    """

    name: str
    summary: str
    sources: tuple[str, ...]
    params: type[Params]
    hooks: str
    notes: tuple[str, ...] = ()
