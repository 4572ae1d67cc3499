"""Whole runs of a tiny encoder on a generated task, in this process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from dpsrun.execution.engine import Progress
from dpsrun.methods import registry as methods
from dpsrun.models.source import fingerprint_of
from dpsrun.runs.spec import Labels, Places, Run, RunSpec, Scenario, Seeds, Training
from dpsrun.runs.store import Order
from dpsrun.tasks.registry import find
from dpsrun.tasks.source import locate
from dpsrun.tasks.tokens import prepare
from dpsrun.training import record
from dpsrun.training.checkpoint import Checkpoint
from dpsrun.training.finetune import FineTune, Report, resume_or_begin
from tests.encoders import save_tiny_with_tokenizer
from tests.training.builder import CPU

TASK = "mini-rte"
LABELS = Labels(task=TASK, model="tiny", method="any", scenario="any", seed="s3")


@dataclass(frozen=True)
class Inputs:
    """What all runs share: an encoder, the tokens of a task, fingerprints."""

    model: Path
    tokens: Path
    cache: Path

    @classmethod
    def make(cls, folder: Path) -> Inputs:
        """Make a tiny encoder and tokenise a task for it."""
        cache, model = folder / "cache", save_tiny_with_tokenizer(folder / "tiny")
        files = locate(find(TASK), None, cache=cache)
        tokens = prepare(find(TASK), files, model, max_length=32, cache=cache)
        return cls(model, tokens, cache)

    def set_of(self, task: str, split: str) -> Path:
        """Tokenise a split of some task as a further evaluation set."""
        files = locate(find(task), None, cache=self.cache, splits=(split,))
        return prepare(
            find(task), files, self.model, max_length=32, cache=self.cache, splits=(split,)
        )

    @property
    def places(self) -> Places:
        return Places(model=str(self.model), tokens=str(self.tokens))

    def run(self, method: str = "vanilla", params: Any = None, **training: Any) -> Run:
        """Describe a run: 30 examples in 4 epochs of 4 steps, the last of which is ragged."""
        settings = {"batch_size": 8, "epochs": 4, "learning_rate": 1e-3, "precision": "fp32"}
        made = Training(**{**settings, **training})
        spec = RunSpec(
            task=TASK,
            data="generated",
            model=fingerprint_of(self.model, self.cache),
            architecture="bert-1x16",
            device="cpu",
            method=method,
            params=methods.find(method).params(**(params or {})).model_dump(),
            scenario=Scenario.parse("low-resource(30)"),
            training=made,
            seeds=Seeds.all(3),
        )
        steps = made.total_steps(30)
        return Run(id=spec.id, spec=spec, labels=LABELS, train_examples=30, total_steps=steps)

    def order(self, method: str = "vanilla", params: Any = None, **training: Any) -> Order:
        """Order such a run."""
        run = self.run(method, params, **training)
        return Order(
            id=run.id,
            spec=run.spec,
            places=self.places,
            train_examples=run.train_examples,
            total_steps=run.total_steps,
        )


class KilledError(Exception):
    """Ends an attempt."""


def killed_at(step: int | None) -> Report:
    """End the attempt in a step; never if that is None."""

    def report(progress: Progress) -> None:
        if progress.step == step:
            raise KilledError

    return report


def attempt(order: Order, folder: Path, *, until: int | None = None, keep: bool = True) -> FineTune:
    """Train to the end, or until a step in which the attempt is killed, with a checkpoint."""
    torch.manual_seed(99)  # another process would be elsewhere too
    checkpoint = Checkpoint(folder / "checkpoint.safetensors", order.id)
    tune = resume_or_begin(order, CPU, killed_at(until), checkpoint, keep=keep)
    try:
        tune.train()
    except KilledError:
        assert tune.loop.step == until
    return tune


def outcome(tune: FineTune) -> dict[str, Any]:
    """All that a repetition must reproduce: what a result says of a run but for its times."""
    return {
        "hashes": tune.hashes(),
        "evaluations": tune.evaluations,
        "curve": tune.curve,
        "best": (tune.best_epoch, record.hash_arrays(tune.outputs.get("best", {}))),
        "method": tune.hooks.describe(),
        "effective": tune.effective(),
        "counts": (tune.timing().steps, tune.timing().tokens),
    }
