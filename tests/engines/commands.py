"""Commands with stand-ins for what needs torch, and what they do to the folder `results`."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from dpsrun.runs.store import Store
from tests.command import Bench, Ended
from tests.engines.grids import PROGRAM


def say(place: Bench, *words: str) -> Ended:
    """Run a command to its end."""
    return place.run([*PROGRAM, *words])


def starts(place: Bench, *words: str) -> subprocess.Popen[str]:
    """Start a command in a session of its own, as from a terminal of its own."""
    return subprocess.Popen(
        [*PROGRAM, *words],
        cwd=place.folder,
        env=place.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def store_of(place: Bench) -> Store:
    return Store(place.folder / "results")


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
