"""Results that cannot be read: the report goes on without them, the grid does them again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dpsrun.runs.store import Store
from tests.command import Bench

SEEDS = range(5)


def newer(whole: bytes) -> bytes:
    return json.dumps(json.loads(whole) | {"schema_number": 99}).encode()


@pytest.fixture
def store(bench: Bench) -> Store:
    """A finished grid of five runs; files are damaged here, whatever trained them."""
    grid = bench.grid(seeds=SEEDS, methods=["vanilla"])
    assert bench.quick.say("grid", grid, "--workers", "2").code == 0
    return Store(bench.folder / "results")


@pytest.fixture
def damage(store: Store) -> dict[Path, tuple[bytes, str]]:
    """Damage four of its results, and their attempts' with them: what they hold, and its name."""
    torn, empty, foreign, new = (
        store.folder(run) / "result.json" for run in sorted(store.run_ids())[:4]
    )
    damage = {
        torn: (torn.read_bytes()[:-100], "Invalid JSON: EOF"),
        empty: (b"", "Invalid JSON: EOF"),
        foreign: (b"accuracy 0.99\n", "Invalid JSON: expected value"),
        new: (newer(new.read_bytes()), "a newer dpsrun wrote it (schema 99)"),
    }
    for path, (content, _) in damage.items():
        path.write_bytes(content)  # in place: the attempt's result is the same file
    return damage


def test_damaged_results_are_named_left_out_of_the_report_kept_aside_and_done_again(
    bench: Bench, store: Store, damage: dict[Path, tuple[bytes, str]]
) -> None:
    reported = bench.say("report", store.root, "--no-figures")
    assert reported.code == 0
    assert "(n=1" in reported.out
    assert "5 runs: 4 damaged, 1 " in reported.out
    notes = (store.root / "tables/small/stability.md").read_text(encoding="utf-8")
    ended = bench.quick.say("grid", "small.yaml", "--workers", "2")
    assert ended.code == 0, ended.err
    assert "(n=5" in ended.out
    for path, (content, name) in damage.items():
        place = path.relative_to(store.root).as_posix()
        assert f"{place} is damaged, counted as missing: {name}" in notes
        assert f"results/{place} is damaged: {name}" in ended.err
        (kept,) = path.parent.glob("result.json.damaged-*")
        assert kept.read_bytes() == content
