"""LoRA: where updates stand, what they compute and what is trained, on every encoder."""

from __future__ import annotations

import importlib.util
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from dpsrun.methods.lora.spec import LoraParams
from dpsrun.methods.lora.targets import find_targets
from dpsrun.methods.spec import Setting
from dpsrun.models.batch import Batch
from tests.encoders import FAMILIES
from tests.methods.small_model import SmallLoop, difference, make_batches, tiny_bert, weights
from tests.methods.trained import BATCHINGS, batch, loaded, logits, new, prepare, trained

RANK, ALPHA = 3, 12.0
QUERY_VALUE = [
    f"bert.encoder.layer.{i}.attention.self.{name}" for i in range(2) for name in ("query", "value")
]

LAYERS: dict[str, dict[str, str]] = {
    "bert": {
        "query-value": "query value",
        "attention": "query key value dense",
        "all": "query key value dense dense dense",
    },
    "distilbert": {
        "query-value": "q_lin v_lin",
        "attention": "q_lin k_lin v_lin out_lin",
        "all": "q_lin k_lin v_lin out_lin lin1 lin2",
    },
    "modernbert": {"attention": "Wqkv Wo", "all": "Wqkv Wo Wi Wo"},
    "deberta": {
        "attention": "in_proj pos_proj pos_q_proj dense",
        "all": "in_proj pos_proj pos_q_proj dense dense dense",
    },
    "deberta-v2": {
        "query-value": "query_proj value_proj",
        "attention": "query_proj key_proj value_proj dense",
        "all": "query_proj key_proj value_proj dense dense dense",
    },
    "bart": {
        "query-value": "q_proj v_proj " + "q_proj v_proj q_proj v_proj",
        "attention": 3 * "q_proj k_proj v_proj out_proj ",
        "all": 3 * "q_proj k_proj v_proj out_proj " + 2 * "fc1 fc2 ",
    },
}
"""What the layers of a block are called; of a block of BART's encoder and one of its decoder."""
ALBERT = {
    "query-value": "query value",
    "attention": "query key value dense",
    "all": "query key value dense ffn ffn_output",
}
LIKE_BERT = ("roberta", "xlm-roberta", "electra")
ALL_LAYERS = {**LAYERS, "albert": ALBERT, **dict.fromkeys(LIKE_BERT, LAYERS["bert"])}
BLOCKS = {"albert": 1}
"""ALBERT's blocks share their weights; the others have two."""


def use_updates(model: nn.Module) -> None:
    """Give B, which is 0 at first, numbers that matter."""
    for name, parameter in model.named_parameters():
        if ".lora_B." in name:
            parameter.data.fill_(0.1)


@pytest.mark.parametrize("family", ALL_LAYERS)
def test_updates_stand_where_they_are_asked_for(family: str, tmp_path: Path) -> None:
    encoder = loaded(tmp_path, family).model.encoder
    for updated, names in ALL_LAYERS[family].items():
        found = find_targets(encoder, updated)  # type: ignore[arg-type]
        expected = names.split() * BLOCKS.get(family, 2)
        assert Counter(name.rpartition(".")[2] for name in found) == Counter(expected)


@pytest.mark.parametrize("family", ALL_LAYERS)
def test_training_begins_at_the_pre_trained_encoder(family: str, tmp_path: Path) -> None:
    one = loaded(tmp_path, family)
    before, old = logits(one), len(list(one.model.parameters()))
    hooks = prepare("lora", one.model, rank=2, updated="all")
    updates = {f"{name}.lora_{x}.default.weight" for name in hooks.updated for x in "AB"}
    assert trained(one.model) == updates | new(one.model)
    assert len(list(one.model.parameters())) == old + len(updates)
    assert logits(one).equal(before)


def test_every_encoder_is_looked_at() -> None:
    assert ALL_LAYERS.keys() | {"xlnet"} == FAMILIES.keys()


@pytest.mark.parametrize("family", ["modernbert", "deberta"])
def test_queries_within_one_matrix_are_refused(family: str, tmp_path: Path) -> None:
    said = "updated query-value: .* no matrices for queries and values alone; .* (Wqkv|in_proj)"
    with pytest.raises(ValueError, match=said):
        prepare("lora", loaded(tmp_path, family).model)


@pytest.mark.parametrize("updated", ["query-value", "attention", "all"])
def test_an_attention_without_linear_layers_is_refused(updated: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"layer\.0\.rel_attn\.q is a parameter of its own"):
        prepare("lora", loaded(tmp_path, "xlnet").model, updated=updated)


def low_rank(start: dict[str, Tensor], batches: list[Batch]) -> list[dict[str, Tensor]]:
    """The oracle: (alpha / r) B A is added to the weights; the optimiser has A, B and the head."""
    model = tiny_bert()
    frozen = {name: each.detach() for name, each in model.named_parameters()}
    mine = {n: start[n].clone().requires_grad_() for n in start if "lora" in n or "classif" in n}
    optimiser = torch.optim.AdamW(mine.values(), lr=1e-3, weight_decay=0.01)
    trajectory = []
    for each in batches:
        used = {**frozen, **{name: mine[name] for name in mine.keys() & frozen.keys()}}
        for layer in QUERY_VALUE:
            b, a = (mine[f"encoder.{layer}.lora_{x}.default.weight"] for x in "BA")
            used[f"encoder.{layer}.weight"] = used[f"encoder.{layer}.weight"] + ALPHA / RANK * b @ a
        loss = functional.cross_entropy(functional_call(model, used, (each,)), each.labels)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(mine.values(), 0.1)
        optimiser.step()
        trajectory.append({name: own.detach().clone() for name, own in mine.items()})
    return trajectory


def test_steps_are_those_of_low_rank_updates_of_frozen_weights() -> None:
    model = tiny_bert()
    hooks = prepare("lora", model, rank=RANK, lora_alpha=ALPHA)
    expected = low_rank(weights(model), make_batches(4))
    ours = SmallLoop(model, hooks).run(make_batches(4))
    mine = [{name: each[name] for name in expected[0]} for each in ours]
    assert len(mine[0]) == 2 * len(QUERY_VALUE) + 2
    assert difference(mine, expected) < 1e-12


def test_a_seed_has_the_same_updates_and_leaves_the_head_alone() -> None:
    models = [tiny_bert(), tiny_bert(), tiny_bert()]
    for seed, model in enumerate(models[:2]):
        torch.manual_seed(seed)  # dropout's generator has no part in it
        prepare("lora", model, rank=RANK)
    one, two, vanilla = map(weights, models)
    assert all(one[name].equal(two[name]) for name in one)
    assert all(one[name].equal(vanilla[name]) for name in vanilla if "classifier" in name)


def test_a_is_uniform_within_one_over_the_root_of_the_width() -> None:
    model = tiny_bert()
    hooks = prepare("lora", model, rank=RANK, updated="all")
    numbers, found = torch.Generator().manual_seed(13), weights(model)
    for name in hooks.updated:
        width = 32 if name.endswith("output.dense") and "attention" not in name else 16
        drawn = torch.empty(RANK, width).uniform_(-1, 1, generator=numbers).double() / width**0.5
        ours = found[f"encoder.{name}.lora_A.default.weight"]
        assert torch.allclose(ours, drawn, atol=1e-7, rtol=0), name


@pytest.mark.parametrize(("asked", "pooler"), [(False, set()), (True, {"weight", "bias"})])
def test_a_pre_trained_pooler_is_trained_where_asked(*, asked: bool, pooler: set[str]) -> None:
    model = tiny_bert()
    prepare("lora", model, train_pooler=asked)
    expected = {f"bert.pooler.dense.{name}" for name in pooler}
    assert {name for name in trained(model) if "pooler" in name} == expected


def test_dropout_is_at_work_on_what_goes_into_the_updates_while_training() -> None:
    model = tiny_bert()
    prepare("lora", model, lora_dropout=0.25)
    layers = [each for name, each in model.named_modules() if name.endswith("lora_dropout.default")]
    assert [getattr(each, "p", None) for each in layers] == [0.25] * 4
    (one,) = make_batches(1)
    use_updates(model)
    assert not model(one).equal(model(one))
    assert model.eval()(one).equal(model(one))


def test_batches_without_padding_give_the_same(tmp_path: Path) -> None:
    found = []
    for batching in BATCHINGS:
        one = loaded(tmp_path / batching, "bert", batching=batching)
        before = logits(one)
        prepare("lora", one.model, rank=2, updated="all")
        use_updates(one.model)
        found.append(logits(one))
        assert (batch(one).packing is None) == (batching == "padded")
        assert not torch.allclose(before, found[-1], atol=0.01)
    assert torch.allclose(found[0], found[1], atol=1e-5)


def test_rank_0_changes_nothing() -> None:
    model = tiny_bert()
    names = [name for name, _ in model.named_parameters()]
    assert prepare("lora", model, rank=0).describe()["updated"] == []
    assert [name for name, each in model.named_parameters() if each.requires_grad] == names


def test_without_peft_the_plan_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        "dpsrun.methods.lora.spec.find_spec", lambda name: None if name == "peft" else real(name)
    )
    with pytest.raises(ValueError, match=r"peft library: pip install 'dpsrun\[lora\]'"):
        LoraParams().check(Setting(100))
    LoraParams(rank=0).check(Setting(100))


def test_the_record_names_the_layers_and_counts_what_is_trained() -> None:
    model = tiny_bert()
    told: dict[str, Any] = prepare("lora", model, rank=2).describe()
    assert told["updated"] == QUERY_VALUE
    assert told["entries_trained"] == 4 * 2 * (16 + 16) + 3 * 16 + 3
    assert told["entries_frozen"] == sum(each.numel() for each in tiny_bert().parameters()) - 51
