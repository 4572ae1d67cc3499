"""Random choices that are the same on every machine and in every version of Python."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Draw:
    """Choices made with `random()` alone, the one method whose sequence Python promises."""

    def __init__(self, *seed: object) -> None:
        self._random = random.Random("/".join(map(str, seed)))  # noqa: S311 (no secrets here)

    def unit(self) -> float:
        """Draw a number of [0, 1)."""
        return self._random.random()

    def chance(self, probability: float) -> bool:
        """Say yes with this probability."""
        return self.unit() < probability

    def below(self, n: int) -> int:
        """Draw one of 0 ... n - 1."""
        return int(self.unit() * n)

    def pick(self, choices: Sequence[T]) -> T:
        """Draw one of the choices."""
        return choices[self.below(len(choices))]

    def other(self, choices: Sequence[T], *but: T) -> T:
        """Draw one of the choices that is none of `but`."""
        return self.pick([choice for choice in choices if choice not in but])

    def some(self, choices: Sequence[T], n: int) -> list[T]:
        """Draw `n` different ones of the choices."""
        left = list(choices)
        return [left.pop(self.below(len(left))) for _ in range(n)]
