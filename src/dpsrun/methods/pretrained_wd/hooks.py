"""Pre-trained weight decay takes a small step back before each update."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dpsrun.methods.hooks import Context, Group, Hooks, State
from dpsrun.methods.pretrained_wd.spec import PretrainedWdParams
from dpsrun.methods.pull.start import Start
from dpsrun.models.decay import spared


class PretrainedWdHooks(Hooks[PretrainedWdParams]):
    """Sets w <- w - lr lambda (w - w0) before Adam's update, in the place of weight decay.

    Attributes:
        start: the parameters that are pulled, as they began.
    """

    def __init__(self, params: PretrainedWdParams, context: Context) -> None:
        super().__init__(params, context)
        self.start = Start({})

    def prepare(self) -> None:
        """Remember what weight decay would apply to."""
        if not self.params.decay_strength:
            return
        model = self.context.model
        without = spared(model)
        self.start = Start(
            {
                name: parameter
                for name, parameter in model.named_parameters()
                if parameter not in without and (self.params.decay_head or not model.is_new(name))
            }
        )

    def parameter_groups(self, groups: list[Group]) -> list[Group]:
        """Switch weight decay off."""
        if not self.params.decay_strength:
            return groups
        return [{**group, "weight_decay": 0.0} for group in groups]

    def after_clipping(self, groups: Sequence[Group]) -> None:
        """Pull by the learning rate of the step, right before the optimiser."""
        for group in groups:
            self.start.draw_back(group["params"], group["lr"] * self.params.decay_strength)

    def describe(self) -> dict[str, Any]:
        """Count the entries that are drawn back."""
        return {"entries_drawn_back": self.start.entries}

    def state_dict(self) -> State:
        """Give where the parameters began."""
        return {"start": self.start.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take back where they began, after `prepare`."""
        self.start.load_state_dict(state["start"])
