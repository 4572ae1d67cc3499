"""What the methods of this package do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extra_acts import act  # type: ignore[import-not-found]

from dpsrun.methods.hooks import Hooks
from dpsrun.methods.spec import Params

if TYPE_CHECKING:
    from torch import Tensor

    from dpsrun.models.batch import Batch
    from dpsrun.models.classifier import Classifier


class Counting(Hooks[Params]):
    """Knows its step."""

    step = 0

    def before_step(self, examples: int) -> None:
        self.step += 1


class Raises(Counting):
    """Fails in its second step."""

    def before_step(self, examples: int) -> None:
        super().before_step(examples)
        act("raises", self.step, examples)


class Nan(Counting):
    """Has a loss that is not a number in its second step."""

    def loss(self, model: Classifier, batch: Batch) -> Tensor:
        loss = super().loss(model, batch)
        return loss * float("nan") if self.step == 2 else loss


class Hungry(Counting):
    """Runs out of memory with more than four examples at a time."""

    def loss(self, model: Classifier, batch: Batch) -> Tensor:
        act("hungry", self.step, len(batch.labels))
        return super().loss(model, batch)


class Fills(Counting):
    """Fills the disk in its second step."""

    def before_step(self, examples: int) -> None:
        super().before_step(examples)
        act("fills", self.step, examples)


class Waits(Counting):
    """Waits for a signal in its second step."""

    def before_step(self, examples: int) -> None:
        super().before_step(examples)
        act("waits", self.step, examples)
