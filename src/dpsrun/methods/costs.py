"""What methods were measured to cost over vanilla: the content of `costs.json`; torch-free.

The file is the table that `python -m benchmarks costs` writes, as it is.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from dpsrun.runs.frozen import Frozen

FILE = "costs.json"

VANILLA = "vanilla"
NO_DROPOUT = "vanilla, dropout 0"
"""The row that tells what the encoder's own dropout costs."""

FEW = 0.05
"""Epochs before the first step that are not worth a word."""


class Spread(Frozen):
    """Repeated measurements: their median, smallest and largest."""

    median: float
    low: float
    high: float


class Cost(Frozen):
    """What a method costs at its defaults.

    Attributes:
        method: its name in the registry, or `NO_DROPOUT`.
        dropout: the largest rate in the encoder.
        seconds: of a step.
        step: the same over vanilla's step on the same examples.
        before: what comes once before the first step, in epochs of vanilla.
        trained: parameters that it trains, over vanilla's.
        state: what it keeps of its own at most, over all weights of vanilla.
        memory: weights, gradients, the optimiser's moments and `state`, over vanilla's.
        peak: how far the process's largest resident memory lies above vanilla's, over all weights
            of vanilla.
    """

    method: str
    dropout: float
    seconds: Spread
    step: Spread
    before: float
    trained: float
    state: float
    memory: float
    peak: float

    def __str__(self) -> str:
        """Say it in a few words."""
        before = f", {self.before:.1f} epochs before" if self.before >= FEW else ""
        return f"time {self.step.median:.2f} x, memory {self.memory:.2f} x{before}"


class Measurement(Frozen):
    """All that was measured at once: a benchmark's table."""

    name: str
    title: str
    notes: str
    rows: tuple[Cost, ...]
    machine: dict[str, Any]

    def of(self, method: str) -> Cost | None:
        """Give the cost of a method; None if it was not measured."""
        return next((cost for cost in self.rows if cost.method == method), None)

    def words(self, method: str) -> list[str]:
        """Describe the cost of a method in lines; none if it was not measured."""
        cost, plain = self.of(method), self.of(NO_DROPOUT)
        if cost is None or plain is None:
            return []
        step, where = cost.step, self.machine
        before = f"  before the first step: as long as {cost.before:.1f} epochs of vanilla"
        return [
            self.title,
            f"  time of a step: {step.median:.2f} x ({step.low:.2f} to {step.high:.2f})",
            f"  dropout: {cost.dropout:g}; vanilla's step without any: {plain.step.median:.2f} x",
            *([before] if cost.before >= FEW else []),
            f"  memory for weights, gradients, moments and own state: {cost.memory:.2f} x",
            f"  own state: {cost.state:.2f} x all weights; trained parameters: {cost.trained:.2%}",
            f"  largest memory of the process: vanilla's {cost.peak:+.2f} x all weights",
            f"  measured on {where['device_name']}, torch {where['torch']}, {where['taken']}",
        ]


@cache
def measured() -> Measurement:
    """Give what was measured for this release."""
    content = files("dpsrun.methods").joinpath(FILE).read_bytes()
    return Measurement.model_validate_json(content)
