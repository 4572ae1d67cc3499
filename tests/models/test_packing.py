"""Padding-free batches give the padded model's numbers, or are not used."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor
from transformers import AttentionInterface

from dpsrun.models import load as loading
from dpsrun.models import packing
from dpsrun.models.batch import Batch
from dpsrun.models.layout import Layout, collate
from dpsrun.models.load import Batching, Loaded, load
from tests.encoders import FAMILIES, VOCABULARY, save_tiny

CPU = torch.device("cpu")


def loaded(folder: Path, batching: Batching) -> Loaded:
    return load(folder, outputs=3, dropout=0.0, head_seed=7, batching=batching, device=CPU)


def ragged_batch(layout: Layout) -> Batch:
    generator = torch.Generator().manual_seed(3)
    lengths = (9, 4, 17, 1, 12)
    sequences = [torch.randint(5, VOCABULARY, (n,), generator=generator) for n in lengths]
    segments = [(torch.arange(n) >= n // 2).long() for n in lengths]
    return collate(layout, sequences, segments, torch.tensor([0, 1, 2, 0, 1]), CPU)


def numbers(one: Loaded) -> tuple[Tensor, dict[str, Tensor]]:
    batch = ragged_batch(one.layout)
    logits = one.model.train()(batch)
    one.model.losses(logits, batch.labels).sum().backward()
    named = one.model.named_parameters()
    gradients = {name: p.grad for name, p in named if p.grad is not None}
    return logits.detach(), gradients


@pytest.mark.parametrize("family", FAMILIES)
def test_packed_equals_padded_in_logits_and_gradients(family: str, tmp_path: Path) -> None:
    folder = save_tiny(tmp_path, family)
    packed, padded = loaded(folder, "auto"), loaded(folder, "padded")
    assert packed.layout.packed
    assert not padded.layout.packed
    (found, found_gradients), (expected, expected_gradients) = numbers(packed), numbers(padded)
    assert torch.allclose(found, expected, atol=1e-5, rtol=0)
    assert found_gradients.keys() == expected_gradients.keys()
    for name, gradient in expected_gradients.items():
        assert torch.allclose(found_gradients[name], gradient, atol=1e-5, rtol=0), name


def test_a_packed_row_holds_every_real_token_and_no_padding(tmp_path: Path) -> None:
    batch = ragged_batch(loaded(save_tiny(tmp_path), "packed").layout)
    assert batch.inputs["input_ids"].shape == (1, 9 + 4 + 17 + 1 + 12)
    assert batch.tokens == 43


def test_an_encoder_that_ignores_packing_is_caught_and_padded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = save_tiny(tmp_path, "deberta-v2", pos_att_type=["c2p"], relative_attention=True)
    monkeypatch.setattr(loading, "PACKABLE", packing.PACKABLE | {"deberta-v2"})
    assert not loaded(folder, "auto").layout.packed


def test_an_encoder_whose_attention_mixes_sequences_is_caught_and_padded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def over_the_whole_row(
        _module: object, query: Tensor, key: Tensor, value: Tensor, _mask: object, **others: object
    ) -> tuple[Tensor, None]:
        others["packing"].calls += 1  # type: ignore[attr-defined]
        attended = torch.nn.functional.scaled_dot_product_attention(query, key, value)
        return attended.transpose(1, 2), None

    AttentionInterface.register("mixes", over_the_whole_row)
    monkeypatch.setattr(packing, "PACKED", "mixes")
    assert not loaded(save_tiny(tmp_path), "auto").layout.packed


def test_an_encoder_that_calls_attention_too_rarely_is_caught_and_padded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing.Packing, "calls", property(lambda _: 1, lambda *_: None))
    assert not loaded(save_tiny(tmp_path), "auto").layout.packed


def test_packing_on_demand_is_refused_where_it_is_not_right(tmp_path: Path) -> None:
    folder = save_tiny(tmp_path, "deberta-v2")
    with pytest.raises(ValueError, match="deberta-v2 cannot take packed batches"):
        loaded(folder, "packed")
