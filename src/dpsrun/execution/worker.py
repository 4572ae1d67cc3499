"""One attempt at one run, in a process of its own: trains, and publishes what came of it."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dpsrun.runs.result import Failure, Outcome, Result
from dpsrun.runs.store import Order, Store

if TYPE_CHECKING:
    from dpsrun.execution.engine import Progress
    from dpsrun.training.finetune import FineTune

LOG_TAIL = 20


def work(
    store: Store,
    run_id: str,
    device: str,
    *,
    begun: Callable[[str], None],
    report: Callable[[Progress], None],
) -> Result | None:
    """Do a run on `device` (`cpu` or `cuda`), unless its result is there already.

    `begun` is told the name of the attempt, `report` the progress. Output of this process goes to
    the attempt's log. Gives the result of the attempt, published or not.
    """
    if isinstance(store.result(run_id), Result):
        return None
    attempt = store.begin(run_id)
    begun(attempt)
    _redirect_output(store.log_path(run_id, attempt))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    result = _attempt(store, run_id, attempt, device, report)
    store.finish(result)
    return result


def _attempt(
    store: Store, run_id: str, attempt: str, device: str, report: Callable[[Progress], None]
) -> Result:
    """Fine-tune; whatever goes wrong becomes a result."""
    log = store.log_path(run_id, attempt)
    tune: FineTune | None = None
    try:
        tune = _prepare(store.read_order(run_id), device, report)
        tune.train()
        _ignore_stops()
        tune.write_files(log.parent)
        outcome: Outcome = "failed" if tune.degenerate else "ok"
        return Result(
            run=run_id, attempt=attempt, outcome=outcome, hashes=tune.hashes(), **_facts(tune)
        )
    except BaseException as error:  # noqa: BLE001 (Ctrl-C too must leave a record)
        _ignore_stops()
        failure = describe(error, log)
        result = Result(run=run_id, attempt=attempt, outcome=failure.kind, failure=failure)
        return result if tune is None else _with_facts(result, tune, log.parent)


def _prepare(order: Order, device: str, report: Callable[[Progress], None]) -> FineTune:
    # Heavy imports belong to the attempt: a broken installation is a failure with a traceback too.
    import torch  # noqa: PLC0415

    from dpsrun.training import record  # noqa: PLC0415
    from dpsrun.training.finetune import FineTune  # noqa: PLC0415

    torch.set_num_threads(order.spec.training.threads)
    record.be_quiet()
    return FineTune(order, torch.device(device), report)


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
        "majority": tune.majority,
        "effective": tune.effective(),
        "method": tune.hooks.describe(),
        "timing": tune.timing(),
        "peak_memory_bytes": record.peak_memory(tune.device),
        "environment": record.environment(tune.device),
    }


def describe(error: BaseException, log: Path) -> Failure:
    """Put an exception into the record, with its kind and the end of the log."""
    return Failure(
        kind=_kind(error),
        message=str(error) or type(error).__name__,
        step=getattr(error, "step", None),
        traceback="".join(traceback.format_exception(error)),
        log_tail=log_tail(log),
    )


def log_tail(log: Path) -> str:
    """Give the last lines of a log; empty if there is none."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join(lines[-LOG_TAIL:])


def _kind(error: BaseException) -> Outcome:
    if isinstance(error, KeyboardInterrupt):
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
