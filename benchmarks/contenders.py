"""The methods that are compared: vanilla at dropout 0, DPS, and the published form of DPS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from benchmarks.published import publish
from benchmarks.workload import Workload, make_loop
from dpsrun.training.loop import Loop

VANILLA = "vanilla"
PUBLISHED = " (published form)"
CONTENDERS = (
    VANILLA,
    "dps-dense",
    "dps-mix",
    f"dps-dense{PUBLISHED}",
    f"dps-mix{PUBLISHED}",
)


@dataclass(frozen=True)
class Cycles:
    """A cycle is two stages of `us` steps; there are `count` of them."""

    us: int
    count: int

    @property
    def length(self) -> int:
        """Steps of a cycle."""
        return 2 * self.us

    @property
    def steps(self) -> int:
        """Steps of all cycles."""
        return self.length * self.count


@dataclass(frozen=True)
class Contender:
    """A loop, the objects that keep the state of its method, and the weights that DPS works on."""

    loop: Loop
    holders: Sequence[object]
    weights: Sequence[Tensor]


def contender(name: str, work: Workload, cycles: Cycles) -> Contender:
    """Build the contender of that name."""
    if name.endswith(PUBLISHED):
        return _published(name, work, cycles)
    # Half a step more than `us`, for the product with the steps is rounded down.
    ratio = min(0.5, (cycles.us + 0.5) / cycles.steps)
    own = {} if name == VANILLA else {"update_ratio": ratio}
    loop = work.loop(name, cycles.steps, {"dropout": 0.0, **own})
    return Contender(loop, [loop.hooks], [*loop.model.matrices().values()])


def _published(name: str, work: Workload, cycles: Cycles) -> Contender:
    loaded, feed = work.load(dropout=0.0)
    matrices = loaded.model.matrices()
    layers = publish(loaded.model.encoder, matrices, mix="mix" in name, us=cycles.us)
    return Contender(make_loop(loaded, feed.batch, cycles.steps), layers, [*matrices.values()])
