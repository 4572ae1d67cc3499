"""What the reference demands of DPS, point by point, on a tiny BERT."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from dpsrun.methods.mixing import draw_columns
from tests.methods.duel import DENSE, MIX, batches_for, product_loop
from tests.methods.oracle import Settings
from tests.methods.small_model import SmallLoop, make_batches, make_hooks, same, tiny_bert, weights

BOTH = pytest.mark.parametrize("settings", [DENSE, MIX], ids=["dense", "mix"])
METHODS = pytest.mark.parametrize("name", ["dps-dense", "dps-mix"])


def small_loop(name: str, *, micro: int | None = None, **params: Any) -> SmallLoop:
    """Twenty steps in stages of three."""
    model = tiny_bert()
    return SmallLoop(model, make_hooks(name, model, 20, update_ratio=0.15, **params), micro=micro)


def matrices(hooks: Any) -> dict[str, Tensor]:
    """Copies of the wrapped matrices as they are now."""
    return {name: matrix.detach().clone() for name, matrix in hooks.matrices.items()}


def held_bytes(hooks: Any) -> int:
    """Bytes of all tensors that a method holds, beside the model's own."""
    held = [getattr(hooks, name) for name in hooks.saved]
    if hasattr(hooks, "effective"):
        held.append(hooks.effective.weights)
    return sum(tensor.numel() * tensor.element_size() for each in held for tensor in each.values())


@BOTH
def test_the_kept_fraction_of_a_matrix_is_k_of_n(settings: Settings) -> None:
    loop = product_loop(settings)
    loop.run(batches_for(settings, 4))
    hooks: Any = loop.hooks
    for name, mask in hooks.mask.items():
        assert int(mask.sum()) == math.ceil(mask.numel() * 0.7)
        assert hooks.describe()["kept"][name] == math.ceil(mask.numel() * 0.7) / mask.numel()


def test_mix_equals_the_true_weights_at_the_first_step_of_stage_two() -> None:
    loop = small_loop("dps-mix")
    loop.run(make_batches(3))
    before = weights(loop.model)
    loop.hooks.before_step(9)
    assert same(weights(loop.model), before)


def test_mix_has_the_first_weights_bit_for_bit_in_dropped_columns() -> None:
    loop = small_loop("dps-mix")
    hooks: Any = loop.hooks
    first = matrices(hooks)
    loop.run(make_batches(7))  # into stage I of the second cycle
    hooks.before_step(9)
    for name, matrix in hooks.matrices.items():
        kept = hooks.mask[name]
        assert kept.shape == (matrix.shape[1],)
        assert torch.equal(matrix[:, ~kept], first[name][:, ~kept])
        assert not torch.equal(matrix[:, kept], first[name][:, kept])


def test_mix_keeps_columns_with_probability_one_minus_the_drop_fraction() -> None:
    loop = small_loop("dps-mix", drop_fraction=0.2)
    hooks: Any = loop.hooks
    draws = [draw_columns(hooks.matrices, 0.2, hooks.context.noise) for _ in range(40)]
    drawn = torch.cat([mask for draw in draws for mask in draw.values()])
    deviation = math.sqrt(0.2 * 0.8 / len(drawn))
    assert abs(float(drawn.float().mean()) - 0.8) < 4 * deviation


@pytest.mark.parametrize("steps", [1, 5], ids=["stage I", "stage II"])
@pytest.mark.parametrize("rescale", [False, True])
def test_mix_gradients_are_those_of_the_effective_weights_masked(
    steps: int, *, rescale: bool
) -> None:
    *before, batch = make_batches(steps + 1)
    loop = small_loop("dps-mix", rescale_backward=rescale)
    hooks: Any = loop.hooks
    loop.run(before)
    loop.backward(batch)
    plain = {name: matrix.grad.clone() for name, matrix in hooks.matrices.items()}
    hooks.after_backward(finite=True)
    factor = 1 / 0.7 if rescale else 1.0
    for name, matrix in hooks.matrices.items():
        torch.testing.assert_close(matrix.grad, plain[name] * hooks.mask[name] * factor)


def test_dense_statistics_are_the_sum_of_squared_gradients_of_whole_steps() -> None:
    loop = small_loop("dps-dense", micro=4)
    hooks: Any = loop.hooks
    expected = {name: torch.zeros_like(matrix) for name, matrix in hooks.matrices.items()}
    for batch in make_batches(3):
        loop.backward(batch)
        hooks.after_backward(finite=True)
        for name, matrix in hooks.matrices.items():
            expected[name] += matrix.grad**2
        loop.update()
        loop.optimiser.zero_grad()
    for name, total in expected.items():
        torch.testing.assert_close(hooks.gam[name], total)


@METHODS
@pytest.mark.parametrize("steps", [2, 5], ids=["stage I", "stage II"])
def test_evaluation_sees_plain_weights_and_leaves_the_method_alone(name: str, steps: int) -> None:
    loop = small_loop(name)
    loop.run(make_batches(steps))
    plain = tiny_bert(seed=1)
    plain.load_state_dict(loop.model.state_dict())
    noise = loop.hooks.context.noise.get_state()
    batch = make_batches(1, seed=99)[0]
    with torch.no_grad():
        assert torch.equal(loop.model.eval()(batch), plain.eval()(batch))
    assert torch.equal(loop.hooks.context.noise.get_state(), noise)
    assert loop.hooks.describe()["steps"] == steps


@METHODS
def test_frozen_dropped_weights_keep_their_bits_through_stage_two(name: str) -> None:
    loop = small_loop(name, freeze_masked=True)
    hooks: Any = loop.hooks
    loop.run(make_batches(3))
    before = matrices(hooks)
    loop.run(make_batches(3, seed=6))
    after = matrices(hooks)
    for matrix, mask in hooks.mask.items():
        assert torch.equal(after[matrix][~mask], before[matrix][~mask])
        assert not torch.equal(after[matrix][mask], before[matrix][mask])


@METHODS
def test_dropped_weights_drift_as_published_unless_frozen(name: str) -> None:
    loop = small_loop(name)
    hooks: Any = loop.hooks
    loop.run(make_batches(3))
    before = matrices(hooks)
    loop.run(make_batches(1, seed=6))
    after = matrices(hooks)
    for matrix, mask in hooks.mask.items():
        assert not torch.equal(after[matrix][~mask], before[matrix][~mask])


@METHODS
def test_statistics_do_not_depend_on_the_loss_scale(name: str) -> None:
    steady, changing = small_loop(name), small_loop(name)
    for batch, scale in zip(make_batches(3), (2.0**16, 2.0**15, 1.0), strict=True):
        steady.step(batch)
        changing.step(batch, loss_scale=scale)
    first: Any = steady.hooks
    second: Any = changing.hooks
    assert same(first.gam, second.gam)


@METHODS
@pytest.mark.parametrize("spoilt", [1, 2, 3])
def test_a_step_that_is_not_finite_counts_but_leaves_no_trace_in_the_statistics(
    name: str, spoilt: int
) -> None:
    loop = small_loop(name)
    hooks: Any = loop.hooks
    kept: dict[str, Tensor] = {}
    for number, batch in enumerate(make_batches(3), start=1):
        before = weights(loop.model)
        loop.step(batch, spoil=number == spoilt)
        assert same(weights(loop.model), before) == (number == spoilt)
        if number != spoilt:
            kept = {each: kept.get(each, 0) + mask.int() for each, mask in hooks.mask.items()}
    for each, gam in hooks.gam.items():
        assert torch.isfinite(gam).all()
        if name == "dps-mix":
            assert torch.equal(hooks.fam[each], kept[each])
    assert hooks.describe()["non_finite_steps"] == 1
    loop.run(make_batches(1, seed=8))
    assert hooks.describe()["kept_fraction"] == pytest.approx(0.7, abs=0.02)


@METHODS
def test_statistics_start_anew_in_every_cycle_even_if_its_first_step_is_not_finite(
    name: str,
) -> None:
    loop = small_loop(name)
    hooks: Any = loop.hooks
    loop.run(make_batches(6))
    loop.step(make_batches(1)[0], spoil=True)
    assert all(not gam.any() for gam in hooks.gam.values())
    assert len(hooks.gam) == len(hooks.matrices)


@METHODS
@pytest.mark.parametrize("steps", [2, 5, 8], ids=["stage I", "stage II", "stage I again"])
def test_what_a_method_holds_is_bounded_by_the_weights(name: str, steps: int) -> None:
    loop = small_loop(name)
    hooks: Any = loop.hooks
    loop.run(make_batches(steps))
    wrapped = sum(each.numel() * each.element_size() for each in hooks.matrices.values())
    assert held_bytes(hooks) <= {"dps-dense": 1.3, "dps-mix": 3.3}[name] * wrapped


@METHODS
def test_without_a_drop_fraction_a_method_is_vanilla_bit_for_bit(name: str) -> None:
    batches = make_batches(8)
    plain = tiny_bert()
    vanilla = SmallLoop(plain, make_hooks("vanilla", plain, 8)).run(batches)
    neutral = small_loop(name, drop_fraction=0)
    ours = neutral.run(batches)
    assert all(same(one, two) for one, two in zip(ours, vanilla, strict=True))
    assert neutral.hooks.describe()["selections"] == 0
    assert held_bytes(neutral.hooks) == 0


def test_biases_embeddings_and_norms_train_in_stage_two_as_ever() -> None:
    loop = small_loop("dps-dense")
    hooks: Any = loop.hooks
    loop.run(make_batches(4))
    loop.backward(make_batches(1)[0])
    others = {
        name: parameter
        for name, parameter in loop.model.named_parameters()
        if not any(parameter is matrix for matrix in hooks.matrices.values())
    }
    before = {name: parameter.grad.clone() for name, parameter in others.items()}  # type: ignore[union-attr]
    hooks.after_backward(finite=True)
    assert all(torch.equal(others[name].grad, old) for name, old in before.items())  # type: ignore[arg-type]
    assert len(others) + len(hooks.matrices) == len(list(loop.model.parameters()))


@METHODS
def test_the_published_head_is_uniform_and_comes_from_its_own_stream(name: str) -> None:
    shared, published, again = tiny_bert(hidden=64), tiny_bert(hidden=64), tiny_bert(hidden=64)
    before = weights(shared)
    make_hooks(name, shared, 20, update_ratio=0.15)
    make_hooks(name, published, 20, update_ratio=0.15, head_init="published")
    make_hooks(name, again, 20, update_ratio=0.15, head_init="published", noise_seed=12)
    assert same(weights(shared), before)
    assert same(weights(published), weights(again))
    after = weights(published)
    changed = {each for each in after if not torch.equal(after[each], before[each])}
    assert changed == {"encoder.classifier.weight", "encoder.classifier.bias"}
    assert 0.9 / 8 < float(after["encoder.classifier.weight"].abs().max()) <= 1 / 8
    assert 0 < float(after["encoder.classifier.bias"].abs().max()) <= 1 / 8


def test_mix_anchors_the_new_head_at_its_own_first_weights() -> None:
    model = tiny_bert()
    hooks = make_hooks("dps-mix", model, 20, update_ratio=0.15, head_init="published")
    head = model.head_modules()[0].weight
    assert torch.equal(hooks.start["classifier.weight"], head)


def test_the_record_says_what_happened() -> None:
    loop = small_loop("dps-dense")
    loop.run(make_batches(8))
    told = loop.hooks.describe()
    assert told["us"] == 3
    assert told["stages"] == [[1, 3, 1], [4, 6, 2], [7, 8, 1]]
    assert told["stage_steps"] == {"I": 5, "II": 3}
    assert told["selections"] == 1
    assert told["kept_fraction"] == pytest.approx(0.7, abs=0.02)
    assert told["matrices"]["bert.encoder.layer.0.intermediate.dense.weight"] == [32, 16]
    assert len(told["matrices"]) == 2 * 6 + 2
    assert told["weights"] == 2 * (4 * 16 * 16 + 2 * 16 * 32) + 16 * 16 + 3 * 16
    assert told["switches"]["freeze_masked"] is False
