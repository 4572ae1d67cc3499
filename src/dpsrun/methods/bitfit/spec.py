"""What BitFit declares of itself."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dpsrun.methods.spec import MethodSpec, Params


class BitFitParams(Params):
    """Which biases are trained."""

    bias_terms: list[Annotated[str, Field(min_length=1)]] = Field(
        default=["bias"],
        min_length=1,
        description="Parts of names: a bias is trained if its name contains one of them. "
        "[query.bias, intermediate.dense.bias] are the two that the paper finds to matter most.",
    )
    freeze: bool = Field(
        default=True, description="Freeze all other weights. Off, all are trained: vanilla."
    )


SPEC = MethodSpec(
    name="bitfit",
    summary="Trains the biases and the head; all other weights are frozen.",
    sources=(
        "Ben Zaken, Goldberg and Ravfogel 2022, arXiv 2106.10199",
        "github.com/benzakenelad/BitFit at 7ead19a",
    ),
    params=BitFitParams,
    hooks="dpsrun.methods.bitfit.hooks:BitFitHooks",
    acts=frozenset({"freezing", "frozen-blocks"}),
    notes=(
        "The pooler's bias is trained, its matrix is not; norms have biases too.",
        "Published: learning rate 1e-3, constant; no warm-up, no decay; 16 epochs, batches of 8.",
    ),
)
