"""Child-Tuning-D against its formula, and what its masks leave to the optimiser."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

from dpsrun.methods.hooks import size_of
from dpsrun.models.batch import Batch
from dpsrun.models.classifier import Classifier
from dpsrun.runs.spec import Training
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
EXAMPLES = make_batches(1, size=10, seed=21)[0]
"""The training set: batches of 4, 4 and 2."""
TRAINING = Training(batch_size=4, max_grad_norm=0.5)
DECAY = 1 - 1e-3 * 0.01
"""What a step of the small loop leaves of a weight that has no gradient and no momentum."""


def shuffled(order: Generator) -> list[int]:
    indices: list[int] = torch.randperm(len(EXAMPLES.labels), generator=order).tolist()
    return indices


def taken(indices: list[int]) -> Batch:
    inputs = {name: value[indices] for name, value in EXAMPLES.inputs.items()}
    return Batch(inputs, EXAMPLES.labels[indices], packing=None, tokens=0)


def one_pass(size: int, order: Generator) -> Iterator[Batch]:
    rows = shuffled(order)
    return (taken(rows[first : first + size]) for first in range(0, len(rows), size))


def in_blocks(model: nn.Module) -> dict[str, nn.Parameter]:
    """The rule of the released code for BERT."""
    return {name: each for name, each in model.named_parameters() if ".layer." in name}


def fisher_of(parts: list[list[int]], limit: float | None) -> dict[str, Tensor]:
    """The mean squared gradient of the parts' mean losses, each parameter's clipped by itself."""
    model = tiny_bert()
    rated = in_blocks(model)
    fisher = {name: torch.zeros_like(each) for name, each in rated.items()}
    for part in parts:
        loss = functional.cross_entropy(model(taken(part)), EXAMPLES.labels[part])
        found = torch.autograd.grad(loss, list(rated.values()))
        for name, gradient in zip(rated, found, strict=True):
            factor = 1.0 if limit is None else min(1.0, limit / (float(gradient.norm()) + 1e-6))
            fisher[name] += (factor * gradient) ** 2 / len(parts)
    return fisher


def by_examples() -> dict[str, Tensor]:
    return fisher_of([[i] for i in range(10)], None)


def by_batches(limit: float | None = 0.5) -> dict[str, Tensor]:
    rows = shuffled(torch.Generator().manual_seed(NOISE))
    return fisher_of([rows[:4], rows[4:8], rows[8:]], limit)


def best(fisher: dict[str, Tensor], p: float) -> dict[str, Tensor]:
    """One threshold over all parameters."""
    ordered = sorted(torch.cat([each.flatten() for each in fisher.values()]).tolist())
    threshold: float = ordered[len(ordered) - math.ceil(p * len(ordered))]
    return {name: each >= threshold for name, each in fisher.items()}


def oracle(masks: dict[str, Tensor]) -> list[dict[str, Tensor]]:
    """All parameters after each of four steps."""
    model = tiny_bert()
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01)
    trajectory = []
    for batch in make_batches(4):
        optimiser.zero_grad()
        functional.cross_entropy(model(batch), batch.labels).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.1)
        for name, each in in_blocks(model).items():
            assert each.grad is not None
            each.grad = torch.where(masks[name], each.grad, 0.0)
        optimiser.step()
        trajectory.append(weights(model))
    return trajectory


def small_loop(
    model: Classifier | None = None, training: Training = TRAINING, **params: Any
) -> SmallLoop:
    """A loop that has gone through the training set."""
    model = model or tiny_bert()
    make = partial(make_hooks, "child-tuning-d", model, 4, noise_seed=NOISE, training=training)
    hooks = make(one_pass=one_pass, **params)
    hooks.before_training()
    return SmallLoop(model, hooks)


def masks(loop: SmallLoop) -> dict[str, Tensor]:
    hooks: Any = loop.hooks
    found: dict[str, Tensor] = hooks.mask
    return found


@pytest.mark.parametrize("p", [0.1, 0.3, 0.9])
@pytest.mark.parametrize(
    ("fisher", "formula"), [("examples", by_examples), ("batches", by_batches)]
)
def test_it_equals_the_formula(
    fisher: str, formula: Callable[[], dict[str, Tensor]], p: float
) -> None:
    loop, expected = small_loop(fisher=fisher, keep_fraction=p), best(formula(), p)
    assert same(masks(loop), expected)
    assert difference(loop.run(make_batches(4)), oracle(expected)) < EQUAL


def test_the_two_ways_to_rate_differ_and_so_do_batches_without_clipping() -> None:
    free = small_loop(training=Training(batch_size=4, max_grad_norm=None), fisher="batches")
    assert same(masks(free), best(by_batches(None), 0.3))
    assert not same(masks(free), masks(small_loop(fisher="batches")))
    assert not same(masks(free), masks(small_loop()))


@pytest.mark.parametrize("micro", [1, 2, 3])
def test_batches_are_rated_alike_in_micro_batches(micro: int) -> None:
    split = TRAINING.model_copy(update={"micro_batch_size": micro})
    loop = small_loop(training=split, fisher="batches")
    assert same(masks(loop), masks(small_loop(fisher="batches")))
    assert loop.hooks.describe()["gradients"] == 3


def test_one_threshold_over_all_blocks_keeps_the_asked_fraction_of_them_together() -> None:
    loop = small_loop(keep_fraction=0.25)
    told = loop.hooks.describe()
    entries = sum(each.numel() for each in in_blocks(loop.model).values())
    assert told["entries"] == entries
    assert told["kept_fraction"] == math.ceil(entries * 0.25) / entries
    assert told["gradients"] == 10
    assert min(told["kept"].values()) < 0.1
    assert max(told["kept"].values()) > 0.5
    assert told["kept"].keys() == in_blocks(loop.model).keys()


def test_all_that_tie_with_the_last_are_kept() -> None:
    model = tiny_bert()
    with torch.no_grad():
        model.encoder.classifier.weight.zero_()  # type: ignore[union-attr, operator]
    loop = small_loop(model)  # so no block has a gradient
    assert loop.hooks.describe()["kept_fraction"] == 1


def test_embeddings_pooler_and_head_always_train_and_biases_and_norms_are_rated() -> None:
    loop = small_loop(keep_fraction=0.1)
    loop.backward(make_batches(1)[0])
    before = {name: each.grad.clone() for name, each in loop.model.named_parameters()}  # type: ignore[union-attr]
    loop.hooks.after_clipping([])
    changed = {
        name
        for name, each in loop.model.named_parameters()
        if each.grad is None or not torch.equal(each.grad, before[name])
    }
    assert changed <= in_blocks(loop.model).keys()
    prefix = "encoder.bert.encoder.layer.0."
    assert {f"{prefix}output.LayerNorm.weight", f"{prefix}intermediate.dense.bias"} <= changed


def test_masked_entries_have_no_moments_and_move_by_weight_decay_alone() -> None:
    loop = small_loop()
    before = weights(loop.model)
    loop.run(make_batches(3))
    for name, mask in masks(loop).items():
        parameter = loop.model.get_parameter(name)
        state = loop.optimiser.state[parameter]
        for moment in (state["exp_avg"], state["exp_avg_sq"]):
            assert not moment[~mask].any()
            assert moment[mask].any() or not mask.any()
        expected = before[name][~mask] * DECAY**3
        torch.testing.assert_close(parameter.detach()[~mask], expected, rtol=1e-14, atol=0)


def test_the_pass_sees_dropout_and_leaves_no_gradient() -> None:
    def rated(seed: int) -> dict[str, Tensor]:
        model = tiny_bert()
        for module in model.modules():
            if isinstance(module, nn.Dropout):
                module.p = 0.3
        torch.manual_seed(seed)
        loop = small_loop(model)
        assert all(each.grad is None for each in loop.model.parameters())
        return masks(loop)

    assert same(rated(1), rated(1))
    assert not same(rated(1), rated(2))


def test_the_pass_changes_no_weight() -> None:
    assert same(weights(small_loop().model), weights(tiny_bert()))


def test_a_resumed_run_goes_on_with_its_masks_without_another_pass() -> None:
    batches = make_batches(4)
    through = small_loop()
    through.run(batches[:2])
    saved = through.saved()
    through.run(batches[2:])

    model = tiny_bert(seed=4)
    resumed = SmallLoop(model, make_hooks("child-tuning-d", model, 4))
    resumed.load(saved)
    resumed.run(batches[2:])

    assert same(weights(resumed.model), weights(through.model))
    assert resumed.hooks.describe() == through.hooks.describe()


def test_it_keeps_a_byte_for_each_entry_of_the_blocks() -> None:
    loop = small_loop()
    entries = sum(each.numel() for each in in_blocks(loop.model).values())
    assert size_of(loop.hooks.state_dict()) == entries


def test_keeping_everything_is_vanilla_without_a_pass() -> None:
    plain = tiny_bert()
    vanilla = SmallLoop(plain, make_hooks("vanilla", plain, 4)).run(make_batches(4))
    neutral = small_loop(keep_fraction=1)
    ours = neutral.run(make_batches(4))
    assert all(same(one, two) for one, two in zip(ours, vanilla, strict=True))
    told = neutral.hooks.describe()
    assert told == {"gradients": 0, "entries": 0, "kept_fraction": None, "kept": {}}
