"""The training loop: one optimiser step after the other, hooks where the papers put them.

A step asks the device for no number: losses and norms stay where they are computed until they are
read, at once on a CPU, every `READ_EVERY` steps and at the end of an epoch on a GPU, which would
otherwise idle while the host waits and the host while it computes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils import clip_grads_with_norm_, get_total_norm

from dpsrun.methods.hooks import Hooks, State
from dpsrun.methods.spec import Params
from dpsrun.models.batch import Batch
from dpsrun.models.classifier import Classifier
from dpsrun.models.precision import autocast
from dpsrun.runs.spec import Precision, Training
from dpsrun.training.data import micro_batches
from dpsrun.training.guards import DivergedError, check_gradients
from dpsrun.training.optimiser import adamw, decay_groups, gradients, loss_scaler, schedule

MakeBatch = Callable[[Sequence[int]], Batch]

MAX_SKIPPED = 20
"""Scaler skips in a row after which an fp16 run counts as diverged."""

READ_EVERY = 16
"""Steps after which a GPU is asked for its losses; so late, at most, a divergence is seen."""


@dataclass(frozen=True)
class StepReport:
    """What one optimiser step was like: mean loss, the gradient norm that was clipped, tokens."""

    step: int
    loss: float
    gradient_norm: float
    learning_rate: float
    tokens: int


@dataclass(frozen=True)
class _Taken:
    """A step whose loss and gradient norm, both scalars, lie on the device still."""

    step: int
    loss: Tensor
    norm: Tensor
    learning_rate: float
    tokens: int


@dataclass
class Loop:
    """Owns the optimiser of one run and takes its steps.

    Args:
        model: the classifier, in training mode.
        hooks: the method, already prepared.
        training: the settings of the run.
        precision: in which the forward pass runs.
        total_steps: length of the schedule.
        batch: lays out the examples of some rows.
        read_every: steps between two readings; by default 1 on a CPU, else `READ_EVERY`.
    """

    model: Classifier
    hooks: Hooks[Params]
    training: Training
    precision: Precision
    total_steps: int
    batch: MakeBatch
    read_every: int = 0
    step: int = 0
    skipped: int = 0
    _skipped_in_a_row: int = field(default=0, repr=False)
    _unread: list[_Taken] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        self.device = next(self.model.parameters()).device
        self.read_every = self.read_every or (1 if self.device.type == "cpu" else READ_EVERY)
        groups = decay_groups(self.model, self.training.weight_decay)
        self.optimiser = adamw(self.hooks.parameter_groups(groups), self.training)
        self.schedule = schedule(self.optimiser, self.training, self.total_steps)
        self.scaler = loss_scaler(self.precision, self.device)

    def take_step(self, rows: Sequence[int]) -> list[StepReport]:
        """Take one optimiser step over the examples of `rows`; give the steps that were read.

        Raises DivergedError for a non-finite loss or gradient among them, unless the loss is
        scaled: there a step whose gradients are not finite is skipped and counted.
        """
        self.step += 1
        self.hooks.before_step(len(rows))
        loss, tokens = self._backward(rows)
        finite = self._can_update()
        self.hooks.after_backward(finite=finite)
        norm = self._norm()
        self._unread.append(_Taken(self.step, loss, norm, self._learning_rate, tokens))
        reports = self.read() if self.step % self.read_every == 0 else []
        if finite:
            self._update(norm)
        self.scaler.update()
        self.optimiser.zero_grad(set_to_none=True)
        return reports

    def read(self) -> list[StepReport]:
        """Give the steps not read so far; waits for the device. Raises DivergedError."""
        taken, self._unread = self._unread, []
        if not taken:
            return []
        values = torch.stack([torch.stack((each.loss, each.norm)) for each in taken]).tolist()
        return [
            self._checked(StepReport(each.step, loss, norm, each.learning_rate, each.tokens))
            for each, (loss, norm) in zip(taken, values, strict=True)
        ]

    def _checked(self, report: StepReport) -> StepReport:
        if not math.isfinite(report.loss):
            raise DivergedError(report.step, "loss")
        if math.isfinite(report.gradient_norm) or self.scaler.is_enabled():
            return report
        if report.step == self.step:
            check_gradients(self.model, step=self.step)
        raise DivergedError(report.step, "gradient norm")

    @property
    def _learning_rate(self) -> float:
        return float(max(self.schedule.get_last_lr()))

    def _backward(self, rows: Sequence[int]) -> tuple[Tensor, int]:
        """Accumulate the gradients of the mean loss; sums are divided by the whole step's size.

        Dividing each micro-batch by its own size would weigh the examples of a ragged one more.
        """
        total, tokens = torch.zeros((), device=self.device), 0
        for part in micro_batches(rows, self.training.micro_batch_size):
            batch = self.batch(part)
            with autocast(self.precision, self.device):
                loss = self.hooks.loss(self.model, batch) / len(rows)
            self.scaler.scale(loss).backward()
            total = total + loss.detach()
            tokens += batch.tokens
        self.scaler.unscale_(self.optimiser)
        return total, tokens

    def _norm(self) -> Tensor:
        return get_total_norm(gradients(self.model), foreach=True)

    def _can_update(self) -> bool:
        """Say whether a scaled step may be taken; others are not asked, their run would end."""
        if not self.scaler.is_enabled() or bool(torch.isfinite(self._norm())):
            self._skipped_in_a_row = 0
            return True
        self.skipped += 1
        self._skipped_in_a_row += 1
        if self._skipped_in_a_row >= MAX_SKIPPED:
            raise DivergedError(self.step, f"gradients of {MAX_SKIPPED} steps in a row")
        return False

    def _update(self, norm: Tensor) -> None:
        if self.training.max_grad_norm is not None:
            trainable = [p for p in self.model.parameters() if p.grad is not None]
            clip_grads_with_norm_(trainable, self.training.max_grad_norm, norm, foreach=True)
        self.hooks.after_clipping(self.optimiser.param_groups)
        self.scaler.step(self.optimiser)
        self.hooks.after_update(self.optimiser.param_groups)
        self.schedule.step()

    def state_dict(self) -> State:
        """Give all that the loop needs to go on, once every step was read.

        Tensors are the live ones: save or copy them before the next step.
        """
        optimiser = self.optimiser.state_dict()
        moments = {str(i): each for i, each in optimiser["state"].items()}  # JSON has such keys
        return {
            "model": self.model.state_dict(),
            "optimiser": optimiser | {"state": moments},
            "schedule": self.schedule.state_dict(),
            "scaler": self.scaler.state_dict(),
            "method": self.hooks.state_dict(),
            "steps": [self.step, self.skipped, self._skipped_in_a_row],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave; raises what its parts raise where it does not fit."""
        optimiser = state["optimiser"]
        moments = {int(i): each for i, each in optimiser["state"].items()}
        self.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(optimiser | {"state": moments})
        self.schedule.load_state_dict(state["schedule"])
        self.scaler.load_state_dict(state["scaler"])
        self.hooks.load_state_dict(state["method"])
        self.step, self.skipped, self._skipped_in_a_row = state["steps"]
