"""A combination at work: in each place of a step its parts act one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from torch import Tensor

from dpsrun.methods.combination.params import CombinedParams
from dpsrun.methods.hooks import Context, Group, Hooks, State
from dpsrun.methods.registry import load_hooks

if TYPE_CHECKING:
    from dpsrun.models.batch import Batch
    from dpsrun.models.classifier import Classifier


class CombinedHooks(Hooks[CombinedParams]):
    """Passes every call on to its parts; raises ValueError if two have a loss of their own.

    Attributes:
        parts: the hooks of each method, by name, in the order in which they act.
    """

    def __init__(self, params: CombinedParams, context: Context) -> None:
        super().__init__(params, context)
        of_parts = params.of_parts(context.total_steps)
        self.parts: dict[str, Hooks[Any]] = {
            spec.name: load_hooks(spec)(each, context)
            for spec, each in zip(params.PARTS, of_parts, strict=True)
        }
        losses = [name for name, part in self.parts.items() if type(part).loss is not Hooks.loss]
        if len(losses) > 1:
            raise ValueError(f"{' and '.join(losses)} each have a loss of their own")
        self.loss_part = self.parts[losses[0]] if losses else None

    def prepare(self) -> None:
        """Let what draws weights anew come before what takes snapshots of them."""
        for part in self.parts.values():
            part.prepare()

    def parameter_groups(self, groups: list[Group]) -> list[Group]:
        """Hand the groups of each part to the next."""
        for part in self.parts.values():
            groups = part.parameter_groups(groups)
        return groups

    def before_training(self) -> None:
        """Let each part look at the training examples."""
        for part in self.parts.values():
            part.before_training()

    def before_step(self, examples: int) -> None:
        """Begin a step."""
        for part in self.parts.values():
            part.before_step(examples)

    def loss(self, model: Classifier, batch: Batch) -> Tensor:
        """Take the loss of the part that has one of its own, else the usual one."""
        return self.loss_part.loss(model, batch) if self.loss_part else super().loss(model, batch)

    def after_backward(self, *, finite: bool) -> None:
        """Put weights back before what pulls looks at them, and mask gradients last."""
        for part in self.parts.values():
            part.after_backward(finite=finite)

    def after_clipping(self, groups: Sequence[Group]) -> None:
        """Act on the clipped gradients."""
        for part in self.parts.values():
            part.after_clipping(groups)

    def after_update(self, groups: Sequence[Group]) -> None:
        """Act on the updated weights; what holds some of them fast comes last."""
        for part in self.parts.values():
            part.after_update(groups)

    def describe(self) -> dict[str, Any]:
        """Give what each part tells, by its name."""
        return {name: part.describe() for name, part in self.parts.items()}

    def state_dict(self) -> State:
        """Give the state of each part, by its name."""
        return {name: part.state_dict() for name, part in self.parts.items()}

    def held_bytes(self) -> int:
        """Add up what the parts keep."""
        return sum(part.held_bytes() for part in self.parts.values())

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Give each part its own state back."""
        for name, part in self.parts.items():
            part.load_state_dict(state[name])
