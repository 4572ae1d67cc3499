"""How long the parts of a run take."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

PARTS = ("startup", "training", "evaluation", "total")


@dataclass
class Clock:
    """Seconds spent in the parts of a run, those that led to its checkpoint included."""

    started: float = field(default_factory=time.perf_counter)
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(PARTS, 0.0))

    @contextmanager
    def of(self, part: str) -> Iterator[None]:
        """Add the time of the block to a part."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[part] += time.perf_counter() - began

    @property
    def elapsed(self) -> float:
        """Seconds since this clock was started."""
        return time.perf_counter() - self.started

    @property
    def so_far(self) -> dict[str, float]:
        """Seconds of the parts, and in total up to now."""
        return self.seconds | {"total": self.seconds["total"] + self.elapsed}

    def carry_on(self, earlier: Mapping[str, float]) -> None:
        """Add what an earlier attempt took."""
        self.seconds = {part: spent + earlier[part] for part, spent in self.seconds.items()}
