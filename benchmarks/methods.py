"""What DPS costs over vanilla at dropout 0, ours and the published form: time and memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from torch import Tensor

from benchmarks.fresh import in_worker
from benchmarks.measure import Settings, Spread, blocks, ratios
from benchmarks.published import publish
from benchmarks.tables import Row, Table
from benchmarks.workload import CPU, Workload, make_loop, step_times
from dpsrun.training.loop import Loop
from dpsrun.training.record import peak_memory

PUBLISHED = " (published form)"
CONTENDERS = (
    "vanilla",
    "dps-dense",
    "dps-mix",
    f"dps-dense{PUBLISHED}",
    f"dps-mix{PUBLISHED}",
)


@dataclass(frozen=True)
class Cycles:
    """A cycle is two stages of `us` steps; `count` of them are measured after one to warm up."""

    us: int
    count: int

    @property
    def length(self) -> int:
        """Steps of a cycle."""
        return 2 * self.us

    @property
    def steps(self) -> int:
        """Steps of all cycles, the first included."""
        return self.length * (self.count + 1)


def measure(settings: Settings) -> Table:
    """Compare all contenders on every task."""
    cycles = Cycles(settings.pick(5, 3), settings.pick(4, 1))
    works = [Workload.of(task, settings) for task in settings.tasks]
    rows = [row for work in works for row in _rows(work, cycles, settings)]
    notes = (
        f"Batch {works[0].batch_size}, one thread; median (range) over {cycles.count} cycles of "
        f"two stages of {cycles.us} steps, selection included, after one cycle to warm up; the "
        "contenders take their steps in turns, on equal batches. Longer stages select less often "
        "and cost less. State: the largest sum of the method's own tensors after any step of a "
        "cycle. Peak: resident memory of a fresh process after a cycle. Targets: 1.02 and 1.08 "
        "for the step, 1.3 and 3.3 for the state. The published form is our own writing of it, "
        "in the same loop."
    )
    return Table("methods", "Cost of DPS over vanilla without dropout", notes, rows)


def _rows(work: Workload, cycles: Cycles, settings: Settings) -> Iterable[Row]:
    steps = in_worker(compare, work, cycles)
    seconds = {name: blocks(values, cycles.length) for name, values in steps.items()}
    sized = CONTENDERS[: settings.pick(5, 2)]
    memory = {name: in_worker(memory_of, name, work, cycles) for name in sized}
    for name in CONTENDERS:
        state, peak = memory.get(name, (None, None))
        yield {
            "task": work.task,
            "method": name,
            "seconds a step": Spread.of([each / cycles.length for each in seconds[name]]),
            "step / vanilla": ratios(seconds[name], seconds["vanilla"]),
            "state / wrapped weights": state,
            "peak MiB": peak,
            "peak / vanilla": peak and peak / memory["vanilla"][1],
        }


def compare(work: Workload, cycles: Cycles) -> dict[str, list[float]]:
    """Give the seconds of all steps after the first cycle."""
    loops = {name: contender(name, work, cycles)[0] for name in CONTENDERS}
    return step_times(loops, work.rows(cycles.steps), warm_up=cycles.length)


def memory_of(name: str, work: Workload, cycles: Cycles) -> tuple[float, float]:
    """Take one cycle; give the largest state over wrapped weights, and the peak in MiB."""
    loop, holders = contender(name, work, cycles)
    largest = 0
    for rows in work.rows(cycles.length):
        loop.take_step(rows)
        largest = max(largest, state_bytes(holders, loop.model.parameters()))
    wrapped = sum(matrix.nbytes for matrix in loop.model.matrices().values())
    return largest / wrapped, peak_memory(CPU)["host"] / 2**20


def contender(name: str, work: Workload, cycles: Cycles) -> tuple[Loop, list[object]]:
    """Build a loop, and list the objects that keep the state of its method."""
    loaded, feed = work.load(dropout=0.0)
    if name.endswith(PUBLISHED):
        matrices = loaded.model.matrices()
        layers = publish(loaded.model.encoder, matrices, mix="mix" in name, us=cycles.us)
        return make_loop(loaded, feed.batch, cycles.steps), [*layers]
    params = {} if name == "vanilla" else {"update_ratio": cycles.us / cycles.steps}
    loop = make_loop(loaded, feed.batch, cycles.steps, name, **params)
    return loop, [loop.hooks]


def state_bytes(holders: Iterable[object], parameters: Iterable[Tensor]) -> int:
    """Add up the storages of the tensors that `holders` keep beside the model's parameters."""
    found = {
        tensor.untyped_storage().data_ptr(): tensor.untyped_storage().nbytes()
        for holder in holders
        for tensor in _tensors(vars(holder))
    }
    own = {parameter.untyped_storage().data_ptr() for parameter in parameters}
    return sum(size for pointer, size in found.items() if pointer not in own)


def _tensors(attributes: Mapping[str, object]) -> Iterable[Tensor]:
    for value in attributes.values():
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, dict):
            yield from _tensors(value)
