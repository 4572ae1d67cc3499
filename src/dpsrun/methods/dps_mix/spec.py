"""What DPS Mix declares of itself."""

from __future__ import annotations

from pydantic import Field

from dpsrun.methods.dps.params import DpsParams
from dpsrun.methods.spec import MethodSpec


class MixParams(DpsParams):
    """One switch more: the factor of the backward pass."""

    rescale_backward: bool = Field(
        default=False,
        description="Multiply gradients by 1/(1 - drop_fraction), the true derivative of the "
        "mixed weights. The published code leaves the factor out.",
    )


SPEC = MethodSpec(
    name="dps-mix",
    summary="Mixes random columns with the first weights, then unselected entries with the last.",
    sources=(
        "Zhang et al. 2022, arXiv 2211.01642",
        "github.com/ZhangHaojie077/DPS at b8e41a8",
    ),
    params=MixParams,
    hooks="dpsrun.methods.dps_mix.hooks:MixHooks",
    acts=frozenset({"weights", "gradients"}),
    notes=(
        "All dropout is off unless it is set.",
        (
            "Scores are squared gradients per step in which the column was trained; with stages of "
            "50 steps and more they are multiplied by exp(-count / steps of a stage)."
        ),
        "Optimiser steps count, not micro-batches; statistics come from the whole step's gradient.",
        "The micro-batches of a step share one draw of the columns.",
        "Steps with gradients that are not finite stay out of the statistics, unlike as published.",
        "As published, stage II trains deviations multiplied by 1/(1 - p) and evaluates without.",
        "The head is the one that all methods of a seed share; head_init: published takes theirs.",
    ),
)
