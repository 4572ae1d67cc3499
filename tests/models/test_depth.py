"""The blocks of every encoder, and how deep its parameters lie."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForSequenceClassification

from dpsrun.models import depth, source
from dpsrun.models.classifier import Classifier
from tests.encoders import FAMILIES, save_tiny, tiny_config
from tests.models.test_matrices import BLOCKS, REST

EVERY = pytest.mark.parametrize("family", FAMILIES)

ABOVE = {**REST, "modernbert": ("model.final_norm", "head.norm", *REST["modernbert"])}
"""Modules above the last block: poolers, heads and a norm."""

GROUPS = {"num_hidden_layers": 4, "num_hidden_groups": 2, "inner_group_num": 2}
"""An ALBERT of four layers, the lower and the upper two of which share two blocks' weights."""


def classifier(model_type: str, **changes: Any) -> Classifier:
    config = tiny_config(model_type, num_labels=2, **changes)
    return Classifier(AutoModelForSequenceClassification.from_config(config).eval(), frozenset())


def block_names(family: str) -> list[str]:
    """ALBERT's layers share one block; BART has two encoder and two decoder blocks."""
    if family == "albert":
        return ["albert.encoder.albert_layer_groups.0"]
    return [f"{part}.{place}" for part in BLOCKS[family] for place in (0, 1)]


def compute(model: Classifier) -> None:
    """Read two texts whose last token ends them, where BART has its answer."""
    model.encoder(input_ids=torch.tensor([[5, 6, 7, 2], [8, 9, 10, 2]]))


@EVERY
def test_blocks_are_those_of_the_encoder(family: str) -> None:
    model = classifier(family)
    assert list(depth.blocks(model.encoder)) == block_names(family)
    assert model.blocks() == [model.encoder.get_submodule(name) for name in block_names(family)]
    assert model.count_blocks() == len(block_names(family))


@EVERY
def test_blocks_are_listed_in_the_order_in_which_they_compute(family: str) -> None:
    model, order = classifier(family), list[nn.Module]()
    for block in model.blocks():
        block.register_forward_pre_hook(lambda module, _: order.append(module))
    compute(model)
    assert list(dict.fromkeys(order)) == model.blocks()


@EVERY
def test_poolers_heads_and_last_norms_lie_above_and_the_rest_below(family: str) -> None:
    model, blocks = classifier(family), block_names(family)
    expected = {}
    for name, _ in model.named_parameters():
        module = name.removeprefix("encoder.").rpartition(".")[0]
        inside = [i for i, block in enumerate(blocks, 1) if f"{module}.".startswith(f"{block}.")]
        expected[name] = inside[0] if inside else (len(blocks) + 1) * (module in ABOVE[family])
    assert model.depths() == expected


@EVERY
def test_gradients_need_not_go_below_the_lowest_trained_block(family: str) -> None:
    model = classifier(family)
    depths, numbers = model.depths(), range(1, model.count_blocks() + 1)
    reached: dict[int, bool] = {}

    def note(number: int, _: nn.Module, __: Any, output: Any) -> None:
        hidden = output if isinstance(output, Tensor) else output[0]
        reached.setdefault(number, hidden.requires_grad)  # ALBERT's block computes twice

    for number, block in zip(numbers, model.blocks(), strict=True):
        block.register_forward_hook(partial(note, number))
    for frozen in (0, *numbers):
        for name, parameter in model.named_parameters():
            parameter.requires_grad = depths[name] > frozen
        compute(model)
        assert reached == {number: number > frozen for number in numbers}
        reached.clear()


@EVERY
def test_the_configuration_tells_as_many_blocks_as_the_model_has(
    family: str, tmp_path: Path
) -> None:
    assert blocks_told(tmp_path, family) == classifier(family).count_blocks()


def blocks_told(folder: Path, family: str, **changes: Any) -> int | None:
    save_tiny(folder / "model", family, **changes)
    (folder / "model" / "vocab.txt").write_text("[PAD]\n[UNK]\n")
    return source.locate(str(folder / "model"), revision=None, cache=folder).blocks


def test_blocks_of_albert_are_its_groups(tmp_path: Path) -> None:
    model = classifier("albert", **GROUPS)
    found = {
        name.partition("groups.")[2].partition(".")[0]: number
        for name, number in model.depths().items()
        if "groups" in name
    }
    assert found == {"0": 1, "1": 2}
    assert blocks_told(tmp_path, "albert", **GROUPS) == model.count_blocks() == 2


def test_the_convolution_of_deberta_belongs_to_the_first_block() -> None:
    depths = classifier("deberta-v2", conv_kernel_size=3, conv_act="gelu").depths()
    assert {number for name, number in depths.items() if ".conv." in name} == {1}
    assert {number for name, number in depths.items() if "rel_embeddings" in name} == {0}


def test_an_encoder_whose_blocks_lie_in_parts_is_refused() -> None:
    config = AutoConfig.for_model("xlm", emb_dim=16, n_layers=2, n_heads=2, n_words=40)
    model = Classifier(AutoModelForSequenceClassification.from_config(config), frozenset())
    with pytest.raises(ValueError, match="does not keep its blocks in one list"):
        model.blocks()


def test_an_encoder_without_a_list_of_blocks_is_refused() -> None:
    class Other(nn.Module):
        base_model_prefix = "body"

        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Linear(2, 2)

    with pytest.raises(ValueError, match="does not keep its blocks in one list"):
        Classifier(Other(), frozenset()).count_blocks()
