"""The usual GLUE script: transformers' public Trainer."""

from __future__ import annotations

import tempfile
import time
from typing import Any

from transformers import Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from benchmarks.loop import EVALUATION_BATCH, Program


class WithTrainer(Program):
    """Trains and evaluates with the Trainer instead of a plain loop."""

    def fit(self) -> None:
        """Train."""
        with tempfile.TemporaryDirectory() as folder:
            self.trainer = Trainer(
                model=self.encoder,
                args=self._arguments(folder),
                train_dataset=self.train,
                eval_dataset=self.validation,
                data_collator=self.collate,
                callbacks=[Watch(self)],
            )
            self.trainer.train()
        log = self.trainer.state.log_history
        self.losses = [float(entry["loss"]) for entry in log if "loss" in entry]

    def evaluate(self) -> None:
        """Go through the validation split."""
        self.trainer.evaluate()

    def _arguments(self, folder: str) -> TrainingArguments:
        return TrainingArguments(
            output_dir=folder,
            per_device_train_batch_size=self.job.batch_size,
            per_device_eval_batch_size=EVALUATION_BATCH,
            max_steps=self.job.total_steps,
            learning_rate=self.job.learning_rate,
            weight_decay=self.job.weight_decay,
            warmup_steps=self.job.warmup_steps,
            max_grad_norm=self.job.clip,
            train_sampling_strategy="sequential",  # the rows are in their order already
            logging_steps=1,
            save_strategy="no",
            remove_unused_columns=False,
            disable_tqdm=True,
            use_cpu=True,
        )


class Watch(TrainerCallback):  # type: ignore[misc]
    """Notes the end of each step, and stops after those to take."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def on_step_end(
        self,
        args: TrainingArguments,  # noqa: ARG002 (as the Trainer calls it)
        state: TrainerState,
        control: TrainerControl,
        **_: Any,  # noqa: ANN401
    ) -> None:
        """Note the time."""
        self.program.ends.append(time.perf_counter())
        control.should_training_stop = state.global_step >= self.program.job.steps
