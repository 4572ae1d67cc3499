"""What each method costs beside vanilla: time of a step, what comes before it, memory."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from torch import Tensor

from benchmarks.fresh import in_worker
from benchmarks.measure import Settings, Spread, ratios
from benchmarks.memory import state_bytes
from benchmarks.tables import Row, Table
from benchmarks.workload import CPU, Workload, encoder, step_times
from dpsrun.methods.costs import NO_DROPOUT, VANILLA
from dpsrun.methods.hooks import size_of
from dpsrun.methods.registry import BUILT_IN
from dpsrun.methods.spec import MethodSpec
from dpsrun.models.load import dropout_rates
from dpsrun.training.loop import Loop
from dpsrun.training.record import peak_memory

STAGES = 20
"""So many stages has a run of DPS by default."""

WARM_UP = 2
TOGETHER = 4
"""Methods whose steps take turns with each other's and vanilla's."""

Contender = tuple[str, Mapping[str, Any]]
"""A method's name, and its parameters that differ from their defaults."""


@dataclass(frozen=True)
class Time:
    """Seconds of a step; over vanilla's; those before the first, over vanilla's same examples."""

    seconds: Spread
    step: Spread
    before: float


@dataclass(frozen=True)
class Memory:
    """What training holds between two passes, in bytes, and the process at its largest.

    Attributes:
        trained: entries of all parameters that the optimiser has.
        state: the largest sum of the method's own tensors after any step.
        kept: that, with all weights, the gradients of a step and the optimiser's moments.
        peak: the largest resident memory.
        dropout: the largest rate in the encoder.
    """

    trained: int
    state: int
    kept: int
    peak: int
    dropout: float


def measure(settings: Settings) -> Table:
    """Compare all built-in methods with vanilla, at their defaults, on the shortest task."""
    found, stage = encoder(settings), settings.pick(8, 1)
    work = Workload.of(settings.tasks[0], settings)
    methods = contenders(found.blocks)
    times: dict[str, Time] = {}
    for names in groups(methods, settings.pick(TOGETHER, len(methods))):
        times |= in_worker(time_steps, {VANILLA: methods[VANILLA], **names}, work, stage)
    memory: dict[str, Memory] = {}
    for names in groups(methods, settings.pick(1, len(methods))):
        memory |= in_worker(weigh, names, work)
    rows = [_row(name, times[name], memory[name], memory[VANILLA]) for name in methods]
    place = f"{work.task}, batches of {work.batch_size}, {found.architecture}, one thread"
    return Table("costs", f"Costs over vanilla: {place}", _notes(stage), rows)


def contenders(blocks: int | None) -> dict[str, Contender]:
    """Name vanilla with and without dropout, and all other built-in methods.

    `blocks`: how many the encoder has, if known; a method that asks for more takes these. A run
    has more steps than `STAGES`: none waits longer for what it does.
    """
    methods = {spec.name: (spec.name, fitted(spec, blocks)) for spec in BUILT_IN}
    return {VANILLA: methods[VANILLA], NO_DROPOUT: (VANILLA, {"dropout": 0.0}), **methods}


def fitted(spec: MethodSpec, blocks: int | None) -> dict[str, int]:
    """Give what counts blocks or steps among a method's parameters: no more than there are."""
    most = {"_blocks": blocks, "_step": STAGES // 2}
    return {
        name: min(field.default, limit)
        for name, field in spec.params.model_fields.items()
        for ending, limit in most.items()
        if name.endswith(ending) and limit is not None
    }


def groups(methods: Mapping[str, Contender], size: int) -> Iterator[dict[str, Contender]]:
    """Divide the methods into groups of a size."""
    named = [*methods.items()]
    for first in range(0, len(named), size):
        yield dict(named[first : first + size])


def time_steps(methods: Mapping[str, Contender], work: Workload, stage: int) -> dict[str, Time]:
    """Let methods and vanilla take a cycle of DPS in turns, after what they do before it."""
    rows = work.rows(WARM_UP + 2 * stage)
    loops = {name: _begin(each, work, stage, rows[WARM_UP:]) for name, each in methods.items()}
    before = {name: _before(loop) for name, loop in loops.items()}
    seconds = step_times(loops, rows, warm_up=WARM_UP)
    base = seconds[VANILLA]
    return {
        name: Time(Spread.of(values), ratios(values, base), before[name] / sum(base))
        for name, values in seconds.items()
    }


def _before(loop: Loop) -> float:
    began = time.perf_counter()
    loop.hooks.before_training()
    return time.perf_counter() - began


def weigh(methods: Mapping[str, Contender], work: Workload) -> dict[str, Memory]:
    """Let methods take a cycle of DPS in stages of two steps, one method after the other."""
    return {name: _weigh(each, work) for name, each in methods.items()}


def _weigh(method: Contender, work: Workload) -> Memory:
    stage = 2
    rows, state = work.rows(2 * stage), 0
    loop = _begin(method, work, stage, rows)
    loop.hooks.before_training()
    for chosen in rows:
        loop.take_step(chosen)
        state = max(state, own_bytes(loop))
    trained = [each for group in loop.optimiser.param_groups for each in group["params"]]
    moments = size_of(loop.optimiser.state_dict()["state"])
    weights, gradients = nbytes(loop.model.parameters()), nbytes(trained)
    return Memory(
        trained=sum(each.numel() for each in trained),
        state=state,
        kept=weights + gradients + moments + state,
        peak=peak_memory(CPU)["host"],
        dropout=max(dropout_rates(loop.model.encoder.config).values()),
    )


def nbytes(tensors: Iterable[Tensor]) -> int:
    """Add up the bytes of tensors, a gradient's being those of its parameter."""
    return sum(each.nbytes for each in tensors)


def own_bytes(loop: Loop) -> int:
    """Count what a method keeps: its attributes or, if more, what it would save."""
    held = state_bytes([loop.hooks], loop.model.parameters())
    return max(held, size_of(loop.hooks.state_dict()))


def _begin(method: Contender, work: Workload, stage: int, seen: Sequence[Sequence[int]]) -> Loop:
    """Begin a run with stages of so many steps; the method may look at the examples `seen`."""
    name, params = method
    return work.loop(name, STAGES * stage, params, [*chain.from_iterable(seen)])


def _row(name: str, spent: Time, memory: Memory, vanilla: Memory) -> Row:
    weights = 4 * vanilla.trained
    return {
        "method": name,
        "dropout": memory.dropout,
        "seconds": spent.seconds,
        "step": spent.step,
        "before": round(spent.before, 3),
        "trained": memory.trained / vanilla.trained,
        "state": round(memory.state / weights, 3),
        "memory": memory.kept / vanilla.kept,
        "peak": (memory.peak - vanilla.peak) / weights,
    }


def _notes(stage: int) -> str:
    return (
        "All built-in methods at their defaults (blocks and steps no more than there are), at the "
        "dropout of their rule or else the encoder's own, against vanilla at the encoder's own. "
        f"seconds: median (range) of {2 * stage} steps in turns on equal batches, {TOGETHER} "
        "methods and vanilla in a process. They are a cycle of DPS, the first steps of whose "
        "stages take longest and are in the range. step: over vanilla's step of the same round. "
        "before: what comes once before the first step, for the examples of these steps, over "
        "vanilla's seconds for them: in epochs. trained: parameters, over vanilla's. state: the "
        "most that a method keeps of its own, over vanilla's weights (of the word embedding, "
        "those rows that the task needs). memory: weights, gradients, the optimiser's moments and "
        "state, over vanilla's. peak: how far the largest resident memory of a fresh process lies "
        "above vanilla's, over vanilla's weights; it holds what a pass computes, and libraries "
        "that a method loads."
    )
