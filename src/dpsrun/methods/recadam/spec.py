"""What RecAdam declares of itself."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dpsrun.methods.pull.limits import check_pull
from dpsrun.methods.spec import MethodSpec, Params, Setting


class RecAdamParams(Params):
    """The pull, and when it gives way to the task."""

    recall_weight: Annotated[float, Field(ge=0)] = Field(
        default=5000.0,
        description="Gamma: what the squared distance from the pre-trained weights weighs. 0 "
        "leaves a slower warm-up, the control that tells what the pull itself does.",
    )
    anneal_rate: Annotated[float, Field(gt=0)] = Field(
        default=0.5,
        description="k: how fast the task takes over; lambda(t) = 1 / (1 + exp(-k (t - t0))). "
        "Searched: 0.05, 0.1, 0.2, 0.5, 1.",
    )
    anneal_step: Annotated[int, Field(ge=0)] | None = Field(
        default=250,
        description="t0: the optimiser step, counted from 1, at which both weigh the same. "
        "Searched: 100, 250, 500 (small tasks). Unset (null): the task alone, vanilla.",
    )

    def check(self, setting: Setting) -> None:
        """Raise ValueError if the pull would overshoot, or if the task would never take over."""
        if self.anneal_step is None:
            return
        check_pull("recall_weight", self.recall_weight, setting)
        if self.anneal_step >= setting.total_steps:
            raise ValueError(
                f"anneal_step {self.anneal_step} comes after the last of {setting.total_steps} "
                "steps: the encoder would not learn the task"
            )


SPEC = MethodSpec(
    name="recadam",
    summary="Adam that first recalls the pre-trained weights and then learns the task.",
    sources=(
        "Chen et al. 2020, arXiv 2004.12651",
        "github.com/Sanyuan-Chen/RecAdam at 505ba3c",
    ),
    params=RecAdamParams,
    hooks="dpsrun.methods.recadam.hooks:RecAdamHooks",
    acts=frozenset({"rates", "pull"}),
    notes=(
        "Begins with the pre-trained weights; the released code draws them anew unless told so.",
        "The pooler is pulled like the encoder; the new head trains by plain Adam.",
        "Adam and its epsilon are torch's; weight decay comes after the pull, as released.",
        "t0 counts steps, whatever the length of the run: choose it for the run.",
        "A step that fp16 skips for a gradient out of range does not count.",
    ),
)
