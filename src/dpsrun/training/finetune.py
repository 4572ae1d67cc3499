"""One fine-tune from its order to its scores and files."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from dpsrun.execution.engine import Progress
from dpsrun.methods import registry as methods
from dpsrun.methods.hooks import Context, Hooks
from dpsrun.methods.spec import Params
from dpsrun.models.load import Loaded, load
from dpsrun.models.source import fingerprint_of
from dpsrun.runs.fingerprint import cache_folder
from dpsrun.runs.result import Evaluation, Timing
from dpsrun.runs.spec import Precision
from dpsrun.runs.store import Order
from dpsrun.tasks import metrics
from dpsrun.tasks import registry as tasks
from dpsrun.tasks.encoded import Encoded
from dpsrun.tasks.subset import stratified
from dpsrun.tasks.task import Task
from dpsrun.tasks.tokens import open_tokens
from dpsrun.training import evaluation, record
from dpsrun.training.data import Feed, training_steps
from dpsrun.training.files import CurvePoint, write_curve, write_predictions
from dpsrun.training.guards import check_parameters
from dpsrun.training.loop import Loop
from dpsrun.training.seeds import Streams

Report = Callable[[Progress], None]


@dataclass
class Clock:
    """Seconds spent in the parts of a run."""

    started: float = field(default_factory=time.perf_counter)
    seconds: dict[str, float] = field(default_factory=lambda: {"training": 0.0, "evaluation": 0.0})

    @contextmanager
    def of(self, part: str) -> Iterator[None]:
        """Add the time of the block to a part."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[part] += time.perf_counter() - began


@dataclass
class FineTune:
    """A run at work: makes everything from the order, then trains and scores.

    Args:
        order: what to do.
        device: where.
        report: told after every step.
    """

    order: Order
    device: torch.device
    report: Report

    def __post_init__(self) -> None:
        self.clock = Clock()
        spec = self.order.spec
        self.task: Task = tasks.find(spec.task)
        _check_model(self.order)
        self.streams = Streams.of(spec.seeds)
        self.splits = open_tokens(Path(self.order.places.tokens))
        self.rows = _training_rows(self.splits[self.task.train], self.task, self.order)
        self.precision = _resolved(spec.training.precision)
        self.loaded, self.hooks, self.loop = self._build()
        self.evaluations: list[Evaluation] = []
        self.outputs: dict[str, evaluation.Outputs] = {}
        self.curve: list[CurvePoint] = []
        self.order_hash = hashlib.sha256()
        self.startup = time.perf_counter() - self.clock.started

    def _build(self) -> tuple[Loaded, Hooks[Params], Loop]:
        spec, steps = self.order.spec, self.order.total_steps
        method = methods.find(spec.method)
        params = method.params.model_validate(spec.params)
        loaded = load(
            Path(self.order.places.model),
            outputs=self.task.outputs,
            dropout=params.dropout_rate(steps),
            head_seed=self.streams.init_seed,
            batching=spec.training.batching,
            device=self.device,
            precision=self.precision,
            texts=self._texts(),
        )
        context = Context(loaded.model, steps, self.streams.noise, self.streams.head)
        hooks = methods.load_hooks(method)(params, context)
        hooks.prepare()
        self.streams.seed_dropout()
        feed = Feed(self.splits[self.task.train], loaded.layout, self.device)
        loop = Loop(loaded.model.train(), hooks, spec.training, self.precision, steps, feed.batch)
        return loaded, hooks, loop

    def _texts(self) -> Iterator[NDArray[np.int32]]:
        """Give the tokens of all that the model will read."""
        train = self.splits[self.task.train]
        yield from (train.tokens[train.offsets[row] : train.offsets[row + 1]] for row in self.rows)
        yield from (self.splits[split].tokens for split in self.task.evaluation)

    def train(self) -> None:
        """Take all steps, scoring at the end of each epoch; raises DivergedError."""
        steps = training_steps(
            self.rows,
            batch_size=self.order.spec.training.batch_size,
            total_steps=self.order.total_steps,
            order=self.streams.order,
        )
        for epoch, rows, epoch_ends in steps:
            self.order_hash.update(np.asarray(rows, dtype=np.int64).tobytes())
            with self.clock.of("training"):
                reports = self.loop.take_step(rows)
                if epoch_ends:
                    reports += self.loop.read()
            self.curve += [CurvePoint(epoch, taken) for taken in reports]
            if reports:
                self.report(self._progress(epoch, reports[-1].loss))
            if epoch_ends:
                self._evaluate(epoch)

    def _progress(self, epoch: int, loss: float) -> Progress:
        score = self.evaluations[-1].primary if self.evaluations else None
        rate = self.loop.step / self.clock.seconds["training"]
        return Progress(self.loop.step, self.order.total_steps, epoch, loss, score, rate)

    def _evaluate(self, epoch: int) -> None:
        check_parameters(self.loaded.model, step=self.loop.step)
        wanted = {split: self.splits[split] for split in self.task.evaluation}
        feeds = {s: Feed(e, self.loaded.layout, self.device) for s, e in wanted.items()}
        with self.clock.of("evaluation"):
            outputs = evaluation.predict(
                self.loaded.model,
                feeds,
                precision=self.precision,
                regression=self.task.regression,
            )
        scores = evaluation.score(self.task, wanted, outputs, step=self.loop.step)
        losses = [point.taken.loss for point in self.curve if point.epoch == epoch]
        self.evaluations.append(
            Evaluation(
                epoch=epoch,
                step=self.loop.step,
                metrics=scores,
                primary=metrics.primary(self.task, scores),
                train_loss=float(np.mean(losses)),
            )
        )
        self.outputs["last"] = outputs
        if self.best_epoch == epoch:
            self.outputs["best"] = outputs

    @property
    def best_epoch(self) -> int | None:
        """The epoch of the highest primary score, the first of equals; selected on this data."""
        scored = [(e.primary, -e.epoch) for e in self.evaluations if e.primary is not None]
        return -max(scored)[1] if scored else None

    @property
    def majority(self) -> dict[str, float | None]:
        """The share of the most frequent class of each evaluated split."""
        return {
            split: metrics.majority(self.task, self.splits[split].labels)
            for split in self.task.evaluation
        }

    @property
    def degenerate(self) -> bool:
        """Whether the final model does no better than the majority class (Mosbach et al. 2021)."""
        return metrics.degenerate(self.task, self.evaluations[-1].metrics, self.majority)

    def timing(self) -> Timing:
        """Give the seconds of the parts so far."""
        return Timing(
            total=time.perf_counter() - self.clock.started,
            startup=self.startup,
            training=self.clock.seconds["training"],
            evaluation=self.clock.seconds["evaluation"],
            steps=self.loop.step,
            tokens=sum(point.taken.tokens for point in self.curve),
        )

    def hashes(self) -> dict[str, str]:
        """Hash what a repetition of this run must reproduce."""
        return {
            "weights": record.hash_weights(self.loaded.model),
            "predictions": record.hash_arrays(self.outputs["last"]),
            "order": self.order_hash.hexdigest(),
        }

    def effective(self) -> dict[str, Any]:
        """State the settings that really applied."""
        stated = record.effective(self.loaded, self.loop, self.precision, len(self.rows))
        return stated | {"skipped_steps": self.loop.skipped}

    def write_files(self, folder: Path) -> None:
        """Write the learning curve and the predictions made so far."""
        write_curve(folder / "curve.csv", self.curve, self.order.total_steps)
        if self.outputs:
            write_predictions(folder / "predictions.parquet", self.outputs, self.splits)


def _check_model(order: Order) -> None:
    """A folder that was overwritten since the plan would train other weights under this id."""
    if fingerprint_of(Path(order.places.model), cache_folder()) != order.spec.model:
        raise ValueError(f"the model in {order.places.model} has changed since the run was planned")


def _training_rows(split: Encoded, task: Task, order: Order) -> list[int]:
    wanted = order.spec.scenario.examples
    if wanted is None:
        return list(range(len(split)))
    seed = order.spec.seeds.subset
    chosen = stratified(split.labels, wanted, seed, regression=task.regression)
    return [int(row) for row in chosen]


def _resolved(precision: str) -> Precision:
    if precision not in ("fp32", "bf16", "fp16"):
        raise ValueError(f"precision {precision!r} was not resolved before the run")
    return precision  # type: ignore[return-value]
