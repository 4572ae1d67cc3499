"""Mixout against its formula, and in what its released code is easily got wrong.

Lee, Cho and Kang 2020: `w_eff = w0 + m * (w - w0) / (1 - p)`, m shared by the rows of a column.
"""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Generator, Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from dpsrun.methods.hooks import size_of
from dpsrun.methods.mixout.spec import MixoutParams
from dpsrun.models.classifier import Classifier
from tests.methods.small_model import (
    ONE_EXAMPLE,
    OneMatrix,
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
HEAD = "encoder.classifier.weight"
BLOCK = (
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "intermediate.dense",
    "output.dense",
)
MIXED = [
    *(f"encoder.bert.encoder.layer.{i}.{name}.weight" for i in range(2) for name in BLOCK),
    "encoder.bert.pooler.dense.weight",
    HEAD,
]

Draw = Any
"""Generator, shapes, probability -> masks."""


def columns(numbers: Generator, shapes: list[torch.Size], p: float) -> list[Tensor]:
    """Every row of a matrix has the same mask."""
    widths = [shape[1] for shape in shapes]
    kept = (torch.rand(sum(widths), generator=numbers) >= p).double()
    return [each.expand(shape) for each, shape in zip(kept.split(widths), shapes, strict=True)]


def entries(numbers: Generator, shapes: list[torch.Size], p: float) -> list[Tensor]:
    """Every entry has a signed number of 16 bits; it is kept if that is among the lowest."""
    seed = int(torch.randint(2**63 - 1, (), generator=numbers))
    own = Generator().manual_seed(seed)
    masks = []
    for shape in shapes:
        words = torch.empty(-(-shape.numel() // 4), dtype=torch.int64)
        words.random_(-(2**63), None, generator=own)
        bits = torch.stack([(words >> shift) & 0xFFFF for shift in (0, 16, 32, 48)], dim=1)
        rank = (bits.flatten()[: shape.numel()] + 2**15) % 2**16
        masks.append((rank < math.ceil((1 - p) * 2**16)).double().view(shape))
    return masks


def oracle(
    p: float, *, draw: Draw = columns, mixed: list[str] = MIXED, rescale: bool = True
) -> list[dict[str, Tensor]]:
    """All parameters after each of four steps."""
    model, numbers = tiny_bert(), torch.Generator().manual_seed(NOISE)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01)
    trained = {name: each for name, each in model.named_parameters() if name in mixed}
    start = {name: each.detach().clone() for name, each in trained.items()}
    trajectory = []
    for batch in make_batches(4):
        masks = draw(numbers, [each.shape for each in trained.values()], p)
        effective = {
            name: start[name] + mask * (weight - start[name]) / (1 - p)
            for (name, weight), mask in zip(trained.items(), masks, strict=True)
        }
        logits = functional_call(model, effective, (batch,))
        optimiser.zero_grad()
        functional.cross_entropy(logits, batch.labels).backward()
        for weight in trained.values():
            assert weight.grad is not None
            weight.grad *= 1 if rescale else 1 - p
        nn.utils.clip_grad_norm_(model.parameters(), 0.1)
        optimiser.step()
        trajectory.append(weights(model))
    return trajectory


def small_loop(*, micro: int | None = None, **params: Any) -> SmallLoop:
    model = tiny_bert()
    hooks = make_hooks("mixout", model, 4, noise_seed=NOISE, **params)
    return SmallLoop(model, hooks, micro=micro)


@pytest.mark.parametrize("micro", [None, 4], ids=["whole", "4+4+1"])
@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_it_equals_the_formula_however_a_batch_is_split(p: float, micro: int | None) -> None:
    ours = small_loop(mix_probability=p, micro=micro).run(make_batches(4))
    assert difference(ours, oracle(p)) < EQUAL


@pytest.mark.parametrize(
    ("params", "formula"),
    [
        ({"rescale_backward": False}, {"rescale": False}),
        ({"mix_head": False}, {"mixed": MIXED[:-1]}),
        ({"mixed": "weights"}, {"draw": entries}),
        ({"mixed": "weights", "rescale_backward": False}, {"draw": entries, "rescale": False}),
    ],
    ids="-".join,
)
def test_its_switches_equal_the_formula(params: dict[str, Any], formula: dict[str, Any]) -> None:
    ours = small_loop(mix_probability=0.4, **params).run(make_batches(4))
    assert difference(ours, oracle(0.4, **formula)) < EQUAL


def test_one_matrix_by_hand() -> None:
    # The gradient is the effective matrix itself; p = 1/2 doubles what a kept column has moved.
    model: Any = OneMatrix([[4, -8], [2, 6]])
    params: dict[str, Any] = {"mix_probability": 0.5, "rescale_backward": False}
    hooks = make_hooks("mixout", model, 2, noise_seed=1, **params)
    loop = SmallLoop(
        model, hooks, optimiser=torch.optim.SGD(model.parameters(), lr=0.25), clip=torch.inf
    )
    with torch.no_grad():
        model.weight += torch.tensor([[1, 1], [-1, 0]])
    loop.backward(ONE_EXAMPLE)
    assert hooks.mask["weight"].tolist() == [True, False]
    assert hooks.effective.weights["weight"].tolist() == [[6, -8], [0, 6]]
    hooks.after_backward(finite=True)
    assert model.weight.grad.tolist() == [[6, 0], [0, 0]]
    assert model.weight.tolist() == [[5, -7], [1, 6]]


@pytest.mark.parametrize("mixed", ["columns", "weights"])
def test_the_effective_weights_are_the_trained_ones_on_average(mixed: str) -> None:
    model = OneMatrix([[4.0, -8.0, 1.0]])
    hooks = make_hooks("mixout", model, 2, mix_probability=0.5, mixed=mixed)
    with torch.no_grad():
        model.weight.add_(1)
    total = torch.zeros(1, 3, dtype=torch.float64)
    for _ in range(500):
        hooks.before_step(9)
        total += model.weight.detach()
        hooks.after_backward(finite=True)
    assert torch.allclose(total / 500, model.weight.detach(), atol=0.2)


def test_all_rows_of_a_matrix_share_a_mask_and_each_weight_may_have_its_own() -> None:
    by_column, by_weight = small_loop(), small_loop(mixed="weights")
    for loop in (by_column, by_weight):
        loop.hooks.before_step(9)
    ours, others = (loop.hooks.mask for loop in (by_column, by_weight))  # type: ignore[attr-defined]
    for name, matrix in by_column.model.matrices().items():  # type: ignore[operator]
        assert ours[name].shape == matrix.shape[1:]
        assert others[name].shape == matrix.shape


@pytest.mark.parametrize("mixed", ["columns", "weights"])
def test_biases_norms_and_embeddings_are_never_mixed(mixed: str) -> None:
    loop = small_loop(mix_probability=0.9, mixed=mixed)
    loop.run(make_batches(2))
    before = weights(loop.model)
    loop.hooks.before_step(9)
    during = weights(loop.model)
    changed = {name for name in before if not torch.equal(before[name], during[name])}
    assert changed == set(MIXED)


def test_between_steps_and_in_evaluation_the_model_has_its_trained_weights() -> None:
    loop = small_loop(mix_probability=0.5)
    loop.run(make_batches(2))
    before = weights(loop.model)
    plain = tiny_bert(seed=1)
    plain.load_state_dict(loop.model.state_dict())
    batch = make_batches(1, seed=99)[0]
    with torch.no_grad():
        assert torch.equal(loop.model.eval()(batch), plain.eval()(batch))
    loop.model.train()
    loop.step(batch, spoil=True)  # a skipped step puts them back too
    assert same(weights(loop.model), before)


def test_the_anchor_is_what_the_run_began_with_even_after_a_resume() -> None:
    through = small_loop(mix_probability=0.5)
    first = weights(through.model)
    batches = make_batches(4)
    through.run(batches[:2])
    saved = through.saved()
    through.run(batches[2:])

    moved = tiny_bert(seed=3)  # as if the trained weights had been loaded before
    resumed = SmallLoop(moved, make_hooks("mixout", moved, 4, mix_probability=0.5, noise_seed=5))
    resumed.load(saved)
    resumed.run(batches[2:])

    assert same(weights(resumed.model), weights(through.model))
    hooks: Any = resumed.hooks
    assert same(hooks.start, {name.removeprefix("encoder."): first[name] for name in MIXED})
    assert hooks.describe() == through.hooks.describe()


def test_it_keeps_one_copy_of_what_it_mixes() -> None:
    loop = small_loop()
    mixed = sum(weights(loop.model)[name].nbytes for name in MIXED)
    assert mixed <= size_of(loop.hooks.state_dict()) <= mixed + 10_000


def test_with_probability_zero_it_is_vanilla_and_keeps_nothing() -> None:
    plain: Classifier = tiny_bert()
    vanilla = SmallLoop(plain, make_hooks("vanilla", plain, 4)).run(make_batches(4))
    neutral = small_loop(mix_probability=0)
    noise = neutral.hooks.context.noise.get_state()
    ours = neutral.run(make_batches(4))
    assert all(same(one, two) for one, two in zip(ours, vanilla, strict=True))
    assert torch.equal(neutral.hooks.context.noise.get_state(), noise)
    assert neutral.hooks.state_dict()["start"] == {}


def test_it_stands_in_the_place_of_dropout() -> None:
    assert MixoutParams().dropout_rate(100) == 0.0
    assert MixoutParams(dropout=0.1).dropout_rate(100) == 0.1


def test_the_record_names_what_was_mixed() -> None:
    loop = small_loop(mix_head=False)
    loop.run(make_batches(3))
    told = loop.hooks.describe()
    assert told["steps"] == 3
    assert [f"encoder.{name}" for name in told["matrices"]] == MIXED[:-1]
    assert told["matrices"]["bert.encoder.layer.0.intermediate.dense.weight"] == [32, 16]
    assert told["weights"] == 2 * (4 * 16 * 16 + 2 * 16 * 32) + 16 * 16
