"""What R3F declares of itself."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from dpsrun.methods.spec import MethodSpec, Params


class R3fParams(Params):
    """The noise, and what a change of predictions costs."""

    noise_weight: Annotated[float, Field(ge=0)] = Field(
        default=1.0,
        description="Weight of the symmetric divergence between the predictions with and without "
        "noise. Searched: 0.1, 0.5, 1 (Yuan et al. 2023). 0 is vanilla.",
    )
    noise_scale: Annotated[float, Field(gt=0)] = Field(
        default=1e-5,
        description="Half width of uniform noise, or standard deviation of normal noise, on each "
        "number of a word's vector.",
    )
    noise_kind: Literal["uniform", "normal"] = Field(
        default="uniform", description="Distribution of the noise."
    )
    noisy_regression: Literal["none", "squared"] = Field(
        default="none",
        description="Regularise regression too, by the squared difference of the scores (as Yuan "
        "et al. 2023 did); the released code does not: it trains STS-B as vanilla does.",
    )


SOURCES = (
    "Aghajanyan et al. 2021, arXiv 2008.03156",
    "github.com/facebookresearch/fairseq, examples/rxf, at 3d262bb2",
)

NOTES = (
    (
        "Both passes have dropout, each its own, and both are trained; from the noisy one no "
        "gradient reaches the word embedding."
    ),
    "The divergence is KL(p, q) + KL(q, p) without a factor 1/2, a mean over examples.",
    (
        "The noise is added in fp32, whatever the precision: at 1e-5 half precision would lose it. "
        "Later layers round: in bf16 the passes differ by dropout and rounding more than by it."
    ),
    "BART looks words up twice, in encoder and decoder: each time with noise of its own.",
)

SPEC = MethodSpec(
    name="r3f",
    summary="Asks for the same predictions when noise is added to the word embeddings.",
    sources=SOURCES,
    params=R3fParams,
    hooks="dpsrun.methods.r3f.hooks:R3fHooks",
    acts=frozenset({"loss"}),
    notes=NOTES,
)
