"""One fine-tune from its order to its scores and files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from dpsrun.errors import UserError
from dpsrun.execution.engine import Progress
from dpsrun.methods import registry as methods
from dpsrun.methods.hooks import Context, Hooks, State
from dpsrun.methods.spec import Params
from dpsrun.models.load import Loaded, load
from dpsrun.models.source import fingerprint_of
from dpsrun.runs.fingerprint import cache_folder
from dpsrun.runs.result import Evaluation, SetScore, Timing
from dpsrun.runs.spec import Precision
from dpsrun.runs.store import Order
from dpsrun.tasks import metrics
from dpsrun.tasks.encoded import Encoded
from dpsrun.tasks.task import Task
from dpsrun.training import evaluation, record
from dpsrun.training.checkpoint import Checkpoint, note
from dpsrun.training.clock import Clock
from dpsrun.training.data import Feed, one_pass, training_steps
from dpsrun.training.files import (
    CurvePoint,
    pack_curve,
    unpack_curve,
    write_curve,
    write_predictions,
)
from dpsrun.training.guards import check_parameters
from dpsrun.training.inputs import Inputs
from dpsrun.training.loop import Loop
from dpsrun.training.seeds import Streams

Report = Callable[[Progress], None]


def resume_or_begin(
    order: Order, device: torch.device, report: Report, checkpoint: Checkpoint, *, keep: bool
) -> FineTune:
    """Make a fine-tune that is as far as its checkpoint got, if there is one and it fits.

    With `keep` it writes new ones. A checkpoint that does not fit is no reason to fail.
    """

    def begin() -> FineTune:
        return FineTune(order, device, report, checkpoint if keep else None)

    tune, state = begin(), checkpoint.read()
    if state is None:
        return tune
    try:
        tune.load_state_dict(state)
    except Exception as error:  # noqa: BLE001 (each method has its own way not to know its state)
        note(f"the checkpoint is ignored, it does not fit: {error!r}")
        return begin()
    note(f"resumed after step {tune.loop.step}")
    return tune


@dataclass
class FineTune:
    """A run at work: makes everything from the order, then trains and scores.

    Args:
        order: what to do.
        device: where.
        report: told after every step.
        checkpoint: where to keep how far it is, at the end of each epoch but the last.

    Attributes:
        resumed_at: the steps at which checkpoints were taken up, in order.
    """

    order: Order
    device: torch.device
    report: Report
    checkpoint: Checkpoint | None = None

    def __post_init__(self) -> None:
        self.clock = Clock()
        spec = self.order.spec
        _check_model(self.order)
        self.streams = Streams.of(spec.seeds)
        self.inputs = Inputs.open(self.order)
        self.task: Task = self.inputs.task
        self.precision = _resolved(spec.training.precision)
        self.loaded, self.hooks, self.loop = self._build()
        self.evaluations: list[Evaluation] = []
        self.outputs: dict[str, evaluation.Outputs] = {}
        self.set_scores: dict[str, SetScore] = {}
        self.state_bytes = 0
        self.curve: list[CurvePoint] = []
        self.order_hash = b""
        self.resumed_at: tuple[int, ...] = ()
        self.clock.seconds["startup"] = self.clock.elapsed

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
            texts=self.inputs.texts(),
            remote_code=self.order.places.remote_code,
        )
        feed = Feed(self.inputs.train, loaded.layout, self.device)
        context = Context(
            model=loaded.model,
            total_steps=steps,
            noise=self.streams.noise,
            head=self.streams.head,
            epoch_steps=spec.training.epoch_steps(len(self.inputs.rows)),
            training=spec.training,
            one_pass=partial(one_pass, feed, self.inputs.rows),
        )
        hooks = methods.load_hooks(method)(params, context)
        try:
            hooks.prepare()
        except ValueError as error:
            raise UserError(f"{spec.method} cannot do this run: {error}") from error
        self.streams.seed_dropout()
        loop = Loop(loaded.model.train(), hooks, spec.training, self.precision, steps, feed.batch)
        return loaded, hooks, loop

    def train(self) -> None:
        """Take all steps, scoring at the end of each epoch; raises DivergedError."""
        if self.loop.step == 0:
            with self.clock.of("training"):
                self.hooks.before_training()
            self.streams.seed_dropout()  # whatever the method drew, all begin alike
        steps = training_steps(
            self.inputs.rows,
            batch_size=self.order.spec.training.batch_size,
            total_steps=self.order.total_steps,
            order=self.streams.order,
            taken=self.loop.step,
        )
        for epoch, rows, epoch_ends in steps:
            self.order_hash = _chained(self.order_hash, rows)
            with self.clock.of("training"):
                reports = self.loop.take_step(rows)
                if epoch_ends:
                    reports += self.loop.read()
            self.curve += [CurvePoint(epoch, taken) for taken in reports]
            if reports:
                self.report(self._progress(epoch, reports[-1].loss))
                self.state_bytes = max(self.state_bytes, self.hooks.held_bytes())
            if epoch_ends:
                self._evaluate(epoch)
                self._save()
        self._evaluate_further()

    def _progress(self, epoch: int, loss: float) -> Progress:
        score = self.evaluations[-1].primary if self.evaluations else None
        rate = self.loop.step / self.clock.seconds["training"]
        return Progress(self.loop.step, self.order.total_steps, epoch, loss, score, rate)

    def _evaluate(self, epoch: int) -> None:
        check_parameters(self.loaded.model, step=self.loop.step)
        wanted = self.inputs.evaluation
        outputs = self._predict(wanted)
        scores = evaluation.score(self.task, wanted, outputs, step=self.loop.step)
        losses = [point.taken.loss for point in self.curve if point.epoch == epoch]
        self.evaluations.append(
            Evaluation(
                epoch=epoch,
                step=self.loop.step,
                metrics=scores,
                primary=metrics.primary(self.task, scores),
                train_loss=float(np.mean(losses)),
                halves=evaluation.halves(self.task, wanted, outputs),
            )
        )
        self.outputs["last"] = outputs
        if self.best_epoch == epoch:
            self.outputs["best"] = outputs

    def _predict(self, wanted: Mapping[str, Encoded]) -> evaluation.Outputs:
        feeds = {name: Feed(e, self.loaded.layout, self.device) for name, e in wanted.items()}
        regression = self.task.regression
        with self.clock.of("evaluation"):
            return evaluation.predict(
                self.loaded.model, feeds, precision=self.precision, regression=regression
            )

    def _evaluate_further(self) -> None:
        """Put the model of the last epoch to the further sets."""
        outputs = self._predict(self.inputs.further_data)
        evaluation.check(outputs, step=self.loop.step)
        self.set_scores = {
            name: self.inputs.further[name].score(each) for name, each in outputs.items()
        }
        self.outputs["last"] = self.outputs["last"] | outputs

    def _save(self) -> None:
        step = self.loop.step
        if self.checkpoint is not None and step < self.order.total_steps:
            self.checkpoint.write(self.state_dict(), step=step)

    def state_dict(self) -> State:
        """Give all that a fine-tune needs to go on from the end of an epoch; live tensors."""
        return {
            "loop": self.loop.state_dict(),
            "streams": self.streams.state_dict(self.device),
            "evaluations": [each.model_dump() for each in self.evaluations],
            "outputs": {
                selection: {split: torch.from_numpy(values) for split, values in found.items()}
                for selection, found in self.outputs.items()
            },
            "curve": pack_curve(self.curve),
            "order_hash": self.order_hash.hex(),
            "state_bytes": self.state_bytes,
            "seconds": self.clock.so_far,
            "resumed_at": self.resumed_at,
        }

    def load_state_dict(self, state: State) -> None:
        """Go on where `state_dict` was taken; raises anything if the state is of another run."""
        self.loop.load_state_dict(state["loop"])
        self.streams.load_state_dict(state["streams"], self.device)
        self.evaluations = [
            Evaluation.model_validate(each, strict=False) for each in state["evaluations"]
        ]
        self.outputs = {
            selection: {split: values.numpy() for split, values in found.items()}
            for selection, found in state["outputs"].items()
        }
        self.curve = unpack_curve(state["curve"])
        self.order_hash = bytes.fromhex(state["order_hash"])
        self.state_bytes = state["state_bytes"]
        self.clock.carry_on(state["seconds"])
        self.resumed_at = (*state["resumed_at"], self.loop.step)

    @property
    def best_epoch(self) -> int | None:
        """The epoch of the highest primary score, the first of equals; selected on this data."""
        scored = [(e.primary, -e.epoch) for e in self.evaluations if e.primary is not None]
        return -max(scored)[1] if scored else None

    @property
    def degenerate(self) -> bool:
        """Whether the final model does no better than the majority class (Mosbach et al. 2021)."""
        return metrics.degenerate(self.task, self.evaluations[-1].metrics, self.inputs.majority)

    def timing(self) -> Timing:
        """Give the seconds of the parts so far."""
        tokens = sum(point.taken.tokens for point in self.curve)
        return Timing(**self.clock.so_far, steps=self.loop.step, tokens=tokens)

    def hashes(self) -> dict[str, str]:
        """Hash what a repetition of this run must reproduce."""
        return {
            "weights": record.hash_weights(self.loaded.model),
            "predictions": record.hash_arrays(self.outputs["last"]),
            "order": self.order_hash.hex(),
        }

    def effective(self) -> dict[str, Any]:
        """State the settings that really applied."""
        stated = record.effective(self.loaded, self.loop, self.precision, len(self.inputs.rows))
        return stated | {
            "skipped_steps": self.loop.skipped,
            "method_state_bytes": self.state_bytes,
        }

    def write_files(self, folder: Path) -> None:
        """Write the learning curve and the predictions made so far."""
        write_curve(folder / "curve.csv", self.curve, self.order.total_steps)
        if self.outputs:
            splits = {**self.inputs.evaluation, **self.inputs.further_data}
            write_predictions(folder / "predictions.parquet", self.outputs, splits)


def _chained(before: bytes, rows: Sequence[int]) -> bytes:
    """Hash the rows of a step and of those before; unlike a running hash, this can be kept."""
    return hashlib.sha256(before + np.asarray(rows, dtype=np.int64).tobytes()).digest()


def _check_model(order: Order) -> None:
    """A folder that was overwritten since the plan would train other weights under this id."""
    if fingerprint_of(Path(order.places.model), cache_folder()) != order.spec.model:
        raise ValueError(f"the model in {order.places.model} has changed since the run was planned")


def _resolved(precision: str) -> Precision:
    if precision not in ("fp32", "bf16", "fp16"):
        raise ValueError(f"precision {precision!r} was not resolved before the run")
    return precision  # type: ignore[return-value]
