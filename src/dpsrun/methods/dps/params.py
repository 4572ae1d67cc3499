"""The parameters that DPS Dense and DPS Mix share."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from dpsrun.methods.dps.cycle import enough_ratio, enough_steps, stage_length
from dpsrun.methods.spec import Params, Setting


class DpsParams(Params):
    """Defaults are the published scripts' values; each switch departs from them where set."""

    LATER: ClassVar[frozenset[str]] = frozenset({"cycle_over", "mask", "stage_two"})

    drop_fraction: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=0.3,
        description="Fraction p of each matrix that is dropped; 1 - p is kept. The published flag "
        "named reserve_p is this p: it drops and does not keep. 0 is vanilla at this dropout.",
    )
    update_ratio: Annotated[float, Field(gt=0, le=0.5)] = Field(
        default=0.05,
        description="Length of a stage as a fraction of all optimiser steps; two stages a cycle.",
    )
    freeze_masked: bool = Field(
        default=False,
        description="Hold dropped weights still in stage II. As published they drift: momentum "
        "and weight decay go on.",
    )
    exact_k: bool = Field(
        default=False,
        description="Keep exactly the k best weights of a matrix. As published all that tie with "
        "the last of them are kept too.",
    )
    head_init: Literal["shared", "published"] = Field(
        default="shared",
        description="The new head: the one that all methods of a seed share, or the published "
        "code's (weights and biases uniform within 1/sqrt(inputs)).",
    )

    cycle_over: Literal["run", "epoch"] = Field(
        default="run",
        description="Whose steps update_ratio is a fraction of: the run's, or one epoch's, as in "
        "the published scripts for small training sets (500 examples give stages of one step).",
    )
    mask: Literal["scores", "random"] = Field(
        default="scores",
        description="Ablation: whether stage II trains the entries of the best scores, or as many "
        "random ones.",
    )
    stage_two: bool = Field(
        default=True,
        description="Ablation: off, all steps are those of stage I: Dense is then vanilla without "
        "dropout, and Mix a mixout.",
    )

    def cycle_steps(self, total_steps: int, epoch_steps: int | None) -> int:
        """Give the steps that update_ratio is a fraction of."""
        return epoch_steps or total_steps if self.cycle_over == "epoch" else total_steps

    def dropout_rate(self, total_steps: int) -> float | None:  # noqa: ARG002 (Dense needs them)
        """Give the dropout that will apply: none, unless it is set."""
        return 0.0 if self.dropout is None else self.dropout

    def check(self, setting: Setting) -> None:
        """Raise ValueError if a stage would have no step."""
        steps = self.cycle_steps(setting.total_steps, setting.epoch_steps)
        if self.drop_fraction == 0 or stage_length(steps, self.update_ratio):
            return
        ratio = f"update_ratio: {enough_ratio(steps):g} or " if steps > 1 else ""
        raise ValueError(
            f"update_ratio {self.update_ratio:g} of {steps} steps leaves a stage without a "
            f"step: it takes at least {ratio}{enough_steps(self.update_ratio)} steps"
        )
