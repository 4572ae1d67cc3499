"""What L2-SP declares of itself."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dpsrun.methods.spec import MethodSpec, Params


class L2SpParams(Params):
    """The two weights of the penalty."""

    start_weight: Annotated[float, Field(ge=0)] = Field(
        default=0.01,
        description="Alpha: the loss grows by alpha / 2 times the squared distance of pre-trained "
        "parameters from where they began. With head_weight 0 as well: 0 is vanilla.",
    )
    head_weight: Annotated[float, Field(ge=0)] = Field(
        default=0.01,
        description="Beta: the loss grows by beta / 2 times the squared norm of the new head.",
    )


SPEC = MethodSpec(
    name="l2-sp",
    summary="Adds to the loss the squared distance from the pre-trained weights.",
    sources=("Li, Grandvalet and Davoine 2018, arXiv 1802.01483",),
    params=L2SpParams,
    hooks="dpsrun.methods.l2_sp.hooks:L2SpHooks",
    acts=frozenset({"pull"}),
    notes=(
        (
            "The penalty is part of the loss and so goes through clipping and Adam's "
            "normalisation; pretrained-wd is the same pull without them. The reported loss is the "
            "task's alone."
        ),
        "It stands in the place of weight decay, which is off.",
        "All parameters are pulled, biases and norms too.",
    ),
    unverified="L2-SP is from computer vision: alpha and beta for encoders are our choice.",
)
