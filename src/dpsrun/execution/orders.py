"""From a plan to what workers read: tokens, and the order of each run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from dpsrun.execution.plan import Plan, PlannedGrid, readable
from dpsrun.runs.spec import Places, Run
from dpsrun.runs.store import Store
from dpsrun.tasks.declared import declaration
from dpsrun.tasks.task import set_parts


def write_orders(plan: Plan, runs: Sequence[Run], store: Store, cache: Path) -> None:
    """Tokenise what the runs need, once, and write down each run's order."""
    grids = {run.id: grid for grid in plan.grids for run in grid.runs}
    places = tokenise(plan.grids, runs, cache)
    for run in runs:
        store.order(run, places[run.id], _declarations(grids[run.id], run))


def tokenise(grids: Iterable[PlannedGrid], runs: Iterable[Run], cache: Path) -> dict[str, Places]:
    """Say where the inputs of each run lie; what has no tokens yet is tokenised, once."""
    from dpsrun.tasks.tokens import prepare  # noqa: PLC0415 (numpy is slow to load)

    return _places(grids, runs, cache, prepare)


def token_folders(grid: PlannedGrid, cache: Path) -> set[Path]:
    """Name the folders of all tokens of a grid, those too that are not there yet."""
    from dpsrun.tasks.tokens import place  # noqa: PLC0415

    found = _places([grid], grid.runs, cache, place)
    return {Path(name) for p in found.values() for name in (p.tokens, *p.evaluate.values())}


def _declarations(grid: PlannedGrid, run: Run) -> dict[str, dict[str, Any]]:
    """Tell the worker of the tasks that it cannot know."""
    names = {run.spec.task, *(set_parts(each.name)[0] for each in run.spec.evaluate)}
    return {name: declaration(grid.declared[name]) for name in names if name in grid.declared}


def _places(
    grids: Iterable[PlannedGrid], runs: Iterable[Run], cache: Path, tokens: Callable[..., Path]
) -> dict[str, Places]:
    """Ask `tokens` for the folder of each set of tokens, once."""
    homes = {run.id: grid for grid in grids for run in grid.runs}
    known: dict[object, Places] = {}
    found = {}
    for run in runs:
        key = (run.spec.data, run.spec.model, run.spec.training.max_length, run.spec.evaluate)
        if key not in known:
            with readable(cache):
                known[key] = _of_run(homes[run.id], run, partial(tokens, cache=cache))
        found[run.id] = known[key]
    return found


def _of_run(grid: PlannedGrid, run: Run, tokens: Callable[..., Path]) -> Places:
    model = grid.models[run.labels.model].folder
    ask = partial(tokens, tokenizer_folder=model, max_length=run.spec.training.max_length)
    own = ask(grid.find(run.spec.task), grid.data[run.spec.task])
    sets = {
        each.name: ask(grid.find(task), grid.sets[each.name], splits=(split,))
        for each in run.spec.evaluate
        for task, split in [set_parts(each.name)]
    }
    return Places(
        model=str(model),
        tokens=str(own),
        evaluate={name: str(folder) for name, folder in sets.items()},
        remote_code=grid.models[run.labels.model].remote_code,
    )
