"""A method may look at the training examples before the first step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from dpsrun.errors import UserError
from dpsrun.methods.hooks import Context
from dpsrun.methods.spec import Params
from dpsrun.methods.vanilla.hooks import VanillaHooks
from tests.training.runs import Inputs, attempt


class Looks(VanillaHooks):
    """Goes through the examples, and draws numbers that others count on."""

    def __init__(self, params: Params, context: Context) -> None:
        super().__init__(params, context)
        self.sizes: list[int] = []

    def before_training(self) -> None:
        order = torch.Generator().manual_seed(1)
        self.sizes += [len(batch.labels) for batch in self.context.one_pass(8, order)]
        torch.rand(7)


@pytest.fixture
def looking(inputs: Inputs, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr("dpsrun.methods.registry.load_hooks", lambda _: Looks)
    return inputs.order("vanilla", {"dropout": 0.1})


def test_it_sees_each_example_of_the_run_once(looking: Any, tmp_path: Path) -> None:
    tune = attempt(looking, tmp_path, keep=False)
    assert isinstance(tune.hooks, Looks)
    assert tune.hooks.sizes == [8, 8, 8, 6]


def test_what_it_draws_there_changes_no_dropout(
    looking: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = attempt(looking, tmp_path, keep=False).hashes()
    monkeypatch.setattr("dpsrun.methods.registry.load_hooks", lambda _: VanillaHooks)
    assert attempt(looking, tmp_path, keep=False).hashes() == looked


def test_a_resumed_run_does_not_look_again(looking: Any, tmp_path: Path) -> None:
    attempt(looking, tmp_path, until=5)
    resumed = attempt(looking, tmp_path)
    assert resumed.resumed_at == (4,)
    assert isinstance(resumed.hooks, Looks)
    assert resumed.hooks.sizes == []


def test_a_method_that_cannot_work_on_the_encoder_says_so(inputs: Inputs, tmp_path: Path) -> None:
    order = inputs.order("adapters", {"reduction": 1000})
    with pytest.raises(UserError, match=r"adapters cannot do this run: .*reduction"):
        attempt(order, tmp_path)
