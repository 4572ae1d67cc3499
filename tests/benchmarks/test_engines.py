"""The benchmark of the engines takes those that are at hand; grids on them are tested elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks import engines
from benchmarks.measure import Settings, Spread
from benchmarks.workload import Workload


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[Sequence[str]]:
    """The commands that would be timed."""
    words: list[Sequence[str]] = []
    monkeypatch.setattr(engines, "call", words.append)
    monkeypatch.setattr(Workload, "of", lambda *_: None)
    return words


@pytest.mark.parametrize("slurm", [False, True])
@pytest.mark.parametrize("ray", [False, True])
def test_each_engine_at_hand_does_the_same_grid_in_a_folder_of_its_own(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    said: list[Sequence[str]],
    *,
    slurm: bool,
    ray: bool,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("RAY_ADDRESS", "head:6379" if ray else "")
    if slurm:
        (tmp_path / "sbatch").touch(0o755)
    rows = {str(row["engine"]): row for row in engines.measure(Settings(quick=True)).rows}
    expected = ["local", *["Slurm, a run a job", "Slurm, 5 runs a job"] * slurm, *["Ray"] * ray]
    assert list(rows) == expected
    assert rows["local"]["times local"] == Spread(1, 1, 1)
    assert len({words[2] for words in said}) == 1
    assert len({words[4] for words in said}) == len(said) == len(expected)
    assert ["slurm" in words for words in said] == ["Slurm" in name for name in expected]
    assert ["ray" in words for words in said] == ["Ray" in name for name in expected]
