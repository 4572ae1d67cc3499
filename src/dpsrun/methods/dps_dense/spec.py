"""What DPS Dense declares of itself."""

from __future__ import annotations

from dpsrun.methods.dps.params import DpsParams
from dpsrun.methods.spec import MethodSpec

LONG_RUN = 2000
"""From so many steps on the published code trains with dropout."""


class DenseParams(DpsParams):
    """Nothing beyond what both variants have."""

    def dropout_rate(self, total_steps: int) -> float | None:
        """Give the dropout that will apply: unless set, none, and 0.1 from 2,000 steps on."""
        if self.dropout is None and total_steps >= LONG_RUN:
            return 0.1
        return super().dropout_rate(total_steps)


SPEC = MethodSpec(
    name="dps-dense",
    summary="Trains all weights, then those with the largest summed squared gradients, in turns.",
    sources=(
        "Zhang et al. 2022, arXiv 2211.01642",
        "github.com/ZhangHaojie077/DPS at b8e41a8",
    ),
    params=DenseParams,
    hooks="dpsrun.methods.dps_dense.hooks:DenseHooks",
    acts=frozenset({"gradients"}),
    notes=(
        "All dropout is off unless it is set; from 2,000 steps on Dense has 0.1, as published.",
        "Optimiser steps count, not micro-batches; statistics come from the whole step's gradient.",
        "Steps with gradients that are not finite stay out of the statistics, unlike as published.",
        "The head is the one that all methods of a seed share; head_init: published takes theirs.",
    ),
)
