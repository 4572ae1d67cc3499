"""How long a run will take, from what runs like it have taken."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean

from dpsrun.runs.result import Result
from dpsrun.runs.spec import Run, RunSpec
from dpsrun.runs.store import Order, Store

Kind = tuple[str, ...]


@dataclass(frozen=True)
class Estimate:
    """Mean seconds per optimiser step, evaluation included, of runs of one kind."""

    rates: dict[Kind, float]

    def seconds(self, run: Run) -> float | None:
        """Estimate the wall-clock seconds of a run; None if nothing like it was measured."""
        found = next((self.rates[k] for k in _kinds(run.spec) if k in self.rates), None)
        return None if found is None else found * run.total_steps


def measure(store: Store) -> Estimate:
    """Collect the rates of all finished runs of a results folder."""
    samples: dict[Kind, list[float]] = defaultdict(list)
    for order, result in _finished(store):
        if result.timing is not None and result.timing.steps:
            for kind in _kinds(order.spec):
                samples[kind].append(result.timing.total / result.timing.steps)
    return Estimate({kind: fmean(rates) for kind, rates in samples.items()})


def longest_first(runs: Iterable[Run], estimate: Estimate) -> list[Run]:
    """Order runs so that the last worker does not idle; by steps where nothing is measured."""
    runs = list(runs)
    seconds = {run.id: estimate.seconds(run) for run in runs}
    if any(value is None for value in seconds.values()):
        return sorted(runs, key=lambda run: -run.total_steps)
    return sorted(runs, key=lambda run: -(seconds[run.id] or 0.0))


def _finished(store: Store) -> Iterable[tuple[Order, Result]]:
    for run_id in store.run_ids():
        result = store.result(run_id)
        if not isinstance(result, Result) or result.timing is None:
            continue
        try:
            yield store.read_order(run_id), result
        except (OSError, ValueError):
            continue


def _kinds(spec: RunSpec) -> tuple[Kind, Kind]:
    """From the nearest relatives of a run to the farthest that still say something."""
    size = str(spec.training.max_length), str(spec.training.batch_size)
    near = (spec.task, spec.architecture, *size)
    return ((*near, spec.method), near)
