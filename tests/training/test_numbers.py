"""The numbers that this code computes; `CODE` must be raised whenever they change.

Results carry `CODE`, and those of another one are shown as stale. If a test fails here because
you meant to change what runs compute, raise it in `runs/result.py` and write down the new numbers.
"""

from __future__ import annotations

import platform
from pathlib import Path

import pytest
import torch

from dpsrun.methods import registry
from dpsrun.models.probe import Batching
from dpsrun.runs.result import CODE
from dpsrun.training.data import training_steps
from tests.encoders import save_tiny
from tests.training.builder import examples, loaded, loop

MADE_WITH = "2.13.0"
"""The torch whose random numbers these are."""

NUMBERS = {
    2: {
        ("vanilla", "packed"): 0.5566,
        ("vanilla", "padded"): 0.5798,
        ("dps-dense", "packed"): 0.5436,
        ("dps-mix", "packed"): 0.5967,
    }
}
"""By `CODE`: method and batching -> mean loss of the last epoch; processors differ by 0.0002."""


def last_loss(folder: Path, name: str, batching: Batching) -> float:
    """Train a tiny encoder for three epochs of five steps, plain training with dropout."""
    method = registry.find(name)
    params = method.params.model_validate({} if name == "vanilla" else {"update_ratio": 0.2})
    data = examples(20)
    one = loaded(save_tiny(folder), batching, params.dropout_rate(15))
    hooks = registry.load_hooks(method)
    made = loop(
        one,
        data,
        total_steps=15,
        hooks=lambda _, context: hooks(params, context),
        learning_rate=5e-3,
    )
    torch.manual_seed(7)
    order = torch.Generator().manual_seed(3)
    steps = training_steps(range(20), batch_size=4, total_steps=15, order=order)
    losses = [made.take_step(rows)[0].loss for _, rows, _ in steps]
    return sum(losses[-5:]) / 5


@pytest.mark.skipif(
    not torch.__version__.startswith(MADE_WITH) or platform.machine() != "x86_64",
    reason="another torch, or another kind of processor, draws other numbers",
)
@pytest.mark.parametrize(("name", "batching"), NUMBERS[CODE])
def test_a_run_comes_to_the_numbers_of_this_code(
    tmp_path: Path, name: str, batching: Batching
) -> None:
    assert last_loss(tmp_path, name, batching) == pytest.approx(
        NUMBERS[CODE][name, batching], rel=2e-3
    )
