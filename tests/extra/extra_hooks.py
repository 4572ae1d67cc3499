"""What the methods of this package do."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

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
        if self.step == 2:
            raise RuntimeError("this method always fails")


class Nan(Counting):
    """Has a loss that is not a number in its second step."""

    def loss(self, model: Classifier, batch: Batch) -> Tensor:
        loss = super().loss(model, batch)
        return loss * float("nan") if self.step == 2 else loss


class Hungry(Counting):
    """Runs out of memory with more than four examples at a time."""

    def loss(self, model: Classifier, batch: Batch) -> Tensor:
        if len(batch.labels) > 4:
            raise MemoryError("five examples do not fit")
        return super().loss(model, batch)


class Fills(Counting):
    """Fills the disk of the folder EXTRA_FILL in its second step."""

    def before_step(self, examples: int) -> None:
        super().before_step(examples)
        if self.step == 2:
            with (Path(os.environ["EXTRA_FILL"]) / "filler").open("wb", buffering=0) as filler:
                for size in (1 << 16, 1):
                    with contextlib.suppress(OSError):
                        while filler.write(bytes(size)):
                            pass


class Waits(Counting):
    """Says in the folder EXTRA_WAIT which process it is, and waits there for a signal."""

    def before_step(self, examples: int) -> None:
        super().before_step(examples)
        folder = os.environ.get("EXTRA_WAIT")
        if folder and self.step == 2:
            (Path(folder) / str(os.getpid())).touch()
            signal.pause()
