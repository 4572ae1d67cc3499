"""Repeats finished runs: the same spec on the same kind of machine must give the same bits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dpsrun.errors import UserError
from dpsrun.execution import devices
from dpsrun.execution.devices import Slot
from dpsrun.execution.drive import drive
from dpsrun.execution.engine import Conditions, View
from dpsrun.execution.local.engine import LocalEngine
from dpsrun.runs.result import Result
from dpsrun.runs.spec import Labels, Places, Run, RunSpec
from dpsrun.runs.store import Damaged, Order, Store


@dataclass(frozen=True)
class Original:
    """A finished run: what it is, where its inputs lie, and what came of it."""

    run: Run
    places: Places
    result: Result

    @property
    def conditions(self) -> Conditions:
        """How it was really done; results of schema 1 do not say it, and were as the spec says."""
        return Conditions(micro_batch_size=self.result.effective.get("micro_batch_size"))


def original(store: Store, run_id: str) -> Original:
    """Read a run that is to be repeated.

    Raises UserError if it has no result with hashes, or what it was made from is gone.
    """
    result, order = _result(store, run_id), _order(store, run_id)
    _check_inputs(order)
    run = Run(
        id=order.id,
        spec=order.spec,
        labels=_labels(order.spec),
        train_examples=order.train_examples,
        total_steps=order.total_steps,
    )
    return Original(run, order.places, result)


def _result(store: Store, run_id: str) -> Result:
    result = store.result(run_id)
    if isinstance(result, Damaged):
        raise UserError(f"{result.path} is damaged: {result.reason}")
    if result is None:
        raise UserError(f"{run_id} has no result yet: only a finished run can be repeated")
    if not result.hashes:
        raise UserError(f"{run_id} ended with {result.outcome}, which leaves no hashes to compare")
    return result


def _order(store: Store, run_id: str) -> Order:
    try:
        return store.read_order(run_id)
    except (OSError, ValueError) as error:
        path = store.folder(run_id) / "spec.json"
        raise UserError(f"{path} cannot be read, and says what the run was") from error


def _check_inputs(order: Order) -> None:
    if not Path(order.places.model).is_dir():
        raise UserError(f"{order.id}: its model is gone: there is no folder {order.places.model}")
    if not Path(order.places.tokens).is_dir():
        hint = "`dpsrun grid` with the run's grid and another --results makes them again"
        words = f"its tokens are gone: there is no folder {order.places.tokens}; {hint}"
        raise UserError(f"{order.id}: {words}")


def _labels(spec: RunSpec) -> Labels:
    return Labels(
        task=spec.task,
        model=spec.architecture,
        method=spec.method,
        scenario=str(spec.scenario),
        seed=spec.seeds.slug,
    )


def slots_for(originals: Sequence[Original], device: str, workers: int | None) -> list[Slot]:
    """Give places of the kind that the runs were done on; `auto` takes any of them.

    Raises UserError for runs of two kinds, a device of the other kind, and as `devices.slots`.
    """
    specs = [one.run.spec for one in originals]
    kind, *others = sorted({spec.device for spec in specs})
    if others:
        raise UserError("some of these runs were done on cpu, some on cuda: verify them apart")
    threads = max(spec.training.threads for spec in specs)
    slots = devices.slots(kind if device == "auto" else device, workers, threads=threads)
    if slots[0].kind != kind:
        words = f"these runs were done on {kind}, and other devices round differently"
        raise UserError(f"--device {device}: {words}")
    return slots


def repeat(originals: Sequence[Original], store: Store, slots: Sequence[Slot], view: View) -> bool:
    """Do the runs again in a results folder of their own; False if the user stopped it."""
    for one in originals:
        store.order(one.run, one.places)
    engine = LocalEngine(
        store,
        slots,
        {one.run.spec.model_type for one in originals},
        view,
        special={one.run.id: one.conditions for one in originals},
    )
    return drive(engine, [one.run.id for one in originals])


def last_end(store: Store, run_id: str) -> Result | None:
    """Give how the last attempt at a run ended, published or not; None if none came to an end."""
    ends = [store.attempt_result(run_id, attempt) for attempt in store.attempts(run_id)]
    return next((end for end in reversed(ends) if isinstance(end, Result)), None)
