"""R4F's head against its formula, and what the other parts of a run make of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from dpsrun.models.classifier import Classifier
from dpsrun.models.load import load
from dpsrun.training.optimiser import decay_groups
from tests.encoders import save_tiny
from tests.methods.small_model import SmallLoop, difference, make_hooks
from tests.methods.two_passes import bert, classes, cross_entropy, train

MATRIX = "encoder.classifier.weight"
OURS = "encoder.classifier.parametrizations.weight.original"
VECTOR = "encoder.classifier.parametrizations.weight.0.inner._v"
CPU = torch.device("cpu")


def steep() -> Classifier:
    """A model whose head is so much larger in one direction that one step of iteration finds it."""
    model = bert()
    with torch.no_grad():
        model.get_parameter(MATRIX).mul_(torch.tensor([[1000.0], [1e-3], [-1e-3]]))
    return model


def head_of(model: Classifier) -> nn.Linear:
    return model.head_modules()[0]


def roberta(folder: Path) -> Classifier:
    """A model whose new head has two layers."""
    save_tiny(folder, "roberta")
    return load(folder, outputs=2, dropout=0.0, head_seed=1, batching="padded", device=CPU).model


class Divided(nn.Module):
    """Stands for a linear layer, with the same parameters."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.weight, self.bias = layer.weight, layer.bias

    def forward(self, features: Tensor) -> Tensor:
        largest = torch.linalg.svdvals(self.weight)[0]
        return functional.linear(features, self.weight / largest, self.bias)


def test_the_head_is_divided_by_its_largest_singular_value_and_trained_through_it() -> None:
    model = steep()
    model.encoder.classifier = Divided(head_of(model))
    expected = train(
        model, classes(), lambda batch: cross_entropy(model.encoder(**batch.inputs).logits, batch)
    )

    ours = steep()
    loop = SmallLoop(ours, make_hooks("r4f", ours, 4, noise_weight=0))
    torch.manual_seed(7)
    found = loop.run(classes())
    for step in found:
        step[MATRIX] = step.pop(OURS)
    assert difference(found, expected) < 1e-12


def test_the_norm_is_one_in_training_and_evaluation_which_leaves_the_estimate_alone() -> None:
    model = bert()
    loop = SmallLoop(model, make_hooks("r4f", model, 4))
    loop.run(classes())
    model.eval()
    before = {name: each.clone() for name, each in model.named_buffers()}
    divided = torch.linalg.svdvals(head_of(model).weight.detach())
    assert float(divided[0]) == pytest.approx(1, rel=1e-3)
    assert all(torch.equal(each, before[name]) for name, each in model.named_buffers())
    told = loop.hooks.describe()["spectral_norms"]
    assert told == {
        "classifier": float(torch.linalg.svdvals(model.get_parameter(OURS).detach())[0])
    }


def test_each_of_the_two_passes_takes_a_step_of_the_power_iteration() -> None:
    model = bert()
    hooks = make_hooks("r4f", model, 1)
    matrix, vector = model.get_parameter(OURS).detach(), model.get_buffer(VECTOR)
    vector.copy_(functional.normalize(torch.arange(16.0), dim=0))
    v, steps = vector.clone(), []
    for _ in range(3):
        u = functional.normalize(matrix @ v, dim=0)
        v = functional.normalize(matrix.T @ u, dim=0)
        steps.append(v)
    hooks.loss(model, classes()[0])
    near = [bool((vector - each).abs().max() < 1e-12) for each in steps]
    assert near == [False, True, False]


def test_its_first_vectors_come_from_the_stream_of_new_heads() -> None:
    def vectors(seed: int) -> list[Tensor]:
        torch.manual_seed(seed)
        model = bert()
        torch.manual_seed(seed)
        expected = torch.rand(1)
        torch.manual_seed(seed)
        make_hooks("r4f", model, 1)
        assert torch.equal(torch.rand(1), expected), "dropout's numbers are not touched"
        return [each for name, each in model.named_buffers() if name.endswith(("_u", "_v"))]

    first, second = vectors(1), vectors(2)
    assert len(first) == 2
    assert all(map(torch.equal, first, second))


@pytest.mark.parametrize(
    ("which", "names"),
    [("all", ["classifier.dense", "classifier.out_proj"]), ("last", ["classifier.out_proj"])],
)
def test_the_head_of_a_roberta_has_two_layers_of_which_the_last_was_released(
    which: str, names: list[str], tmp_path: Path
) -> None:
    hooks = make_hooks("r4f", roberta(tmp_path), 1, normalised_layers=which)
    assert list(hooks.describe()["spectral_norms"]) == names


def test_a_normalised_head_is_still_a_new_head_and_among_the_matrices() -> None:
    model, plain = bert(), bert()
    make_hooks("r4f", model, 1)
    assert model.is_new(OURS)
    assert not model.is_new("encoder.bert.pooler.dense.weight")
    assert model.depths()[OURS] == plain.depths()[MATRIX]
    assert model.head_modules() == [model.encoder.classifier]
    *others, last = (f"encoder.{name}" for name in plain.matrices())
    assert last == MATRIX
    assert [f"encoder.{name}" for name in model.matrices()] == [*others, OURS]
    decaying, _ = (group["params"] for group in decay_groups(model, 0.01))
    assert any(each is model.get_parameter(OURS) for each in decaying)


def test_the_norm_is_computed_in_full_precision() -> None:
    model = bert().float()
    make_hooks("r4f", model, 1)
    inside: list[bool] = []
    norm = head_of(model).get_submodule("parametrizations.weight.0.inner")
    norm.register_forward_hook(lambda *_: inside.append(torch.is_autocast_enabled("cpu")))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = model(classes()[0])
    assert inside == [False]
    assert logits.dtype == torch.float32


def test_without_the_norm_it_is_r3f() -> None:
    def trained(method: str, **params: Any) -> Any:
        model = bert()
        torch.manual_seed(7)
        return SmallLoop(model, make_hooks(method, model, 4, **params)).run(classes())

    assert difference(trained("r4f", spectral_norm=False), trained("r3f")) == 0


def test_an_encoder_without_a_new_layer_is_refused() -> None:
    model = Classifier(bert().encoder, frozenset())
    with pytest.raises(ValueError, match="no new linear layer to normalise"):
        make_hooks("r4f", model, 1)
