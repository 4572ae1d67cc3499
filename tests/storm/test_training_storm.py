"""Trainings that are killed give, in the end, the tables of trainings that are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from dpsrun.runs.files import new_token
from tests.command import DPSRUN, Bench
from tests.encoders import save_tiny_with_tokenizer
from tests.storm.storm import Command, after_kills, assert_done_once, calm, tables

pytestmark = pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds its victims in /proc")

KILLS = 5


def command(place: Path) -> Command:
    """Give the command for a small grid in a folder of its own."""
    folder = place / new_token()
    folder.mkdir()
    bench = Bench(folder, {"DPSRUN_CACHE": str(place / "cache")})
    grid = bench.grid(model="../tiny", seeds=(0, 1))
    return Command(bench, [DPSRUN, "grid", grid, "--workers", "2"])


def test_a_grid_of_trainings_that_is_killed_again_and_again_ends_as_one_that_is_not(
    tmp_path: Path,
) -> None:
    save_tiny_with_tokenizer(tmp_path / "tiny")
    undisturbed = calm(command(tmp_path))
    for store in after_kills(KILLS, lambda: command(tmp_path), undisturbed.seconds / 2, seed=0):
        assert_done_once(store)
        assert tables(store) == undisturbed.tables
