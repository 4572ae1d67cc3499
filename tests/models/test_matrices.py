"""Which matrices of an encoder a method works on, and what their columns are."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import AutoConfig, AutoModelForSequenceClassification

from dpsrun.models.classifier import Classifier
from dpsrun.models.matrices import column_shape
from tests.encoders import FAMILIES, tiny_config

BERT = (
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "intermediate.dense",
    "output.dense",
)
BART = tuple(f"self_attn.{each}_proj" for each in ("k", "v", "q", "out"))
BART_DECODER = (*BART, *(name.replace("self", "encoder") for name in BART))
XLNET = tuple(f"rel_attn.{each}" for each in "qkvor")

BLOCKS: dict[str, dict[str, tuple[str, ...]]] = {
    "bert": {"bert.encoder.layer": BERT},
    "roberta": {"roberta.encoder.layer": BERT},
    "xlm-roberta": {"roberta.encoder.layer": BERT},
    "electra": {"electra.encoder.layer": BERT},
    "distilbert": {
        "distilbert.transformer.layer": (
            *(f"attention.{each}_lin" for each in ("q", "k", "v", "out")),
            "ffn.lin1",
            "ffn.lin2",
        )
    },
    "albert": {
        "albert.encoder.albert_layer_groups.0.albert_layers": (
            *(f"attention.{each}" for each in ("query", "key", "value", "dense")),
            "ffn",
            "ffn_output",
        )
    },
    "modernbert": {"model.layers": ("attn.Wqkv", "attn.Wo", "mlp.Wi", "mlp.Wo")},
    "deberta": {
        "deberta.encoder.layer": (
            *(f"attention.self.{each}_proj" for each in ("in", "pos", "pos_q")),
            *BERT[3:],
        )
    },
    "deberta-v2": {
        "deberta.encoder.layer": (
            *(f"attention.self.{each}_proj" for each in ("query", "key", "value")),
            *BERT[3:],
        )
    },
    "xlnet": {"transformer.layer": (*XLNET, "ff.layer_1", "ff.layer_2")},
    "bart": {
        "model.encoder.layers": (*BART, "fc1", "fc2"),
        "model.decoder.layers": (*BART_DECODER, "fc1", "fc2"),
    },
}
"""Of each encoder the lists of its blocks, and the matrices in each block."""

REST = {
    "bert": ("bert.pooler.dense", "classifier"),
    "roberta": ("classifier.dense", "classifier.out_proj"),
    "xlm-roberta": ("classifier.dense", "classifier.out_proj"),
    "electra": ("classifier.dense", "classifier.out_proj"),
    "distilbert": ("pre_classifier", "classifier"),
    "albert": ("albert.pooler", "classifier"),
    "modernbert": ("head.dense", "classifier"),
    "deberta": ("pooler.dense", "classifier"),
    "deberta-v2": ("pooler.dense", "classifier"),
    "xlnet": ("sequence_summary.summary", "logits_proj"),
    "bart": ("classification_head.dense", "classification_head.out_proj"),
}
"""Poolers and heads."""


def classifier(model_type: str) -> Classifier:
    model = AutoModelForSequenceClassification.from_config(tiny_config(model_type, num_labels=2))
    return Classifier(model, frozenset())


@pytest.mark.parametrize("family", FAMILIES)
def test_matrices_are_those_of_blocks_pooler_and_head(family: str) -> None:
    places = range(1 if family == "albert" else 2)  # ALBERT's layers share one block
    blocks = [
        f"{block}.{place}.{name}"
        for block, names in BLOCKS[family].items()
        for place in places
        for name in names
    ]
    expected = {
        name if name.endswith(XLNET) else f"{name}.weight" for name in (*blocks, *REST[family])
    }
    assert set(classifier(family).matrices()) == expected


def test_bert_large_has_the_146_matrices_of_the_published_code() -> None:
    config = AutoConfig.for_model(
        "bert",
        hidden_size=1024,
        num_hidden_layers=24,
        num_attention_heads=16,
        intermediate_size=4096,
        num_labels=2,
    )
    with torch.device("meta"):
        model = Classifier(AutoModelForSequenceClassification.from_config(config), frozenset())
    matrices = model.matrices()
    assert len(matrices) == 146
    assert sum(weight.numel() for weight in matrices.values()) == 303_040_512


def test_an_encoder_without_linear_blocks_has_nothing_to_wrap() -> None:
    config = AutoConfig.for_model("gpt2", n_embd=16, n_layer=1, n_head=2, vocab_size=9)
    model = AutoModelForSequenceClassification.from_config(config)
    with pytest.raises(ValueError, match=r"transformer\.h holds no linear layers"):
        Classifier(model, frozenset()).matrices()


@pytest.mark.parametrize(
    ("name", "product", "inputs"),
    [
        *((name, "ibh,hnd->ibnd", (3, 1, 32)) for name in "qkvr"),
        ("o", "ibnd,hnd->ibh", (3, 1, 4, 8)),
    ],
)
def test_a_column_of_xlnet_is_what_is_multiplied_with_one_input(
    name: str, product: str, inputs: Any
) -> None:
    full = f"transformer.layer.0.rel_attn.{name}"
    matrix: Tensor = classifier("xlnet").matrices()[full].detach()
    columns = (torch.arange(32) % 3 > 0).float()
    given = torch.randn(inputs)
    without_inputs = (given.view(3, 1, 32) * columns).view(inputs)
    without_columns = matrix * columns.view(column_shape(full, matrix))
    expected = torch.einsum(product, without_inputs, matrix)
    assert torch.allclose(torch.einsum(product, given, without_columns), expected, atol=1e-6)


def test_a_linear_layer_has_a_column_for_each_input() -> None:
    layer = torch.nn.Linear(5, 3)
    assert column_shape("classifier.weight", layer.weight) == (5,)
