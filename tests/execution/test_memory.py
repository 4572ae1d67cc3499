"""Where memory runs out a run is done again, with the same batch for its optimiser."""

from __future__ import annotations

from pathlib import Path

import pytest

from dpsrun.execution import memory
from dpsrun.execution.engine import Conditions
from dpsrun.execution.job import Job, next_try, wording
from dpsrun.execution.memory import kernel_kills, runs_that_fit


def tries(job: Job, batch_size: int, *, shared: bool) -> list[tuple[bool, int | None]]:
    """List how a run is done that never fits."""
    found = [(job.alone, job.conditions.micro_batch_size)]
    while again := next_try(job, batch_size, shared=shared):
        job = again
        found.append((job.alone, job.conditions.micro_batch_size))
    return found


def test_a_run_is_first_done_alone_then_with_half_the_micro_batch_down_to_one_example() -> None:
    expected = [(False, None), (True, None), (True, 8), (True, 4), (True, 2), (True, 1)]
    assert tries(Job("run"), 16, shared=True) == expected
    assert tries(Job("run"), 16, shared=False) == [expected[0], *expected[2:]]
    assert tries(Job("run"), 3, shared=False) == [(False, None), (True, 1)]


def test_other_conditions_stay() -> None:
    job = Job("run", Conditions(checkpoint=True))
    again = next_try(job, 16, shared=False)
    assert again is not None
    assert again.conditions == Conditions(checkpoint=True, micro_batch_size=8)
    assert wording(again) == "alone, 8 examples at a time"


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
