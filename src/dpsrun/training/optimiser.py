"""AdamW with bias correction, decay groups by module type, the schedule, and loss scaling."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LRScheduler
from transformers import get_scheduler

from dpsrun.models.decay import spared
from dpsrun.runs.spec import Precision, Training


def decay_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Split the trainable parameters: no decay on biases and normalisation layers."""
    without = spared(model)
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    return [
        {"params": [p for p in trainable if p not in without], "weight_decay": weight_decay},
        {"params": [p for p in trainable if p in without], "weight_decay": 0.0},
    ]


def adamw(groups: list[dict[str, Any]], training: Training) -> torch.optim.AdamW:
    """Make the optimiser of a run (torch's form: decay first, epsilon after the correction)."""
    return torch.optim.AdamW(
        groups,
        lr=training.learning_rate,
        betas=(training.adam_beta1, training.adam_beta2),
        eps=training.adam_epsilon,
        fused=True,
    )


def warmup_steps(training: Training, total_steps: int) -> int:
    """Count the steps of linear warm-up; a fraction of a step is a whole one."""
    return math.ceil(total_steps * training.warmup_fraction)


def schedule(optimiser: torch.optim.Optimizer, training: Training, total_steps: int) -> LRScheduler:
    """Warm up linearly, then decay linearly to zero or stay constant."""
    name = "linear" if training.schedule == "linear" else "constant_with_warmup"
    made: LRScheduler = get_scheduler(
        name,
        optimiser,
        num_warmup_steps=warmup_steps(training, total_steps),
        num_training_steps=total_steps,
    )
    return made


def gradients(model: nn.Module) -> list[Tensor]:
    """List the gradients there are."""
    return [p.grad for p in model.parameters() if p.grad is not None]


def loss_scaler(precision: Precision, device: torch.device) -> torch.amp.GradScaler:
    """Scale losses under fp16, whose gradients would underflow; else do nothing."""
    return torch.amp.GradScaler(device.type, enabled=precision == "fp16")
