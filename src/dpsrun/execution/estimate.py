"""How long a run will take, from what runs like it have taken."""

from __future__ import annotations

import contextlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from statistics import fmean

from dpsrun.runs.result import Result
from dpsrun.runs.spec import Run, RunSpec
from dpsrun.runs.store import Order, Store

Kind = tuple[str, ...]

SAMPLES = 50


@dataclass(frozen=True)
class Rates:
    """Seconds of the parts of a run: `fixed` once, and for each step and each evaluation."""

    fixed: float
    step: float
    evaluation: float

    def seconds(self, run: Run) -> float:
        """Predict the wall-clock seconds of a run, scored at the end of each epoch."""
        steps_an_epoch = -(-run.train_examples // run.spec.training.batch_size)
        evaluations = -(-run.total_steps // steps_an_epoch)
        return self.fixed + self.step * run.total_steps + self.evaluation * evaluations


@dataclass(frozen=True)
class Estimate:
    """Mean rates of runs of one kind."""

    rates: dict[Kind, Rates]

    def seconds(self, run: Run) -> float | None:
        """Estimate the wall-clock seconds of a run; None if nothing like it was measured."""
        found = next((self.rates[k] for k in _kinds(run.spec) if k in self.rates), None)
        return None if found is None else found.seconds(run)


def measure(store: Store) -> Estimate:
    """Collect the rates of finished runs of a results folder."""
    samples: dict[Kind, list[Rates]] = defaultdict(list)
    for order, result in _finished(store):
        if rates := _rates(result):
            for kind in _kinds(order.spec):
                samples[kind].append(rates)
    return Estimate({kind: _mean(each) for kind, each in samples.items()})


def _rates(result: Result) -> Rates | None:
    timing, evaluations = result.timing, len(result.evaluations)
    if timing is None or not timing.steps or not evaluations:
        return None
    return Rates(
        fixed=timing.total - timing.training - timing.evaluation,
        step=timing.training / timing.steps,
        evaluation=timing.evaluation / evaluations,
    )


def _mean(samples: Sequence[Rates]) -> Rates:
    return Rates(*map(fmean, zip(*map(astuple, samples), strict=True)))


def peak_memory(store: Store, specs: Iterable[RunSpec]) -> int | None:
    """Give the most bytes that runs of these kinds took on a GPU; None unless all are known."""
    peaks: dict[Kind, int] = {}
    for order, result in _finished(store):
        if taken := result.peak_memory_bytes.get("device"):
            kind = _kinds(order.spec)[0]
            peaks[kind] = max(taken, peaks.get(kind, 0))
    wanted = {_kinds(spec)[0] for spec in specs}
    return max(peaks[kind] for kind in wanted) if wanted and wanted <= peaks.keys() else None


def longest_first(runs: Iterable[Run], estimate: Estimate) -> list[Run]:
    """Order runs so that the last worker does not idle; by steps where nothing is measured."""
    runs = list(runs)
    seconds = {run.id: estimate.seconds(run) for run in runs}
    if any(value is None for value in seconds.values()):
        return sorted(runs, key=lambda run: -run.total_steps)
    return sorted(runs, key=lambda run: -(seconds[run.id] or 0.0))


def _finished(store: Store) -> Iterable[tuple[Order, Result]]:
    """Read some results of each task, architecture and method: a mean needs no thousands."""
    read: Counter[str] = Counter()
    for run_id in store.run_ids():
        kind = run_id.rsplit("-", 2)[0]  # without seed and hash
        if read[kind] >= SAMPLES or not isinstance(result := store.result(run_id), Result):
            continue
        with contextlib.suppress(OSError, ValueError):
            yield store.read_order(run_id), result
            read[kind] += 1


def _kinds(spec: RunSpec) -> tuple[Kind, Kind]:
    """From the nearest relatives of a run to the farthest that still say something."""
    training = spec.training
    size = (training.max_length, training.batch_size, training.precision, training.threads)
    near = (spec.task, spec.architecture, spec.device, str(spec.scenario), *map(str, size))
    return ((*near, spec.method), near)
