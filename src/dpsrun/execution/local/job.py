"""A run that a worker is to do, and how it is done again where memory runs out.

First it gets more room, then smaller micro-batches. The batch of an optimiser step stays as it is:
gradients of smaller micro-batches are accumulated, so that the run is the one that was asked for,
but for rounding.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from dpsrun.execution.engine import Conditions


@dataclass(frozen=True)
class Job:
    """A run to be done, how, and whether nothing else may be on its device meanwhile."""

    run_id: str
    conditions: Conditions = field(default_factory=Conditions)
    alone: bool = False


def next_try(job: Job, batch_size: int, *, shared: bool) -> Job | None:
    """Give how to do a run again that did not fit into memory; None if nothing is left to try.

    Args:
        job: how it was done.
        batch_size: examples at a time by the run's own settings.
        shared: whether others may have been on the device.
    """
    if shared and not job.alone:
        return replace(job, alone=True)
    half = (job.conditions.micro_batch_size or batch_size) // 2
    if half == 0:
        return None
    return replace(job, alone=True, conditions=replace(job.conditions, micro_batch_size=half))


def wording(job: Job) -> str:
    """Say how a run is done again."""
    size = job.conditions.micro_batch_size
    return "alone on its device" if size is None else f"alone, {size} examples at a time"
