"""Results of runs whose data or model has changed since: kept, shown, never used."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping

from dpsrun.runs.spec import Run, RunSpec
from dpsrun.runs.store import Store


def outdated(runs: Mapping[str, Run], store: Store) -> list[str]:
    """Name the runs of the folder that equal one of `runs` but for the contents of its inputs."""
    alike: dict[str, list[RunSpec]] = defaultdict(list)
    for run in runs.values():
        alike[_slug(run.id)].append(run.spec)
    others = (run_id for run_id in store.run_ids() if run_id not in runs)
    return [run_id for run_id in others if _is_older(store, run_id, alike.get(_slug(run_id), ()))]


def note(found: Collection[str]) -> Iterator[str]:
    """Say which results those are."""
    if found:
        results = "1 result" if len(found) == 1 else f"{len(found)} results"
        yield f"{results} of other data or another model under the same name: kept, not used"
        yield from (f"  {run_id}" for run_id in found)


def _slug(run_id: str) -> str:
    return run_id.rpartition("-")[0]


def _is_older(store: Store, run_id: str, specs: Collection[RunSpec]) -> bool:
    if not specs:
        return False
    try:
        old = store.read_order(run_id).spec
    except (OSError, ValueError):
        return False
    inputs = ({"data": spec.data, "model": spec.model} for spec in specs)
    return any(old.model_copy(update=new) == spec for new, spec in zip(inputs, specs, strict=True))
