"""Which finished runs are to be done again, at the user's word."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from dpsrun.errors import UserError, nearest
from dpsrun.runs.result import Outcome, Result
from dpsrun.runs.store import Store

MACHINE: tuple[Outcome, ...] = ("error", "oom")
WORDS: dict[str, tuple[Outcome, ...]] = {
    **{kind: (kind,) for kind in MACHINE},
    "diverged": ("diverged",),
    "all": MACHINE,
}
"""What a word of `--retry` means; a diverged run is a finding, so `all` leaves it alone."""


def outcomes(words: Iterable[str]) -> set[Outcome]:
    """Read the words of `--retry`; raises UserError for an unknown one."""
    wanted: set[Outcome] = set()
    for word in words:
        if word not in WORDS:
            raise UserError(f"--retry {word}: {nearest(word, WORDS)}")
        wanted.update(WORDS[word])
    return wanted


def withdraw(run_ids: Iterable[str], store: Store, kinds: Collection[Outcome]) -> set[str]:
    """Take back the results of the given kinds and give their runs; attempts stay as history."""
    again: set[str] = set()
    if not kinds:
        return again
    for run_id in run_ids:
        result = store.result(run_id)
        if isinstance(result, Result) and result.outcome in kinds:
            store.withdraw(run_id)
            again.add(run_id)
    return again
