"""Seeds and their names."""

from __future__ import annotations

import pytest

from dpsrun.runs.spec import Seeds


@pytest.mark.parametrize("seeds", [Seeds.all(3), Seeds(init=1, order=20), Seeds(subset=2)])
def test_seeds_are_read_from_their_name(seeds: Seeds) -> None:
    assert Seeds.read(seeds.slug) == seeds
    assert Seeds.read(seeds.slug.removeprefix("s")) == seeds


@pytest.mark.parametrize("word", ["", "s", "seed 3", "i0o1", "-1", "\u0663"])
def test_other_words_are_no_seeds(word: str) -> None:
    assert Seeds.read(word) is None
