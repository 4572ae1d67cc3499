"""Commands that submit runs of one folder do so one after the other."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dpsrun.execution.slurm import turn as turns
from dpsrun.execution.slurm.turn import STALE_SECONDS, turn
from dpsrun.runs.lease import Owner
from tests.engines.grids import Seen

GONE = Owner.here("gone").model_copy(update={"pid": 2**22 + 1})
ELSEWHERE = Owner(attempt="other", host="far", machine="far", pid=1, started="1")


def hold(folder: Path, owner: Owner) -> Path:
    """Let somebody hold the first turn."""
    (folder / "turns").mkdir()
    file = folder / "turns" / "1.json"
    file.write_text(owner.model_dump_json())
    return file


def test_turns_follow_each_other(tmp_path: Path) -> None:
    for number in (1, 2):
        with turn(tmp_path, Seen()):
            assert (tmp_path / "turns" / f"{number}.json").exists()
            assert not (tmp_path / "turns" / f"{number}.over").exists()
    assert sorted(path.name for path in (tmp_path / "turns").iterdir()) == [
        *("1.json", "1.over", "2.json", "2.over"),
    ]


def test_a_turn_is_over_too_where_it_ends_in_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="refused"), turn(tmp_path, Seen()):
        raise ValueError("refused")
    with turn(tmp_path, seen := Seen()):
        assert seen.words == []


def test_who_comes_second_waits_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold(tmp_path, ELSEWHERE)

    class Clock:
        """The other's turn ends while we wait."""

        @staticmethod
        def sleep(_: float) -> None:
            (tmp_path / "turns" / "1.over").touch()

    monkeypatch.setattr(turns, "time", Clock)
    with turn(tmp_path, seen := Seen()):
        assert seen.words == ["waiting for another command that submits runs of this folder"]


def test_nobody_waits_for_a_process_that_is_gone(tmp_path: Path) -> None:
    hold(tmp_path, GONE)
    with turn(tmp_path, seen := Seen()):
        assert seen.words == []


def test_nobody_waits_for_ever_for_a_process_of_another_host(tmp_path: Path) -> None:
    file = hold(tmp_path, ELSEWHERE)
    before = file.stat().st_mtime - STALE_SECONDS - 1
    os.utime(file, (before, before))
    with turn(tmp_path, seen := Seen()):
        assert seen.words == []
