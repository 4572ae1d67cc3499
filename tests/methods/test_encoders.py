"""DPS and Mixout on every encoder: what they mix and train, against the papers' arithmetic.

Matrices are compared as `[out, in]`, for those of XLNet by a rule of the test's own.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from dpsrun.models.batch import Batch
from dpsrun.models.layout import collate
from dpsrun.models.load import Loaded, load
from tests.encoders import END, FAMILIES, VOCABULARY, save_tiny
from tests.methods.small_model import SmallLoop, make_hooks

CPU = torch.device("cpu")
DROP, LABELS, NOISE = 0.3, 3, 11
EVERY = pytest.mark.parametrize("family", FAMILIES)

Matrices = dict[str, Tensor]


def loaded(folder: Path, family: str) -> Loaded:
    """Load a tiny encoder in float64, in which no two scores are equal by rounding."""
    save_tiny(folder, family)
    one = load(folder, outputs=LABELS, dropout=0.0, head_seed=1, batching="padded", device=CPU)
    one.model.double().train()
    return one


def loop(one: Loaded, method: str, *, steps: int) -> SmallLoop:
    """Make a loop whose first half is stage I and whose second half is stage II."""
    given: dict[str, Any] = {"noise_seed": NOISE, "drop_fraction": DROP, "update_ratio": 0.5}
    return SmallLoop(one.model, make_hooks(method, one.model, steps, **given))


def batch(one: Loaded, seed: int) -> Batch:
    numbers, end = torch.Generator().manual_seed(seed), torch.tensor([END])
    drawn = [torch.randint(5, VOCABULARY, (n,), generator=numbers) for n in (3, 9, 6, 8)]
    texts = [torch.cat([each, end]) for each in drawn]
    labels = torch.randint(LABELS, (len(texts),), generator=numbers)
    return collate(one.layout, texts, [torch.zeros_like(each) for each in texts], labels, CPU)


def as_matrix(name: str, tensor: Tensor) -> Tensor:
    """Copy a weight as `[out, in]`; XLNet has `[width, heads, head width]`, o is the way back."""
    if tensor.dim() == 3 and not name.endswith(".o"):
        return tensor.detach().flatten(1).T.clone()
    return tensor.detach().flatten(1).clone()


def weights(one: Loaded) -> Matrices:
    return {name: as_matrix(name, each) for name, each in one.model.matrices().items()}


def gradients(one: Loaded) -> Matrices:
    found = {name: each.grad for name, each in one.model.matrices().items()}
    return {name: as_matrix(name, grad) for name, grad in found.items() if grad is not None}


def step(one: Loaded, ours: SmallLoop, seed: int) -> tuple[Matrices, Matrices, Matrices]:
    """Take a step; give the weights it was computed with, gradients before and after masking."""
    ours.backward(batch(one, seed))
    effective, before = weights(one), gradients(one)
    ours.hooks.after_backward(finite=True)
    after = gradients(one)
    ours.update()
    ours.optimiser.zero_grad()
    assert before.keys() == after.keys() == effective.keys(), "every matrix is trained"
    return effective, before, after


def best(score: Tensor) -> Tensor:
    ordered = sorted(score.flatten().tolist(), reverse=True)
    least: float = ordered[math.ceil(len(ordered) * (1 - DROP)) - 1]
    return score >= least


@EVERY
def test_dense_trains_everything_and_then_the_best_entries(family: str, tmp_path: Path) -> None:
    one = loaded(tmp_path, family)
    ours = loop(one, "dps-dense", steps=2)
    _, first, kept = step(one, ours, seed=1)
    _, second, masked = step(one, ours, seed=2)
    for name, gradient in first.items():
        assert torch.equal(kept[name], gradient)
        assert torch.equal(masked[name], second[name] * best(gradient**2)), name
        assert (masked[name] == 0).any()


@EVERY
def test_mix_mixes_and_trains_columns_and_then_the_best_entries(
    family: str, tmp_path: Path
) -> None:
    one = loaded(tmp_path, family)
    ours = loop(one, "dps-mix", steps=4)
    numbers, start = torch.Generator().manual_seed(NOISE), weights(one)
    squares = {name: torch.zeros_like(each) for name, each in start.items()}
    counts = {name: torch.zeros(each.shape[1]) for name, each in start.items()}
    widths = [each.shape[1] for each in start.values()]

    for seed in (1, 2):
        true = weights(one)
        effective, before, after = step(one, ours, seed)
        columns = (torch.rand(sum(widths), generator=numbers) >= DROP).split(widths)
        for name, kept in zip(start, columns, strict=True):
            mixed = start[name] + kept * (true[name] - start[name]) / (1 - DROP)
            assert torch.allclose(effective[name], mixed, atol=1e-6, rtol=0), name
            assert torch.equal(after[name], before[name] * kept), name
            squares[name] += after[name] ** 2
            counts[name] += kept

    true = weights(one)
    effective, before, after = step(one, ours, seed=3)
    for name, sums in squares.items():
        assert torch.equal(effective[name], true[name])
        mask = best(sums / counts[name].clamp(min=1))
        assert torch.equal(after[name], before[name] * mask), name


@EVERY
def test_mixout_mixes_columns_with_the_first_weights_in_every_step(
    family: str, tmp_path: Path
) -> None:
    one = loaded(tmp_path, family)
    given: dict[str, Any] = {"noise_seed": NOISE, "mix_probability": DROP}
    ours = SmallLoop(one.model, make_hooks("mixout", one.model, 2, **given))
    numbers, start = torch.Generator().manual_seed(NOISE), weights(one)
    widths = [each.shape[1] for each in start.values()]

    for seed in (1, 2):
        true = weights(one)
        effective, before, after = step(one, ours, seed)
        columns = (torch.rand(sum(widths), generator=numbers) >= DROP).split(widths)
        for name, kept in zip(start, columns, strict=True):
            mixed = start[name] + kept * (true[name] - start[name]) / (1 - DROP)
            assert torch.allclose(effective[name], mixed, atol=1e-6, rtol=0), name
            assert torch.allclose(after[name], before[name] * kept / (1 - DROP), atol=1e-15), name
