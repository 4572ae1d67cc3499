"""Padding-free batches give the padded model's numbers, or are not used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import AttentionInterface, AutoModelForSequenceClassification

from dpsrun.models import packing, probe
from dpsrun.models.batch import Batch
from dpsrun.models.classifier import Classifier
from dpsrun.models.layout import Layout, collate
from dpsrun.models.load import Loaded, load
from dpsrun.models.probe import Batching
from tests.encoders import END, FAMILIES, PACKED, VIVID, VOCABULARY, save_tiny

CPU = torch.device("cpu")


def loaded(folder: Path, batching: Batching) -> Loaded:
    return load(folder, outputs=3, dropout=0.0, head_seed=7, batching=batching, device=CPU)


def texts() -> tuple[list[Tensor], list[Tensor]]:
    """Draw sequences of different lengths that all end as texts do, and their segments."""
    generator = torch.Generator().manual_seed(3)
    lengths, end = (9, 4, 17, 1, 12), torch.tensor([END])
    drawn = [torch.randint(5, VOCABULARY, (n - 1,), generator=generator) for n in lengths]
    segments = [(torch.arange(n) >= n // 2).long() for n in lengths]
    return [torch.cat([each, end]) for each in drawn], segments


def ragged_batch(layout: Layout, device: torch.device = CPU) -> Batch:
    sequences, segments = texts()
    return collate(layout, sequences, segments, torch.tensor([0, 1, 2, 0, 1]), device)


def numbers(one: Loaded) -> tuple[Tensor, dict[str, Tensor]]:
    batch = ragged_batch(one.layout)
    logits = one.model.train()(batch)
    one.model.losses(logits, batch.labels).sum().backward()
    named = one.model.named_parameters()
    gradients = {name: p.grad for name, p in named if p.grad is not None}
    return logits.detach(), gradients


@pytest.mark.parametrize("batching", ["auto", "padded"])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_text_has_the_same_logits_alone_and_in_a_batch(
    family: str, batching: Batching, tmp_path: Path
) -> None:
    one = loaded(save_tiny(tmp_path, family, **VIVID), batching)
    assert one.layout.packed == (batching == "auto" and family in PACKED)
    assert one.layout.side == ("left" if family == "xlnet" else "right")
    alone = [
        collate(one.layout, [tokens], [kinds], torch.tensor([0]), CPU)
        for tokens, kinds in zip(*texts(), strict=True)
    ]
    with torch.inference_mode():
        together = one.model.eval()(ragged_batch(one.layout))
        expected = torch.cat([one.model(batch) for batch in alone])
    assert torch.allclose(together, expected, atol=1e-5, rtol=0)
    assert expected.std(dim=0).min() > 0.1, "texts differ"


def test_xlnet_reads_which_text_a_token_is_of(tmp_path: Path) -> None:
    one = loaded(save_tiny(tmp_path, "xlnet", **VIVID), "auto")
    batch = ragged_batch(one.layout)
    kinds = batch.inputs.pop("token_type_ids")
    split, whole = (one.model(batch, token_type_ids=each) for each in (kinds, kinds * 0))
    assert (split - whole)[0].abs().max() > 0.01


@pytest.mark.parametrize("family", ["bert", "deberta", "xlnet"])
def test_trying_layouts_draws_no_random_numbers(family: str, tmp_path: Path) -> None:
    folder = save_tiny(tmp_path, family)
    encoder = AutoModelForSequenceClassification.from_pretrained(folder)
    before = torch.get_rng_state()
    probe.choose_layout(Classifier(encoder, frozenset()).train(), "auto", CPU)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("family", ["deberta", "deberta-v2", "xlnet"])
def test_relative_positions_have_no_end(family: str, tmp_path: Path) -> None:
    one = loaded(save_tiny(tmp_path, family), "auto")
    tokens = torch.arange(200) % 100 + 5
    batch = collate(one.layout, [tokens], [tokens * 0], torch.tensor([0]), CPU)
    assert torch.isfinite(one.model(batch)).all()


def test_an_encoder_whose_numbers_change_with_padding_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="xlnet gives a text other logits where the batch is"):
        loaded(save_tiny(tmp_path, "xlnet", summary_type="mean"), "auto")


@pytest.mark.parametrize("family", PACKED)
def test_packed_equals_padded_in_logits_and_gradients(family: str, tmp_path: Path) -> None:
    folder = save_tiny(tmp_path, family, **VIVID)
    packed, padded = loaded(folder, "auto"), loaded(folder, "padded")
    assert packed.layout.packed
    assert not padded.layout.packed
    (found, found_gradients), (expected, expected_gradients) = numbers(packed), numbers(padded)
    assert torch.allclose(found, expected, atol=1e-5, rtol=0)
    assert found_gradients.keys() == expected_gradients.keys()
    for name, gradient in expected_gradients.items():
        assert torch.allclose(found_gradients[name], gradient, atol=1e-5, rtol=0), name


def test_a_modernbert_that_pools_all_tokens_is_padded(tmp_path: Path) -> None:
    one = loaded(save_tiny(tmp_path, "modernbert", classifier_pooling="mean"), "auto")
    assert (one.layout.packed, one.layout.side) == (False, "right")


def test_a_modernbert_whose_window_is_not_heeded_is_caught_and_padded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "_band", lambda *_: None)
    assert not loaded(save_tiny(tmp_path, "modernbert"), "auto").layout.packed


def test_a_packed_row_holds_every_real_token_and_no_padding(tmp_path: Path) -> None:
    batch = ragged_batch(loaded(save_tiny(tmp_path), "packed").layout)
    assert batch.inputs["input_ids"].shape == (1, 9 + 4 + 17 + 1 + 12)
    assert batch.tokens == 43


def test_an_encoder_that_ignores_packing_is_caught_and_padded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = save_tiny(tmp_path, "deberta-v2")
    monkeypatch.setattr(probe, "PACKABLE", packing.PACKABLE | {"deberta-v2"})
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


@pytest.mark.parametrize(("family", "rows"), [("bert", 5), ("electra", 5), ("distilbert", 43)])
def test_the_last_block_of_a_bert_works_on_first_tokens_only(
    family: str, rows: int, tmp_path: Path
) -> None:
    one = loaded(save_tiny(tmp_path, family), "packed")
    seen: dict[str, int] = {}
    for name, module in one.model.encoder.named_modules():
        if isinstance(module, torch.nn.Linear):
            module.register_forward_hook(
                lambda _, given, __, name=name: seen.update({name: given[0].shape[-2]})
            )
    one.model(ragged_batch(one.layout))
    blocks = {name: count for name, count in seen.items() if "layer." in name}
    assert {n for name, n in blocks.items() if "layer.0." in name} == {43}
    assert {n for name, n in blocks.items() if "layer.1." in name} == {43, rows}


def flash_on_a_cpu(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    *bounds: Any,
    scale: float | None,
    window_size: tuple[int, int],
) -> Tensor:
    """What torch's kernel computes, `[tokens, heads, width]`, written out."""
    starts, again, longest, _ = bounds
    assert starts is again
    assert starts.dtype == torch.int32
    lengths = starts.diff().tolist()
    assert max(lengths) == longest
    parts = (x.transpose(0, 1).split(lengths, dim=1) for x in (query, key, value))
    before, after = (reach if reach >= 0 else longest for reach in window_size)
    attended = []
    for q, k, v in zip(*parts, strict=True):
        seen = torch.ones(q.shape[1], q.shape[1]).tril(after).triu(-before).log()
        scores = q @ k.transpose(1, 2) * (scale or q.shape[-1] ** -0.5) + seen
        attended.append(torch.softmax(scores, -1) @ v)
    return torch.cat(attended, dim=1).transpose(0, 1)


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the CPU pass for a GPU with flash attention."""
    monkeypatch.setattr(packing, "has_kernel", lambda *_: True)
    monkeypatch.setattr(packing, "varlen_attn", flash_on_a_cpu)


@pytest.mark.usefixtures("kernel")
@pytest.mark.parametrize("family", ["bert", "modernbert"])
def test_the_kernel_for_different_lengths_is_called_as_it_wants(
    family: str, tmp_path: Path
) -> None:
    folder = save_tiny(tmp_path, family)
    (found, gradients), (expected, _) = (numbers(loaded(folder, b)) for b in ("packed", "padded"))
    assert torch.allclose(found, expected, atol=1e-5, rtol=0)
    assert gradients


@pytest.mark.parametrize("dropout", [0.0, 0.1])
def test_a_gpu_packs_only_for_the_kernel_which_has_no_dropout(
    dropout: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = save_tiny(tmp_path, attention_probs_dropout_prob=dropout)
    encoder = AutoModelForSequenceClassification.from_pretrained(folder)
    gpu = torch.device("cuda")
    assert probe.pays(Classifier(encoder, frozenset()), CPU, "bf16")
    for has_kernel in (True, False):
        monkeypatch.setattr(probe, "has_kernel", lambda *_, has=has_kernel: has)
        expected = has_kernel and dropout == 0
        assert probe.pays(Classifier(encoder, frozenset()), gpu, "bf16") == expected


def test_no_kernel_is_asked_for_on_a_cpu_or_in_full_precision() -> None:
    assert not packing.has_kernel(CPU, torch.bfloat16)
    assert not packing.has_kernel(torch.device("cuda"), torch.float32)


@pytest.mark.gpu
@pytest.mark.parametrize("family", ["bert", "modernbert"])
def test_on_a_gpu_the_kernel_gives_the_padded_numbers_in_half_precision(
    family: str, tmp_path: Path
) -> None:
    folder, gpu = save_tiny(tmp_path, family, hidden_size=64), torch.device("cuda")
    found = {}
    for batching in ("auto", "padded"):
        one = load(
            folder,
            outputs=3,
            dropout=0.0,
            head_seed=7,
            batching=batching,
            device=gpu,
            precision="bf16",
        )
        assert one.layout.packed == (batching == "auto")
        batch = ragged_batch(one.layout, gpu)
        with torch.autocast("cuda", dtype=torch.bfloat16):
            found[batching] = one.model(batch)
    assert torch.allclose(found["auto"], found["padded"], atol=0.05, rtol=0.05)
