"""Rows of the word embedding that a run never meets are left out, and nothing else changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from dpsrun.models.load import Loaded, load
from dpsrun.models.probe import Batching
from dpsrun.models.vocabulary import trim
from dpsrun.tasks.encoded import Encoded
from tests.encoders import FAMILIES, PACKED, VOCABULARY, save_tiny
from tests.training.builder import examples, loop

CPU = torch.device("cpu")
STEPS = [range(start, start + 4) for start in (0, 4, 8)]


def few_words() -> Encoded:
    """Texts in which most of the vocabulary does not occur."""
    data = examples(12)
    data.tokens[:] = 20 + data.tokens % 30
    return data


def loaded(folder: Path, data: Encoded | None, batching: Batching) -> Loaded:
    texts = None if data is None else [data.tokens]
    return load(
        folder,
        outputs=2,
        dropout=0.0,
        head_seed=1,
        batching=batching,
        device=CPU,
        texts=texts,
    )


def trained(one: Loaded, data: Encoded) -> dict[str, Tensor]:
    """Take three steps with clipping at work; give the weights."""
    ours = loop(one, data, max_grad_norm=0.1)
    norms = [report.gradient_norm for rows in STEPS for report in ours.take_step(rows)]
    assert min(norms) > 0.1
    return {name: tensor.clone() for name, tensor in one.model.state_dict().items()}


@pytest.mark.parametrize(
    ("family", "batching"),
    [
        *((family, "auto") for family in PACKED),
        *((family, "padded") for family in FAMILIES if family != "bart"),
    ],
)
def test_training_without_unused_rows_gives_the_same_weights(
    family: str, batching: Batching, tmp_path: Path
) -> None:
    data = few_words()
    whole, trimmed = (loaded(save_tiny(tmp_path, family), each, batching) for each in (None, data))
    expected, found = trained(whole, data), trained(trimmed, data)
    (name,) = (name for name in found if found[name].shape != expected[name].shape)
    assert trimmed.layout.rows is not None
    assert trimmed.left_out == expected[name].numel() - found[name].numel() > 0 == whole.left_out
    used = torch.from_numpy(np.unique(data.tokens)).long()
    expected[name], found[name] = expected[name][used], found[name][trimmed.layout.rows[used]]
    for each, tensor in expected.items():
        assert torch.allclose(found[each], tensor, atol=1e-6, rtol=0), each


def words(one: Loaded) -> nn.Embedding:
    return cast("Any", one.model.encoder).get_input_embeddings()  # type: ignore[no-any-return]


def test_only_rows_that_occur_and_those_up_to_the_last_special_one_stay(tmp_path: Path) -> None:
    one = loaded(save_tiny(tmp_path, "roberta"), None, "padded")
    before = words(one).weight.detach().clone()
    rows = trim(one.model.encoder, [np.array([7, 90], np.int32), np.array([90, 11], np.int32)])
    kept = [0, 1, 2, 7, 11, 90]
    assert torch.equal(words(one).weight, before[kept]), "RoBERTa's end of text is token 2"
    assert rows is not None
    assert rows.shape == (VOCABULARY,)
    assert rows[kept].tolist() == [0, 1, 2, 3, 4, 5]


def test_the_embedding_of_bart_which_its_decoder_shares_is_left_alone(tmp_path: Path) -> None:
    assert loaded(save_tiny(tmp_path, "bart"), few_words(), "auto").layout.rows is None


def test_an_embedding_that_another_layer_shares_is_left_alone(tmp_path: Path) -> None:
    one = loaded(save_tiny(tmp_path), None, "padded")
    again = nn.Linear(1, 1)
    again.weight = words(one).weight
    one.model.encoder.add_module("again", again)
    assert trim(one.model.encoder, [np.array([7], np.int32)]) is None
    assert len(words(one).weight) == VOCABULARY
