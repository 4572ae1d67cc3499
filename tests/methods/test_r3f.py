"""R3F against its formula, on every encoder, and where its noise could be lost."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from dpsrun.models.batch import Batch
from dpsrun.models.classifier import Classifier
from dpsrun.models.layout import collate
from dpsrun.models.load import Loaded, load
from tests.encoders import END, FAMILIES, PACKED, VIVID, VOCABULARY, save_tiny
from tests.methods.small_model import SmallLoop, difference, make_hooks
from tests.methods.two_passes import (
    Stream,
    bert,
    classes,
    cross_entropy,
    kl,
    scores,
    squares,
    train,
)

WEIGHT, SCALE = 0.7, 0.05
CPU = torch.device("cpu")
KINDS = pytest.mark.parametrize("kind", ["uniform", "normal"])


def drawn(kind: str, shape: torch.Size) -> Tensor:
    if kind == "normal":
        return SCALE * torch.randn(shape, dtype=torch.float64)
    return SCALE * (2 * torch.rand(shape, dtype=torch.float64) - 1)


def both(
    model: Classifier, stream: Stream, kind: str = "uniform"
) -> Callable[[Batch], tuple[Tensor, Tensor]]:
    table = model.encoder.get_parameter("bert.embeddings.word_embeddings.weight")

    def passes(batch: Batch) -> tuple[Tensor, Tensor]:
        first = model.encoder(**batch.inputs).logits
        vectors, mask = table.detach()[batch.inputs["input_ids"]], batch.inputs["attention_mask"]
        with stream.drawn():
            noisy = vectors + drawn(kind, vectors.shape)
            second = model.encoder(inputs_embeds=noisy, attention_mask=mask).logits
        return first, second

    return passes


def ours(
    batches: list[Batch], method: str = "r3f", *, outputs: int = 3, **params: Any
) -> list[dict[str, Tensor]]:
    model = bert(outputs=outputs)
    loop = SmallLoop(model, make_hooks(method, model, len(batches), **params))
    torch.manual_seed(7)
    return loop.run(batches)


@KINDS
def test_it_trains_on_the_clean_pass_and_the_whole_of_both_divergences(kind: str) -> None:
    model, stream = bert(), Stream()

    def mean_loss(batch: Batch) -> Tensor:
        clean, noisy = both(model, stream, kind)(batch)
        return cross_entropy(clean, batch) + WEIGHT * (kl(clean, noisy) + kl(noisy, clean)).mean()

    expected = train(model, classes(), mean_loss)
    found = ours(classes(), noise_weight=WEIGHT, noise_scale=SCALE, noise_kind=kind)
    assert difference(found, expected) < 1e-12


def test_regression_may_ask_for_a_small_mean_squared_difference() -> None:
    model, stream = bert(outputs=1), Stream()

    def mean_loss(batch: Batch) -> Tensor:
        clean, noisy = both(model, stream)(batch)
        return squares(clean, batch.labels) + WEIGHT * squares(clean, noisy)

    expected = train(model, scores(), mean_loss)
    asked: dict[str, Any] = {
        "noise_weight": WEIGHT,
        "noise_scale": SCALE,
        "noisy_regression": "squared",
    }
    assert difference(ours(scores(), outputs=1, **asked), expected) < 1e-12


def test_regression_is_vanilla_by_default() -> None:
    found = ours(scores(), outputs=1, noise_scale=SCALE)
    assert difference(found, ours(scores(), "vanilla", outputs=1)) == 0


def test_micro_batches_change_nothing_but_the_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    def wave(_lookup: nn.Module, _ids: Any, vectors: Tensor) -> Tensor:
        return vectors.detach() + SCALE * torch.sin(9 * vectors.detach())

    def gradients(micro: int | None) -> dict[str, Tensor]:
        model = bert(dropout=0.0)
        hooks = make_hooks("r3f", model, 1)
        monkeypatch.setattr(hooks, "add_noise", wave)
        SmallLoop(model, hooks, micro=micro).backward(classes()[0])
        return {name: p.grad for name, p in model.named_parameters() if p.grad is not None}

    assert difference([gradients(None)], [gradients(4)]) < 1e-12


@pytest.mark.parametrize(
    ("kind", "largest", "spread"), [("uniform", 1.0, 1 / math.sqrt(3)), ("normal", 6.0, 1.0)]
)
def test_the_noise_has_the_width_that_was_asked_for(
    kind: str, largest: float, spread: float
) -> None:
    model = bert()
    hooks = make_hooks("r3f", model, 1, noise_kind=kind)
    torch.manual_seed(3)
    noise = hooks.add_noise(model, (), torch.zeros(100_000, dtype=torch.float64)) / 1e-5
    assert noise.abs().max() <= largest
    assert float(noise.std()) == pytest.approx(spread, rel=0.01)
    assert float(noise.mean()) == pytest.approx(0, abs=0.01)


def test_the_noise_is_not_rounded_away_under_autocast() -> None:
    model = bert(dropout=0.0).float()
    hooks = make_hooks("r3f", model, 1)
    seen: list[Tensor] = []
    norm = model.encoder.get_submodule("bert.embeddings.LayerNorm")
    norm.register_forward_pre_hook(lambda _norm, args: seen.append(args[0]))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        hooks.loss(model, classes()[0])
    clean, noisy = seen
    assert clean.dtype == noisy.dtype == torch.float32
    assert (clean != noisy).double().mean() > 0.99
    assert (clean - noisy).abs().max() < 1.1e-5


def test_an_encoder_without_a_word_embedding_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Classifier, "embedding", lambda _: nn.Identity())
    with pytest.raises(ValueError, match="no word embedding that noise could be added to"):
        make_hooks("r3f", bert(), 1)


def layouts() -> list[Any]:
    packed = [pytest.param(family, "packed", id=f"{family}-packed") for family in PACKED]
    return packed + [pytest.param(family, "padded", id=f"{family}-padded") for family in FAMILIES]


def loaded(folder: Path, family: str, batching: Any) -> Loaded:
    save_tiny(folder, family, **VIVID)
    one = load(folder, outputs=3, dropout=0.0, head_seed=1, batching=batching, device=CPU)
    one.model.double().train()
    return one


def texts(one: Loaded) -> Batch:
    numbers, end = torch.Generator().manual_seed(4), torch.tensor([END])
    ids = [torch.randint(5, VOCABULARY, (n,), generator=numbers) for n in (3, 9, 6)]
    ids = [torch.cat([each, end]) for each in ids]
    return collate(one.layout, ids, [torch.zeros_like(each) for each in ids], torch.arange(3), CPU)


@pytest.mark.parametrize(("family", "batching"), layouts())
def test_every_encoder_hears_the_noise_and_trains_its_words_without_it(
    family: str, batching: str, tmp_path: Path
) -> None:
    one = loaded(tmp_path, family, batching)
    model, batch = one.model, texts(one)
    hooks = make_hooks("r3f", model, 1, noise_scale=0.5)
    seen: list[Tensor] = []
    model.register_forward_hook(lambda _model, _args, output: seen.append(output))
    table = model.embedding().get_parameter("weight")

    ours = torch.autograd.grad(hooks.loss(model, batch), table)[0]

    clean, noisy = seen
    assert (clean - noisy).abs().max() > 1e-2
    again, fixed = model(batch), noisy.detach()
    assert torch.equal(again, clean), "the noise is gone"
    loss = nn.functional.cross_entropy(again, batch.labels, reduction="sum")
    loss = loss + (kl(again, fixed) + kl(fixed, again)).sum()
    plain = torch.autograd.grad(loss, table)[0]
    assert plain.any()
    torch.testing.assert_close(ours, plain, rtol=1e-9, atol=1e-12)
