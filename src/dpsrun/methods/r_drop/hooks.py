"""R-Drop asks two passes with different dropout to agree."""

from __future__ import annotations

from typing import ClassVar

from torch import nn

from dpsrun.methods.r_drop.spec import RDropParams
from dpsrun.methods.two_passes.hooks import TwoPassHooks
from dpsrun.models.load import dropout_modules, dropout_rates


class RDropHooks(TwoPassHooks[RDropParams]):
    """Scores both passes: CE1 + CE2 + kl_weight (KL(1, 2) + KL(2, 1)) / 2 for each example.

    For regression MSE1 + MSE2 + kl_weight MSE(1, 2).

    Attributes:
        summed: how many examples a divergence stands for: those of the step for their sum, else 1.
    """

    scores_both: ClassVar[bool] = True
    summed = 1

    def prepare(self) -> None:
        """Raise ValueError for an encoder without dropout, whose two passes are the same."""
        if self.params.kl_weight and not has_dropout(self.context.model.encoder):
            raise ValueError(
                "r-drop needs dropout, and this encoder has none of its own: set dropout: 0.1"
            )

    def before_step(self, examples: int) -> None:
        """Remember how many examples a sum is over, whatever the micro-batches."""
        self.summed = examples if self.params.kl_reduction == "sum" else 1

    def weight(self, *, regression: bool) -> float:
        """Give the weight of a squared difference, or of both divergences together."""
        return self.params.kl_weight if regression else self.params.kl_weight / 2 * self.summed


def has_dropout(encoder: nn.Module) -> bool:
    """Say whether an encoder drops anything in training, by a layer or by its configuration."""
    return any(dropout_modules(encoder) | set(dropout_rates(encoder.config).values()))
