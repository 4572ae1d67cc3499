"""What R4F declares of itself."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from dpsrun.methods.r3f.spec import NOTES, SOURCES, R3fParams
from dpsrun.methods.spec import MethodSpec


class R4fParams(R3fParams):
    """R3F's, and the norm of the head."""

    spectral_norm: bool = Field(
        default=True,
        description="Divide the matrices of the new head by their largest singular value. Off, it "
        "is R3F; off with noise_weight 0, vanilla.",
    )
    normalised_layers: Literal["all", "last"] = Field(
        default="all",
        description="Which linear layers of the new head: all (the paper bounds the head), or the "
        "last alone (the released code, whose RoBERTa has two). BERT's head is one layer.",
    )


SPEC = MethodSpec(
    name="r4f",
    summary="R3F with a new head that is held to spectral norm 1.",
    sources=SOURCES,
    params=R4fParams,
    hooks="dpsrun.methods.r4f.hooks:R4fHooks",
    acts=frozenset({"loss", "head"}),
    notes=(
        *NOTES,
        (
            "The norm is estimated by power iteration, a step in each training pass (torch); "
            "evaluation divides by the last estimate."
        ),
        "The released code normalises the last layer of the head alone: normalised_layers: last.",
    ),
)
