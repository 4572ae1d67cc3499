"""Which ended runs are to be done again, at the user's word."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from dpsrun.errors import UserError, nearest
from dpsrun.runs.result import Result
from dpsrun.runs.store import Store

MACHINE = ("error", "oom", "timeout")
WORDS: dict[str, tuple[str, ...]] = {
    **{kind: (kind,) for kind in (*MACHINE, "diverged", "stale")},
    "all": MACHINE,
}
"""What a word of `--retry` means; a diverged run is a finding, so `all` leaves it alone."""


def kinds(words: Iterable[str]) -> set[str]:
    """Read the words of `--retry`; raises UserError for an unknown one."""
    wanted: set[str] = set()
    for word in words:
        if word not in WORDS:
            raise UserError(f"--retry {word}: {nearest(word, WORDS)}")
        wanted.update(WORDS[word])
    return wanted


def withdraw(
    run_ids: Iterable[str], store: Store, wanted: Collection[str], *, every: bool = False
) -> set[str]:
    """Take back the results of the wanted kinds, or every one; attempts stay as history.

    Gives the runs that are to be done again.
    """
    again: set[str] = set()
    if not wanted and not every:
        return again
    for run_id in run_ids:
        result = store.result(run_id)
        if isinstance(result, Result) and (every or _is_of(result, wanted)):
            store.withdraw(run_id)
            again.add(run_id)
    return again


def _is_of(result: Result, wanted: Collection[str]) -> bool:
    return result.outcome in wanted or (result.stale and "stale" in wanted)
