"""What NoisyTune declares of itself: `dpsrun plan` reads this, so it imports no torch."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dpsrun.methods.spec import MethodSpec, Params


class NoisyTuneParams(Params):
    """How much noise."""

    noise_intensity: Annotated[float, Field(ge=0)] = Field(
        default=0.15,
        description="Lambda: width of the noise in standard deviations of its parameter. "
        "0 is vanilla.",
    )


SPEC = MethodSpec(
    name="noisy-tune",
    summary="Adds uniform noise to the pre-trained weights once, before it trains.",
    sources=("Wu et al. 2022, arXiv 2202.12024",),
    params=NoisyTuneParams,
    hooks="noisy_tune.hooks:NoisyTuneHooks",
    acts=frozenset({"start"}),
)
