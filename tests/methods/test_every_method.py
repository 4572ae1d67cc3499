"""What holds for every method, on whole runs of a tiny encoder."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from dpsrun.methods.registry import BUILT_IN
from dpsrun.runs.store import Order
from dpsrun.training.finetune import FineTune
from tests.methods.cases import CASES
from tests.training.runs import Inputs, attempt, outcome

pytestmark = pytest.mark.no_cover  # hooks are left out of the count, which takes long here

EVERY = pytest.mark.parametrize("method", CASES)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    return Inputs.make(tmp_path_factory.mktemp("inputs"))


@pytest.fixture(scope="module")
def vanilla(inputs: Inputs, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Hashes of vanilla's weights, predictions and order, by dropout."""

    @cache
    def hashes(dropout: float) -> dict[str, str]:
        order = inputs.order("vanilla", {"dropout": dropout})
        return attempt(order, tmp_path_factory.mktemp("vanilla"), keep=False).hashes()

    return hashes


def active(inputs: Inputs, method: str, **training: Any) -> Order:
    """Order 16 steps with the settings in which the method does something."""
    case = CASES[method]
    return inputs.order(method, {**case.active, "dropout": case.dropout}, **training)


@pytest.fixture(scope="module")
def peaceful(inputs: Inputs, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], FineTune]:
    """Trains a method once, for all tests that compare with that."""
    return cache(
        lambda method: attempt(
            active(inputs, method), tmp_path_factory.mktemp("peaceful"), keep=False
        )
    )


def weights(tune: FineTune) -> dict[str, Tensor]:
    return {name: each.detach().clone() for name, each in tune.loaded.model.named_parameters()}


def apart(one: FineTune, two: FineTune) -> float:
    """The share of weights that differ by more than rounding explains."""
    first, second = weights(one), weights(two)
    assert first.keys() == second.keys()
    far = torch.cat([((first[name] - second[name]).abs() > 1e-4).flatten() for name in first])
    return float(far.float().mean())


def test_every_method_has_its_line() -> None:
    assert ["vanilla", *CASES] == [spec.name for spec in BUILT_IN]


@EVERY
def test_in_its_neutral_setting_it_is_vanilla_bit_for_bit(
    method: str, inputs: Inputs, vanilla: Any, tmp_path: Path
) -> None:
    case = CASES[method]
    order = inputs.order(method, {**case.neutral, "dropout": case.dropout})
    assert attempt(order, tmp_path, keep=False).hashes() == vanilla(case.dropout)


@EVERY
def test_else_it_trains_other_weights_on_the_same_batches(
    method: str, peaceful: Callable[[str], FineTune], vanilla: Any
) -> None:
    ours, plain = peaceful(method).hashes(), vanilla(CASES[method].dropout)
    assert ours["weights"] != plain["weights"]
    assert ours["order"] == plain["order"]


@pytest.mark.parametrize(
    ("method", "step"), [*((name, 12) for name in CASES), ("dps-dense", 5), ("dps-mix", 5)]
)
def test_a_killed_run_goes_on_bit_for_bit(
    method: str, step: int, inputs: Inputs, peaceful: Callable[[str], FineTune], tmp_path: Path
) -> None:
    order = active(inputs, method)
    attempt(order, tmp_path, until=step)
    resumed = attempt(order, tmp_path)
    assert resumed.resumed_at
    assert outcome(resumed) == outcome(peaceful(method))


@EVERY
def test_it_works_in_half_precision(
    method: str, inputs: Inputs, peaceful: Callable[[str], FineTune], tmp_path: Path
) -> None:
    full = peaceful(method)
    half = attempt(active(inputs, method, precision="bf16"), tmp_path, keep=False)
    assert full.order.spec.training.precision == "fp32"
    assert {each.dtype for each in half.loaded.model.parameters()} == {torch.float32}
    losses = [[point.taken.loss for point in tune.curve] for tune in (half, full)]
    assert losses[0] != losses[1]
    assert losses[0] == pytest.approx(losses[1], rel=0.1, abs=0.1)


@EVERY
def test_it_works_on_batches_with_and_without_padding(
    method: str, inputs: Inputs, peaceful: Callable[[str], FineTune], tmp_path: Path
) -> None:
    packed = peaceful(method)
    padded = attempt(active(inputs, method, batching="padded"), tmp_path, keep=False)
    assert [each.effective()["batching"] for each in (packed, padded)] == ["packed", "padded"]
    losses = [[point.taken.loss for point in tune.curve] for tune in (packed, padded)]
    assert losses[0] == pytest.approx(losses[1], rel=0.2, abs=0.2)  # dropout draws otherwise


@pytest.mark.parametrize("method", [name for name, case in CASES.items() if case.splits])
def test_micro_batches_change_nothing_but_rounding(
    method: str, inputs: Inputs, tmp_path: Path
) -> None:
    params = {**CASES[method].active, "dropout": 0.0}
    orders = [inputs.order(method, params, micro_batch_size=size) for size in (None, 3)]
    whole, split = (attempt(order, tmp_path, keep=False) for order in orders)
    assert apart(whole, split) < 0.005, "rounding may decide which entries are selected"
