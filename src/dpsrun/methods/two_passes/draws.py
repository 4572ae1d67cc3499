"""Numbers that torch draws by itself, from a stream of our choice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Generator


@contextmanager
def drawing_from(generator: Generator, device: torch.device) -> Iterator[None]:
    """Let everything that torch draws within, dropout included, come from `generator`.

    One number of it seeds torch's global generators, those of the CPU and `device`; afterwards
    they are where they were. The device is not waited for.
    """
    seed = int(torch.randint(2**62, (), generator=generator))
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield
