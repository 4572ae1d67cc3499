"""R-Drop against its formula, and the runs that it refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from dpsrun.methods.r_drop.spec import RDropParams
from dpsrun.methods.spec import Setting
from dpsrun.models.batch import Batch
from dpsrun.models.classifier import Classifier
from dpsrun.models.load import load
from tests.encoders import save_tiny
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

WEIGHT = 0.7


def both(model: Classifier, stream: Stream) -> Callable[[Batch], tuple[Tensor, Tensor]]:
    def passes(batch: Batch) -> tuple[Tensor, Tensor]:
        first = model.encoder(**batch.inputs).logits
        with stream.drawn():
            second = model.encoder(**batch.inputs).logits
        return first, second

    return passes


def ours(batches: list[Batch], *, outputs: int = 3, **params: Any) -> list[dict[str, Tensor]]:
    model = bert(outputs=outputs)
    loop = SmallLoop(model, make_hooks("r-drop", model, len(batches), **params))
    torch.manual_seed(7)
    return loop.run(batches)


def test_it_trains_on_both_passes_and_half_their_mean_divergences() -> None:
    model, stream = bert(), Stream()

    def mean_loss(batch: Batch) -> Tensor:
        z1, z2 = both(model, stream)(batch)
        divergence = (kl(z1, z2) + kl(z2, z1)).mean() / 2
        return cross_entropy(z1, batch) + cross_entropy(z2, batch) + WEIGHT * divergence

    expected = train(model, classes(), mean_loss)
    assert difference(ours(classes(), kl_weight=WEIGHT), expected) < 1e-12


def test_as_released_the_divergence_is_a_sum_over_the_batch() -> None:
    model, stream = bert(), Stream()

    def mean_loss(batch: Batch) -> Tensor:
        z1, z2 = both(model, stream)(batch)
        divergence = (kl(z1, z2).sum() + kl(z2, z1).sum()) / 2
        return cross_entropy(z1, batch) + cross_entropy(z2, batch) + 0.5 * divergence

    expected = train(model, classes(), mean_loss)
    found = ours(classes(), kl_weight=0.5, kl_reduction="sum")
    assert difference(found, expected) < 1e-12


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_regression_asks_for_a_small_mean_squared_difference(reduction: str) -> None:
    model, stream = bert(outputs=1), Stream()

    def mean_loss(batch: Batch) -> Tensor:
        z1, z2 = both(model, stream)(batch)
        return squares(z1, batch.labels) + squares(z2, batch.labels) + WEIGHT * squares(z1, z2)

    expected = train(model, scores(), mean_loss)
    found = ours(scores(), outputs=1, kl_weight=WEIGHT, kl_reduction=reduction)
    assert difference(found, expected) < 1e-12


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_micro_batches_change_nothing_but_the_draws(
    reduction: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever runs out of memory takes smaller ones, and must get the same."""

    def gradients(micro: int | None) -> dict[str, Tensor]:
        model = bert()
        hooks = make_hooks("r-drop", model.eval(), 1, kl_reduction=reduction)  # nothing is dropped
        monkeypatch.setattr(hooks, "second_pass", lambda model, batch: 2 * model(batch))
        SmallLoop(model, hooks, micro=micro).backward(classes()[0])
        return {name: p.grad for name, p in model.named_parameters() if p.grad is not None}

    assert difference([gradients(None)], [gradients(4)]) < 1e-12


def test_a_run_without_dropout_is_refused_in_the_plan() -> None:
    setting = Setting(total_steps=10)
    with pytest.raises(ValueError, match=r"kl_weight needs dropout, .* set dropout: 0\.1"):
        RDropParams(dropout=0).check(setting)
    RDropParams(dropout=0, kl_weight=0).check(setting)
    RDropParams().check(setting)


def loaded(folder: Path, family: str, dropout: float | None) -> Classifier:
    save_tiny(folder, family)
    given: dict[str, Any] = {"head_seed": 1, "batching": "padded", "device": torch.device("cpu")}
    return load(folder, outputs=2, dropout=dropout, **given).model


def test_an_encoder_without_dropout_is_refused_once_it_is_known(tmp_path: Path) -> None:
    model = loaded(tmp_path, "modernbert", dropout=None)
    with pytest.raises(ValueError, match="this encoder has none of its own"):
        make_hooks("r-drop", model, 1)
    make_hooks("r-drop", model, 1, kl_weight=0)


@pytest.mark.parametrize(
    ("family", "dropout"),
    [
        pytest.param("modernbert", 0.1, id="where it is set"),
        pytest.param("bart", None, id="where no layer but the configuration has it"),
    ],
)
def test_an_encoder_with_dropout_is_taken(
    family: str, dropout: float | None, tmp_path: Path
) -> None:
    make_hooks("r-drop", loaded(tmp_path, family, dropout), 1)
