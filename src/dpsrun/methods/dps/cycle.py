"""The two-stage cycle of DPS as arithmetic on step numbers; torch-free.

Steps count from 1. Stage I trains everything and gathers statistics for `us` steps, stage II
trains the selected entries for the next `us` steps, and so on until the run ends.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_CEILING, Context, Decimal
from fractions import Fraction
from typing import Literal

Stage = Literal[1, 2]


def stage_length(total_steps: int, update_ratio: float) -> int:
    """Give `us`, the steps of a stage: the floating-point product rounded down, as published."""
    return int(total_steps * update_ratio)


def enough_steps(update_ratio: float) -> int:
    """Give the smallest number of total steps whose stages have a step."""
    steps = math.ceil(1 / Fraction(update_ratio))
    return steps - 1 if stage_length(steps - 1, update_ratio) else steps


def enough_ratio(total_steps: int) -> float:
    """Give the smallest update ratio of three digits whose stages have a step."""
    three_digits = Context(prec=3, rounding=ROUND_CEILING)
    return float(three_digits.divide(Decimal(1), Decimal(total_steps)))


@dataclass(frozen=True)
class Cycle:
    """Alternating stages of `us` steps each."""

    us: int

    def stage(self, step: int) -> Stage:
        """Say to which stage a step belongs: I while ceil(step / us) is odd, else II."""
        return 2 if (step - 1) // self.us % 2 else 1

    def first(self, step: int) -> bool:
        """Say whether a stage begins with this step."""
        return (step - 1) % self.us == 0

    def stages(self, steps: int) -> list[tuple[int, int, Stage]]:
        """List the stages of the first `steps` steps: first step, last step, stage."""
        return [
            (first, min(first + self.us - 1, steps), self.stage(first))
            for first in range(1, steps + 1, self.us)
        ]
