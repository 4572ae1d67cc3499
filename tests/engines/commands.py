"""What commands do to the folder `results` of a bench."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dpsrun.runs.store import Store
from tests.command import Bench
from tests.outcome import hashes, tables


def store_of(place: Bench, folder: str = "results") -> Store:
    return Store(place.folder / folder)


def waits(place: Bench) -> Path:
    """Let runs wait until this file is removed."""
    (place.folder / "results").mkdir()
    file = place.folder / "results" / "wait"
    file.touch()
    return file


def attempts(place: Bench) -> Sequence[int]:
    """Count the attempts at each run."""
    store = store_of(place)
    return [len(store.attempts(run)) for run in store.run_ids()]


def assert_same_as_here(place: Bench, *options: str) -> Store:
    """What a grid comes to elsewhere are the bytes of this machine; give the folder made there."""
    words = ("grid", "small.yaml", "--progress", "plain", *(o for o in options if "only" in o))
    here = place.say(*words, "--results", "here", "--workers", "2")
    there = place.say(*words, *options, "--results", "there")
    assert (here.code, there.code) == (0, 0), (here.err, there.err)
    assert there.out.replace("there/", "here/") == here.out
    stores = [store_of(place, name) for name in ("here", "there")]
    assert tables(stores[0]) == tables(stores[1])
    assert hashes(stores[0]) == hashes(stores[1])
    assert all(hashes(stores[0]).values())
    return stores[1]
