"""What R-Drop declares of itself."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from dpsrun.methods.spec import MethodSpec, Params, Setting


class RDropParams(Params):
    """What a disagreement costs."""

    kl_weight: Annotated[float, Field(ge=0)] = Field(
        default=1.0,
        description="Weight of the symmetric divergence of the two predictions, for regression of "
        "their squared difference. Searched: 0.1, 0.5, 1 (Yuan et al. 2023). 0 is vanilla.",
    )
    kl_reduction: Literal["mean", "sum"] = Field(
        default="mean",
        description="Divergence of classes as a mean over the examples of a step (the paper), or "
        "as their sum (the released code for BERT, with kl_weight 0.5): as many times heavier as "
        "a step has examples.",
    )

    def check(self, setting: Setting) -> None:  # noqa: ARG002 (any run has dropout or has not)
        """Raise ValueError if there is no dropout, without which both passes are the same."""
        if self.kl_weight and self.dropout == 0:
            raise ValueError(
                "kl_weight needs dropout, without which both passes are the same: set dropout: 0.1"
            )


SPEC = MethodSpec(
    name="r-drop",
    summary="Takes each batch twice with different dropout and asks for the same predictions.",
    sources=(
        "Liang et al. 2021, arXiv 2106.14448",
        "github.com/dropreg/R-Drop at 9dcc830",
    ),
    params=RDropParams,
    hooks="dpsrun.methods.r_drop.hooks:RDropHooks",
    acts=frozenset({"loss"}),
    notes=(
        (
            "Loss: CE1 + CE2 + kl_weight (KL(1, 2) + KL(2, 1)) / 2, means over the examples; for "
            "regression MSE1 + MSE2 + kl_weight MSE(1, 2)."
        ),
        "The released code for RoBERTa leaves out CE2 and has weights of its own: not followed.",
    ),
)
