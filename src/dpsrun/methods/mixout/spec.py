"""What Mixout declares of itself."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from dpsrun.methods.spec import MethodSpec, Params


class MixoutParams(Params):
    """The probability of the mixture, what is mixed, and what the paper leaves open."""

    mix_probability: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=0.1,
        description="Probability p that a column falls back to its pre-trained weights in a step. "
        "The papers search 0.1 to 0.9; a published script has 0.1. 0 is vanilla at this dropout.",
    )
    mixed: Literal["columns", "weights"] = Field(
        default="columns",
        description="Draw whole columns (what an input neuron is multiplied with), as published, "
        "or each weight for itself: that is another method, mixconnect.",
    )
    mix_head: bool = Field(
        default=True,
        description="Mix the new head too, with the weights that it was drawn with, as the "
        "published scripts do.",
    )
    rescale_backward: bool = Field(
        default=True,
        description="Multiply gradients by 1/(1 - p), the true derivative of the mixed weights. "
        "The released code leaves the factor out: false.",
    )

    def dropout_rate(self, total_steps: int) -> float | None:  # noqa: ARG002
        """Give the dropout that will apply: none, for Mixout stands in its place."""
        return 0.0 if self.dropout is None else self.dropout


SPEC = MethodSpec(
    name="mixout",
    summary="Computes each step with random columns of the weights put back to the pre-trained.",
    sources=(
        "Lee, Cho and Kang 2020, arXiv 1909.11299",
        "github.com/bloodwass/mixout at 18f377d",
        "github.com/asappresearch/revisit-bert-finetuning at 0aa4f4e",
    ),
    params=MixoutParams,
    hooks="dpsrun.methods.mixout.hooks:MixoutHooks",
    acts=frozenset({"weights", "gradients"}),
    notes=(
        "All dropout is off unless it is set: Mixout replaces it.",
        (
            "Mixed are the matrices of the blocks, the pooler and the head, never biases; the "
            "first example of the released code mixes only layers that follow a dropout."
        ),
        "The micro-batches of a step share one draw.",
        "The trained weights are evaluated as they are: in expectation the mixtures equal them.",
    ),
)
