"""What people run without the product: `python -m benchmarks.peer JOB loop|trainer`.

`loop` is the bare PyTorch loop that many write; `trainer` the usual GLUE script on transformers'
public Trainer, which needs `accelerate`. JOB is a file that holds a `Job` as JSON.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    get_linear_schedule_with_warmup,
)

if TYPE_CHECKING:
    from transformers import TrainingArguments

Example = dict[str, Any]
EVALUATION_BATCH = 32


@dataclass(frozen=True)
class Job:
    """One fine-tune. `rows`: training rows in the order of their steps, whole batches only.

    `pad`: `longest` pads a batch to its longest text, `max_length` to `max_length` tokens.
    """

    model: str
    outputs: int
    texts: Sequence[str]
    train: Sequence[str]
    validation: Sequence[str]
    rows: Sequence[int]
    batch_size: int
    max_length: int
    head_seed: int
    learning_rate: float
    warmup_steps: int
    weight_decay: float
    pad: str = "longest"


@dataclass(frozen=True)
class Outcome:
    """Seconds of training and evaluation, and the loss of the last step."""

    training: float
    evaluation: float
    loss: float


class Program:
    """A job with its texts read and tokenised, and its encoder loaded without dropout."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.tokenizer = AutoTokenizer.from_pretrained(job.model)
        train = self._examples(job.train)
        self.train = [train[row] for row in job.rows]
        self.validation = self._examples(job.validation)
        torch.manual_seed(job.head_seed)
        self.encoder = AutoModelForSequenceClassification.from_pretrained(
            job.model,
            num_labels=job.outputs,
            dtype=torch.float32,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
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

    def loop(self) -> Outcome:
        """Train and evaluate in a plain loop."""
        began = time.perf_counter()
        loss = self._train()
        trained = time.perf_counter()
        self._evaluate()
        return Outcome(trained - began, time.perf_counter() - trained, loss)

    def _train(self) -> float:
        size, total = self.job.batch_size, len(self.train)
        optimiser = torch.optim.AdamW(self._groups(), lr=self.job.learning_rate, fused=True)
        schedule = get_linear_schedule_with_warmup(optimiser, self.job.warmup_steps, total // size)
        self.encoder.train()
        last = 0.0
        for start in range(0, total, size):
            loss = self.encoder(**self.collate(self.train[start : start + size])).loss
            loss.backward()
            clip_grad_norm_(self.encoder.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            optimiser.zero_grad()
            last = loss.item()
        return last

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
    def _evaluate(self) -> None:
        self.encoder.eval()
        for start in range(0, len(self.validation), EVALUATION_BATCH):
            self.encoder(**self.collate(self.validation[start : start + EVALUATION_BATCH]))

    def trainer(self) -> Outcome:
        """Train and evaluate with the Trainer."""
        from transformers import Trainer  # noqa: PLC0415 (slow; the loop does not pay for it)

        with tempfile.TemporaryDirectory() as folder:
            trainer = Trainer(
                model=self.encoder,
                args=self._arguments(folder),
                train_dataset=self.train,
                eval_dataset=self.validation,
                data_collator=self.collate,
            )
            began = time.perf_counter()
            trainer.train()
            trained = time.perf_counter()
            trainer.evaluate()
            ended = time.perf_counter()
        losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
        return Outcome(trained - began, ended - trained, float(losses[-1]))

    def _arguments(self, folder: str) -> TrainingArguments:
        from transformers import TrainingArguments  # noqa: PLC0415

        return TrainingArguments(
            output_dir=folder,
            per_device_train_batch_size=self.job.batch_size,
            per_device_eval_batch_size=EVALUATION_BATCH,
            num_train_epochs=1,
            learning_rate=self.job.learning_rate,
            weight_decay=self.job.weight_decay,
            warmup_steps=self.job.warmup_steps,
            train_sampling_strategy="sequential",  # the rows are in their order already
            logging_steps=1,
            save_strategy="no",
            remove_unused_columns=False,
            disable_tqdm=True,
            use_cpu=True,
        )


def main() -> None:
    """Do the job that the command line names; print the outcome as the last line."""
    program = Program(Job(**json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
    outcome = program.trainer() if sys.argv[2] == "trainer" else program.loop()
    sys.stdout.write(f"\n{json.dumps(asdict(outcome))}\n")


if __name__ == "__main__":
    main()
