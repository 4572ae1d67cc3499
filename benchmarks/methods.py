"""What DPS costs over vanilla at dropout 0, ours and the published form: time of a step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from benchmarks.contenders import CONTENDERS, VANILLA, Cycles, contender
from benchmarks.fresh import in_worker
from benchmarks.measure import Settings, Spread, blocks, ratios
from benchmarks.tables import Row, Table, at_most, mean_row
from benchmarks.workload import Workload, step_times

TARGETS = {"dps-dense": 1.02, "dps-mix": 1.08}
PUBLISHED_STEPS = {"cola": 1605, "mrpc": 690, "rte": 468, "stsb": 1080}
"""Steps of the published runs: three epochs in batches of 16."""

UPDATE_RATIO = 0.05


@dataclass(frozen=True)
class Cost:
    """Steps of a method, in steps of vanilla: those of each stage, and what a cycle adds to them.

    The addition comes in the first steps of the stages, where statistics begin and entries are
    selected.
    """

    first: float
    second: float
    boundaries: float

    @classmethod
    def of(cls, seconds: Sequence[float], base: Sequence[float], us: int) -> Cost:
        """Take the cost from whole cycles of steps, and of vanilla's on the same batches."""
        places = [number % (2 * us) for number in range(len(seconds))]
        steps = list(zip(places, seconds, base, strict=True))
        stages = [median(s / b for p, s, b in steps if 0 < p - at < us) for at in (0, us)]
        # The first steps of a cycle's stages, less what another step there would take.
        added = [s - stages[p // us] * b for p, s, b in steps if p % us == 0]
        return cls(stages[0], stages[1], median(blocks(added, 2)) / fmean(base))

    def cycle(self, us: int) -> float:
        """Give a cycle with stages of `us` steps over as many steps of vanilla."""
        return (us * (self.first + self.second) + self.boundaries) / (2 * us)


def measure(settings: Settings) -> Table:
    """Compare all contenders on every task."""
    cycles = Cycles(settings.pick(8, 2), settings.pick(3, 2))
    works = [Workload.of(task, settings) for task in settings.tasks]
    rows = [row for work in works for row in _rows(work, cycles)]
    means = [_mean(rows, name) for name in CONTENDERS[1:]]
    notes = (
        f"Batch {works[0].batch_size}, one thread; the contenders take their steps in turns, on "
        f"equal batches; {cycles.count - 1} cycles of two stages of {cycles.us} steps after one to "
        "warm up. Stage I, II: median over the steps but the first. Boundaries: what the first "
        "steps of both stages take more, selection included. Measured: median (range) over the "
        f"cycles. Published stages: floor({UPDATE_RATIO} N) steps for the N of three epochs "
        f"({', '.join(f'{task} {published_stage(task)}' for task in PUBLISHED_STEPS)}), computed "
        "from the stages and the boundaries. The published form is our own writing of it, in the "
        "same loop."
    )
    return Table("methods", "Step of DPS over vanilla without dropout", notes, rows + means)


def published_stage(task: str) -> int:
    """Give the steps of a stage in the published runs of a task, or of what it is a mini of."""
    return int(UPDATE_RATIO * PUBLISHED_STEPS[task.removeprefix("mini-")])


def compare(work: Workload, cycles: Cycles) -> dict[str, list[float]]:
    """Give the seconds of all steps after the first cycle."""
    loops = {name: contender(name, work, cycles).loop for name in CONTENDERS}
    return step_times(loops, work.rows(cycles.steps), warm_up=cycles.length)


def _rows(work: Workload, cycles: Cycles) -> Iterable[Row]:
    steps, us = in_worker(compare, work, cycles), published_stage(work.task)
    whole = {name: blocks(seconds, cycles.length) for name, seconds in steps.items()}
    for name, seconds in steps.items():
        cost = Cost.of(seconds, steps[VANILLA], cycles.us)
        published = cost.cycle(us)
        yield {
            "task": work.task,
            "method": name,
            "seconds a step": Spread.of(seconds),
            "stage I": cost.first,
            "stage II": cost.second,
            "boundaries, seconds": cost.boundaries * fmean(steps[VANILLA]),
            "measured cycle": ratios(whole[name], whole[VANILLA]),
            "published stages": published,
            "target": at_most(published, TARGETS.get(name)),
        }


def _mean(rows: Sequence[Row], name: str) -> Row:
    """Sum up the tasks."""
    row = mean_row(rows, {"method": name}, "published stages")
    return row | {"target": at_most(row["published stages"], TARGETS.get(name))}
