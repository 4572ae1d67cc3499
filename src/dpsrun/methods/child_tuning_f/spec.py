"""What Child-Tuning-F declares of itself."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dpsrun.methods.child_tuning.sources import SOURCES, WARM_UP
from dpsrun.methods.spec import MethodSpec, Params


class ChildFParams(Params):
    """How much of the network each step trains."""

    keep_probability: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.3,
        description="Probability p that an entry is trained in a step; its gradient is divided by "
        "p. Searched: 0.2, 0.3, 0.4 (Yuan et al. 2023). 1 is vanilla.",
    )


SPEC = MethodSpec(
    name="child-tuning-f",
    summary="Trains a fresh random part of all entries in each step.",
    sources=SOURCES,
    params=ChildFParams,
    hooks="dpsrun.methods.child_tuning_f.hooks:ChildFHooks",
    acts=frozenset({"gradients"}),
    notes=(
        (
            "Gradients are masked after clipping, before Adam's moments, as released; the momentum "
            "of entries that a step leaves out moves them all the same."
        ),
        "p is rounded up to a multiple of 1/65,536.",
        WARM_UP,
    ),
)
