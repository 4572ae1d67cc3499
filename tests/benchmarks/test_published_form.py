"""The published form of DPS, which costs are compared with, computes what the product computes."""

from __future__ import annotations

import pytest
import torch
from torch import Generator, Tensor

from benchmarks.published import publish
from dpsrun.models.classifier import Classifier
from tests.methods.small_model import SmallLoop, difference, make_batches, make_hooks, tiny_bert

EQUAL = 1e-10
DROP = 0.3


class Columns:
    """Draws as the product does: one number a column and step, matrix after matrix."""

    def __init__(self, model: Classifier, generator: Generator) -> None:
        matrices = model.matrices().items()
        self.widths = {name.removesuffix(".weight"): each.shape[1] for name, each in matrices}
        self.generator, self.step = generator, 0
        self.kept: dict[str, Tensor] = {}

    def __call__(self, name: str, step: int, weight: Tensor) -> Tensor:
        if step != self.step:
            self.step = step
            numbers = torch.rand(sum(self.widths.values()), generator=self.generator)
            parts = torch.split(numbers >= DROP, list(self.widths.values()))
            self.kept = dict(zip(self.widths, parts, strict=True))
        return self.kept[name].to(weight.dtype)


@pytest.mark.parametrize(
    ("method", "us", "cycles"), [("dps-dense", 3, 3), ("dps-mix", 3, 3), ("dps-mix", 50, 1)]
)
def test_cycles_end_with_the_weights_of_the_product(method: str, us: int, cycles: int) -> None:
    steps, size = 2 * us * cycles, {} if us == 3 else {"layers": 1, "hidden": 8}
    batches = make_batches(steps)
    model = tiny_bert(**size)
    hooks = make_hooks(
        method, model, steps, noise_seed=7, drop_fraction=DROP, update_ratio=us / steps
    )
    product = SmallLoop(model, hooks)

    other = tiny_bert(**size)
    columns = Columns(other, Generator().manual_seed(7))
    matrices = other.matrices()
    publish(other.encoder, matrices, mix=method == "dps-mix", us=us, drop=DROP, columns=columns)
    published = SmallLoop(other, make_hooks("vanilla", other, steps))

    assert difference(product.run(batches), published.run(batches)) < EQUAL


def test_dense_and_mix_differ_from_vanilla() -> None:
    batches, plain = make_batches(12), tiny_bert()
    vanilla = SmallLoop(plain, make_hooks("vanilla", plain, 12)).run(batches)
    for mix in (False, True):
        model = tiny_bert()
        publish(model.encoder, model.matrices(), mix=mix, us=3)
        loop = SmallLoop(model, make_hooks("vanilla", model, 12))
        assert difference(loop.run(batches), vanilla) > EQUAL
