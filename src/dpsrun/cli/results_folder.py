"""What `dpsrun grid` makes sure of in the results folder before it starts a run."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from dpsrun.execution.plan import Plan
    from dpsrun.runs.spec import Run
    from dpsrun.runs.store import Store


@contextmanager
def writing(results: Path) -> Iterator[None]:
    """A folder that cannot be written is the user's to mend."""
    from dpsrun.errors import UserError

    try:
        yield
    except OSError as error:
        file = f" ({error.filename})" if error.filename else ""
        words = f"--results {results}: cannot be written: {error.strerror or error}{file}"
        raise UserError(words) from error


def check_links(results: Path) -> None:
    """Find out before the first run whether its result can be published."""
    from dpsrun.errors import UserError
    from dpsrun.runs.files import can_link

    if not can_link(results):
        words = "results need a file system with hard links; choose a folder elsewhere"
        raise UserError(f"--results {results}: {words}")


def check_room(results: Path, needed: int) -> None:
    """Refuse to begin on a disk that cannot take what the runs at a time write, in bytes."""
    from dpsrun.errors import UserError
    from dpsrun.execution.disk import free_bytes, megabytes

    if (free := free_bytes(results)) < needed:
        words = f"{megabytes(free)} free, the runs at a time need up to {megabytes(needed)}"
        raise UserError(f"--results {results}: {words}; make room, or use fewer --workers")


def to_do(plan: Plan, store: Store, wanted: Collection[str], *, force: bool) -> list[Run]:
    """Pick the runs that have no result, and those that the user wants done again."""
    from dpsrun.execution.retry import withdraw

    new = plan.in_state("new", "running")
    _set_damaged_aside(new, store)
    left = {run.id for run in new if not store.recover(run.id)}
    again = withdraw(plan.runs, store, wanted, every=force) | left
    for run_id in again if force else ():
        store.drop_checkpoint(run_id)
    return [run for run in plan.runs.values() if run.id in again]


def _set_damaged_aside(runs: list[Run], store: Store) -> None:
    """A result that cannot be read would keep the new one from its name."""
    from dpsrun.report.terminal import console
    from dpsrun.runs.store import Damaged

    for run in runs:
        if isinstance(found := store.result(run.id), Damaged):
            kept = store.set_aside(run.id).name
            words = f"{found.path} is damaged: {found.reason}; kept as {kept}"
            console(stderr=True).print(words)
