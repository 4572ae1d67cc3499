"""Every benchmark gives its table at the smallest size; no figure is judged."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import latency, methods, padding, peers, startup
from benchmarks.measure import Settings, Spread, blocks, interleave, ratios
from benchmarks.peer import Outcome
from benchmarks.tables import Table

QUICK = Settings(quick=True)


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DPSRUN_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def column(table: Table, name: str) -> list[object]:
    return [row[name] for row in table.rows]


def is_measured(cell: object) -> bool:
    return isinstance(cell, Spread) and 0 < cell.low <= cell.median <= cell.high


def test_methods_compares_ours_and_the_published_form_with_vanilla() -> None:
    table = methods.measure(QUICK)
    assert column(table, "method") == list(methods.CONTENDERS)
    assert all(map(is_measured, column(table, "step / vanilla")))
    assert column(table, "state / wrapped weights")[0] == 0
    assert all(isinstance(peak, float) for peak in column(table, "peak MiB")[:2])


def test_padding_compares_three_layouts_and_counts_padding_tokens() -> None:
    table = padding.measure(QUICK)
    packed, dynamic, full = (float(str(share)) for share in column(table, "padding"))
    assert packed == 0 < dynamic < full < 1
    assert all(map(is_measured, column(table, "step / packed")))


def test_latency_times_every_command_beside_its_target() -> None:
    table = latency.measure(QUICK)
    assert len(table.rows) == len(latency.TARGETS)
    assert all(map(is_measured, column(table, "seconds")))


def test_startup_divides_the_wall_time_of_runs() -> None:
    whole, *parts = column(startup.measure(QUICK), "seconds")
    assert len(parts) == 3
    assert all(map(is_measured, [whole, *parts]))


def test_peers_do_the_same_grid_to_the_same_loss() -> None:
    table = peers.measure(QUICK)
    assert column(table, "program")[:2] == [peers.OURS, next(iter(peers.PEERS))]
    first, *others = column(table, "last loss, first run")
    assert others == pytest.approx([first] * len(others), rel=peers.TOLERANCE)


def test_a_peer_with_another_loss_is_an_error() -> None:
    seen = {peers.OURS: [[Outcome(1, 1, 0.50)]], "other": [[Outcome(1, 1, 0.52)]]}
    with pytest.raises(RuntimeError, match="other: last loss"):
        peers.check(seen)


def test_contenders_take_turns_and_each_begins_a_round() -> None:
    called: list[str] = []
    turns = {name: (lambda _, name=name: called.append(name)) for name in "abc"}
    seconds = interleave(turns, 3)
    assert "".join(called) == "abcbcacab"
    assert {len(values) for values in seconds.values()} == {3}


def test_ratios_are_taken_round_by_round() -> None:
    assert blocks([1, 2, 3, 4], 2) == [3, 7]
    assert ratios([2, 9, 4], [1, 3, 4]) == Spread(median=2, low=1, high=3)


def test_tables_are_written_as_text_and_numbers_with_the_machine(tmp_path: Path) -> None:
    table = Table(
        "name", "Title", "Notes.", [{"what": "a", "ratio": Spread(1.5, 1, 2), "no": None}]
    )
    table.write(tmp_path, {"cores": os.cpu_count()})
    assert f"| a | {Spread(1.5, 1, 2)} | - |" in (tmp_path / "name.md").read_text(encoding="utf-8")
    written = json.loads((tmp_path / "name.json").read_text(encoding="utf-8"))
    assert written["rows"][0]["ratio"] == {"median": 1.5, "low": 1, "high": 2}
    assert written["machine"] == {"cores": os.cpu_count()}
