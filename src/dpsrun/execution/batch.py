"""Several runs in one job of a cluster: the local engine, on what the job was given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dpsrun.errors import UserError
from dpsrun.execution import devices
from dpsrun.execution.brake import Brake
from dpsrun.execution.devices import Slot
from dpsrun.execution.disk import run_bytes
from dpsrun.execution.drive import drive
from dpsrun.execution.engine import Conditions, View
from dpsrun.execution.estimate import peak_memory
from dpsrun.execution.local.engine import Limits, LocalEngine
from dpsrun.models.files import weight_bytes
from dpsrun.runs.result import FINISHED, Result
from dpsrun.runs.store import Order, Store

DONE, FAILED, INTERRUPTED = 0, 3, 130


@dataclass(frozen=True)
class Ways:
    """How a job does its runs: the device, runs at a time on a GPU (or `auto`), seconds of each.

    After `stop_after` failures in a row that are alike it starts no more.
    """

    device: str
    runs_per_gpu: str = "1"
    seconds: float | None = None
    checkpoint: bool = False
    stop_after: int = 10


def do(store: Store, run_ids: Sequence[str], ways: Ways, view: View) -> int:
    """Do the runs that have no result; give the exit code of the job.

    0 when all have results, 3 when some ended in an error, 130 when some are still to be done.
    Raises UserError for a run without an order, and for inputs that this machine does not see.
    """
    for run_id in run_ids:
        if not (store.folder(run_id) / "spec.json").is_file():
            raise UserError(f"{store.root} has no order for a run {run_id!r}")
    missing = [run_id for run_id in run_ids if not isinstance(store.result(run_id), Result)]
    if missing:
        brake = Brake(view, ways.stop_after)
        drive(_engine(store, missing, ways, brake), missing, lambda: brake.pulled)
    return _exit_code(store, run_ids)


def _engine(store: Store, run_ids: Sequence[str], ways: Ways, view: View) -> LocalEngine:
    orders = list(_readable(store, run_ids))
    for order in orders:
        _check_inputs(order)
    weights = (weight_bytes(Path(order.places.model)) for order in orders)
    room = run_bytes(max(weights, default=0), checkpoint=ways.checkpoint)
    return LocalEngine(
        store,
        _slots(store, orders, ways),
        {order.spec.model_type for order in orders},
        view,
        Limits(ways.seconds, room),
        Conditions(checkpoint=ways.checkpoint),
    )


def _readable(store: Store, run_ids: Sequence[str]) -> Iterator[Order]:
    """Read the orders; the worker says what is wrong with one that cannot be read."""
    for run_id in run_ids:
        try:
            yield store.read_order(run_id)
        except (OSError, ValueError):
            continue


def _check_inputs(order: Order) -> None:
    places = order.places
    for kind, place in (("model", places.model), ("tokens", places.tokens)):
        if not Path(place).is_dir():
            hint = "models and DPSRUN_CACHE must lie where every node sees them"
            raise UserError(f"{order.id}: its {kind} cannot be seen here, {place}; {hint}")


def _slots(store: Store, orders: Sequence[Order], ways: Ways) -> list[Slot]:
    specs = [order.spec for order in orders]
    peak = peak_memory(store, specs) if ways.runs_per_gpu == "auto" else None
    per_gpu = devices.runs_per_gpu(ways.device, ways.runs_per_gpu, peak)
    threads = max((spec.training.threads for spec in specs), default=1)
    return devices.slots(ways.device, None, threads=threads, per_gpu=per_gpu)


def _exit_code(store: Store, run_ids: Sequence[str]) -> int:
    results = [store.result(run_id) for run_id in run_ids]
    ended = [result for result in results if isinstance(result, Result)]
    if len(ended) < len(results):
        return INTERRUPTED
    return DONE if all(result.outcome in FINISHED for result in ended) else FAILED
