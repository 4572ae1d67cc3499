"""Random numbers by the million."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Generator

from dpsrun.methods.noise import draw_kept, generator_on

CPU = torch.device("cpu")


def numbers(seed: int = 3) -> Generator:
    return Generator().manual_seed(seed)


@pytest.mark.parametrize("probability", [0.1, 0.3, 0.5, 0.9])
def test_entries_are_kept_with_their_probability(probability: float) -> None:
    count = 400_000
    kept = draw_kept(count, probability, numbers()).double()
    deviation = math.sqrt(probability * (1 - probability) / count)
    assert abs(float(kept.mean()) - probability) < 4 * deviation


def test_entries_are_drawn_independently_of_those_near_by() -> None:
    count, probability = 400_000, 0.3
    kept = draw_kept(count, probability, numbers()).double()
    for distance in range(1, 9):  # four neighbours are cut from one word
        both = float((kept[distance:] * kept[:-distance]).mean())
        assert abs(both - probability**2) < 4 * math.sqrt(probability**2 / count)


@pytest.mark.parametrize(("probability", "share"), [(1e-9, 1 / 65536), (0.3, 19661 / 65536)])
def test_probabilities_are_rounded_up_to_sixteen_bits(probability: float, share: float) -> None:
    count = 1 << 20
    kept = int(draw_kept(count, probability, numbers()).sum())
    assert abs(kept - share * count) <= 4 * math.sqrt(share * count)
    assert kept > 0


def test_with_certainty_all_are_kept() -> None:
    assert draw_kept(100_001, 1.0, numbers()).all()


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5])
def test_as_many_are_drawn_as_asked_for(count: int) -> None:
    assert draw_kept(count, 0.5, numbers()).shape == (count,)


def test_each_draw_of_a_generator_is_new_and_the_same_state_draws_the_same() -> None:
    noise, again = numbers(), numbers()
    first, second = (draw_kept(64, 0.5, generator_on(CPU, noise)) for _ in range(2))
    assert not torch.equal(first, second)
    assert torch.equal(first, draw_kept(64, 0.5, generator_on(CPU, again)))
