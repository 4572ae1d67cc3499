"""Reads the axes of a grid: tasks, models, methods with their sweeps, scenarios, seeds."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from dpsrun.config import presets
from dpsrun.config.grid import MAX_RUNS, seed_label
from dpsrun.config.layer import Layer
from dpsrun.config.places import ModelEntry, is_commit, settle, short, split
from dpsrun.config.reader import Reader
from dpsrun.config.rows import Row, read_sweep
from dpsrun.config.schema import CrossedSeeds, MethodItem, ModelItem, shown
from dpsrun.config.tasks import read_tasks
from dpsrun.config.yaml import Key
from dpsrun.methods import registry as methods
from dpsrun.runs.spec import STREAMS, Scenario, Seeds
from dpsrun.tasks.task import OWN, Task


@dataclass(frozen=True)
class Axes:
    """What a grid crosses; everything with its place in the file."""

    tasks: list[tuple[Task, Key]]
    models: list[tuple[ModelEntry, Key]]
    rows: list[Row]
    scenarios: list[tuple[Scenario, Key]]
    seeds: list[Seeds]

    def labels(self) -> dict[str, list[str]]:
        """Give the labels of each axis."""
        return {
            "task": [task.name for task, _ in self.tasks],
            "model": [model.label for model, _ in self.models],
            "method": [row.label for row in self.rows],
            "scenario": [str(scenario) for scenario, _ in self.scenarios],
            "seed": [seed_label(seeds) for seeds in self.seeds],
        }

    @property
    def own_tasks(self) -> dict[str, Task]:
        """Give the tasks that the grid file declares, by name."""
        return {task.name: task for task, _ in self.tasks if task.family == OWN}

    def size(self) -> int:
        """Count the runs of the full product."""
        return math.prod(len(labels) for labels in self.labels().values())


def read_axes(reader: Reader, base: Path) -> Axes:
    """Read all axes; folders are relative to `base`."""
    entries = read_methods(reader)
    return Axes(
        tasks=read_tasks(reader, base),
        models=read_models(reader, base),
        rows=read_sweep(reader, entries),
        scenarios=read_scenarios(reader),
        seeds=read_seeds(reader),
    )


def read_models(reader: Reader, base: Path) -> list[tuple[ModelEntry, Key]]:
    """Read the encoders; a plain text is a source."""
    found = []
    for place, value in reader.items("models"):
        content = {"source": value} if isinstance(value, str) else value
        item = reader.check(ModelItem, content, place)
        if item and (entry := _model(reader, item, place, base)):
            found.append((entry, place))
    reader.unique(((entry.label, place) for entry, place in found), "model label", GIVE_LABEL)
    return found


GIVE_LABEL = "; give one of them another label"


def _model(reader: Reader, item: ModelItem, place: Key, base: Path) -> ModelEntry | None:
    try:
        source, revision = split(settle(item.source, base))
        label = item.label or ModelItem(source=source, label=short(source)).label
    except ValidationError:
        reader.fault(place, f"give {item.source!r} a label: {{label: ..., source: ...}}")
        return None
    except ValueError as error:
        reader.fault((*place, "source"), str(error))
        return None
    if item.preset:
        reader.look_up(presets.find, item.preset, (*place, "preset"))
    if item.remote_code and not is_commit(revision):
        message = "takes a hub id with its full commit: source: owner/name@<40 digits>"
        reader.fault((*place, "remote_code"), message)
    return ModelEntry(label or "", source, revision, item.preset or "", item.remote_code)


def read_methods(reader: Reader) -> list[Row]:
    """Read the methods; what stands beside `method` and `label` are its parameters."""
    found = []
    for place, value in reader.items("methods"):
        entry = {"method": value} if isinstance(value, str) else value
        if not isinstance(entry, dict):
            message = f"must be a method or {{method: ..., parameters}}; found {shown(value)}"
            reader.fault(place, message)
        elif row := _method(reader, entry, place):
            found.append(row)
    reader.unique(((row.label, row.place) for row in found), "method label", GIVE_LABEL)
    return found


def _method(reader: Reader, entry: dict[str, Any], place: Key) -> Row | None:
    head = {key: entry[key] for key in ("method", "label") if key in entry}
    params = {key: value for key, value in entry.items() if key not in head}
    item = reader.check(MethodItem, head, place)
    name = head.get("method")
    spec = reader.look_up(methods.find, name, (*place, "method")) if isinstance(name, str) else None
    if spec is None:
        return None
    reader.check_settings(spec.params, params, place, owner=spec.name)
    return Row((item and item.label) or spec.name, spec, place, Layer.at(params, place))


def read_scenarios(reader: Reader) -> list[tuple[Scenario, Key]]:
    """Read one scenario or a list of them; each size of training data is one of its own."""
    found = []
    for place, text in reader.items("scenario"):
        try:
            sizes = Scenario.parse_all(text if isinstance(text, str) else "")
            found += [(scenario, place) for scenario in sizes]
        except ValidationError:
            reader.fault(place, f"low-resource needs at least 2 examples; found {shown(text)}")
        except ValueError as error:
            reader.fault(place, f"{error}; found {shown(text)}")
    reader.unique(((str(scenario), place) for scenario, place in found), "scenario")
    return found


def read_seeds(reader: Reader) -> list[Seeds]:
    """Read a list of seeds, or lists of seeds for single streams, which are crossed."""
    content = reader.sections["seeds"]
    if isinstance(content, dict):
        return _crossed(reader, content)
    found = []
    for place, value in reader.items("seeds"):
        plain = isinstance(value, int) and not isinstance(value, bool)
        item = dict.fromkeys(STREAMS, value) if plain else value
        seeds = _seeds(reader, item, place, plain=plain)
        if seeds:
            found.append((seeds, place))
    reader.unique(((seed_label(seeds), place) for seeds, place in found), "seed")
    return [seeds for seeds, _ in found]


def _seeds(reader: Reader, item: object, place: Key, *, plain: bool) -> Seeds | None:
    if not isinstance(item, dict):
        message = f"must be a whole number or {{init: ..., order: ...}}; found {shown(item)}"
        reader.fault(place, message)
        return None
    if plain and not 0 <= item["init"] < 2**63:
        reader.fault(place, f"a seed lies between 0 and 2**63 - 1; found {item['init']}")
        return None
    return reader.check(Seeds, item, place)


def _crossed(reader: Reader, content: dict[str, Any]) -> list[Seeds]:
    lists = reader.check(CrossedSeeds, content, ("seeds",))
    if lists is None:
        return []
    for stream, numbers in lists:
        places = ((str(n), ("seeds", stream, index)) for index, n in enumerate(numbers))
        reader.unique(places, "seed")
    streams = [getattr(lists, stream) for stream in STREAMS]
    if math.prod(map(len, streams)) > MAX_RUNS:
        reader.fault(("seeds",), f"these are more than {MAX_RUNS:,} seeds")
        return []
    combinations = itertools.product(*streams)
    return [Seeds(**dict(zip(STREAMS, numbers, strict=True))) for numbers in combinations]
