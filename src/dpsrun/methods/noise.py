"""Random numbers by the million, drawn where they are needed."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor

OUTCOMES = 1 << 16
"""Of a number of 16 bits."""


def generator_on(device: torch.device, noise: Generator) -> Generator:
    """Make a generator on a device, seeded from the method's random numbers.

    Made anew for each step, it has no state to be saved beside that of `noise`.
    """
    seed = torch.randint(2**63 - 1, (), generator=noise)
    return Generator(device).manual_seed(int(seed))


def draw_kept(count: int, probability: float, generator: Generator) -> Tensor:
    """Draw for each of many entries whether it is kept.

    Four numbers are cut from a word of 64 bits: on a CPU a third of the time of a uniform number
    for each entry.

    Args:
        count: n.
        probability: above 0; rounded up to a multiple of 1/65,536.
        generator: on the device of the result.

    Returns:
        `[n]` bool, True where an entry is kept.
    """
    words = torch.empty(-(-count // 4), dtype=torch.int64, device=generator.device)
    words.random_(-(2**63), None, generator=generator)
    highest = math.ceil(probability * OUTCOMES) - 1 - OUTCOMES // 2
    return words.view(torch.int16)[:count] <= highest
