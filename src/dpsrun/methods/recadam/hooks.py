"""RecAdam weighs Adam's step against a pull to the pre-trained weights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from scipy.special import expit

from dpsrun.methods.hooks import Context, Group, Hooks, State
from dpsrun.methods.pull.start import Start
from dpsrun.methods.recadam.spec import RecAdamParams

OWN_DECAY = "recadam_decay"
"""In a group of pre-trained parameters: their weight decay, which comes after the pull."""


class RecAdamHooks(Hooks[RecAdamParams]):
    """Takes step t of a pre-trained parameter, at learning rate lr, in three parts.

    They are, one after the other:

        w <- w - lr lambda(t) (Adam's direction)
        w <- w - lr (1 - lambda(t)) gamma (w - w0)
        w <- w - lr (weight decay) w

    The moments are those of the task's gradients alone. The new head trains by plain AdamW. A
    step that was skipped for a gradient that is not finite does not count.

    Attributes:
        step: t, the step at work, or the last one.
        start: the pre-trained parameters as they began, unless gamma is 0.
        rates: the learning rate of each group in the step at work.
    """

    def __init__(self, params: RecAdamParams, context: Context) -> None:
        super().__init__(params, context)
        self.step = 0
        self.start = Start({})
        self.rates: list[float] = []

    @property
    def task_weight(self) -> float:
        """Lambda(t): what the task weighs, growing from 0 to 1."""
        if self.params.anneal_step is None:
            return 1.0
        return float(expit(self.params.anneal_rate * (self.step - self.params.anneal_step)))

    def prepare(self) -> None:
        """Remember the pre-trained parameters; raises ValueError if the pull would overshoot."""
        self.params.check(self.context.setting)
        if self.params.anneal_step is None or not self.params.recall_weight:
            return
        model = self.context.model
        named = model.named_parameters()
        self.start = Start({name: each for name, each in named if not model.is_new(name)})

    def parameter_groups(self, groups: list[Group]) -> list[Group]:
        """Part pre-trained parameters from new ones, whose groups stay as they are."""
        if self.params.anneal_step is None:
            return groups
        return [part for group in groups for part in self.parted(group)]

    def parted(self, group: Group) -> tuple[Group, Group]:
        """Part a group into its pre-trained parameters and its new ones."""
        named = self.context.model.named_parameters()
        heads = {each for name, each in named if self.context.model.is_new(name)}
        old = [each for each in group["params"] if each not in heads]
        new = [each for each in group["params"] if each in heads]
        recalled = {"weight_decay": 0.0, OWN_DECAY: group["weight_decay"]}
        return {**group, "params": old, **recalled}, {**group, "params": new}

    def after_clipping(self, groups: Sequence[Group]) -> None:
        """Count the step, and let Adam take lambda(t) of it."""
        self.step += 1
        self.rates = [group["lr"] for group in groups]
        for group in _recalled(groups):
            group["lr"] *= self.task_weight

    @torch.no_grad()
    def after_update(self, groups: Sequence[Group]) -> None:
        """Pull the updated weights back, then decay them."""
        for group, rate in zip(groups, self.rates, strict=True):
            group["lr"] = rate
        for group in _recalled(groups):
            trained = [each for each in group["params"] if each.grad is not None]
            pull = (1 - self.task_weight) * self.params.recall_weight
            self.start.draw_back(trained, group["lr"] * pull)
            if group[OWN_DECAY] and trained:
                torch._foreach_mul_(trained, 1 - group["lr"] * group[OWN_DECAY])

    def describe(self) -> dict[str, Any]:
        """Give the steps taken, lambda at the last one, and the entries that are drawn back."""
        return {
            "steps": self.step,
            "task_weight": self.task_weight,
            "entries_drawn_back": self.start.entries,
        }

    def state_dict(self) -> State:
        """Give the steps taken and where the parameters began."""
        return {"step": self.step, "start": self.start.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take back what `state_dict` gave, after `prepare`."""
        self.step = state["step"]
        self.start.load_state_dict(state["start"])


def _recalled(groups: Iterable[Group]) -> list[Group]:
    """Choose the groups of pre-trained parameters."""
    return [group for group in groups if OWN_DECAY in group]
