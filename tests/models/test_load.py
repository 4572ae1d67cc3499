"""Loading: the head, the dtype, dropout, decay, and what a checkpoint must hold."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForSequenceClassification

from dpsrun.models.load import Loaded, dropout_modules, load
from dpsrun.training.optimiser import decay_groups
from tests.encoders import FAMILIES, save_tiny, tiny_config
from tests.models.test_packing import ragged_batch

CPU = torch.device("cpu")


def loaded(folder: Path, head_seed: int = 1, dropout: float | None = None) -> Loaded:
    return load(
        folder, outputs=2, dropout=dropout, head_seed=head_seed, batching="auto", device=CPU
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_a_seed_draws_the_same_head_every_time_and_another_seed_another(
    family: str, tmp_path: Path
) -> None:
    folder = save_tiny(tmp_path, family)
    one, same, other = (loaded(folder, seed) for seed in (1, 1, 2))
    weights = [dict(each.model.encoder.named_parameters()) for each in (one, same, other)]
    for name, weight in weights[0].items():
        assert torch.equal(weight, weights[1][name])
        drawn = name in one.new_parameters and weight.dim() > 1
        assert torch.equal(weight, weights[2][name]) == (not drawn), name
    assert one.model.head_modules()


def test_only_the_head_is_new(tmp_path: Path) -> None:
    one = loaded(save_tiny(tmp_path))
    assert one.new_parameters == ("classifier.bias", "classifier.weight")
    assert len(one.model.head_modules()) == 1


def test_a_checkpoint_in_half_precision_is_trained_in_float32(tmp_path: Path) -> None:
    folder = save_tiny(tmp_path)
    file = folder / "model.safetensors"
    save_file({k: v.bfloat16() for k, v in load_file(file).items()}, file, {"format": "pt"})
    assert {p.dtype for p in loaded(folder).model.parameters()} == {torch.float32}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("rate", [0.0, 0.25])
def test_dropout_is_set_in_every_layer(family: str, rate: float, tmp_path: Path) -> None:
    one = loaded(save_tiny(tmp_path, family), dropout=rate)
    assert dropout_modules(one.model) == {rate}
    assert set(one.dropout.values()) == {rate}


OWN_DROPOUTS: dict[str, dict[str, Any]] = {
    "modernbert": {f"{each}_dropout": 0.1 for each in ("attention", "embedding", "mlp")},
    "deberta": {"pooler_dropout": 0.1, "cls_dropout": 0.1},
    "deberta-v2": {"pooler_dropout": 0.1, "cls_dropout": 0.1},
    "xlnet": {"summary_first_dropout": 0.1},
    "bart": {
        **{f"{each}_dropout": 0.1 for each in ("attention", "activation", "classifier")},
        **{f"{each}_layerdrop": 0.5 for each in ("encoder", "decoder")},
    },
}
"""Rates that are zero unless set."""


@pytest.mark.parametrize("family", FAMILIES)
def test_without_dropout_an_encoder_in_training_gives_the_same_twice(
    family: str, tmp_path: Path
) -> None:
    folder = save_tiny(tmp_path, family, **OWN_DROPOUTS.get(family, {}))
    for dropout, repeats in ((None, False), (0.0, True)):
        one = loaded(folder, dropout=dropout)
        batch = ragged_batch(one.layout)
        first, second = (one.model.train()(batch) for _ in range(2))
        assert torch.equal(first, second) == repeats


def test_dropout_stays_the_encoders_own_unless_asked(tmp_path: Path) -> None:
    assert (
        loaded(save_tiny(tmp_path, hidden_dropout_prob=0.3)).dropout["hidden_dropout_prob"] == 0.3
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_a_checkpoint_that_lacks_a_part_of_a_block_is_refused(family: str, tmp_path: Path) -> None:
    folder = save_tiny(tmp_path, family)
    one = loaded(folder)
    prefix = f"{one.model.encoder.base_model_prefix}."
    in_blocks = [n for n in one.model.matrices() if n.startswith(prefix) and "pooler" not in n]
    file, lost = folder / "model.safetensors", in_blocks[-1]
    weights = load_file(file)
    del weights[lost.removeprefix(prefix)]
    save_file(weights, file, {"format": "pt"})
    with pytest.raises(ValueError, match=f"lacks 1 weights, first '{re.escape(lost)}'"):
        loaded(folder)


@pytest.mark.parametrize("family", FAMILIES)
def test_biases_and_norms_do_not_decay_and_all_else_does(family: str, tmp_path: Path) -> None:
    model = loaded(save_tiny(tmp_path, family)).model
    spared = {id(parameter) for parameter in decay_groups(model, 0.01)[1]["params"]}
    for name, parameter in model.named_parameters():
        assert (id(parameter) in spared) == (parameter.dim() == 1 or "bias" in name), name


@pytest.mark.parametrize("labels", [2, 3])
def test_a_head_that_a_checkpoint_already_has_is_drawn_anew(labels: int, tmp_path: Path) -> None:
    config = tiny_config("bert", num_labels=labels)
    AutoModelForSequenceClassification.from_config(config).save_pretrained(tmp_path)
    heads = [loaded(tmp_path, seed).model.head_modules()[0].weight for seed in (1, 1, 2)]
    assert heads[0].shape == (2, 32)
    assert torch.equal(heads[0], heads[1])
    assert not torch.equal(heads[0], heads[2])


def test_what_pre_training_made_of_modernberts_head_is_kept(tmp_path: Path) -> None:
    config = tiny_config("modernbert", num_labels=2)
    AutoModelForSequenceClassification.from_config(config).save_pretrained(tmp_path)
    one, other = (dict(loaded(tmp_path, seed).model.encoder.named_parameters()) for seed in (1, 2))
    assert torch.equal(one["head.dense.weight"], other["head.dense.weight"])
    assert not torch.equal(one["classifier.weight"], other["classifier.weight"])


def test_a_checkpoint_does_not_choose_the_attention(tmp_path: Path) -> None:
    folder = save_tiny(tmp_path)
    config = json.loads((folder / "config.json").read_text())
    config["attn_implementation"] = "somebody/kernel-from-the-hub"
    (folder / "config.json").write_text(json.dumps(config))
    assert loaded(folder).layout.packed
