"""Trainings that are killed, and taken up again, give what trainings in peace give."""

from __future__ import annotations

from pathlib import Path

import pytest

from dpsrun.runs.files import new_token
from tests.command import DPSRUN, TRAINING, Bench
from tests.encoders import save_tiny_with_tokenizer
from tests.outcome import hashes, tables
from tests.storm.storm import Command, after_kills, assert_done_once, calm

pytestmark = pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds its victims in /proc")

KILLS = 3
SEED = 1
"""Of its first three victims one is a launcher, one is a worker, and one is everything."""


def command(place: Path) -> Command:
    """Give the command for a small grid in a folder of its own."""
    folder = place / new_token()
    folder.mkdir()
    bench = Bench(folder, {"DPSRUN_CACHE": str(place / "cache")})
    long = {**TRAINING, "epochs": 20}
    grid = bench.grid(model="../tiny", tasks=["mini-stsb"], seeds=(0, 1), training=long)
    return Command(bench, [DPSRUN, "grid", grid, "--workers", "2", "--checkpoint"])


def test_a_grid_of_trainings_that_is_killed_again_and_again_ends_as_one_that_is_not(
    tmp_path: Path,
) -> None:
    save_tiny_with_tokenizer(tmp_path / "tiny")
    peaceful = command(tmp_path)
    undisturbed = calm(peaceful)
    for store in after_kills(KILLS, lambda: command(tmp_path), undisturbed.seconds / 2, SEED):
        assert_done_once(store)
        assert tables(store) == undisturbed.tables
        assert hashes(store) == hashes(peaceful.store)
