"""One attempt at one run, in a process of its own: trains, and publishes what came of it."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from dpsrun.errors import UserError
from dpsrun.execution.engine import USUAL, Conditions
from dpsrun.runs.files import is_full, patiently, tail
from dpsrun.runs.lease import PULSE_SECONDS, Lease, Pulse, claim
from dpsrun.runs.result import CODE, FINISHED, Failure, Outcome, Result
from dpsrun.runs.store import Order, Store

if TYPE_CHECKING:
    from dpsrun.execution.engine import Progress
    from dpsrun.training.finetune import FineTune


def work(
    store: Store,
    run_id: str,
    device: str,
    *,
    conditions: Conditions = USUAL,
    begun: Callable[[str], None],
    report: Callable[[Progress], None],
) -> Result | None:
    """Do a run on `device` (`cpu` or `cuda`), unless it is done or somebody is at it.

    `begun` is told the name of the attempt, `report` the progress. Output of this process goes to
    the attempt's log. Gives the result of the attempt, published or not.
    """
    if isinstance(store.result(run_id), Result):
        return None
    lease = patiently(lambda: claim(store, run_id))
    if lease is None:
        return None
    begun(lease.attempt)
    _redirect_output(store.log_path(run_id, lease.attempt))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with Heart(lease, report) as heart:
        result = _attempt(Assignment(store, run_id, lease.attempt, device, conditions), heart)
        return _publish(store, lease, result)


@dataclass(frozen=True)
class Assignment:
    """What one attempt is to do."""

    store: Store
    run_id: str
    attempt: str
    device: str
    conditions: Conditions

    @property
    def log(self) -> Path:
        """Where the output of the attempt goes."""
        return self.store.log_path(self.run_id, self.attempt)

    def order(self) -> Order:
        """Read the order, with the micro-batch that fits into memory."""
        order = self.store.read_order(self.run_id)
        if (size := self.conditions.micro_batch_size) is None:
            return order
        training = order.spec.training.model_copy(update={"micro_batch_size": size})
        spec = order.spec.model_copy(update={"training": training})
        return order.model_copy(update={"spec": spec})


def _publish(store: Store, lease: Lease, result: Result) -> Result:
    """Publish the result, unless another took the run over while we gave no sign of life."""
    if not lease.is_ours:
        words = "gave no sign of life for so long that another attempt took the run over"
        late = Failure(kind="interrupted", message=words, log_tail=result.outcome)
        result = result.model_copy(update={"outcome": "interrupted", "failure": late})
    patiently(lambda: store.finish(result))
    clear_up(store, lease.run_id)
    return result


def clear_up(store: Store, run_id: str) -> None:
    """Delete the checkpoint of a run that needs it no more."""
    result = store.result(run_id)
    if isinstance(result, Result) and result.outcome in FINISHED:
        store.drop_checkpoint(run_id)


class Heart:
    """Passes progress on, and shows every few seconds that this process lives."""

    def __init__(self, lease: Lease, report: Callable[[Progress], None]) -> None:
        self.lease, self.report = lease, report
        self.pulse, self.stopped = Pulse(), threading.Event()

    def __enter__(self) -> Self:
        """Begin to beat."""
        threading.Thread(target=self._beat, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Beat no more."""
        self.stopped.set()

    def __call__(self, progress: Progress) -> None:
        """Remember how far the run is."""
        self.pulse = Pulse(**asdict(progress))
        self.report(progress)

    def _beat(self) -> None:
        while not self.stopped.is_set():
            self.lease.beat(self.pulse)
            self.stopped.wait(PULSE_SECONDS)


def _attempt(task: Assignment, report: Callable[[Progress], None]) -> Result:
    """Fine-tune; whatever goes wrong becomes a result."""
    names: dict[str, Any] = {"run": task.run_id, "attempt": task.attempt, "code": CODE}
    tune: FineTune | None = None
    try:
        tune = _prepare(task, report)
        tune.train()
        _ignore_stops()
        patiently(partial(tune.write_files, task.log.parent))
        outcome: Outcome = "failed" if tune.degenerate else "ok"
        return Result(**names, outcome=outcome, hashes=tune.hashes(), **_facts(tune))
    except BaseException as error:  # noqa: BLE001 (Ctrl-C too must leave a record)
        _ignore_stops()
        failure = describe(error, task.log)
        result = Result(**names, outcome=failure.kind, failure=failure)
        return result if tune is None else _with_facts(result, tune, task.log.parent)


def _prepare(task: Assignment, report: Callable[[Progress], None]) -> FineTune:
    # Heavy imports belong to the attempt: a broken installation is a failure with a traceback too.
    import torch  # noqa: PLC0415

    from dpsrun.training import record  # noqa: PLC0415
    from dpsrun.training.checkpoint import Checkpoint  # noqa: PLC0415
    from dpsrun.training.finetune import resume_or_begin  # noqa: PLC0415

    order = task.order()
    torch.set_num_threads(order.spec.training.threads)
    record.be_quiet()
    checkpoint = Checkpoint(task.store.checkpoint_path(task.run_id), task.run_id)
    keep = task.conditions.checkpoint
    return resume_or_begin(order, torch.device(task.device), report, checkpoint, keep=keep)


def _ignore_stops() -> None:
    """From here on there is only a record to write, and a training to lose."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def _with_facts(result: Result, tune: FineTune, folder: Path) -> Result:
    """Add what a failed fine-tune can still tell; its failure is told in any case."""
    with contextlib.suppress(Exception):
        tune.write_files(folder)
    with contextlib.suppress(Exception):
        return Result(**(dict(result) | _facts(tune)))
    return result


def _facts(tune: FineTune) -> dict[str, Any]:
    """Collect what can be said of a fine-tune, finished or not."""
    from dpsrun.training import record  # noqa: PLC0415

    return {
        "evaluations": tuple(tune.evaluations),
        "best_epoch": tune.best_epoch,
        "majority": tune.inputs.majority,
        "effective": tune.effective(),
        "method": tune.hooks.describe(),
        "sets": tune.set_scores,
        "timing": tune.timing(),
        "resumed_at": tune.resumed_at,
        "peak_memory_bytes": record.peak_memory(tune.device),
        "environment": record.environment(tune.device),
    }


def describe(error: BaseException, log: Path) -> Failure:
    """Put an exception into the record, with its kind and the end of the log.

    What the user can mend needs no traceback.
    """
    trace = [] if isinstance(error, UserError) else traceback.format_exception(error)
    return Failure(
        kind=_kind(error),
        message=str(error) or type(error).__name__,
        step=getattr(error, "step", None),
        traceback="".join(trace),
        log_tail=tail(log),
    )


def _kind(error: BaseException) -> Outcome:
    if isinstance(error, KeyboardInterrupt) or is_full(error):
        return "interrupted"
    if type(error).__name__ == "DivergedError":
        return "diverged"
    # torch has an error of its own for the GPU, and a plain RuntimeError for the host's memory.
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return "oom"
    return "oom" if "can't allocate memory" in str(error) else "error"


def _redirect_output(log: Path) -> None:
    """Send standard output and error of this process, C code's too, to the log."""
    sys.stdout.flush()
    sys.stderr.flush()
    target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(target, 1)
    os.dup2(target, 2)
    os.close(target)
