"""Stages as arithmetic."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dpsrun.methods.dps.cycle import Cycle, enough_ratio, enough_steps, stage_length

STEPS_OF_MRPC = 690


@pytest.mark.parametrize(
    ("task", "steps", "us", "tail"),
    [("mrpc", 690, 34, 10), ("rte", 468, 23, 8), ("cola", 1605, 80, 5), ("stsb", 1080, 54, 0)],
)
def test_the_papers_runs_have_ten_cycles_and_a_tail_in_stage_one(
    task: str, steps: int, us: int, tail: int
) -> None:
    assert stage_length(steps, 0.05) == us
    assert steps - 20 * us == tail
    stages = Cycle(us).stages(steps)
    assert [stage for _, _, stage in stages] == [1, 2] * 10 + [1] * (tail > 0)


def test_us_is_the_floating_point_product_rounded_down() -> None:
    assert stage_length(100, 0.29) == 28  # 100 * 0.29 is 28.999999999999996


@pytest.mark.parametrize("us", [1, 3, 34])
def test_steps_count_from_one_and_stages_alternate(us: int) -> None:
    cycle = Cycle(us)
    for step in range(1, STEPS_OF_MRPC + 1):
        assert cycle.stage(step) == (1 if math.ceil(step / us) % 2 == 1 else 2)
        assert cycle.first(step) == (step == 1 or cycle.stage(step) != cycle.stage(step - 1))


def test_the_boundaries_of_stages_of_three_steps() -> None:
    assert Cycle(3).stages(8) == [(1, 3, 1), (4, 6, 2), (7, 8, 1)]
    assert Cycle(3).stages(0) == []


@settings(max_examples=200, deadline=None)
@given(us=st.integers(1, 50), steps=st.integers(1, 700))
def test_the_stages_of_a_run_cover_each_step_once(us: int, steps: int) -> None:
    covered = [
        (step, stage)
        for first, last, stage in Cycle(us).stages(steps)
        for step in range(first, last + 1)
    ]
    assert covered == [(step, Cycle(us).stage(step)) for step in range(1, steps + 1)]


@settings(max_examples=300, deadline=None)
@given(ratio=st.floats(1e-9, 0.5))
def test_enough_steps_is_the_smallest_number_that_works(ratio: float) -> None:
    steps = enough_steps(ratio)
    assert stage_length(steps, ratio) == 1
    assert stage_length(steps - 1, ratio) == 0


def test_enough_ratio_works_for_every_number_of_steps() -> None:
    assert all(stage_length(steps, enough_ratio(steps)) >= 1 for steps in range(2, 5000))
    assert enough_ratio(16) == 0.0625
    assert enough_ratio(49) == 0.0205
