"""Layer-wise learning-rate decay: the same factor from block to block."""

from __future__ import annotations

import pytest
from torch import Tensor

from dpsrun.training.optimiser import decay_groups
from tests.methods.plain_training import (
    EQUAL,
    SETTINGS,
    SIZE,
    Update,
    product,
    product_loop,
    rate,
    train,
)
from tests.methods.small_model import difference, make_hooks, tiny_bert

FACTOR = 0.6
FROM_THE_HEAD = {
    "encoder.classifier": 0,
    "encoder.bert.pooler": 0,
    "encoder.bert.encoder.layer.1": 1,
    "encoder.bert.encoder.layer.0": 2,
    "encoder.bert.embeddings": 3,
}
"""How often the factor applies to a part of a BERT of two blocks."""


def steps_down(name: str) -> int:
    return next(down for part, down in FROM_THE_HEAD.items() if name.startswith(part))


@pytest.mark.parametrize("head_decays", [True, False])
def test_each_block_learns_more_slowly_than_the_one_above(*, head_decays: bool) -> None:
    def update(now: Update) -> Tensor:
        down = steps_down(now.name)
        own = now.rate * FACTOR**down
        decays = now.decays and (head_decays or down > 0)
        kept = 1 - own * SETTINGS.weight_decay if decays else 1.0
        return now.weight * kept - own * now.direction

    ours = product(product_loop("llrd", layer_decay=FACTOR, head_decays=head_decays))
    assert difference(ours, train(update)) < EQUAL


def test_a_factor_of_one_leaves_the_groups_as_they_are() -> None:
    model = tiny_bert()
    groups = decay_groups(model, 0.1)
    assert make_hooks("llrd", model, 8, layer_decay=1).parameter_groups(groups) is groups
    assert difference(product(product_loop("llrd", layer_decay=1)), train()) < EQUAL


def test_every_parameter_is_in_one_group() -> None:
    model = tiny_bert()
    groups = make_hooks("llrd", model, 8).parameter_groups(decay_groups(model, 0.1))
    grouped = [each for group in groups for each in group["params"]]
    assert len(grouped) == len(set(grouped))
    assert set(grouped) == set(model.parameters())


def test_progress_tells_the_rate_of_the_head_and_the_record_those_of_all_depths() -> None:
    loop = product_loop("llrd", layer_decay=0.5)
    reports = [loop.take_step(range(SIZE * i, SIZE * (i + 1)))[0] for i in range(3)]
    told = [report.learning_rate for report in reports]
    assert told == pytest.approx([rate(step) for step in (1, 2, 3)], abs=1e-15)
    assert loop.hooks.describe() == {"learning_rates": [0.00125, 0.0025, 0.005, 0.01]}
