"""Re-initialisation: pooler and last blocks are drawn anew, all else stays."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from transformers import AutoModelForSequenceClassification

from dpsrun.methods.re_init.spec import ReInitParams
from dpsrun.methods.spec import Setting
from dpsrun.models import depth
from dpsrun.models.classifier import Classifier
from tests.encoders import FAMILIES, tiny_config
from tests.methods.small_model import make_hooks, tiny_bert, weights

BLOCK = "encoder.bert.encoder.layer."
POOLER = "encoder.bert.pooler."
SPREAD = 0.3
"""The initializer_range of the tiny BERT."""

OWN = {
    "bert": {"encoder.bert.pooler.dense.weight", "encoder.bert.pooler.dense.bias"},
    "albert": {"encoder.albert.pooler.weight", "encoder.albert.pooler.bias"},
    "modernbert": {
        "encoder.model.final_norm.weight",
        "encoder.head.dense.weight",
        "encoder.head.norm.weight",
    },
}
"""What pre-training has made above the blocks."""


@pytest.mark.parametrize("drawn_blocks", [1, 2])
def test_weights_are_drawn_in_the_models_order_from_the_head_stream(drawn_blocks: int) -> None:
    model = tiny_bert()
    before, numbers = weights(model), torch.Generator().manual_seed(13)
    torch.manual_seed(5)
    state = torch.get_rng_state()
    make_hooks("re-init", model, 8, drawn_blocks=drawn_blocks)
    assert torch.equal(torch.get_rng_state(), state), "dropout draws as ever"
    drawn = (POOLER, *(f"{BLOCK}{i}." for i in range(2 - drawn_blocks, 2)))
    for name, weight in weights(model).items():
        assert torch.equal(weight, expected(name, before[name], drawn, numbers)), name


def expected(name: str, old: Tensor, drawn: tuple[str, ...], numbers: torch.Generator) -> Tensor:
    if not name.startswith(drawn):
        return old
    if name.endswith("bias"):
        return torch.zeros_like(old)
    if "LayerNorm" in name:
        return torch.ones_like(old)
    return (SPREAD * torch.randn(old.shape, generator=numbers)).double()


@pytest.mark.parametrize("family", FAMILIES)
def test_every_encoder_begins_anew_from_above(family: str) -> None:
    model = classifier(family)
    before = weights(model)
    hooks = make_hooks("re-init", model, 8, drawn_blocks=1)
    block = f"encoder.{list(depth.blocks(model.encoder))[-1]}."
    drawn = {name for name in before if name.startswith(block)} | OWN.get(family, set())
    assert set(hooks.describe()["drawn"]) == drawn
    for name, weight in weights(model).items():
        gain = "norm" in name.lower() and name.endswith("weight")
        if name not in drawn:
            assert torch.equal(weight, before[name]), name
        elif weight.dim() == 1:
            assert set(weight.tolist()) == {1.0 if gain else 0.0}, name
        else:
            assert float(weight.std()) == pytest.approx(SPREAD, rel=0.4), name
            assert abs(float(weight.mean())) < SPREAD / 2, name


def classifier(family: str) -> Classifier:
    """An encoder whose weights are all 7, with a new head and what else pre-training lacks."""
    sizes = {"num_labels": 2, "initializer_range": SPREAD, "init_std": SPREAD}
    config = tiny_config(family, **sizes)
    encoder = AutoModelForSequenceClassification.from_config(config)
    for parameter in encoder.parameters():
        parameter.data.fill_(7.0)
    kept = (f"{encoder.base_model_prefix}.", "head." if family == "modernbert" else "-")
    new = {name for name, _ in encoder.named_parameters() if not name.startswith(kept)}
    return Classifier(encoder, frozenset(new))


def test_a_pooler_that_pre_training_lacked_is_drawn_once() -> None:
    config = tiny_config("bert", num_labels=2)
    encoder = AutoModelForSequenceClassification.from_config(config)
    lacking = {"bert.pooler.dense.weight", "bert.pooler.dense.bias"}
    model = Classifier(encoder, frozenset(lacking))
    before = weights(model)
    make_hooks("re-init", model, 8, drawn_blocks=1)
    after = weights(model)
    assert all(torch.equal(before[f"encoder.{n}"], after[f"encoder.{n}"]) for n in lacking)


def test_more_blocks_than_there_are_are_refused_when_planned_and_when_prepared() -> None:
    expected = "drawn_blocks 3 is too many: the encoder has 2 blocks with weights of their own"
    with pytest.raises(ValueError, match=expected):
        ReInitParams(drawn_blocks=3).check(Setting(8, blocks=2))
    ReInitParams(drawn_blocks=3).check(Setting(8))
    with pytest.raises(ValueError, match=expected):
        make_hooks("re-init", tiny_bert(), 8, drawn_blocks=3)


def test_the_record_names_and_counts_what_was_drawn() -> None:
    model = tiny_bert()
    told = make_hooks("re-init", model, 8, drawn_blocks=1).describe()
    sizes = {name: each.numel() for name, each in weights(model).items()}
    assert told["drawn"] == [n for n in sizes if n.startswith((f"{BLOCK}1.", POOLER))]
    assert told["entries_drawn"] == sum(sizes[name] for name in told["drawn"])
    assert told["spread"] == SPREAD
