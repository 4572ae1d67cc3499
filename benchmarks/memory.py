"""What DPS keeps in memory beside vanilla at dropout 0, ours and the published form."""

from __future__ import annotations

from collections.abc import Iterable

from torch import Tensor

from benchmarks.contenders import CONTENDERS, VANILLA, Cycles, contender
from benchmarks.fresh import in_worker
from benchmarks.measure import Settings
from benchmarks.tables import Row, Table, at_most
from benchmarks.workload import CPU, Workload
from dpsrun.training.record import peak_memory

TARGETS = {"dps-dense": 1.3, "dps-mix": 3.3}
MIB = 2**20
METHODS = "dpsrun.methods."
"""Objects of classes from here are looked into."""


def measure(settings: Settings) -> Table:
    """Let every contender take a cycle on every task, each in a fresh process."""
    cycles = Cycles(settings.pick(3, 1), 1)
    sized = CONTENDERS[: settings.pick(len(CONTENDERS), 2)]
    works = [Workload.of(task, settings) for task in settings.tasks]
    rows = [row for work in works for row in _rows(work, cycles, sized)]
    notes = (
        f"Batch {works[0].batch_size}, one cycle of two stages of {cycles.us} steps. State: the "
        "largest sum of the method's own tensors after any step, over the weights that DPS works "
        "on. Peak: resident memory of the process, and how far it lies above vanilla's, over the "
        "same weights. The larger ratio is judged. The published form is our own writing of it."
    )
    return Table("memory", "Memory of DPS over vanilla without dropout", notes, rows)


def _rows(work: Workload, cycles: Cycles, sized: Iterable[str]) -> Iterable[Row]:
    seen = {name: in_worker(memory_of, name, work, cycles) for name in sized}
    for name, (state, weights, peak) in seen.items():
        more = peak - seen[VANILLA][2]
        yield {
            "task": work.task,
            "method": name,
            "state MiB": state / MIB,
            "state / weights": state / weights,
            "peak MiB": peak / MIB,
            "peak above vanilla / weights": more / weights,
            "target": at_most(max(state, more) / weights, TARGETS.get(name)),
        }


def memory_of(name: str, work: Workload, cycles: Cycles) -> tuple[int, int, int]:
    """Take a cycle; give the bytes of the largest state, of the wrapped weights, and the peak."""
    built, largest = contender(name, work, cycles), 0
    for rows in work.rows(cycles.steps):
        built.loop.take_step(rows)
        largest = max(largest, state_bytes(built.holders, built.loop.model.parameters()))
    return largest, sum(each.nbytes for each in built.weights), peak_memory(CPU)["host"]


def state_bytes(holders: Iterable[object], parameters: Iterable[Tensor]) -> int:
    """Add up the storages of the tensors that `holders` keep beside the model's parameters."""
    found = {
        tensor.untyped_storage().data_ptr(): tensor.untyped_storage().nbytes()
        for holder in holders
        for tensor in _tensors(list(vars(holder).values()))
    }
    own = {parameter.untyped_storage().data_ptr() for parameter in parameters}
    return sum(size for pointer, size in found.items() if pointer not in own)


def _tensors(values: Iterable[object]) -> Iterable[Tensor]:
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, dict):
            yield from _tensors(value.values())
        elif isinstance(value, list | tuple):
            yield from _tensors(value)
        elif type(value).__module__.startswith(METHODS):
            yield from _tensors(vars(value).values())
