"""What `dpsrun grid` says at its end."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from dpsrun.runs.result import Result
    from dpsrun.runs.store import Damaged


def what_is_left(found: Mapping[str, Result | Damaged | None], results: Path) -> Iterator[str]:
    """Say what failed, is stale or was not done, and which words help; nothing if all is done."""
    from dpsrun.runs.result import FINISHED, Result

    ended = [result for result in found.values() if isinstance(result, Result)]
    failed = Counter(result.outcome for result in ended if result.outcome not in FINISHED)
    if failed:
        retry = " ".join(f"--retry {kind}" for kind in sorted(failed))
        words = f"ended in an error; look with: dpsrun status {results}"
        yield f"{_runs(failed.total())} {words}; do them again with: {retry}"
    if stale := sum(result.stale for result in ended):
        words = "stale, computed by another version of dpsrun; do them again with: --retry stale"
        yield f"{_runs(stale)} {words}"
    if undone := len(found) - len(ended):
        verb = "is" if undone == 1 else "are"
        yield f"{_runs(undone)} {verb} still to be done; do them with the same command"


def _runs(number: int) -> str:
    return "1 run" if number == 1 else f"{number} runs"
