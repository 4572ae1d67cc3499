"""BitFit: which parameters are trained, on every encoder."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from pydantic import ValidationError
from torch import nn
from torch.nn import functional

from dpsrun.methods.bitfit.spec import BitFitParams
from tests.encoders import FAMILIES
from tests.methods.small_model import SmallLoop, difference, make_batches, tiny_bert, weights
from tests.methods.trained import loaded, new, prepare, trained

HEAD = {"classifier.weight", "classifier.bias"}
IN_A_BLOCK = (
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "attention.output.LayerNorm",
    "intermediate.dense",
    "output.dense",
    "output.LayerNorm",
)


def of_both_blocks(*layers: str) -> set[str]:
    return {f"bert.encoder.layer.{i}.{layer}.bias" for i in range(2) for layer in layers}


def test_all_biases_and_the_head_are_trained_with_those_of_norms_and_pooler() -> None:
    model = tiny_bert()
    prepare("bitfit", model)
    outside = {"bert.embeddings.LayerNorm.bias", "bert.pooler.dense.bias"}
    assert trained(model) == of_both_blocks(*IN_A_BLOCK) | outside | HEAD


def test_terms_choose_biases_as_in_the_released_code_and_the_pooler_s_is_always_trained() -> None:
    model = tiny_bert()
    prepare("bitfit", model, bias_terms=["query.bias", "output.dense.bias"])
    chosen = of_both_blocks("attention.self.query", "attention.output.dense", "output.dense")
    assert trained(model) == chosen | {"bert.pooler.dense.bias"} | HEAD


@pytest.mark.parametrize("family", sorted(FAMILIES.keys() - {"modernbert"}))
def test_on_every_encoder_the_biases_and_the_new_head_are_trained(
    family: str, tmp_path: Path
) -> None:
    model = loaded(tmp_path, family).model
    names = {name.removeprefix("encoder.") for name, _ in model.named_parameters()}
    prepare("bitfit", model)
    biases = {name for name in names if name.endswith("bias")}
    assert trained(model) == biases | new(model)
    assert biases - new(model)
    assert names - biases - new(model)


def test_an_encoder_without_biases_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the encoder has none but the new head's"):
        prepare("bitfit", loaded(tmp_path, "modernbert").model)


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        (["qurey.bias"], r"'qurey.bias' is in the name of no bias: did you mean 'query.bias'\?"),
        (["bias", "q_lin"], "'q_lin' is in the name of no bias: "),
        (["encoder.bert.pooler"], "'encoder.bert.pooler' is in the name of no bias"),
    ],
)
def test_each_term_must_be_in_the_name_of_a_bias(terms: list[str], said: str) -> None:
    with pytest.raises(ValueError, match=f"bias_terms: {said}"):
        prepare("bitfit", tiny_bert(), bias_terms=terms)


@pytest.mark.parametrize("terms", [[], [""]])
def test_no_term_is_refused(terms: list[str]) -> None:
    with pytest.raises(ValidationError, match="bias_terms"):
        BitFitParams(bias_terms=terms)


def test_steps_are_those_of_an_optimiser_that_has_only_biases_and_the_head() -> None:
    model, plain = tiny_bert(), tiny_bert()
    ours = SmallLoop(model, prepare("bitfit", model)).run(make_batches(3))
    mine = [each for name, each in plain.named_parameters() if "bias" in name or "classif" in name]
    optimiser = torch.optim.AdamW(mine, lr=1e-3, weight_decay=0.01)
    for batch, after in zip(make_batches(3), ours, strict=True):
        gradients = torch.autograd.grad(functional.cross_entropy(plain(batch), batch.labels), mine)
        for parameter, gradient in zip(mine, gradients, strict=True):
            parameter.grad = gradient
        nn.utils.clip_grad_norm_(mine, 0.1)
        optimiser.step()
        assert difference([after], [weights(plain)]) < 1e-12


def test_without_freezing_everything_is_trained() -> None:
    model = tiny_bert()
    hooks = prepare("bitfit", model, freeze=False)
    assert len(trained(model)) == len(list(model.parameters()))
    assert hooks.describe()["entries_frozen"] == 0


def test_the_record_names_and_counts_what_is_trained() -> None:
    model = tiny_bert(layers=1, hidden=8)
    told = prepare("bitfit", model, bias_terms=["query"]).describe()
    assert told["trained"] == [
        "encoder.bert.encoder.layer.0.attention.self.query.bias",
        "encoder.bert.pooler.dense.bias",
        "encoder.classifier.weight",
        "encoder.classifier.bias",
    ]
    assert told["entries_trained"] == 8 + 8 + 3 * 8 + 3
    assert told["entries_frozen"] == sum(
        each.numel() for each in model.parameters() if not each.requires_grad
    )


def test_a_new_pooler_is_trained_with_its_matrix(tmp_path: Path) -> None:
    model = loaded(tmp_path, "deberta").model
    prepare("bitfit", model)
    assert isinstance(model.encoder.get_submodule("pooler.dense"), nn.Linear)
    assert "pooler.dense.weight" in trained(model)
