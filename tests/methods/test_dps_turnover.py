"""What the record tells of the selections: their steps, kept fractions and turnover."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from dpsrun.methods.dps.turnover import BITS, count, describe_cycles, pack, unpack
from dpsrun.methods.hooks import size_of
from tests.methods.small_model import (
    ONE_EXAMPLE,
    OneMatrix,
    SmallLoop,
    make_batches,
    make_hooks,
    tiny_bert,
)

STEPS = 20
METHODS = pytest.mark.parametrize("name", ["dps-dense", "dps-mix"])
SHAPES = pytest.mark.parametrize(
    "shape",
    [(1, 1), (1, 7), (2, 4), (3, 3), (1, 17), (6, 12), (3, 5, 2)],
    ids=lambda shape: "x".join(map(str, shape)),
)


def small_loop(name: str, **params: Any) -> SmallLoop:
    """Stages of three steps; hardly any matrix has a multiple of eight entries."""
    model = tiny_bert(layers=1, hidden=6)
    return SmallLoop(model, make_hooks(name, model, STEPS, update_ratio=0.15, **params))


def drawn(shape: tuple[int, ...], seed: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) < 0.7


def plain_cycles(loop: SmallLoop) -> list[dict[str, Any]]:
    """Train all steps, and count with whole masks what the hooks count with packed ones."""
    hooks: Any = loop.hooks
    before: Tensor | None = None
    told: list[dict[str, Any]] = []
    for batch in make_batches(STEPS):
        loop.step(batch)
        if hooks.step not in (4, 10, 16):
            continue
        now = torch.cat([mask.flatten() for mask in hooks.mask.values()])
        kept = int(now.sum())
        turnover = None if before is None else int((now & ~before).sum()) / kept
        told.append({"step": hooks.step, "kept": kept / len(now), "turnover": turnover})
        before = now
    return told


@SHAPES
def test_a_packed_mask_is_an_eighth_of_the_mask_and_gives_it_back(shape: tuple[int, ...]) -> None:
    mask = drawn(shape, seed=1)
    packed = pack(mask)
    assert packed.dtype == torch.uint8
    assert len(packed) == -(-mask.numel() // BITS)
    assert torch.equal(unpack(packed, mask.shape), mask)


def test_a_mask_that_does_not_lie_in_one_piece_is_packed_all_the_same() -> None:
    mask = drawn((6, 5), seed=1).T
    assert torch.equal(unpack(pack(mask), mask.shape), mask)


@SHAPES
def test_what_is_new_is_counted_entry_by_entry(shape: tuple[int, ...]) -> None:
    before, mask = drawn(shape, seed=1), drawn(shape, seed=2)
    pairs = list(zip(mask.flatten().tolist(), before.flatten().tolist(), strict=True))
    kept, new = sum(now for now, _ in pairs), sum(now and not old for now, old in pairs)
    assert count(mask, pack(before)).tolist() == [[kept, new]]
    assert count(mask, None).tolist() == [[kept, kept]]
    assert count(mask, pack(mask)).tolist() == [[kept, 0]]


def test_matrices_are_counted_together_and_the_first_selection_has_no_turnover() -> None:
    large, small = torch.tensor([[60, 60], [50, 20]]), torch.tensor([[10, 10], [10, 10]])
    assert describe_cycles([4, 10], [large, small], entries=100) == [
        {"step": 4, "kept": 0.7, "turnover": None},
        {"step": 10, "kept": 0.6, "turnover": 0.5},
    ]


def test_two_cycles_by_hand() -> None:
    # Each entry is its own gradient, so a step at learning rate 1/2 halves those that train.
    model = OneMatrix([[8, 6, 5, 3]])
    hooks = make_hooks("dps-dense", model, 4, drop_fraction=0.5, update_ratio=0.25)
    descent = torch.optim.SGD(model.parameters(), lr=0.5)
    # Step 1 leaves 4, 3, 2.5, 1.5; step 2 keeps 4 and 3 and leaves 2, 1.5, 2.5, 1.5; after step 3
    # the best two are the first, as before, and the third, which is new.
    SmallLoop(model, hooks, optimiser=descent, clip=torch.inf).run([ONE_EXAMPLE] * 4)
    assert hooks.describe()["cycles"] == [
        {"step": 2, "kept": 0.5, "turnover": None},
        {"step": 4, "kept": 0.5, "turnover": 0.5},
    ]


@METHODS
@pytest.mark.parametrize(
    "params",
    [{}, {"mask": "random"}, {"freeze_masked": True, "exact_k": True}],
    ids=["as published", "random", "frozen, exact"],
)
def test_the_record_equals_a_count_with_whole_masks(name: str, params: dict[str, Any]) -> None:
    loop = small_loop(name, **params)
    expected = plain_cycles(loop)
    assert loop.hooks.describe()["cycles"] == expected
    assert [each["turnover"] is None for each in expected] == [True, False, False]
    assert all(0 < each["turnover"] < 1 for each in expected[1:])


@METHODS
@pytest.mark.parametrize("params", [{"drop_fraction": 0}, {"stage_two": False}])
def test_without_selections_there_is_nothing_to_tell(name: str, params: dict[str, Any]) -> None:
    loop = small_loop(name, **params)
    loop.run(make_batches(8))
    assert loop.hooks.describe()["cycles"] == []


def test_a_combination_tells_it_of_its_part() -> None:
    loop = small_loop("dps-dense+llrd")
    loop.run(make_batches(10))
    told = loop.hooks.describe()["dps-dense"]["cycles"]
    assert [each["step"] for each in told] == [4, 10]


@METHODS
@pytest.mark.parametrize("at", [5, 8], ids=["in stage II", "in stage I"])
def test_a_resumed_run_tells_the_same(name: str, at: int) -> None:
    batches = make_batches(STEPS)
    through = small_loop(name)
    through.run(batches[:at])
    saved = through.saved()
    through.run(batches[at:])

    resumed = small_loop(name)
    resumed.load(saved)
    resumed.run(batches[at:])

    told = resumed.hooks.describe()["cycles"]
    assert told == through.hooks.describe()["cycles"]
    assert len(told) == 3


def test_a_selection_that_broke_off_is_not_told() -> None:
    loop = small_loop("dps-dense")
    hooks: Any = loop.hooks
    loop.run(make_batches(9))
    hooks.step += 1
    hooks.select(next(iter(hooks.matrices)))
    assert [each["step"] for each in hooks.describe()["cycles"]] == [4]


def test_stage_one_holds_a_bit_an_entry_of_the_selection_before() -> None:
    loop = small_loop("dps-dense")
    hooks: Any = loop.hooks
    loop.run(make_batches(8))  # into stage I of the second cycle
    held = hooks.held_bytes() - size_of(hooks.gam) - hooks.context.noise.get_state().nbytes
    bits = sum(-(-matrix.numel() // BITS) for matrix in hooks.matrices.values())
    assert held == bits + size_of(hooks.counts)
    assert size_of(hooks.counts) == 2 * 8 * len(hooks.matrices)


def test_stage_two_holds_its_masks_alone() -> None:
    loop = small_loop("dps-dense")
    hooks: Any = loop.hooks
    loop.run(make_batches(11))  # into stage II of the second cycle
    assert hooks.mask.keys() == hooks.matrices.keys()
    assert hooks.selected == {}
