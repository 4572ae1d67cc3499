"""What is measured of every method: time, what comes before, and the parts of memory."""

from __future__ import annotations

import pytest

from benchmarks import costs
from benchmarks.contenders import Cycles
from benchmarks.measure import Settings
from benchmarks.memory import memory_of
from benchmarks.workload import Workload
from dpsrun.methods.costs import VANILLA


@pytest.fixture(scope="module")
def work(quick: Settings) -> Workload:
    return Workload.of("mini-cola", quick)


def weigh(work: Workload, *names: str) -> list[costs.Memory]:
    methods = costs.contenders(1)
    return [*costs.weigh({name: methods[name] for name in names}, work).values()]


def test_memory_is_weights_gradients_moments_and_state(work: Workload) -> None:
    vanilla, start, masked = weigh(work, VANILLA, "recadam", "bitfit")
    weights = 4 * vanilla.trained
    assert vanilla.kept == pytest.approx(4 * weights, rel=0.01)  # and Adam's count of each tensor
    assert start.kept == pytest.approx(5 * weights, rel=0.01)
    assert masked.trained < 0.1 * vanilla.trained
    assert masked.kept == pytest.approx(weights + 3 * 4 * masked.trained, rel=0.01)


def test_state_is_found_in_the_objects_that_a_method_keeps(work: Workload) -> None:
    state, weights, _ = memory_of("dps-mix", work, Cycles(us=1, count=1))
    # Pre-trained, effective and anchored weights, and a byte an entry for the mask.
    assert state / weights == pytest.approx(3.25, rel=0.01)


def test_what_comes_before_the_first_step_is_timed(work: Workload) -> None:
    methods = costs.contenders(1)
    some = {name: methods[name] for name in (VANILLA, "child-tuning-d")}
    times = costs.time_steps(some, work, stage=1)
    assert times["child-tuning-d"].before > 10 * times[VANILLA].before


@pytest.mark.parametrize(("blocks", "drawn", "trained"), [(2, 2, 2), (4, 4, 3), (12, 5, 3)])
def test_a_shallow_encoder_gives_all_its_blocks(blocks: int, drawn: int, trained: int) -> None:
    methods = costs.contenders(blocks)
    assert methods["re-init"] == ("re-init", {"drawn_blocks": drawn})
    assert methods["top-k-layers"] == ("top-k-layers", {"trained_blocks": trained})
    assert methods["r3f"] == ("r3f", {}), "all else has its defaults"


def test_methods_are_timed_in_groups() -> None:
    methods: dict[str, costs.Contender] = {name: (name, {}) for name in "abcde"}
    assert [[*group] for group in costs.groups(methods, 2)] == [["a", "b"], ["c", "d"], ["e"]]
