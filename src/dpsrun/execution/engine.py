"""The seam between a grid and what executes its runs: here, on a cluster, on Ray."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from dpsrun.runs.result import Result


@dataclass(frozen=True)
class Progress:
    """How far a run is, after each step; `score` of the last epoch, `rate` in steps a second.

    It crosses from the worker to the launcher, which must not load torch to read it.
    """

    step: int
    total_steps: int
    epoch: int
    loss: float
    score: float | None
    rate: float


@dataclass(frozen=True)
class Conditions:
    """How a run is done; unlike its spec this changes nothing that its result stands for.

    Attributes:
        checkpoint: keep a rolling checkpoint, so that a killed attempt can be taken up.
        micro_batch_size: examples at a time, where the spec's number did not fit into memory; the
            batch of an optimiser step stays.
    """

    checkpoint: bool = False
    micro_batch_size: int | None = None


USUAL = Conditions()


class Engine(Protocol):
    """Starts runs and says which still live; results lie in the results folder alone."""

    def submit(self, run_ids: Sequence[str]) -> None:
        """Take runs to be done, in this order."""

    def poll(self) -> Collection[str]:
        """Move on, waiting a moment for news; give the runs that are not at an end."""

    def hold(self) -> None:
        """Start nothing more; what runs may come to its end."""

    def leave(self) -> None:
        """Nobody watches any more: end, gently first, what cannot go on without us."""

    def describe(self) -> str:
        """Say in a few words where runs are executed."""


class View(Protocol):
    """Is told what happens to runs."""

    def started(self, run_id: str, slot: str) -> None:
        """A run was given to a slot."""

    def progressed(self, run_id: str, progress: Progress) -> None:
        """A run took a step."""

    def ended(self, run_id: str, result: Result | None) -> None:
        """A run is at an end; `result` is None if its attempt left none."""

    def said(self, words: str) -> None:
        """Something else happened that the user should know."""
