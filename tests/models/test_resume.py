"""Every encoder goes on from a checkpoint bit for bit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.encoders import FAMILIES, save_with_tokenizer
from tests.training.runs import Inputs, attempt, outcome

EPOCHS: dict[str, Any] = {"batch_size": 10, "epochs": 2}
"""Of 3 steps; with stages of 2 steps, the first epoch ends within stage II."""


@pytest.mark.parametrize("family", FAMILIES)
def test_a_killed_run_of_dps_mix_goes_on_bit_for_bit(
    family: str, inputs: Inputs, tmp_path: Path
) -> None:
    model = save_with_tokenizer(tmp_path / "model", family)
    order = replace(inputs, model=model).order(
        "dps-mix", {"update_ratio": 0.34, "dropout": 0.1}, **EPOCHS
    )
    attempt(order, tmp_path, until=5)
    resumed = attempt(order, tmp_path)
    assert resumed.resumed_at == (3,)
    assert outcome(resumed) == outcome(attempt(order, tmp_path / "another", keep=False))
