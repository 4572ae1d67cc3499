"""Where memory runs out a run is done again, with the same batch for its optimiser."""

from __future__ import annotations

from dpsrun.execution.engine import Conditions
from dpsrun.execution.local.job import Job, next_try, wording


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
