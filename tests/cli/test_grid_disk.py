"""A disk without room: nothing is lost, and the user is told."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from dpsrun.runs.state import state_of
from dpsrun.runs.store import Store
from tests.command import PATIENCE, Bench
from tests.standin import EXTRA

SIZE = 32 << 20


def mount(folder: Path, options: str) -> None:
    """Mount a small file system in memory; skips where that is not allowed."""
    command: list[str | Path] = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=PATIENCE)
    except OSError as error:
        pytest.skip(f"mount: {error}")
    if done.returncode:
        pytest.skip(f"no file system can be mounted: {done.stderr.decode(errors='replace')}")


@pytest.fixture
def small_disk(bench: Bench) -> Iterator[Bench]:
    """A bench whose results lie on a disk of a few megabytes; its runs fill it without training."""
    results = bench.folder / "results"
    results.mkdir()
    mount(results, f"size={SIZE}")
    yield bench.finding(EXTRA).quick.given(EXTRA_FILL=str(results))
    subprocess.run(["umount", results], check=True, timeout=PATIENCE)


def read_until(stream: IO[str], words: str) -> str:
    """Read lines up to the first one with these words, or to the end."""
    said = ""
    while line := stream.readline():
        said += line
        if words in line:
            break
    return said


def test_a_grid_that_does_not_fit_is_refused_before_it_begins(small_disk: Bench) -> None:
    (small_disk.folder / "results/filler").write_bytes(bytes(SIZE - (10 << 20)))
    ended = small_disk.say("grid", small_disk.grid(), "--workers", "2")
    assert ended.code == 2
    assert "MB free, the runs at a time need up to 17 MB; make room, or use fewer" in ended.err


def test_a_disk_that_fills_up_pauses_the_grid_which_then_goes_on(small_disk: Bench) -> None:
    methods = ["fills", {"label": "fills-too", "method": "fills", "dropout": 0.0}]
    grid = small_disk.grid(methods=methods)
    process = small_disk.start("grid", grid, "--workers", "1")
    assert process.stderr is not None
    store, filler = Store(small_disk.folder / "results"), small_disk.folder / "results/filler"
    said = []
    for _ in methods:
        said.append(read_until(process.stderr, "paused: "))
        assert "paused: the disk of results is full (0 MB free, a run needs up to 8 MB)" in said[-1]
        filler.unlink()
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    # After the second pause the last run may end before anybody looks at the disk again.
    assert "there is room on the disk again: going on" in said[1]
    assert "small: last epoch" in out
    assert {state_of(store, run) for run in store.run_ids()} == {"done"}
    assert {len(store.attempts(run)) for run in store.run_ids()} == {1}


def test_a_folder_that_cannot_be_written_is_refused(bench: Bench) -> None:
    results = bench.folder / "results"
    results.mkdir()
    mount(results, "ro")
    try:
        ended = bench.say("grid", bench.grid())
    finally:
        subprocess.run(["umount", results], check=True, timeout=PATIENCE)
    assert ended.code == 2
    assert "--results results: cannot be written: Read-only file system" in ended.err
