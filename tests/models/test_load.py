"""Loading: the head, the dtype, dropout, and which matrices count as the encoder's."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForSequenceClassification

from dpsrun.models.classifier import Classifier
from dpsrun.models.load import Loaded, dropout_modules, load
from tests.encoders import save_tiny, tiny_config

CPU = torch.device("cpu")


def loaded(folder: Path, head_seed: int = 1, dropout: float | None = None) -> Loaded:
    return load(
        folder, outputs=2, dropout=dropout, head_seed=head_seed, batching="auto", device=CPU
    )


def classifier(model_type: str) -> Classifier:
    model = AutoModelForSequenceClassification.from_config(tiny_config(model_type, num_labels=2))
    return Classifier(model, frozenset())


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


@pytest.mark.parametrize(
    ("model_type", "count", "among", "not_among"),
    [
        ("bert", 14, "bert.pooler.dense.weight", "bert.embeddings.word_embeddings.weight"),
        ("roberta", 14, "classifier.out_proj.weight", "roberta.embeddings.word_embeddings.weight"),
        ("electra", 14, "classifier.dense.weight", "electra.embeddings_project.weight"),
        ("distilbert", 14, "pre_classifier.weight", "distilbert.embeddings.word_embeddings.weight"),
        ("albert", 8, "albert.pooler.weight", "albert.encoder.embedding_hidden_mapping_in.weight"),
    ],
)
def test_matrices_are_those_of_blocks_pooler_and_head(
    model_type: str, count: int, among: str, not_among: str
) -> None:
    names = classifier(model_type).matrices()
    assert len(names) == count
    assert among in names
    assert not_among not in names
    assert not_among in dict(classifier(model_type).encoder.named_parameters())


def test_a_seed_draws_the_same_head_every_time_and_another_seed_another(tmp_path: Path) -> None:
    folder = save_tiny(tmp_path)
    heads = [loaded(folder, seed).model.head_modules()[0].weight for seed in (1, 1, 2)]
    assert torch.equal(heads[0], heads[1])
    assert not torch.equal(heads[0], heads[2])


def test_only_the_head_is_new(tmp_path: Path) -> None:
    one = loaded(save_tiny(tmp_path))
    assert one.new_parameters == ("classifier.bias", "classifier.weight")
    assert len(one.model.head_modules()) == 1


def test_a_checkpoint_in_half_precision_is_trained_in_float32(tmp_path: Path) -> None:
    folder = save_tiny(tmp_path)
    file = folder / "model.safetensors"
    save_file({k: v.bfloat16() for k, v in load_file(file).items()}, file, {"format": "pt"})
    assert {p.dtype for p in loaded(folder).model.parameters()} == {torch.float32}


@pytest.mark.parametrize("model_type", ["bert", "distilbert", "albert"])
@pytest.mark.parametrize("rate", [0.0, 0.25])
def test_dropout_is_set_in_every_layer(model_type: str, rate: float, tmp_path: Path) -> None:
    one = loaded(save_tiny(tmp_path, model_type), dropout=rate)
    assert dropout_modules(one.model) == {rate}
    assert set(one.dropout.values()) == {rate}


def test_dropout_stays_the_encoders_own_unless_asked(tmp_path: Path) -> None:
    assert (
        loaded(save_tiny(tmp_path, hidden_dropout_prob=0.3)).dropout["hidden_dropout_prob"] == 0.3
    )


def test_a_checkpoint_without_a_block_is_refused(tmp_path: Path) -> None:
    folder = save_tiny(tmp_path)
    file = folder / "model.safetensors"
    weights = load_file(file)
    kept = {name: weight for name, weight in weights.items() if "layer.1.output" not in name}
    save_file(kept, file, {"format": "pt"})
    with pytest.raises(ValueError, match=r"lacks 4 weights, first 'bert\.encoder\.layer\.1"):
        loaded(folder)


@pytest.mark.parametrize("labels", [2, 3])
def test_a_head_that_a_checkpoint_already_has_is_drawn_anew(labels: int, tmp_path: Path) -> None:
    config = tiny_config("bert", num_labels=labels)
    AutoModelForSequenceClassification.from_config(config).save_pretrained(tmp_path)
    heads = [loaded(tmp_path, seed).model.head_modules()[0].weight for seed in (1, 1, 2)]
    assert heads[0].shape == (2, 32)
    assert torch.equal(heads[0], heads[1])
    assert not torch.equal(heads[0], heads[2])


def test_an_encoder_without_linear_blocks_has_nothing_to_wrap() -> None:
    config = AutoConfig.for_model("gpt2", n_embd=16, n_layer=1, n_head=2, vocab_size=9)
    model = AutoModelForSequenceClassification.from_config(config)
    with pytest.raises(ValueError, match=r"transformer\.h holds no linear layers"):
        Classifier(model, frozenset()).matrices()
