"""Which finished runs are to be done again, at the user's word."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from dpsrun.errors import UserError, nearest
from dpsrun.runs.result import Result
from dpsrun.runs.store import Store

KINDS = ("error", "oom", "timeout", "diverged")


def withdraw(run_ids: Iterable[str], store: Store, kinds: Collection[str]) -> set[str]:
    """Take back the results of the given kinds and give their runs; attempts stay as history.

    Raises UserError for an unknown kind.
    """
    for kind in kinds:
        if kind not in (*KINDS, "all"):
            raise UserError(f"--retry {kind}: {nearest(kind, (*KINDS, 'all'))}")
    wanted = set(KINDS) if "all" in kinds else set(kinds)
    again = set()
    for run_id in run_ids:
        result = store.result(run_id)
        if isinstance(result, Result) and result.outcome in wanted:
            store.withdraw(run_id)
            again.add(run_id)
    return again
