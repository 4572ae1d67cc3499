"""What pre-trained weight decay declares of itself."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dpsrun.methods.pull.limits import check_pull
from dpsrun.methods.spec import MethodSpec, Params, Setting


class PretrainedWdParams(Params):
    """How strong the pull is, and on what."""

    decay_strength: Annotated[float, Field(ge=0)] = Field(
        default=1e-3,
        description="Lambda: each step takes learning rate times lambda of the way back to the "
        "pre-trained weights. Searched: 0.001, 0.01, 0.1, 1 (Zhang et al. 2021). 0 is vanilla.",
    )
    decay_head: bool = Field(
        default=False,
        description="Pull the new head too, to the numbers it was drawn with, as the released code "
        "does by mistake.",
    )

    def check(self, setting: Setting) -> None:
        """Raise ValueError if the pull would overshoot."""
        check_pull("decay_strength", self.decay_strength, setting)


SPEC = MethodSpec(
    name="pretrained-wd",
    summary="Decays weights towards their pre-trained values instead of towards zero.",
    sources=(
        "Zhang et al. 2021, arXiv 2006.05987",
        "github.com/asappresearch/revisit-bert-finetuning at 0aa4f4e, prior_wd_optim.py",
    ),
    params=PretrainedWdParams,
    hooks="dpsrun.methods.pretrained_wd.hooks:PretrainedWdHooks",
    acts=frozenset({"pull"}),
    notes=(
        "Decoupled from the loss, before the optimiser's update, by the learning rate of the step.",
        "Biases and norms are spared, as by weight decay; weight decay itself is off.",
        "The released code switches weight decay off for every method; ours does not.",
    ),
)
