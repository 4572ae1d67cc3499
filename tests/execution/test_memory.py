"""How many runs fit into a GPU, and whom the kernel killed for want of memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from dpsrun.execution import memory
from dpsrun.execution.memory import kernel_kills, runs_that_fit


@pytest.mark.parametrize(
    ("text", "count"), [("oom 1\noom_kill 12\nz 3\n", 12), ("pgfault 9\n", None), (None, None)]
)
def test_the_kernel_tells_how_often_it_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, count: int | None
) -> None:
    counters = tmp_path / "vmstat"
    if text is not None:
        counters.write_text(text)
    monkeypatch.setattr(memory, "COUNTERS", counters)
    assert kernel_kills() == count


def test_as_many_runs_go_to_a_gpu_as_have_room_with_their_overhead() -> None:
    gib = 1 << 30
    assert runs_that_fit(80 * gib, 20 * gib) == 3
    assert runs_that_fit(80 * gib, 1 * gib) == 42
    assert runs_that_fit(80 * gib, 100 * gib) == 1
    assert runs_that_fit(0, gib) == 1
