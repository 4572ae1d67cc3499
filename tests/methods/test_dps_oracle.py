"""The product agrees with an independent implementation after every step."""

from __future__ import annotations

import pytest

from tests.methods.duel import DENSE, LONG_MIX, MIX, batches_for, duel, product_loop
from tests.methods.oracle import Settings
from tests.methods.small_model import same, weights

EQUAL = 1e-10
BOTH = pytest.mark.parametrize("settings", [DENSE, MIX], ids=["dense", "mix"])


@BOTH
@pytest.mark.parametrize("micro", [None, 4, 1], ids=["whole", "4+4+1", "one by one"])
def test_three_cycles_equal_the_oracle_however_a_batch_is_split(
    settings: Settings, micro: int | None
) -> None:
    assert duel(settings, micro=micro) < EQUAL


def test_long_stages_equal_the_oracle_with_its_frequency_penalty() -> None:
    assert duel(LONG_MIX) < EQUAL


@pytest.mark.parametrize("drop", [0.05, 0.8])
@pytest.mark.parametrize("variant", ["dense", "mix"])
def test_other_drop_fractions_equal_the_oracle(variant: str, drop: float) -> None:
    settings = Settings("dense" if variant == "dense" else "mix", 20, 0.15, drop=drop)
    assert duel(settings) < EQUAL


@BOTH
@pytest.mark.parametrize("at", [2, 3, 5, 7], ids=lambda at: f"after step {at}")
def test_a_run_resumed_anywhere_ends_with_the_same_bits(settings: Settings, at: int) -> None:
    batches = batches_for(settings, 14)
    through = product_loop(settings, micro=4)
    through.run(batches[:at])
    saved = through.saved()
    through.run(batches[at:])

    resumed = product_loop(settings, micro=4)
    resumed.load(saved)
    resumed.run(batches[at:])

    assert same(weights(resumed.model), weights(through.model))
    assert resumed.hooks.describe() == through.hooks.describe()
