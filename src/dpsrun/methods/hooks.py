"""The places in an optimiser step where a method may act; by default it does nothing.

Order of one step (design: true-scale gradients, DPS masks before and Child-Tuning after clipping):

    before_step -> loss, backward (once a micro-batch) -> after_backward -> clip
    -> after_clipping -> optimiser -> after_update

Before the optimiser exists: prepare, parameter_groups; once before the first step of a run, but not
where it is resumed: before_training.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from torch import Generator, Tensor

from dpsrun.methods.spec import Params, Setting
from dpsrun.runs.spec import Training

if TYPE_CHECKING:
    from dpsrun.models.batch import Batch
    from dpsrun.models.classifier import Classifier

P = TypeVar("P", bound=Params)

State = dict[str, Any]
"""Tensors, numbers, strings and nested dictionaries of them."""

Group = dict[str, Any]
"""Parameters with settings of their own: `params`, `lr`, `weight_decay`, as torch has them."""

OnePass = Callable[[int, Generator], "Iterator[Batch]"]
"""Goes once through the training examples: batches of a size, shuffled by a generator."""


def no_examples(_size: int, _order: Generator) -> Iterator[Batch]:
    """Go through no examples."""
    return iter(())


@dataclass(frozen=True)
class Context:
    """What a method may know of its run.

    Attributes:
        model: the encoder with its head, on its device.
        total_steps: optimiser steps of the whole run (N of the papers).
        noise: the method's own random numbers, on the CPU; dropout's are another stream.
        head: random numbers for a method that draws its own head, from the `init` stream.
        epoch_steps: optimiser steps of an epoch; None where it has all.
        training: the shared settings of the run.
        one_pass: gives the training examples to a method that looks at them before it trains.
    """

    model: Classifier
    total_steps: int
    noise: Generator
    head: Generator
    epoch_steps: int | None = None
    training: Training = field(default_factory=Training)
    one_pass: OnePass = no_examples

    @property
    def setting(self) -> Setting:
        """Give what parameters are checked against."""
        try:
            blocks = self.model.count_blocks()
        except ValueError:  # only methods that go by blocks need them
            blocks = None
        return Setting(self.total_steps, self.epoch_steps, self.training, blocks)


class Hooks(Generic[P]):
    """One method at work on one run. State is kept per parameter, never per class."""

    def __init__(self, params: P, context: Context) -> None:
        self.params = params
        self.context = context

    def prepare(self) -> None:
        """Change the model before the optimiser exists: re-draw the head, freeze, snapshot."""

    def parameter_groups(self, groups: list[Group]) -> list[Group]:
        """Change the optimiser's groups; a group's own `lr` is what the schedule scales."""
        return groups

    def before_training(self) -> None:
        """Look at the training examples before the first step, on the device."""

    def before_step(self, examples: int) -> None:
        """Act once an optimiser step on so many examples, before its first forward.

        May replace the weights.
        """

    def loss(self, model: Classifier, batch: Batch) -> Tensor:
        """Sum the losses of a micro-batch's examples (a scalar; the loop divides)."""
        return model.losses(model(batch), batch.labels).sum()

    def after_backward(self, *, finite: bool) -> None:
        """Read or mask the true-scale gradients of the whole step, before clipping.

        `finite` is False where a gradient is not finite and the step will be skipped; weights
        replaced in `before_step` must be put back all the same.
        """

    def after_clipping(self, groups: Sequence[Group]) -> None:
        """Mask the clipped gradients, or set this step's `lr` in the optimiser's groups."""

    def after_update(self, groups: Sequence[Group]) -> None:
        """Change the updated weights; neither this nor the former is called for a skipped step."""

    def describe(self) -> dict[str, Any]:
        """Give what a reader of the record should know of what really happened (JSON)."""
        return {}

    def state_dict(self) -> State:
        """Give all that a resumed run needs to go on bit for bit."""
        return {}

    def held_bytes(self) -> int:
        """Count the bytes of all that the method keeps beside the model and the optimiser."""
        return size_of(self.state_dict())

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take back what `state_dict` gave."""


def size_of(state: object) -> int:
    """Count the bytes of the tensors of a state."""
    if isinstance(state, Tensor):
        return state.numel() * state.element_size()
    return sum(map(size_of, state.values())) if isinstance(state, Mapping) else 0
