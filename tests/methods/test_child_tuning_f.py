"""Child-Tuning-F against its formula: clipped gradients times Bernoulli(p) / p."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

from dpsrun.methods.child_tuning_f import hooks as module
from tests.methods.small_model import (
    SmallLoop,
    difference,
    make_batches,
    make_hooks,
    same,
    tiny_bert,
    weights,
)

EQUAL = 1e-12
NOISE = 11


def sixteen_bits(count: int, numbers: Generator) -> Tensor:
    """Numbers from 0 to 65,535, four from a word, in the order of signed ones."""
    words = torch.empty(-(-count // 4), dtype=torch.int64)
    words.random_(-(2**63), None, generator=numbers)
    bits = torch.stack([(words >> shift) & 0xFFFF for shift in (0, 16, 32, 48)], dim=1)
    return (bits.flatten()[:count] + 2**15) % 2**16


def oracle(p: float) -> list[dict[str, Tensor]]:
    """All parameters after each of four steps."""
    model, noise = tiny_bert(), torch.Generator().manual_seed(NOISE)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01)
    trajectory = []
    for batch in make_batches(4):
        optimiser.zero_grad()
        functional.cross_entropy(model(batch), batch.labels).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.1)
        seed = int(torch.randint(2**63 - 1, (), generator=noise))
        numbers = torch.Generator().manual_seed(seed)
        for each in model.parameters():
            assert each.grad is not None
            kept = sixteen_bits(each.numel(), numbers) < math.ceil(p * 2**16)
            each.grad = torch.where(kept.view(each.shape), each.grad / p, 0.0)
        optimiser.step()
        trajectory.append(weights(model))
    return trajectory


def small_loop(*, micro: int | None = None, noise_seed: int = NOISE, **params: Any) -> SmallLoop:
    model = tiny_bert()
    hooks = make_hooks("child-tuning-f", model, 4, noise_seed=noise_seed, **params)
    return SmallLoop(model, hooks, micro=micro)


def gradients(loop: SmallLoop) -> dict[str, Tensor]:
    named = loop.model.named_parameters()
    return {name: each.grad.clone() for name, each in named if each.grad is not None}


@pytest.mark.parametrize("micro", [None, 4], ids=["whole", "4+4+1"])
@pytest.mark.parametrize("p", [0.1, 0.3, 0.8])
def test_it_equals_the_formula_however_a_batch_is_split(p: float, micro: int | None) -> None:
    ours = small_loop(keep_probability=p, micro=micro).run(make_batches(4))
    assert difference(ours, oracle(p)) < EQUAL


def test_every_entry_of_every_parameter_is_kept_or_not_on_its_own() -> None:
    loop = small_loop(keep_probability=0.3)
    loop.backward(make_batches(1)[0])
    before = gradients(loop)
    loop.hooks.after_clipping([])
    after = gradients(loop)
    assert before.keys() == after.keys() == weights(loop.model).keys()
    kept = {name: after[name] != 0 for name in after}
    for name, mask in kept.items():
        assert torch.allclose(after[name], before[name] * mask / 0.3, atol=1e-15), name
    entries = [mask[before[name] != 0] for name, mask in kept.items()]
    share = torch.cat(entries).double().mean()
    assert abs(float(share) - 0.3) < 0.02
    rows = kept["encoder.bert.pooler.dense.weight"]
    assert not torch.equal(rows[0], rows[1])
    assert not torch.equal(rows[:, 0], rows[:, 1])


def test_a_large_parameter_is_masked_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PART", 100)
    loop = small_loop(keep_probability=0.3)
    loop.backward(make_batches(1)[0])
    before = gradients(loop)
    loop.hooks.after_clipping([])
    for name, after in gradients(loop).items():
        assert torch.allclose(after, before[name] * (after != 0) / 0.3, atol=1e-15)
        for part in after.flatten().split(100):
            assert len(part) < 50 or bool((part == 0).any()), name


def test_each_step_masks_anew() -> None:
    loop = small_loop()
    batch = make_batches(1)[0]
    masks = []
    for _ in range(2):
        loop.model.zero_grad()
        loop.backward(batch)
        loop.hooks.after_clipping([])
        masks.append({name: each != 0 for name, each in gradients(loop).items()})
    assert not same(*masks)


def test_momentum_moves_what_a_step_leaves_out() -> None:
    loop = small_loop()
    loop.run(make_batches(3))
    before = weights(loop.model)
    loop.backward(make_batches(1, seed=8)[0])
    loop.update()
    left_out = {name: each == 0 for name, each in gradients(loop).items()}
    moved = [(after != before[name])[left_out[name]] for name, after in weights(loop.model).items()]
    assert torch.cat(moved).double().mean() > 0.5


def test_a_skipped_step_draws_nothing() -> None:
    batches = make_batches(3)
    one, other = small_loop(), small_loop()
    one.run(batches)
    other.step(batches[0])
    other.step(batches[1], spoil=True)
    other.run(batches[1:])
    assert same(weights(one.model), weights(other.model))


def test_a_resumed_run_ends_with_the_same_bits() -> None:
    batches = make_batches(4)
    through = small_loop()
    through.run(batches[:2])
    saved = through.saved()
    through.run(batches[2:])

    resumed = small_loop(noise_seed=5)
    resumed.load(saved)
    resumed.run(batches[2:])

    assert same(weights(resumed.model), weights(through.model))
    assert resumed.hooks.describe() == through.hooks.describe() == {"masked_updates": 4}


def test_with_probability_one_it_is_vanilla_and_draws_nothing() -> None:
    plain = tiny_bert()
    vanilla = SmallLoop(plain, make_hooks("vanilla", plain, 4)).run(make_batches(4))
    neutral = small_loop(keep_probability=1)
    noise = neutral.hooks.context.noise.get_state()
    ours = neutral.run(make_batches(4))
    assert all(same(one, two) for one, two in zip(ours, vanilla, strict=True))
    assert torch.equal(neutral.hooks.context.noise.get_state(), noise)
