"""The training loop: one optimiser step after the other, hooks where the papers put them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn.utils import clip_grads_with_norm_, get_total_norm

from dpsrun.methods.hooks import Hooks
from dpsrun.methods.spec import Params
from dpsrun.models.batch import Batch
from dpsrun.models.classifier import Classifier
from dpsrun.runs.spec import Precision, Training
from dpsrun.training.data import micro_batches
from dpsrun.training.guards import DivergedError, check_finite, check_gradients
from dpsrun.training.optimiser import adamw, decay_groups, gradients, schedule
from dpsrun.training.precision import autocast, loss_scaler

MakeBatch = Callable[[Sequence[int]], Batch]

MAX_SKIPPED = 20
"""Scaler skips in a row after which an fp16 run counts as diverged."""


@dataclass(frozen=True)
class StepReport:
    """What one optimiser step was like: mean loss, gradient norm before clipping, tokens."""

    loss: float
    gradient_norm: float
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
    """

    model: Classifier
    hooks: Hooks[Params]
    training: Training
    precision: Precision
    total_steps: int
    batch: MakeBatch
    step: int = 0
    skipped: int = 0
    _skipped_in_a_row: int = field(default=0, repr=False)

    def __post_init__(self) -> None:
        self.device = next(self.model.parameters()).device
        groups = decay_groups(self.model, self.training.weight_decay)
        self.optimiser = adamw(self.hooks.parameter_groups(groups), self.training)
        self.schedule = schedule(self.optimiser, self.training, self.total_steps)
        self.scaler = loss_scaler(self.precision, self.device)
        self._masks = type(self.hooks).after_backward is not Hooks.after_backward

    def take_step(self, rows: Sequence[int]) -> StepReport:
        """Take one optimiser step over the examples of `rows`.

        Raises DivergedError for a non-finite loss, and for non-finite gradients unless the loss
        is scaled, where such a step is skipped and counted.
        """
        self.step += 1
        self.hooks.before_step()
        loss, tokens = self._backward(rows)
        norm = self._norm()
        finite = self._gradients_are_finite(norm)
        self.hooks.after_backward(finite=finite)
        learning_rate = float(self.schedule.get_last_lr()[0])
        if finite:
            self._update(self._norm() if self._masks else norm)
        self.scaler.update()
        self.optimiser.zero_grad(set_to_none=True)
        return StepReport(loss, float(norm), learning_rate, tokens)

    def _backward(self, rows: Sequence[int]) -> tuple[float, int]:
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
        check_finite(total, step=self.step, name="loss")
        self.scaler.unscale_(self.optimiser)
        return float(total), tokens

    def _norm(self) -> Tensor:
        return get_total_norm(gradients(self.model), foreach=True)

    def _gradients_are_finite(self, norm: Tensor) -> bool:
        if bool(torch.isfinite(norm)):
            self._skipped_in_a_row = 0
            return True
        if not self.scaler.is_enabled():
            check_gradients(self.model, step=self.step)
            raise DivergedError(self.step, "gradient norm")
        self.skipped += 1
        self._skipped_in_a_row += 1
        if self._skipped_in_a_row >= MAX_SKIPPED:
            raise DivergedError(self.step, f"gradients of {MAX_SKIPPED} steps in a row")
        return False

    def _update(self, norm: Tensor) -> None:
        if self.training.max_grad_norm is not None:
            trainable = [p for p in self.model.parameters() if p.grad is not None]
            clip_grads_with_norm_(trainable, self.training.max_grad_norm, norm, foreach=True)
        self.hooks.after_clipping()
        self.scaler.step(self.optimiser)
        self.hooks.after_update()
        self.schedule.step()
