"""What Child-Tuning-D declares of itself."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from dpsrun.methods.child_tuning.sources import SOURCES, WARM_UP
from dpsrun.methods.spec import MethodSpec, Params


class ChildDParams(Params):
    """How large the child network is, and how it is found."""

    keep_fraction: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.3,
        description="Fraction of the blocks' entries that is trained, over all blocks together. "
        "The published flag reserve_p is this one. Searched: 0.1, 0.2, 0.3 (Yuan et al. 2023). "
        "1 is vanilla.",
    )
    fisher: Literal["examples", "batches"] = Field(
        default="examples",
        description="Rate entries by the mean squared gradient of single examples (the paper's "
        "empirical Fisher information), or of training batches, each parameter's gradient "
        "clipped by itself (the released code).",
    )


SPEC = MethodSpec(
    name="child-tuning-d",
    summary="Trains the entries of the blocks with the most Fisher information on the task.",
    sources=SOURCES,
    params=ChildDParams,
    hooks="dpsrun.methods.child_tuning_d.hooks:ChildDHooks",
    acts=frozenset({"gradients"}),
    notes=(
        (
            "Before the first step it goes once through the training examples, in training mode "
            "and fp32; this time counts as training: with single examples that of several epochs."
        ),
        (
            "Rated are all parameters of the blocks, biases and norms too; embeddings, pooler and "
            "head always train. One threshold serves all blocks."
        ),
        "Gradients are masked after clipping, as released; weight decay moves masked entries.",
        WARM_UP,
    ),
)
