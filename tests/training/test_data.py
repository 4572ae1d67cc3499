"""Epochs, batches and predictions in order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Generator

from dpsrun.training.data import Feed, micro_batches, one_pass, training_steps
from dpsrun.training.evaluation import predict
from tests.encoders import save_tiny
from tests.training.builder import CPU, examples, loaded


def steps(total: int, rows: int = 10, batch: int = 4) -> list[tuple[int, list[int], bool]]:
    order = Generator().manual_seed(0)
    made = training_steps(range(rows), batch_size=batch, total_steps=total, order=order)
    return list(made)


def test_an_epoch_sees_every_example_once_and_its_last_batch_may_be_ragged() -> None:
    first = steps(3)
    assert [len(rows) for _, rows, _ in first] == [4, 4, 2]
    assert sorted(row for _, rows, _ in first for row in rows) == list(range(10))
    assert [ends for _, _, ends in first] == [False, False, True]


def test_the_second_epoch_has_another_order() -> None:
    taken = steps(6)
    orders = [[r for epoch, rows, _ in taken if epoch == e for r in rows] for e in (1, 2)]
    assert orders[0] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1])


def test_a_run_may_end_within_an_epoch() -> None:
    taken = steps(5)
    assert [epoch for epoch, _, _ in taken] == [1, 1, 1, 2, 2]
    assert [ends for _, _, ends in taken] == [False, False, True, False, True]


def test_micro_batches_cover_a_step_in_order() -> None:
    assert list(micro_batches([3, 1, 2, 9, 7], 2)) == [[3, 1], [2, 9], [7]]
    assert list(micro_batches([3, 1], None)) == [[3, 1]]


def test_one_pass_takes_each_row_once_in_an_order_of_its_own(tmp_path: Path) -> None:
    data, one = examples(10), loaded(save_tiny(tmp_path), "padded")
    feed, order = Feed(data, one.layout, CPU), Generator().manual_seed(0)
    first, second = (list(one_pass(feed, [1, 3, 5, 7, 9], 2, order)) for _ in range(2))
    assert [len(batch.labels) for batch in first] == [2, 2, 1]
    tokens = [sorted(b.tokens for b in batches) for batches in (first, second)]
    assert sum(tokens[0]) == sum(tokens[1]) == int(data.lengths[[1, 3, 5, 7, 9]].sum())
    assert not torch.equal(first[0].inputs["input_ids"], second[0].inputs["input_ids"])


def test_evaluation_sorts_by_length_and_restores_the_order(tmp_path: Path) -> None:
    data = examples(60)
    one = loaded(save_tiny(tmp_path), "packed")
    feed = Feed(data, one.layout, CPU)
    seen = [row for rows, _ in feed.sorted_batches() for row in rows]
    assert sorted(seen) == list(range(60))
    assert seen != list(range(60))
    found = predict(one.model, {"dev": feed}, precision="fp32", regression=False)["dev"]
    with torch.inference_mode():
        one.model.eval()
        alone = np.concatenate([one.model(feed.batch([row])).numpy() for row in range(60)])
    assert np.allclose(found, alone, atol=1e-5)


def test_prediction_leaves_the_model_in_training_mode(tmp_path: Path) -> None:
    one = loaded(save_tiny(tmp_path), "packed")
    one.model.train()
    predict(one.model, {}, precision="fp32", regression=False)
    assert one.model.training
