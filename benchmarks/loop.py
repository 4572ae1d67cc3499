"""A fine-tune as many write it, in a bare PyTorch loop."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    get_linear_schedule_with_warmup,
)

Example = dict[str, Any]
EVALUATION_BATCH = 32


@dataclass(frozen=True)
class Job:
    """One fine-tune, or its beginning.

    Attributes:
        rows: training rows in the order of the steps to take, whole batches only.
        total_steps: of the whole fine-tune, which its schedule and its seconds are for.
        every: evaluate each so-many-th example.
        dropout: of the encoder; None for its own.
        pad: `longest` pads a batch to its longest text, `max_length` to `max_length` tokens.
    """

    model: str
    outputs: int
    texts: Sequence[str]
    train: Sequence[str]
    validation: Sequence[str]
    rows: Sequence[int]
    batch_size: int
    total_steps: int
    every: int
    max_length: int
    head_seed: int
    dropout: float | None
    learning_rate: float
    warmup_steps: int
    weight_decay: float
    clip: float
    pad: str = "longest"

    @property
    def steps(self) -> int:
        """Count the steps to take."""
        return len(self.rows) // self.batch_size


@dataclass(frozen=True)
class Outcome:
    """Seconds of the whole training and evaluation, of what was done of them, and losses by step.

    What was not done is taken to last as long as what was, but for the first step, which is
    counted once.
    """

    training: float
    evaluation: float
    done: float
    losses: Sequence[float]

    @property
    def seconds(self) -> float:
        """Training and evaluation."""
        return self.training + self.evaluation


class Program:
    """A job with its texts read and tokenised, and its encoder loaded."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.tokenizer = AutoTokenizer.from_pretrained(job.model)
        train = self._examples(job.train)
        self.train = [train[row] for row in job.rows]
        self.validation = self._examples(job.validation)[:: job.every]
        self.losses: list[float] = []
        self.ends: list[float] = []
        rates = ("hidden_dropout_prob", "attention_probs_dropout_prob")
        changes = {} if job.dropout is None else dict.fromkeys(rates, job.dropout)
        torch.manual_seed(job.head_seed)
        self.encoder = AutoModelForSequenceClassification.from_pretrained(
            job.model, num_labels=job.outputs, dtype=torch.float32, **changes
        )

    def _examples(self, files: Sequence[str]) -> list[Example]:
        frame = pd.concat([pd.read_parquet(file) for file in files])
        texts = [frame[name].tolist() for name in self.job.texts]
        tokens = self.tokenizer(*texts, truncation=True, max_length=self.job.max_length)
        columns = {**tokens, "label": frame["label"].tolist()}
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def collate(self, examples: Sequence[Example]) -> dict[str, Tensor]:
        """Pad examples as the job says."""
        labels = [example["label"] for example in examples]
        inputs = [{k: v for k, v in each.items() if k != "label"} for each in examples]
        length = self.job.max_length if self.job.pad == "max_length" else None
        batch = self.tokenizer.pad(
            inputs, padding=self.job.pad, max_length=length, return_tensors="pt"
        )
        kind = torch.float32 if self.job.outputs == 1 else torch.int64
        return {**batch, "labels": torch.tensor(labels, dtype=kind)}

    def run(self) -> Outcome:
        """Train and evaluate; tell how long the whole of it would take."""
        began = time.perf_counter()
        self.fit()
        trained = time.perf_counter()
        self.evaluate()
        ended = time.perf_counter()
        first, rest = self.ends[0] - began, self.ends[-1] - self.ends[0]
        later = max(self.job.steps - 1, 1)
        training = first + rest / later * (self.job.total_steps - 1)
        evaluation = (ended - trained) * self.job.every
        return Outcome(training, evaluation, ended - began, self.losses)

    def fit(self) -> None:
        """Train in a plain loop."""
        job = self.job
        optimiser = torch.optim.AdamW(self._groups(), lr=job.learning_rate, fused=True)
        schedule = get_linear_schedule_with_warmup(optimiser, job.warmup_steps, job.total_steps)
        self.encoder.train()
        for start in range(0, len(self.train), job.batch_size):
            loss = self.encoder(**self.collate(self.train[start : start + job.batch_size])).loss
            loss.backward()
            clip_grad_norm_(self.encoder.parameters(), job.clip)
            optimiser.step()
            schedule.step()
            optimiser.zero_grad()
            self.losses.append(loss.item())
            self.ends.append(time.perf_counter())

    def _groups(self) -> list[dict[str, Any]]:
        decayed: list[Tensor] = []
        spared: list[Tensor] = []
        for name, parameter in self.encoder.named_parameters():
            (spared if "bias" in name or "LayerNorm" in name else decayed).append(parameter)
        return [
            {"params": decayed, "weight_decay": self.job.weight_decay},
            {"params": spared, "weight_decay": 0.0},
        ]

    @torch.no_grad()
    def evaluate(self) -> None:
        """Go through the validation split."""
        self.encoder.eval()
        for start in range(0, len(self.validation), EVALUATION_BATCH):
            self.encoder(**self.collate(self.validation[start : start + EVALUATION_BATCH]))
