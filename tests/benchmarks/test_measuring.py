"""Turns, ratios and tables."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from benchmarks.measure import Spread, blocks, interleave, ratios
from benchmarks.tables import Table, at_least, at_most


def test_contenders_take_turns_and_each_begins_a_round() -> None:
    called: list[str] = []
    turns = {name: (lambda _, name=name: called.append(name)) for name in "abc"}
    seconds = interleave(turns, 3)
    assert "".join(called) == "abcbcacab"
    assert {len(values) for values in seconds.values()} == {3}


def test_ratios_are_taken_round_by_round() -> None:
    assert blocks([1, 2, 3, 4], 2) == [3, 7]
    assert ratios([2, 9, 4], [1, 3, 4]) == Spread(median=2, low=1, high=3)


@pytest.mark.parametrize(
    ("judged", "words"),
    [
        (at_most(Spread(1.02, 1, 9), 1.02), "at most 1.02: met"),
        (at_most(1.03, 1.02), "at most 1.02: missed"),
        (at_least(Spread(6, 1, 9), 6), "at least 6: met"),
        (at_least(5.9, 6), "at least 6: missed"),
    ],
)
def test_targets_are_judged_by_the_median(judged: str, words: str) -> None:
    assert judged == words


def test_tables_are_written_as_text_and_numbers_with_the_machine(tmp_path: Path) -> None:
    table = Table(
        "name", "Title", "Notes.", [{"what": "a", "ratio": Spread(1.5, 1, 2), "no": None}]
    )
    table.write(tmp_path, {"cores": os.cpu_count()})
    assert f"| a | {Spread(1.5, 1, 2)} | - |" in (tmp_path / "name.md").read_text(encoding="utf-8")
    written = json.loads((tmp_path / "name.json").read_text(encoding="utf-8"))
    assert written["rows"][0]["ratio"] == {"median": 1.5, "low": 1, "high": 2}
    assert written["machine"] == {"cores": os.cpu_count()}
