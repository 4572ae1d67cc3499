"""What R3F, R4F and R-Drop share: divergences, draws of their own, and the first pass."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import rel_entr, softmax
from torch import Generator, Tensor

from dpsrun.methods.two_passes.divergence import disagreement, symmetric_divergence
from dpsrun.methods.two_passes.draws import drawing_from
from tests.methods.small_model import SmallLoop, difference, make_hooks
from tests.methods.two_passes import bert, classes

CPU = torch.device("cpu")
EACH = pytest.mark.parametrize("method", ["r3f", "r4f", "r-drop"])


def logits(seed: int, *, spread: float = 1.0) -> Tensor:
    return spread * torch.randn(50, 3, dtype=torch.float64, generator=Generator().manual_seed(seed))


@pytest.mark.parametrize("spread", [0.1, 1.0, 10.0])
def test_the_divergence_is_the_sum_of_both_relative_entropies(spread: float) -> None:
    first, second = logits(1, spread=spread), logits(2, spread=spread)
    p, q = (softmax(each.numpy(), axis=1) for each in (first, second))
    both = rel_entr(p, q).sum(axis=1) + rel_entr(q, p).sum(axis=1)
    ours = symmetric_divergence(first, second)
    assert ours.dtype == torch.float64
    np.testing.assert_allclose(ours.numpy(), both, rtol=1e-11)


def test_a_small_divergence_is_not_lost_in_the_rounding_of_float32() -> None:
    first = logits(1).float()
    second = first + 1e-4 * logits(2).float()
    exact = symmetric_divergence(first.double(), second.double())
    ours = symmetric_divergence(first, second)
    assert ours.dtype == torch.float32
    assert float(exact.max()) < torch.finfo(torch.float32).eps
    torch.testing.assert_close(ours.double(), exact, rtol=0.05, atol=1e-12)


def test_equal_predictions_do_not_diverge_and_others_diverge_upwards() -> None:
    assert not symmetric_divergence(logits(1), logits(1)).any()
    assert (symmetric_divergence(logits(1).float(), logits(2).float()) > 0).all()


def test_certain_predictions_have_a_finite_divergence_and_gradient() -> None:
    first = torch.tensor([[1e4, -1e4], [0.0, 200.0]], requires_grad=True)
    apart = symmetric_divergence(first, torch.tensor([[-1e4, 1e4], [0.0, 200.0]]))
    apart.sum().backward()
    assert apart.tolist() == [4e4, 0.0]
    assert first.grad is not None
    assert torch.isfinite(first.grad).all()


def test_scores_disagree_by_their_squared_difference() -> None:
    first, second = torch.tensor([[1.0], [5.0]]), torch.tensor([[3.0], [4.0]])
    assert disagreement(first, second, regression=True).tolist() == [4.0, 1.0]


def test_draws_within_come_from_the_stream_and_leave_no_trace() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    stream = Generator().manual_seed(1)
    torch.manual_seed(5)
    with drawing_from(stream, CPU):
        first = torch.rand(3)
    with drawing_from(stream, CPU):
        second = torch.rand(3)
    assert torch.equal(torch.rand(3), expected)
    with drawing_from(Generator().manual_seed(1), CPU):
        assert torch.equal(torch.rand(3), first)
    assert not torch.equal(first, second)


@EACH
def test_the_first_pass_drops_what_vanilla_drops_and_the_second_something_else(method: str) -> None:
    def passes(name: str, **params: Any) -> list[Tensor]:
        """All logits over three steps, without training."""
        model, seen = bert(), list[Tensor]()
        hooks = make_hooks(name, model, 3, **params)
        model.register_forward_hook(lambda _model, _args, output: seen.append(output))
        torch.manual_seed(7)
        for batch in classes()[:3]:
            hooks.loss(model, batch)
        return seen

    alone = {"spectral_norm": False} if method == "r4f" else {}
    vanilla, ours = passes("vanilla"), passes(method, **alone)
    assert len(ours) == 2 * len(vanilla)
    assert all(map(torch.equal, ours[::2], vanilla))
    assert not any(map(torch.equal, ours[1::2], vanilla))


@EACH
def test_another_noise_seed_draws_another_second_pass(method: str) -> None:
    def divergence(seed: int) -> float:
        model = bert()
        hooks = make_hooks(method, model, 1, noise_seed=seed)
        torch.manual_seed(7)
        hooks.loss(model, classes()[0])
        return float(hooks.divergence)

    assert divergence(11) == divergence(11) != divergence(12)


@EACH
def test_a_bare_loop_goes_on_from_its_state_bit_for_bit(method: str) -> None:
    def loop() -> SmallLoop:
        model = bert()
        return SmallLoop(model, make_hooks(method, model, 4))

    def half(loop: SmallLoop, part: slice) -> Any:
        torch.manual_seed(7)
        return loop.run(classes()[part])

    whole, resumed = loop(), loop()
    half(whole, slice(0, 2))
    resumed.load(whole.saved())
    assert difference(half(whole, slice(2, 4)), half(resumed, slice(2, 4))) == 0
    assert whole.hooks.describe() == resumed.hooks.describe()


@EACH
def test_the_record_tells_how_far_the_predictions_were_apart(method: str) -> None:
    model = bert()
    hooks = make_hooks(method, model, 4)
    assert hooks.describe()["mean_divergence"] is None

    seen: list[Tensor] = []
    model.register_forward_hook(lambda _model, _args, output: seen.append(output.detach()))
    SmallLoop(model, hooks).run(classes())

    apart = torch.cat([symmetric_divergence(*seen[i : i + 2]) for i in range(0, len(seen), 2)])
    told = hooks.describe()
    assert told["examples_taken_twice"] == len(apart) == 3 * 9 + 4
    assert math.isclose(told["mean_divergence"], float(apart.mean()), rel_tol=1e-12)
