"""The doctor's view of a grid: its lock, data, models, tokens, settings and number of runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path

from dpsrun import hub
from dpsrun.config.facts import Machine
from dpsrun.config.grid import Grid
from dpsrun.errors import UserError
from dpsrun.execution.devices import cores, slots
from dpsrun.execution.disk import run_bytes
from dpsrun.execution.orders import token_folders
from dpsrun.execution.plan import Plan, PlannedGrid, Request, Search, planned
from dpsrun.models.source import ModelFolder
from dpsrun.offline import lock as locking
from dpsrun.offline.finding import Area, Finding
from dpsrun.offline.lock import Contents, Lock, Part
from dpsrun.offline.machine import PRECISIONS, computes, room
from dpsrun.runs.state import states_of
from dpsrun.runs.store import Store
from dpsrun.tasks.source import TaskFiles

AREAS: dict[Part, Area] = {"models": "models", "data": "data", "evaluate": "data"}


def examine(grid: Grid, request: Request, here: Machine | None, cache: Path) -> Iterator[Finding]:
    """Look at one grid; what lies on the hub is looked for in the cache alone.

    Args:
        grid: the grid, where the command line's places are settled.
        request: what the user asked for.
        here: what the runs are to be done on; None if that is not there.
        cache: the folder of tokens and fingerprints.

    Raises:
        ConfigError: for mistakes of the grid file that only its data bring to light.
    """
    file = Path(grid.document.file)
    try:
        lock = locking.read(file)
    except UserError as error:
        yield Finding("settings", "missing", str(error))
        return
    terms = hub.Access(online=False, commits=lock.commits if lock else {})
    with hub.using(terms):
        (data, models, sets), looked = _inputs(grid, cache)
    yield from looked
    yield from _lock(file, lock, terms)
    if here is None or any(finding.state == "missing" for finding in looked):
        return
    found = planned(grid, data, models, sets, here)
    store = Store(request.results)
    plan = Plan((found,), states_of(store, {run.id for run in found.runs}), store)
    yield from _differences(file, lock, found)
    yield from _demands(plan, request, here)
    yield from _tokens(found, cache)
    done = len(plan.in_state("done"))
    yield Finding("settings", "ok", f"{grid.name}: {len(plan.runs)} runs in all, {done} done")


Inputs = tuple[Mapping[str, TaskFiles], Mapping[str, ModelFolder], Mapping[str, TaskFiles]]


def _inputs(grid: Grid, cache: Path) -> tuple[Inputs, list[Finding]]:
    """Find data, models and further evaluation sets as `dpsrun grid` does."""
    of_data, of_models = Search(cache), Search(cache)
    data, models, sets = of_data.data(grid), of_models.models(grid), of_data.sets(grid)
    findings = [
        *_missing("data", of_data),
        *(Finding("data", "ok", _counts(name, each)) for name, each in (data | sets).items()),
        *_missing("models", of_models),
        *(
            Finding("models", "ok", f"{label}: {each.architecture} in {each.folder}")
            for label, each in models.items()
        ),
    ]
    return (data, models, sets), findings


def _missing(area: Area, search: Search) -> Iterator[Finding]:
    for fault in search.faults:
        yield Finding(area, "missing", fault)


def _counts(name: str, files: TaskFiles) -> str:
    return f"{name}: {', '.join(f'{count} {split}' for split, count in files.examples.items())}"


def _lock(file: Path, lock: Lock | None, terms: hub.Access) -> Iterator[Finding]:
    """A grid that takes something from the hub had better be locked."""
    if lock is None:
        if terms.folders:
            words = f"{file} has no lock file: what the hub gives may change"
            yield Finding("settings", "warning", words, locking.remedy(file, update=False))
        return
    now = {name: version(name) for name in lock.versions}
    changed = [f"{name} {old}, here {now[name]}" for name, old in lock.versions.items()]
    if now != lock.versions:
        words = f"{locking.place(file)} was made with other versions: {'; '.join(changed)}"
        yield Finding("settings", "warning", words, locking.remedy(file, update=False))
    else:
        yield Finding("settings", "ok", f"{locking.place(file)}: {len(lock.commits)} commits")


def _differences(file: Path, lock: Lock | None, found: PlannedGrid) -> Iterator[Finding]:
    for each in lock.differences(Contents.of(found.runs)) if lock else ():
        words = f"{locking.place(file)}: {each}"
        advice = locking.remedy(file, update=each.known)
        yield Finding(AREAS[each.part], "missing", words, advice)


def _demands(plan: Plan, request: Request, here: Machine) -> Iterator[Finding]:
    """Compare what the runs ask for with what this machine has: precision, cores, disk."""
    asked = {run.spec.training.precision for run in plan.runs.values()}
    for precision in PRECISIONS:
        if precision not in asked:
            continue
        if not computes(here.device, precision):
            words = f"precision {precision} does not work on {here.device}"
            yield Finding("settings", "missing", words, "choose another in training: precision")
        elif precision == "bf16" and here.precision == "fp16":
            words = "these GPUs have no bf16 of their own, so it is slow"
            yield Finding("settings", "warning", words, "precision: auto chooses fp16")
    if plan.threads > (there := cores()):
        words = f"threads: {plan.threads} is more than the {there} cores here"
        yield Finding("settings", "warning", words, "runs will wait for one another")
    at_a_time = min(len(slots(request.device, None, threads=plan.threads)), len(plan.runs))
    yield room(request.results, run_bytes(plan.largest_model, checkpoint=False) * at_a_time)


def _tokens(grid: PlannedGrid, cache: Path) -> Iterator[Finding]:
    """Tokens that are there need no tokeniser; else it is tried."""
    folders = token_folders(grid, cache)
    there = sum(folder.is_dir() for folder in folders)
    words = f"{grid.name}: {there} of {len(folders)} sets of tokens prepared"
    yield Finding("data", "ok", words)
    if there < len(folders):
        yield from _tokenisers(grid.models, _longest(grid))


def _longest(grid: PlannedGrid) -> dict[str, int]:
    """Give the longest text of each model's runs, in tokens."""
    asked: dict[str, int] = {}
    for run in grid.runs:
        label, length = run.labels.model, run.spec.training.max_length
        asked[label] = max(length, asked.get(label, 0))
    return asked


def _tokenisers(models: Mapping[str, ModelFolder], asked: Mapping[str, int]) -> Iterable[Finding]:
    from dpsrun.tasks.tokens import load_tokenizer  # noqa: PLC0415 (slow to load)

    for label, max_length in asked.items():
        try:
            load_tokenizer(models[label].folder, max_length)
        except UserError as error:
            yield Finding("models", "missing", f"{label}: {error}")
